"""People, groups, and who is who."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from libs.web.principal import ALL_CLUSTERS, PERSON
from services.auth.domain.errors import AuthError, StoreUnavailable

# OpenPAI's names (contract 3.1) and a little more: DIRAC and PROMINENCE users have dots and dashes.
USERNAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
GROUP_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
PROPERTY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
MOST_PROPERTIES: Final = 64
MOST_GROUPS: Final = 256  # of one person
EMAIL: Final = re.compile(r"[^@\s]{1,255}@[^@\s]{1,255}")
MOST_NAME_CHARS: Final = 255
MOST_EMAIL_CHARS: Final = 320
PASSWORD_MIN_CHARS: Final = 6  # OpenPAI's rule, contract 3.1
PASSWORD_MAX_BYTES: Final = 1024
NAME_REST_SECONDS: Final = 24 * 3600.0  # a removed person's name is nobody's for a day (contract 3.4)


class PersonState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"  # no credential counts until enabled again
    REMOVED = "removed"  # for good; the row stays, because jobs name it


class NoSuchPerson(AuthError):
    """No person of that name or id, or a removed one."""


class NameTaken(AuthError):
    """The user name belongs to somebody, or did less than 24 hours ago."""


class BadName(AuthError):
    """Not a name that people or groups may have."""


class BadField(AuthError):
    """A value of a person or group that may not be; `reason` is a sentence for whoever sent it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class BadPassword(AuthError):
    """A password that may not be set; `reason` says why, without quoting it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WrongPassword(AuthError):
    """Unknown user, wrong password, no password, or disabled: nobody learns which."""


class TooManyGuesses(AuthError):
    """Locked after wrong guesses; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many wrong guesses")
        self.retry_after = retry_after


class PasswordsBusy(StoreUnavailable):
    """As many passwords are being looked at as we can afford; a moment later it may be better."""


class LastAdmin(AuthError):
    """The last administrator cannot be removed, disabled or demoted."""


class NoSuchGroup(AuthError):
    """No group of that name."""


class WalletTaken(AuthError):
    """The wallet is linked to another person."""


class CertificateTaken(AuthError):
    """The certificate's subject is registered for another person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`version` rises with each change that ends the person's password tokens."""

    id: str  # 32 hex digits
    username: str
    display_name: str
    email: str | None
    state: PersonState
    is_admin: bool
    version: int
    created_at: float
    groups: tuple[str, ...] = ()  # sorted
    wallets: tuple[str, ...] = ()  # EIP-55, sorted
    virtual_clusters: tuple[str, ...] = ()  # of OpenPAI's window, besides its default; sorted

    @property
    def subject(self) -> str:
        return PERSON + self.id

    @property
    def usable_clusters(self) -> tuple[str, ...]:
        """As a principal carries them: administrators may use all there are."""
        return (ALL_CLUSTERS,) if self.is_admin else self.virtual_clusters


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    name: str
    vo: str
    properties: tuple[str, ...]  # DIRAC properties (contract 1.7), sorted


def check_username(text: str) -> str:
    """Raises BadName."""
    if USERNAME.fullmatch(text) is None:
        raise BadName(
            "A user name has up to 64 letters, digits, underscores, dots and dashes, and begins with none of "
            "the last two."
        )
    return text


def check_display_name(text: str) -> str:
    """Raises BadField."""
    if not text.strip() or len(text) > MOST_NAME_CHARS or not text.isprintable():
        raise BadField("display_name", f"A name has 1 to {MOST_NAME_CHARS} printable characters.")
    return text.strip()


def check_email(text: str) -> str:
    """Empty is none. Raises BadField."""
    if text and (EMAIL.fullmatch(text) is None or len(text) > MOST_EMAIL_CHARS or not text.isprintable()):
        raise BadField("email", "An e-mail address looks like name@example.org.")
    return text


def check_group(name: str, vo: str, properties: Sequence[str]) -> "Group":
    """Raises BadName, BadField."""
    if GROUP_NAME.fullmatch(name) is None:
        raise BadName("A group's name has up to 64 letters, digits, underscores, dots and dashes.")
    if GROUP_NAME.fullmatch(vo) is None:
        raise BadField("vo", "A virtual organisation is named as groups are.")
    found = tuple(sorted(set(properties)))
    if len(found) > MOST_PROPERTIES or not all(map(PROPERTY.fullmatch, found)):
        raise BadField("properties", f"Up to {MOST_PROPERTIES} words of letters, digits and underscores.")
    return Group(name=name, vo=vo, properties=found)


def check_password(password: str) -> None:
    """Any Unicode, as it is: nothing is normalised. Raises BadPassword."""
    if len(password) < PASSWORD_MIN_CHARS:
        raise BadPassword(f"A password has at least {PASSWORD_MIN_CHARS} characters.")
    if len(password.encode(errors="replace")) > PASSWORD_MAX_BYTES:
        raise BadPassword(f"A password has at most {PASSWORD_MAX_BYTES} bytes.")
    if "\0" in password or password.encode(errors="replace").decode() != password:
        raise BadPassword("A password has no NUL and no broken characters.")


def person_id_of(subject: str) -> str | None:
    """The person's id when `subject` is a person's."""
    return subject.removeprefix(PERSON) if subject.startswith(PERSON) else None
