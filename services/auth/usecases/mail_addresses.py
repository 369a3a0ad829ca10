"""Where the owner of something is written to."""

from libs.web.principal import WALLET
from services.auth.domain.people import PersonState, person_id_of
from services.auth.ports.people import People


class MailAddresses:
    def __init__(self, people: People) -> None:
        self._people = people

    def of(self, subject: str) -> str | None:
        """None for wallets of nobody's, for clients, and for people who are disabled or have no address.
        Raises StoreUnavailable.
        """
        if subject.startswith(WALLET):
            person = self._people.by_wallet(subject.removeprefix(WALLET))
        else:
            person_id = person_id_of(subject)
            person = None if person_id is None else self._people.by_id(person_id)
        if person is None or person.state is not PersonState.ACTIVE:
            return None
        return person.email or None
