"""Logins of browsers: what was proven, when, and how long that holds."""

from dataclasses import dataclass
from typing import Final

from libs.web.principal import Principal
from services.auth.domain.errors import AuthError
from services.auth.domain.people import Person
from services.auth.domain.scopes import ADMIN, ALL

BY_WORD: Final = "pwd"  # amr values: RFC 8176, and our own `siwe`
BY_WALLET: Final = "siwe"


class NotSignedIn(AuthError):
    """A person who was disabled or removed does not sign in, whatever they prove."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A row. `subject` is what was proven: `person:<id>`, or `eip155:<address>` of a wallet, whose person is
    looked up at each use. Times in UTC seconds; `expires_at` moves on with use.
    """

    subject: str
    amr: str
    person_version: int | None  # of the person at login, None when the wallet was nobody's
    authenticated_at: float
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who sits before the browser. `subject` owns things; `person` is None for a wallet of nobody's."""

    session_hash: str
    subject: str
    name: str
    person: Person | None
    amr: str
    authenticated_at: float

    def principal(self) -> Principal:
        """As whom the browser acts on our own pages: with every right that is theirs."""
        person = self.person
        is_admin = person is not None and person.is_admin
        return Principal(
            subject=self.subject,
            name=self.name,
            display_name=self.name if person is None else person.display_name,
            wallets=(self.name,) if person is None else person.wallets,
            groups=() if person is None else person.groups,
            scopes=ALL if is_admin else ALL - {ADMIN},
            is_admin=is_admin,
            credential="session",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    lifetime_seconds: int = 12 * 3600  # from the login, whatever happens
    idle_seconds: int = 2 * 3600  # from the last use

    def deadline(self, authenticated_at: float, now: float) -> float:
        """When a session that is used now ends unless it is used again."""
        return min(authenticated_at + self.lifetime_seconds, now + self.idle_seconds)
