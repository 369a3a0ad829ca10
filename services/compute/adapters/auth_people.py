"""People as auth knows them at this very moment: where they are written to, who has a name, who left."""

from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import quote

from libs.web.http import PeerUnavailable
from libs.web.internal_client import InternalClient
from libs.web.principal import Principal, principal_of
from services.compute.ports.mail import MailUnavailable
from services.compute.ports.people import PeopleUnavailable

UNKNOWN: Final = "auth does not say where this person is written to"
SILENT: Final = "auth does not say who somebody is"


class AuthPeople:
    def __init__(self, client: InternalClient) -> None:
        self._client = client

    def address_of(self, subject: str) -> str | None:
        """None for who has none. Raises MailUnavailable."""
        try:
            reply = self._client.get(f"/internal/mail-addresses/{quote(subject, safe='')}")
            found = reply.json().get("email") if reply.status == 200 else False
        except (PeerUnavailable, AttributeError, ValueError) as error:
            raise MailUnavailable(UNKNOWN) from error
        if found is not None and not isinstance(found, str):
            raise MailUnavailable(UNKNOWN)
        return found

    def named(self, username: str) -> Principal | None:
        """None for nobody. Raises PeopleUnavailable."""
        try:
            reply = self._client.get(f"/internal/people/{quote(username, safe='')}")
            if reply.status != 200:
                raise PeopleUnavailable(SILENT)
            found = reply.json()["principal"]
            return None if found is None else principal_of(found)
        except (PeerUnavailable, AttributeError, KeyError, TypeError, ValueError) as error:
            raise PeopleUnavailable(SILENT) from error

    def removed(self, subjects: Sequence[str]) -> Collection[str]:
        """Raises PeopleUnavailable."""
        try:
            reply = self._client.post("/internal/removed-people", {"subjects": list(subjects)})
            found = reply.json()["removed"] if reply.status == 200 else None
        except (PeerUnavailable, KeyError, TypeError, ValueError) as error:
            raise PeopleUnavailable(SILENT) from error
        if not isinstance(found, list):
            raise PeopleUnavailable(SILENT)
        return frozenset(subjects).intersection(map(str, found))
