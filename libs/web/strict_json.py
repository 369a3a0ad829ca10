"""Reads JSON without losing or guessing anything: numbers keep their literal text, doubled keys are refused.

Knows nothing of requests; see params.py for the merge of query, JSON and form.
"""

import json
import re
from math import isinf
from typing import Any, NoReturn

MAX_DEPTH = 32
SAFE_NAME = re.compile(r"[A-Za-z0-9_.$\[\]-]{1,64}")

_WORD = 1 << 63
_MOST_DIGITS = 20  # of 64 bits, with the sign

Json = dict[str, "Json"] | list["Json"] | str | bool | None


class BadParams(Exception):
    """The request cannot be read. `field` is safe to show; `message` is a sentence for the caller."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class TooLarge(BadParams):
    """The part of the request named by `field` exceeds its size limit."""


class NumberText(str):
    """A JSON number: the very characters received (`8996`, `1644315615.24195`, `1e3`)."""

    __slots__ = ()

    @property
    def is_integer(self) -> bool:
        return self.lstrip("-").isdecimal()


class _DoubledKey(Exception):
    pass


class _NotJson(Exception):
    pass


def shown(name: str, otherwise: str) -> str:
    """A field name as it may appear in an answer or a log; anything odd becomes `otherwise`."""
    return name if SAFE_NAME.fullmatch(name) else otherwise


def plain(value: Json, field: str = "body") -> object:
    """With numbers as Python has them. Raises BadParams for one that no 64 bits hold."""
    if isinstance(value, NumberText):
        return _number(value, field)
    if isinstance(value, dict):
        return {key: plain(member, field) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(member, field) for member in value]
    return value


def parse_json(data: bytes | str, field: str = "body", *, max_depth: int = MAX_DEPTH) -> Json:
    """The value of `data`, with every number as NumberText.

    Raises BadParams naming `field`, or the member at fault where there is one: broken JSON, not UTF-8, NaN
    and Infinity, doubled keys, NUL or lone surrogates in any text, nesting deeper than `max_depth`.
    """
    text = _decoded(data, field)
    try:
        value = _DECODER.decode(text)
    except _DoubledKey as error:
        name = shown(str(error), field)
        raise BadParams(name, f"The {name} field is given more than once.") from None
    except RecursionError:
        raise BadParams(field, _too_deep(field)) from None
    except (ValueError, _NotJson):
        raise BadParams(field, f"The {field} is not valid JSON.") from None
    # Only an escape can bring NUL or half a character in, and only many brackets can nest deeply.
    if "\\u" in text or text.count("[") + text.count("{") > max_depth:
        _inspect(value, field, max_depth)
    return value  # type: ignore[no-any-return]


def check_text(text: str, field: str) -> None:
    """Refuse what databases and UTF-8 cannot carry. Raises BadParams."""
    if "\0" in text:
        raise BadParams(field, f"The {field} field must not contain NUL.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BadParams(field, f"The {field} field is not valid Unicode.") from None


def _number(text: NumberText, field: str) -> int | float:
    if text.is_integer:
        if len(text) > _MOST_DIGITS or not -_WORD <= (whole := int(text)) < _WORD:
            raise BadParams(field, f"A whole number in the {field} is larger than 64 bits.")
        return whole
    if isinf(number := float(text)):
        raise BadParams(field, f"A number in the {field} is too large.")
    return number


def _decoded(data: bytes | str, field: str) -> str:
    if isinstance(data, str):
        check_text(data, field)
        return data
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadParams(field, f"The {field} is not valid UTF-8.") from None


def _too_deep(field: str) -> str:
    return f"The {field} is nested too deeply."


def _inspect(value: Any, field: str, max_depth: int) -> None:
    pending: list[tuple[Any, str, int]] = [(value, field, 0)]
    while pending:
        item, name, depth = pending.pop()
        if isinstance(item, str):
            check_text(item, name)
            continue
        if not isinstance(item, dict | list):
            continue
        if depth >= max_depth:
            raise BadParams(field, _too_deep(field))
        if isinstance(item, list):
            pending.extend((member, name, depth + 1) for member in item)
            continue
        for key, member in item.items():
            check_text(key, name)
            pending.append((member, shown(key, name), depth + 1))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DoubledKey(key)
            seen.add(key)
    return members


def _not_a_number(text: str) -> NoReturn:
    raise _NotJson(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=NumberText, parse_int=NumberText, parse_constant=_not_a_number
)


def to_json(value: Json) -> str:
    """Compact JSON with every number as it was received; the inverse of parse_json."""
    if isinstance(value, NumberText):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{to_json(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(to_json, value)) + "]"
    return json.dumps(value)
