"""Ranges of slice numbers, both ends inclusive."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from services.compute.domain.slices import Span

LARGEST: Final = 2**63 - 1

Range = tuple[int, int]


def merged(spans: Sequence[Span], last: int = LARGEST) -> list[Range]:
    """What they cover of 1 to `last`, rising, none touching another; without any: all of it."""
    if not spans:
        return [(1, last)] if last else []
    found: list[Range] = []
    for start, end in sorted(_clipped(spans, last)):
        if found and start <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def ranges_of(numbers: Iterable[int]) -> list[Range]:
    """Of rising numbers."""
    found: list[Range] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def numbers_of(ranges: Iterable[Sequence[int]]) -> list[int]:
    return [number for first, last in ranges for number in range(first, last + 1)]


def _clipped(spans: Sequence[Span], last: int) -> Iterator[Range]:
    for span in spans:
        start, end = max(span.first, 1), last if span.last is None else min(span.last, last)
        if start <= end:
            yield start, end
