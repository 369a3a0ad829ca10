"""Reads members of a description: numbers that are numbers, texts, lists, objects. What is wrong is noted."""

from collections.abc import Collection, Mapping
from math import isfinite
from typing import Any, Final

from libs.web.strict_json import NumberText
from services.compute.dialects.prominence.description.problems import Notes, quoted
from services.compute.domain.spec_json import pointer

MAX_DEPTH: Final = 32
_LONGEST_NUMBER = 40  # digits; what is longer is no amount of anything


class Unreadable(Exception):
    """What no description holds: nesting without end, numbers beyond all numbers."""


def plain(value: Any, depth: int = 0) -> Any:
    """A document's value with numbers as numbers. Raises Unreadable."""
    if depth > MAX_DEPTH:
        raise Unreadable("the description is nested too deeply")
    if isinstance(value, NumberText):
        value = int(value) if value.is_integer and len(value) <= _LONGEST_NUMBER else float(value)
    if type(value) is float and not isfinite(value):
        raise Unreadable("the description holds a number that is too large")
    if isinstance(value, dict):
        return {name: plain(member, depth + 1) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member, depth + 1) for member in value]
    return value


def known_only(
    document: Mapping[str, Any], known: Collection[str], path: str, where: str, notes: Notes
) -> None:
    """`where` as the message names it: `in job description`."""
    for name in document:
        if name not in known:
            notes.add(pointer(path, name[:64]), f"invalid item {quoted(name)} {where}")


def is_number(value: Any) -> bool:
    """As JSON has them: true is none."""
    if type(value) is int:
        return bool(abs(value) < 10**_LONGEST_NUMBER)
    return type(value) is float


def whole(value: Any) -> int | None:
    """`4` and `4.0`; None for what is no whole number."""
    if not is_number(value) or value != int(value):
        return None
    return int(value)


def amount(value: Any, least: int, most: int, texts: tuple[str, str, str]) -> int | str:
    """A whole number in these bounds, or what is wrong: `texts` of no number, too small, too large."""
    found = whole(value)
    if found is None:
        return texts[0]
    if found < least:
        return texts[1]
    return texts[2] if found > most else found


def texts_of(value: Any, path: str, message: str, notes: Notes) -> tuple[str, ...]:
    """A list of texts."""
    if type(value) is not list or any(type(item) is not str for item in value):
        notes.add(path, message)
        return ()
    return tuple(value)


def flag(document: Mapping[str, Any], name: str, path: str, notes: Notes) -> bool:
    value = document.get(name)
    if value is None:
        return False
    if type(value) is not bool:
        notes.add(pointer(path, name), f"{name} must be either true or false")
    return value is True
