"""What became of slices, as windows read it."""

import pytest

from services.compute.domain.slices import SliceCounts, SliceLine, SliceState, Span
from tests.fakes.compute_jobs import ALICE, NOW
from tests.fakes.compute_sliced import SlicedStore, done, handed, items, numbers, result, running, submitted

pytestmark = pytest.mark.clause("dcp 5.3", "dcp 5.4")


@pytest.fixture(name="store")
def _store(store: SlicedStore) -> SlicedStore:
    return store


@pytest.fixture(name="ten")
def _ten(store: SlicedStore) -> int:
    """The id of a job of twelve slices: 11 waits, 12 is in hand, 3 and 7 failed, the others are done."""
    job = submitted(store, numbers(10))
    lease = running(store)
    pieces = handed(store, lease)[::-1]
    failed = [result(number, SliceState.FAILED, body='{"code":"EUNCAUGHT"}', tries=2) for number in (7, 3)]
    rest = [piece for piece in pieces if piece.number not in (3, 7)]
    store.slices.take_in(lease, [*failed, *done(rest, note="NaN", cpu_seconds=0.5)], (), NOW)
    store.slices.add(job.uid, [numbers(2)], ALICE, NOW)
    return job.id


@pytest.mark.parametrize(
    ("spans", "after", "limit", "found"),
    [
        ((), 0, 99, list(range(1, 11))),
        ((), 4, 3, [5, 6, 7]),
        ((), 99, 99, []),
        ((), -5, 2, [1, 2]),
        ((), 0, 0, []),
        ([Span(2, 4), Span(3, 6)], 0, 99, [2, 3, 4, 5, 6]),
        ([Span(9, None), Span(2, 2)], 0, 99, [2, 9, 10]),
        ([Span(9, None), Span(2, 2)], 2, 99, [9, 10]),
        ([Span(9, 10), Span(1, 3)], 1, 3, [2, 3, 9]),
        ([Span(33, 35)], 0, 99, []),
        ([Span(5, 4)], 0, 99, []),
        ([Span(1, 10**30)], 0, 2, [1, 2]),
        ([Span(10**30, None)], 0, 2, []),
        ((), 10**30, 2, []),
    ],
)
def test_results_of_spans(
    store: SlicedStore, ten: int, spans: list[Span], after: int, limit: int, found: list[int]
) -> None:
    assert [each.number for each in store.slices.results(ten, spans, after, limit)] == found


def test_a_result_is_read_as_it_was_taken_in(store: SlicedStore, ten: int) -> None:
    second, third = store.slices.results(ten, [Span(2, 3)], 0, 9)
    assert second == result(2, note="NaN", cpu_seconds=0.5)
    assert third == result(3, SliceState.FAILED, body='{"code":"EUNCAUGHT"}', tries=2)


def test_counts_and_what_is_unfinished(store: SlicedStore, ten: int) -> None:
    seen = store.slices.counts([ten])[ten]
    assert seen == SliceCounts(total=12, distributed=10, done=8, failed=2, cpu_seconds=4.0)
    assert seen.waiting == 2
    assert not seen.are_all_over
    spans = [
        ([], 2),
        ([Span(1, 10)], 0),
        ([Span(10, 11)], 1),
        ([Span(11, None), Span(12, 12)], 2),
        ([Span(13, 40)], 0),
        ([Span(1, 10**30)], 2),
    ]
    assert [store.slices.unfinished(ten, asked) for asked, _ in spans] == [left for _, left in spans]


def test_lines_keep_their_order(store: SlicedStore) -> None:
    job = submitted(store, items(1, 2))
    lease = running(store)
    handed(store, lease)
    said = [SliceLine(number=2, level="log", text=f"l{n}\0\ud800", at=NOW + n) for n in range(3)]
    store.slices.take_in(lease, (), said[:2], NOW)
    store.slices.take_in(lease, done([2]), [said[2], SliceLine(number=9, level="log", text="", at=NOW)], NOW)
    store.slices.take_in(lease, done([2]), said, NOW)  # over by now: said twice is said once
    found = store.slices.lines(job.id, 0, 9)
    assert [seq for seq, _ in found] == [1, 2, 3]
    assert [(line.number, line.level, line.text[:2], line.at) for _, line in found] == [
        (2, "log", f"l{n}", NOW + n) for n in range(3)
    ]
    assert store.slices.lines(job.id, 1, 1) == found[1:2]
    assert store.slices.lines(job.id, 10**30, 1) == []


def test_every_change_of_slices_is_a_new_revision(store: SlicedStore) -> None:
    job = submitted(store, items(1, 2))
    lease = running(store)
    seen = [store.revision(job.uid, None).number]

    def changed() -> None:
        seen.append(store.revision(job.uid, None).number)

    store.slices.add(job.uid, [items(3)], ALICE, NOW)
    changed()
    handed(store, lease, 2)
    changed()
    store.slices.take_in(lease, done([1]), (), NOW)
    changed()
    store.slices.close(job.uid, ALICE, NOW)
    changed()
    assert seen == sorted(set(seen))
