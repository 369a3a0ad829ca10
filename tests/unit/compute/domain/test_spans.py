"""Ranges of slice numbers."""

import random

import pytest

from services.compute.domain.slices import Span
from services.compute.domain.spans import LARGEST, merged, numbers_of, ranges_of

pytestmark = pytest.mark.clause("dcp 5.3")


@pytest.mark.parametrize(
    ("spans", "last", "expected"),
    [
        ([], 10, [(1, 10)]),
        ([], 0, []),
        ([], LARGEST, [(1, LARGEST)]),
        ([Span(1, 3), Span(2, 4)], 10, [(1, 4)]),
        ([Span(4, 6), Span(1, 3)], 10, [(1, 6)]),
        ([Span(5, 6), Span(1, 3)], 10, [(1, 3), (5, 6)]),
        ([Span(1, 9), Span(2, 3)], 10, [(1, 9)]),
        ([Span(8, None), Span(10, 99)], 10, [(8, 10)]),
        ([Span(11, None)], 10, []),
        ([Span(3, 2)], 10, []),
        ([Span(-5, 2)], 10, [(1, 2)]),
        ([Span(1, 10**40)], LARGEST, [(1, LARGEST)]),
    ],
)
def test_spans_are_put_together(spans: list[Span], last: int, expected: list[tuple[int, int]]) -> None:
    assert merged(spans, last) == expected


@pytest.mark.parametrize("seed", range(20))
def test_what_is_put_together_covers_the_same(seed: int) -> None:
    chance = random.Random(seed)
    spans = [Span(chance.randrange(1, 30), chance.choice([None, chance.randrange(1, 30)])) for _ in range(4)]
    covered = {n for span in spans for n in range(span.first, (span.last or 25) + 1) if n <= 25}
    found = merged(spans, 25)
    assert numbers_of(found) == sorted(covered)
    assert found == ranges_of(sorted(covered))


def test_numbers_and_ranges_say_the_same() -> None:
    assert ranges_of([]) == []
    assert ranges_of([7]) == [(7, 7)]
    assert ranges_of([1, 2, 3, 5, 8, 9]) == [(1, 3), (5, 5), (8, 9)]
    assert numbers_of([[1, 3], [5, 5]]) == [1, 2, 3, 5]
