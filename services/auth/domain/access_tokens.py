"""Access tokens (RFC 9068): what they claim and how claims are read back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from libs.web.principal import CLIENT, PERSON, WALLET
from services.auth.domain.errors import AuthError
from services.auth.domain.tokens import AUDIENCE

TYPE: Final = "at+jwt"
# The claims this module writes; whatever else a window adds is its own.
STANDARD: Final = frozenset(
    {"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id", "scope", "gid", "auth_time", "amr", "cnf"}
)


class NotAnAccessToken(AuthError):
    """Not a token of ours, or one of another kind."""


class AccessTokenOutlived(AuthError):
    """A token of ours whose `exp` has passed, or whose `nbf` has not come."""


class AccessTokenRevoked(AuthError):
    """Revoked itself, or its grant or client is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """Times in UTC seconds. `extras` are the claims of one window (username, vo, dirac_group, ...)."""

    token_id: str
    subject: str
    client_id: str
    scopes: tuple[str, ...]
    issued_at: int
    expires_at: int
    grant_id: str | None = None
    auth_time: int | None = None
    amr: tuple[str, ...] = ()
    confirmation: Mapping[str, Any] | None = None  # `cnf` (RFC 8705 3)
    extras: Mapping[str, Any] = field(default_factory=dict)


def claims_of(token: AccessToken, issuer: str) -> dict[str, Any]:
    """The extras cannot replace what every token claims."""
    optional = {
        "gid": token.grant_id,
        "auth_time": token.auth_time,
        "amr": list(token.amr) or None,
        "cnf": dict(token.confirmation) if token.confirmation else None,
    }
    return {
        **token.extras,
        "iss": issuer,
        "sub": token.subject,
        "aud": AUDIENCE,
        "exp": token.expires_at,
        "iat": token.issued_at,
        "jti": token.token_id,
        "client_id": token.client_id,
        "scope": " ".join(token.scopes),
        **{name: value for name, value in optional.items() if value is not None},
    }


def read_claims(claims: Mapping[str, Any], issuer: str) -> AccessToken:
    """From claims whose signature and type were checked. Raises NotAnAccessToken for any other shape."""
    texts = {name: claims.get(name) for name in ("jti", "sub", "client_id", "scope")}
    times = {name: claims.get(name) for name in ("iat", "exp")}
    if claims.get("iss") != issuer or claims.get("aud") != AUDIENCE:
        raise NotAnAccessToken
    if not all(isinstance(value, str) for value in texts.values()) or not texts["jti"]:
        raise NotAnAccessToken
    if not all(type(value) is int for value in times.values()):
        raise NotAnAccessToken
    subject = str(texts["sub"])
    if not subject.startswith((PERSON, WALLET, CLIENT)):
        raise NotAnAccessToken
    return AccessToken(
        token_id=str(texts["jti"]),
        subject=subject,
        client_id=str(texts["client_id"]),
        scopes=tuple(str(texts["scope"]).split()),
        issued_at=int(str(times["iat"])),
        expires_at=int(str(times["exp"])),
        grant_id=_optional(claims, "gid", str),
        auth_time=_optional(claims, "auth_time", int),
        amr=tuple(_optional(claims, "amr", list) or ()),
        confirmation=_optional(claims, "cnf", dict),
        extras={name: value for name, value in claims.items() if name not in STANDARD},
    )


def _optional(claims: Mapping[str, Any], name: str, kind: type) -> Any:
    value = claims.get(name)
    if value is not None and type(value) is not kind:
        raise NotAnAccessToken
    return value
