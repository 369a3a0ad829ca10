"""What a consumer sends along for the file itself: reading it, the publisher's defaults and demands, its
text.

Source: contract section 6 (userdata) and the DDO's `consumerParameters`. Upstream drops text it cannot
parse and never looks at consumerParameters. Here unreadable text is refused (the file would be the wrong
one), defaults are filled in, and a required parameter with neither value nor default is named.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from services.provider.domain.errors import ProviderError

Userdata = Mapping[str, Any]
NOTHING: Userdata = {}
MAX_USERDATA_BYTES = 64 * 1024
_MAX_DEPTH = 32


class UserdataUnreadable(ProviderError):
    """The userdata is no JSON object, or too large."""


class ParametersMissing(ProviderError):
    """The publisher requires parameters that the userdata lacks."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def parse_userdata(value: object) -> Userdata:
    """From JSON text (query) or an object (body); absent and empty mean none. Raises UserdataUnreadable."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, str):
        value = _json(value)
    if not isinstance(value, Mapping) or _depth_exceeds(value, _MAX_DEPTH):
        raise UserdataUnreadable
    return value


def with_consumer_parameters(userdata: Userdata, declared: object) -> Userdata:
    """Userdata plus the declared defaults. Raises ParametersMissing.

    `declared` is the `consumerParameters` of a service, whatever the publisher wrote there: entries without a
    usable name are ignored. An empty default counts as none.
    """
    if not isinstance(declared, list):
        return userdata
    filled = dict(userdata)
    missing = []
    for entry in declared:
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if not isinstance(name, str) or not name or name in filled:
            continue
        default = entry.get("default")
        if default not in (None, ""):
            filled[name] = default
        elif entry.get("required") is True:
            missing.append(name)
    if missing:
        raise ParametersMissing(tuple(missing))
    return filled


def as_query(userdata: Userdata) -> str:
    """Percent-encoded pairs: lists repeat their name, null is left out, objects and booleans as JSON text."""
    pairs: list[tuple[str, str]] = []
    for name, value in userdata.items():
        values = value if isinstance(value, list) else [value]
        pairs.extend((_text(name), _text(item)) for item in values if item is not None)
    return urlencode(pairs)


def as_json(value: object) -> bytes:
    """Compact UTF-8 JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode("utf-8")


def _json(text: str) -> object:
    if len(text) > MAX_USERDATA_BYTES:
        raise UserdataUnreadable
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise UserdataUnreadable from None


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _depth_exceeds(value: object, limit: int) -> bool:
    if limit < 0:
        return True
    if isinstance(value, Mapping):
        return any(_depth_exceeds(item, limit - 1) for item in value.values())
    return isinstance(value, list) and any(_depth_exceeds(item, limit - 1) for item in value)
