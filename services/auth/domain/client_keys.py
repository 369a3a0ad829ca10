"""Public keys that clients prove themselves with (private_key_jwt, RFC 7523): a JWK set, within bounds."""

from collections.abc import Mapping
from typing import Any, Final

from services.auth.domain.errors import AuthError

MAX_KEYS: Final = 10
MAX_MEMBER_CHARS: Final = 1024  # a modulus of 4096 bits has 683
PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
# What is kept of a key, by type: everything else a client sends along is dropped.
MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {"EC": ("crv", "x", "y"), "RSA": ("n", "e")}
MODULUS_CHARS: Final = range(341, 684)  # 2048 to 4096 bits in base64url
EXPONENT: Final = "AQAB"


class BadKeys(AuthError):
    """Not a set of public keys that a client may have; the message says why and quotes nothing."""


def checked(document: object) -> dict[str, Any]:
    """The set with the members that count. Raises BadKeys."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= MAX_KEYS:
        raise BadKeys("jwks is a JWK set with 1 to 10 keys.")
    found = [_key(key) for key in keys]
    names = [key["kid"] for key in found if "kid" in key]
    if len(set(names)) < len(names) or (len(found) > 1 and len(names) < len(found)):
        raise BadKeys("Each of several keys has a kid of its own.")
    return {"keys": found}


def _key(key: object) -> dict[str, str]:
    if not isinstance(key, dict):
        raise BadKeys("A key is a JSON object.")
    if PRIVATE & key.keys():
        raise BadKeys("A key of the set is private or secret. Make another one: this one has been sent.")
    names = MEMBERS.get(str(key.get("kty")))
    if names is None:
        raise BadKeys("Keys are EC on P-256 or RSA.")
    values = {name: key.get(name) for name in ("kty", *names)}
    if "kid" in key:
        values["kid"] = key["kid"]
    # Numbers arrive as texts of a kind of their own (libs/web/strict_json.py): they are none.
    kept = {name: value for name, value in values.items() if type(value) is str}
    if len(kept) < len(values) or any(not 0 < len(value) <= MAX_MEMBER_CHARS for value in kept.values()):
        raise BadKeys("A member of a key is missing, too long or no text.")
    if kept["kty"] == "EC" and kept["crv"] != "P-256":
        raise BadKeys("EC keys are on P-256.")
    if kept["kty"] == "RSA" and (len(kept["n"]) not in MODULUS_CHARS or kept["e"] != EXPONENT):
        raise BadKeys("RSA keys have 2048 to 4096 bits and the exponent 65537.")
    return kept
