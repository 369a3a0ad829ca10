"""What a credential may do: one vocabulary for every window (OAuth2 `scope`, RFC 6749 3.3; DCP 2.4)."""

import re
from collections.abc import Iterable
from typing import Final

from services.auth.domain.errors import AuthError

JOB_READ: Final = "job:read"
JOB_WRITE: Final = "job:write"
FILE_READ: Final = "file:read"
FILE_WRITE: Final = "file:write"
ACCOUNTS_READ: Final = "accounts:read"
KEYS: Final = "keys"  # make, list and revoke one's own API keys and wallets
ADMIN: Final = "admin"  # administration, for people who are administrators
OFFLINE: Final = "offline_access"

# What each lets an application do, as the consent page says it.
MEANINGS: Final = {
    "openid": "Know who you are",
    "profile": "See your name",
    "email": "See your e-mail address",
    "groups": "See your groups",
    OFFLINE: "Keep its access while you are away",
    JOB_READ: "See your jobs and their results",
    JOB_WRITE: "Run and stop jobs for you",
    FILE_READ: "Read the file catalogue",
    FILE_WRITE: "Change the file catalogue for you",
    ACCOUNTS_READ: "See your accounts",
    KEYS: "Manage your API keys and wallets",
    ADMIN: "Administer Tidegate for you",
}
# DIRAC: `vo:`, `group:` and `property:` choose, they are no rights of their own.
PREFIXES: Final = ("vo:", "group:", "property:", "setup:")
PERSONAL: Final = frozenset({"openid", "profile", "email", "groups", OFFLINE})  # a person's data and session
BATCH: Final = frozenset({JOB_READ, JOB_WRITE, FILE_READ, FILE_WRITE, ACCOUNTS_READ})
ALL: Final = BATCH | {KEYS, ADMIN}
MAX_CHARS: Final = 1024
_TOKEN: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # scope-token, RFC 6749 3.3


class UnknownScope(AuthError):
    """A scope that does not exist; `scope` names it, cut short."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"unknown scope {scope[:64]}")
        self.scope = scope[:64]


def parse_scope(text: str) -> tuple[str, ...]:
    """The scopes in their order, once each. Raises UnknownScope."""
    if len(text) > MAX_CHARS:
        raise UnknownScope(text)
    found = tuple(dict.fromkeys(text.split()))
    for scope in found:
        chooses = scope.startswith(PREFIXES) and scope[-1] != ":" and _TOKEN.fullmatch(scope)
        if scope not in MEANINGS and not chooses:
            raise UnknownScope(scope)
    return found


def format_scope(scopes: Iterable[str]) -> str:
    return " ".join(scopes)
