"""A grant: somebody's consent that a client acts for them, and everything issued on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from services.auth.domain.errors import AuthError


class GrantRevoked(AuthError):
    """The consent was withdrawn, or ended when a code or refresh token was used twice."""


class GrantOutlived(AuthError):
    """Code, device code or refresh token past its time."""


class UnknownGrant(AuthError):
    """No such code, device code or refresh token, or another client's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """`subject` is `client:<id>` when a client acts for itself. Times in UTC seconds.

    `details` may hold vo, group, setup, properties (DIRAC), amr, auth_time, nonce, cnf, person_version.
    """

    id: str  # 32 hex digits; claim `gid` of the access tokens
    client_id: str
    subject: str
    flow: str  # code, device, client_credentials, exchange, certificate, password
    scopes: tuple[str, ...]
    details: Mapping[str, Any] = field(default_factory=dict)
    created_at: float
    expires_at: float  # nothing issued on it lives longer
    last_used_at: float | None = None


class Rotation(StrEnum):
    DONE = "done"
    REUSED = "reused"  # it had been replaced long before: somebody holds a copy
    GONE = "gone"  # unknown, or its grant counts no more


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """What a code was issued for; the code itself is kept as SHA-256 only."""

    code_hash: str
    grant_id: str
    redirect_uri: str
    redirect_uri_was_sent: bool
    code_challenge: str | None  # S256 (RFC 7636)
    nonce: str | None
    expires_at: float
    used_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    token_hash: str
    grant_id: str
    issued_at: float
    expires_at: float
    used_at: float | None = None
