"""JWTs signed with ES256 and nothing else (RFC 7519, 7515, 9068), over joserfc.

A token has exactly one accepted spelling: canonical unpadded base64url and a closed set of header
fields. The clock is an argument.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from libs.signing.errors import MalformedJwk, TokenExpired, TokenRefused, UnknownTokenKey
from libs.signing.flat_json import loads_flat

ALGORITHM: Final = "ES256"
MAX_TOKEN_CHARS: Final = 8192
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_HEADER_FIELDS = frozenset({"alg", "kid", "typ"})
_MAX_TIME: Final = 1 << 53
_PUBLIC_FIELDS = ("kty", "crv", "x", "y", "kid")

Claims = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A P-256 key pair with its id, imported once; the repr hides the private part."""

    kid: str
    native: ECKey = field(repr=False)

    def as_private_jwk(self) -> dict[str, str]:
        """The JWK with `d`: to be encrypted before it is stored."""
        return _texts(self.native.as_dict(private=True)) | {"kid": self.kid}


class PublicKeys:
    """A parsed key set; parse once, verify often."""

    __slots__ = ("_by_kid",)

    def __init__(self, by_kid: Mapping[str, ECKey]) -> None:
        self._by_kid = dict(by_kid)

    def get(self, kid: str) -> ECKey | None:
        return self._by_kid.get(kid)

    def __len__(self) -> int:
        return len(self._by_kid)


def new_key() -> SigningKey:
    """A fresh key with a random id."""
    return SigningKey(secrets.token_hex(8), ECKey.generate_key("P-256", private=True, auto_kid=False))


def load_key(private_jwk: Mapping[str, Any]) -> SigningKey:
    """Raises MalformedJwk. The document is never quoted."""
    kid = private_jwk.get("kid")
    if not isinstance(kid, str) or not kid:
        raise MalformedJwk("key has no kid")
    key = _import(private_jwk)
    if not key.is_private:
        raise MalformedJwk("key has no private part")
    return SigningKey(kid, key)


def public_jwk(key: SigningKey) -> dict[str, str]:
    """The JWKS entry of a key (RFC 7517): kty, crv, x, y, kid, use, alg; nothing private."""
    document = _texts(key.native.as_dict(private=False)) | {"kid": key.kid}
    return {name: document[name] for name in _PUBLIC_FIELDS} | {"use": "sig", "alg": ALGORITHM}


def parse_jwks(document: Mapping[str, Any]) -> PublicKeys:
    """Keys of other kinds are left out, as RFC 7517 section 5 asks. Raises MalformedJwk without a list."""
    entries = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(entries, list):
        raise MalformedJwk("key set has no list of keys")
    found: dict[str, ECKey] = {}
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
            continue
        if entry.get("use", "sig") != "sig" or entry.get("alg", ALGORITHM) != ALGORITHM:
            continue
        try:
            found[entry["kid"]] = _import({name: entry.get(name) for name in _PUBLIC_FIELDS})
        except MalformedJwk:
            continue
    return PublicKeys(found)


def issue(
    claims: Mapping[str, Any], private_jwk: SigningKey | Mapping[str, Any], headers: Mapping[str, str]
) -> str:
    """Sign `claims`. `headers` may set `typ` (default JWT); alg and kid are ours."""
    key = private_jwk if isinstance(private_jwk, SigningKey) else load_key(private_jwk)
    header = {"typ": "JWT", **headers, "alg": ALGORITHM, "kid": key.kid}
    return jwt.encode(header, dict(claims), key.native, algorithms=[ALGORITHM])


def verify(token: str, jwks: PublicKeys | Mapping[str, Any], kind: str | None = None) -> Claims:
    """Check spelling and signature, and return the claims; the times are for `check_times`.

    With `kind` the header's `typ` must be that one.
    Raises TokenRefused, or its subclass UnknownTokenKey when the key set may be stale.
    """
    segments = _segments(token)
    keys = jwks if isinstance(jwks, PublicKeys) else parse_jwks(jwks)
    kid = key_id(segments[0])
    key = keys.get(kid)
    if key is None:
        raise UnknownTokenKey(kid)
    try:
        found = jwt.decode(token, key, algorithms=[ALGORITHM])
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise TokenRefused("wrong signature or claims") from error
    if not _HEADER_FIELDS.issuperset(found.header):
        raise TokenRefused("header has fields that are not allowed")
    if kind is not None and found.header.get("typ") != kind:
        raise TokenRefused("token of another kind")
    return dict(found.claims)


def check_times(claims: Mapping[str, Any], now: float, leeway_seconds: float = 0) -> None:
    """`exp` is required and must be after `now` (UTC seconds); `nbf` and `iat` must not be ahead of it.

    Raises TokenExpired, TokenRefused.
    """
    expires_at = _time(claims.get("exp"), "exp")
    if expires_at <= now - leeway_seconds:
        raise TokenExpired
    for name in ("nbf", "iat"):
        if name in claims and _time(claims[name], name) > now + leeway_seconds:
            raise TokenRefused(f"{name} is in the future")


def key_id(header_segment: str) -> str:
    """The `kid` of an encoded header, before anything is verified. Raises TokenRefused."""
    header = _header(header_segment)
    kid = header.get("kid")
    if not isinstance(kid, str) or header.get("alg") != ALGORITHM:
        raise TokenRefused("header has no kid or another algorithm")
    return kid


def claimed_type(token: str) -> str:
    """The header's `typ`, before anything is verified; empty without one. Raises TokenRefused."""
    header = _header(_segments(token)[0])
    kind = header.get("typ", "")
    return kind if isinstance(kind, str) else ""


def _header(segment: str) -> Mapping[str, Any]:
    try:
        header = loads_flat(_decode(segment).decode())
    except ValueError as error:
        raise TokenRefused("header is not JSON") from error
    return header if isinstance(header, dict) else {}


def _segments(token: str) -> list[str]:
    if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARS:
        raise TokenRefused("token is too long")
    segments = token.split(".")
    if len(segments) != 3:
        raise TokenRefused("token needs three parts")
    for segment in segments:
        _decode(segment)
    return segments


def _decode(segment: str) -> bytes:
    """Canonical base64url only: no padding, no foreign characters, unused bits zero (contract 12.1, 33)."""
    if _SEGMENT.fullmatch(segment) is None:
        raise TokenRefused("token is not base64url")
    try:
        raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error as error:
        raise TokenRefused("token is not base64url") from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != segment.encode():
        raise TokenRefused("token is not canonical base64url")
    return raw


def _time(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_TIME:
        raise TokenRefused(f"{name} is not a time")
    return value


def _import(document: Mapping[str, Any]) -> ECKey:
    fields = {name: value for name, value in document.items() if value is not None}
    if fields.get("kty") != "EC" or fields.get("crv") != "P-256":
        raise MalformedJwk("not a P-256 key")
    try:
        key = ECKey.import_key(fields)
        _ = key.raw_value  # forces the point to be checked now, not at first use
    except (JoseError, ValueError, TypeError, KeyError):
        raise MalformedJwk("not a P-256 key") from None
    return key


def _texts(document: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in document.items() if isinstance(value, str)}
