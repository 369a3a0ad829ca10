"""What a list of jobs is asked for by: restrictions on attributes, and words beside them (contract 2.2)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from flask import request

from services.compute.dialects.dirac.attributes.conditions import NEWEST_FIRST, Conditions, Order, moments_of
from services.compute.dialects.dirac.attributes.table import BY_ANY_NAME, Attribute
from services.compute.dialects.dirac.errors import InvalidRequest
from services.compute.dialects.dirac.requests import read_flag
from services.compute.domain.sheets import Column

MOST_PAIRS: Final = 2000
MOST_JOBS: Final = 10_000
JOBS: Final = 100
TOKEN: Final = "access_token"  # noqa: S105 - a parameter's name
_EVERYWHERE: Final = frozenset({TOKEN, "allowners", "strict"})
_PAGING: Final = frozenset({"startjob", "maxjobs", "sort", "fields"})
_BOUNDS: Final = frozenset({"from", "to"})


@dataclass(frozen=True, slots=True)
class Words:
    """The request's parameters, wherever they came in; keys in lower case."""

    values: Mapping[str, list[str]]
    warnings: list[str] = field(default_factory=list)

    def last(self, name: str) -> str | None:
        found = self.values.get(name.lower())
        return found[-1] if found else None

    def flag(self, name: str) -> bool:
        """Raises InvalidRequest."""
        return read_flag(name, self.last(name))

    def number(self, name: str, otherwise: int, least: int, most: int) -> int:
        """Raises InvalidRequest."""
        text = self.last(name)
        if text is None:
            return otherwise
        if not (text.isascii() and text.isdigit() and len(text) <= 18 and least <= int(text) <= most):
            raise InvalidRequest(f"{name} is a whole number from {least} to {most}.")
        return int(text)

    def names(self, name: str) -> list[str]:
        """Of a list that comes in several parameters, or with commas."""
        found = self.values.get(name.lower(), [])
        return [word.strip() for text in found for word in text.split(",") if word.strip()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    conditions: Conditions
    is_everybody: bool
    warnings: list[str]


def read_words() -> Words:
    """Raises InvalidRequest."""
    values: dict[str, list[str]] = {}
    pairs = cast("Iterator[tuple[str, str]]", request.values.items(multi=True))
    for count, (name, value) in enumerate(pairs):
        if count >= MOST_PAIRS:
            raise InvalidRequest(f"There are more than {MOST_PAIRS} parameters.")
        values.setdefault(name.lower(), []).append(value)
    return Words(values)


def read_asked(words: Words, others: Collection[str] = ()) -> Asked:
    """Restrictions: several values of one key are alternatives. `others` are words of the route's own.

    Raises InvalidRequest.
    """
    conditions, is_strict = Conditions(), words.flag("strict")
    warnings: list[str] = []
    known = {*_EVERYWHERE, *_BOUNDS, *others}
    for name, texts in words.values.items():
        attribute = BY_ANY_NAME.get(name)
        if name in known:
            continue
        if attribute is not None:
            conditions.add(attribute, "in", texts)
        else:
            warnings.append(f"{_shown(name)} is no attribute of jobs: it was ignored.")
    if warnings and is_strict:
        raise InvalidRequest(
            f"{_shown(min(set(words.values) - known - BY_ANY_NAME.keys()))} is no attribute."
        )
    first, last = words.last("from"), words.last("to")
    conditions.between(
        Column.CHANGED,
        None if first is None else moments_of("from", first)[0],
        None if last is None else moments_of("to", last)[1],
    )
    return Asked(conditions=conditions, is_everybody=words.flag("allOwners"), warnings=warnings)


def read_list(words: Words) -> Asked:
    return read_asked(words, _PAGING)


def read_order(words: Words) -> Order:
    """Newest first unless `sort=name[:asc|desc]` says otherwise. Raises InvalidRequest."""
    order = []
    for text in words.names("sort"):
        name, _, way = text.partition(":")
        if way.lower() not in ("", "asc", "desc"):
            raise InvalidRequest("sort is an attribute's name, with `:asc` or `:desc`.")
        order.append((sorted_by("sort", name), way.lower() != "desc"))
    return tuple(order[:4]) or NEWEST_FIRST


def sorted_by(where: str, name: str) -> Column:
    """Raises InvalidRequest."""
    attribute = attribute_of(where, name)
    if attribute.column is None:
        raise InvalidRequest(f"{where}: jobs cannot be sorted by {attribute.name}.")
    return attribute.column


def attribute_of(where: str, name: str) -> Attribute:
    """Raises InvalidRequest."""
    found = BY_ANY_NAME.get(name.lower())
    if found is None:
        raise InvalidRequest(f"{where}: {_shown(name)} is no attribute of jobs.")
    return found


def _shown(name: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in name[:64])
