"""`range`: which slices an answer is about (contract 5.3). `1-999999999` is two numbers."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from services.compute.domain.slices import Span

MOST_ITEMS: Final = 1000  # of all `range` parameters of a request together
LARGEST: Final = 10**15
_ITEM: Final = re.compile(r"[ \t]*([0-9]{1,18})[ \t]*(?:(-)[ \t]*([0-9]{1,18})?[ \t]*)?")


class InvalidRange(Exception):
    """A range that cannot be read; the sentence quotes nothing that is long."""


def read_ranges(values: Iterable[str]) -> tuple[Span, ...]:
    """The union of all, rising, nothing in it twice and no two of them adjacent; none: all slices.

    Raises InvalidRange.
    """
    items = [item for value in values if value.strip(" \t") for item in value.split(",")]
    if len(items) > MOST_ITEMS:
        raise InvalidRange(f"There may be {MOST_ITEMS} ranges in a request")
    return union([_span(item) for item in items])


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda each: each.first):
        before = merged[-1] if merged else None
        if before is None or (before.last is not None and span.first > before.last + 1):
            merged.append(span)
        elif before.last is not None and (span.last is None or span.last > before.last):
            merged[-1] = Span(before.first, span.last)
    return tuple(merged)


def holds(spans: Sequence[Span], number: int) -> bool:
    return not spans or any(
        span.first <= number and (span.last is None or number <= span.last) for span in spans
    )


def _span(item: str) -> Span:
    match = _ITEM.fullmatch(item)
    if match is None:
        shown = item.strip()[:32] if item.isprintable() else ""
        raise InvalidRange(f"'{shown}' is no range: it is written as 5, 1-10 or 7-")
    first = int(match[1])
    last = first if match[2] is None else None if match[3] is None else int(match[3])
    if last is not None and last < first:
        first, last = last, first
    if first < 1:
        raise InvalidRange("Slices are numbered from 1")
    return Span(min(first, LARGEST), None if last is None else min(last, LARGEST))
