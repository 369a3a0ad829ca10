"""The grammar of `range`, against the contract's table and against sets of numbers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.compute.dialects.dcp.ranges import InvalidRange, holds, read_ranges
from services.compute.domain.slices import Span

pytestmark = pytest.mark.clause("dcp 5.3")

READ = {
    "1-10": [(1, 10)],
    "5": [(5, 5)],
    "1-": [(1, None)],
    "10-1": [(1, 10)],
    "1-10,33-35": [(1, 10), (33, 35)],
    "33-35,1-10": [(1, 10), (33, 35)],
    " 1 - 3 , 7 ": [(1, 3), (7, 7)],
    "1-999999999": [(1, 999999999)],
    "1-3,4-6": [(1, 6)],
    "5-,2": [(2, 2), (5, None)],
    "5-,7-9": [(5, None)],
    "001-002": [(1, 2)],
    "": [],
}


@pytest.mark.parametrize("text", READ, ids=lambda text: text or "empty")
def test_what_a_range_means(text: str) -> None:
    assert read_ranges([text]) == tuple(Span(*pair) for pair in READ[text])


def test_several_ranges_are_their_union_each_number_once() -> None:
    assert read_ranges(["1-3", "2-4"]) == (Span(1, 4),)
    assert read_ranges(["1-10", "33-35"]) == (Span(1, 10), Span(33, 35))


def test_without_a_range_all_is_meant() -> None:
    assert read_ranges([]) == read_ranges(["", " "]) == ()


@pytest.mark.parametrize(
    "text",
    [
        *("-3", "0-5", "0", "1-2-3", "a-b", "1,", ",1", "1,,2", "--", "-", "1.5", "+1", "1e3", "1–3"),
        *("٣", "1" * 19, "1;2", "1-2x", "\x001", "1\n-2", "*"),
    ],
    ids=lambda text: ascii(text)[:24],
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidRange) as refused:
        read_ranges([text])
    assert len(str(refused.value)) < 200


def test_there_is_a_limit_to_how_many() -> None:
    assert read_ranges([",".join(str(n * 2) for n in range(1, 1001))])
    with pytest.raises(InvalidRange):
        read_ranges([",".join(["1"] * 500), ",".join(["1"] * 501)])


items = st.tuples(st.integers(1, 60), st.one_of(st.none(), st.integers(1, 60)))


@given(st.lists(items, min_size=1, max_size=6))
def test_a_union_is_as_of_sets_and_never_overlaps(pairs: list[tuple[int, int | None]]) -> None:
    text = ",".join(f"{first}-" if last is None else f"{first}-{last}" for first, last in pairs)
    spans = read_ranges([text])
    wanted: set[int] = set()
    for first, last in pairs:
        low, high = (first, 99) if last is None else (min(first, last), max(first, last))
        wanted.update(range(low, high + 1))
    assert {number for number in range(1, 100) if holds(spans, number)} == wanted
    for before, after in pairwise(spans):
        assert before.last is not None
        assert after.first > before.last + 1


@given(st.lists(st.text(max_size=30), max_size=5))
def test_no_text_breaks_it(texts: list[str]) -> None:
    try:
        spans = read_ranges(texts)
    except InvalidRange:
        return
    assert all(span.first >= 1 and (span.last is None or span.last >= span.first) for span in spans)
