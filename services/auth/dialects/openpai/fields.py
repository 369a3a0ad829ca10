"""The fields of users and tokens, out of any body, with upstream's coercions (contract 2.1 and 3)."""

import re
from collections.abc import Collection, Mapping

from libs.web.strict_json import Json, NumberText
from services.auth.dialects.openpai.errors import Invalid
from services.auth.domain.openpai import LEAST_SECONDS, MOST_SECONDS, USERNAME, USUAL_SECONDS

Members = Mapping[str, Json]
MAX_TEXT_CHARS = 4096
_CLUSTERS = re.compile(r"[A-Za-z0-9_,]*")
_BOOLEANS = {"true": True, "false": False}


def only(members: Members, known: Collection[str]) -> None:
    """Raises Invalid for a member that upstream's schema does not have."""
    for name in members:
        if name not in known:
            raise Invalid(name if name.isidentifier() and len(name) <= 64 else "body", "is not allowed")


def text(members: Members, name: str) -> str | None:
    """Never made of a number: `"password": 1e5` has no one spelling. Raises Invalid."""
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or isinstance(value, NumberText):
        raise Invalid(name, "must be a string")
    if len(value) > MAX_TEXT_CHARS:
        raise Invalid(name, "is too long")
    return str(value)


def need(members: Members, name: str) -> str:
    found = text(members, name)
    if not found:
        raise Invalid(name, "is required")
    return found


def username(members: Members) -> str:
    """Any user's name; what cannot be one is nobody's."""
    return need(members, "username")


def new_username(name: str) -> str:
    if USERNAME.fullmatch(name) is None:
        raise Invalid("username", "must only contain letters, digits and underscores, at most 64")
    return name


def cluster_names(members: Members) -> frozenset[str]:
    """`vc1,vc2`, or nothing."""
    found = text(members, "virtualClusters")
    if found is None:
        raise Invalid("virtualClusters", "is required")
    if _CLUSTERS.fullmatch(found) is None:
        raise Invalid("virtualClusters", "must only contain letters, digits, underscores and commas")
    return frozenset(name for name in found.split(",") if name)


def boolean(members: Members, name: str) -> bool | None:
    value = members.get(name)
    if value is None or isinstance(value, bool):
        return value
    found = _BOOLEANS.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise Invalid(name, "must be a boolean")
    return found


def seconds(members: Members) -> int:
    value = members.get("expiration")
    if value is None:
        return USUAL_SECONDS
    digits = str(value) if isinstance(value, str | NumberText) else ""
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 9):
        raise Invalid("expiration", "must be an integer")
    if not LEAST_SECONDS <= int(digits) <= MOST_SECONDS:
        raise Invalid("expiration", f"must be between {LEAST_SECONDS} and {MOST_SECONDS} seconds")
    return int(digits)
