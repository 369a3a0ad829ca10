"""What a person may give away: scopes that are theirs, and the one group a client acts in."""

from collections.abc import Sequence
from typing import Any

from services.auth.domain import dirac
from services.auth.domain.clients import Client
from services.auth.domain.errors import AuthError
from services.auth.domain.scopes import ADMIN, PREFIXES
from services.auth.domain.sessions import SignedIn
from services.auth.usecases.dirac import Dirac


class NotYours(AuthError):
    """No group of this person fits what was asked for; the message says why, to that person."""


CHOOSE = "Choose one of your groups."
NO_GROUPS = "You are in no group yet: whoever runs this can put you into one."
REASONS: dict[type[AuthError], str] = {
    dirac.NotInGroup: "You are not a member of the group that was asked for.",
    dirac.NoSuchVo: "None of your groups belongs to the organisation that was asked for.",
    dirac.PropertyNotAllowed: "The group does not have a right that was asked for.",
    dirac.SetupNeeded: "The application did not say which setup it wants.",
    dirac.NoSuchSetup: "There is no setup of the name that was asked for.",
}


class Choices:
    def __init__(self, groups: Dirac) -> None:
        self._groups = groups

    def wants_group(self, client: Client, scopes: Sequence[str]) -> bool:
        """Whether it is DIRAC's kind of request: in one group, for some hours."""
        return client.legacy_no_pkce or any(scope.startswith(PREFIXES) for scope in scopes)

    def allowed(self, who: SignedIn, scopes: Sequence[str]) -> tuple[str, ...]:
        """Those of the scopes that this person can give."""
        is_admin = who.person is not None and who.person.is_admin
        return tuple(scope for scope in scopes if scope != ADMIN or is_admin)

    def groups(self, who: SignedIn, client: Client, scopes: Sequence[str]) -> dict[str, Any]:
        """For the page: names to choose from, and the one asked for; nothing where no group counts."""
        if who.person is None or not self.wants_group(client, scopes):
            return {}
        asked = dirac.asked_of(scopes)
        names = [group.name for group in self._groups.groups(who.person) if asked.vo in (None, group.vo)]
        return {"groups": names, "chosen_group": asked.group}

    def details(
        self, who: SignedIn, client: Client, scopes: Sequence[str], group: str | None
    ) -> dict[str, Any]:
        """A grant's details: how this person signed in, and what was chosen. Raises NotYours."""
        found: dict[str, Any] = {"amr": [who.amr], "auth_time": int(who.authenticated_at)}
        if who.person is not None:
            found["person_version"] = who.person.version
        if not self.wants_group(client, scopes):
            return found
        is_asked = any(scope.startswith(PREFIXES) for scope in scopes)
        if not is_asked and (who.person is None or not who.person.groups):
            return found  # whoever is in no group acts without one
        if who.person is None:
            raise NotYours("A wallet is in no group: sign in with an account, or link the wallet to one.")
        try:
            return found | self._groups.stand(who.person, dirac.asked_of(scopes, group)).as_details()
        except dirac.GroupNeeded as error:
            raise NotYours(CHOOSE if error.choices else NO_GROUPS) from error
        except tuple(REASONS) as error:
            raise NotYours(REASONS[type(error)]) from error
