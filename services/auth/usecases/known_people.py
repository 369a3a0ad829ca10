"""What our other services may know of people who are not there to ask: who has a name, and who left."""

from collections.abc import Iterable

from libs.web.principal import Principal
from services.auth.domain.people import Person, PersonState, person_id_of
from services.auth.ports.people import People


class KnownPeople:
    """Everything raises StoreUnavailable."""

    def __init__(self, people: People) -> None:
        self._people = people

    def named(self, username: str) -> Principal | None:
        """Whom an administrator may do something for; without scopes. None for nobody, and for people who are
        disabled.
        """
        person = self._people.by_username(username)
        return None if person is None or person.state is not PersonState.ACTIVE else _principal(person)

    def removed(self, subjects: Iterable[str]) -> list[str]:
        """Those of them that are people who were removed."""
        return [subject for subject in subjects if self._is_removed(subject)]

    def _is_removed(self, subject: str) -> bool:
        person_id = person_id_of(subject)
        person = None if person_id is None else self._people.by_id(person_id)
        return person is not None and person.state is PersonState.REMOVED


def _principal(person: Person) -> Principal:
    return Principal(
        subject=person.subject,
        name=person.username,
        display_name=person.display_name,
        wallets=person.wallets,
        groups=person.groups,
        credential="none",
        virtual_clusters=person.usable_clusters,
    )
