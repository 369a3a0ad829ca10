"""Where people are written to, as auth knows it at this very moment."""

from urllib.parse import quote

from libs.web.http import PeerUnavailable
from libs.web.internal_client import InternalClient
from services.compute.ports.mail import MailUnavailable

UNKNOWN = "auth does not say where this person is written to"


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
