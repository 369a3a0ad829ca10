"""What OpenPAI's early clients may ask of users and tokens (OpenPAI contract 3)."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from services.auth.domain.errors import AuthError
from services.auth.domain.people import PASSWORD_MIN_CHARS

USERNAME: Final = re.compile(r"[A-Za-z0-9_]{1,64}")  # a new user's; others sign in with what they have
LEAST_SECONDS: Final = 60
MOST_SECONDS: Final = 7 * 86_400
USUAL_SECONDS: Final = 86_400
DEFAULT_CLUSTER: Final = "default"  # everybody's


class UpdateRefused(AuthError):
    """`modify` and whether the user exists do not go together; `reason` is for an administrator."""

    def __init__(self, reason: str, *, exists: bool, username: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.exists = exists
        self.username = username


class RemoveRefused(AuthError):
    """No such user, or an administrator."""

    def __init__(self, reason: str, *, is_admin: bool = False, username: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_admin = is_admin
        self.username = username


class UserUnknown(AuthError):
    """No such user, where whoever asks may know."""

    def __init__(self, username: str) -> None:
        super().__init__("there is no such user")
        self.username = username


class ClustersUnknown(AuthError):
    """Virtual clusters that there are not."""

    def __init__(self, names: Collection[str]) -> None:
        super().__init__("there is no such virtual cluster")
        self.names = tuple(sorted(names))


class ClustersFixed(AuthError):
    """An administrator may use all virtual clusters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPaiSite:
    """What the operator says: the names of all virtual clusters, and whether a sign-in that failed tells (in
    the second generation's words) that there is no such user.
    """

    clusters: frozenset[str] = frozenset({DEFAULT_CLUSTER})
    reveals_users: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUpdate:
    """`modify`: True changes, False creates, None is what nobody may leave out."""

    username: str
    password: str | None = field(default=None, repr=False)
    is_admin: bool | None = None
    modify: bool | None = None

    def is_own(self, name: str) -> bool:
        """Whether somebody of that name changes no more than their own password."""
        return self.username == name and self.modify is True and not self.is_admin


def is_too_short(password: str) -> bool:
    return len(password) < PASSWORD_MIN_CHARS
