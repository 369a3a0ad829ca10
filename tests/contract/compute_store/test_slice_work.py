"""Slices as workers handle them: handed out, taken in, given back, all under the fence."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.compute.domain.errors import FencedOff
from services.compute.domain.job import Job, Wish
from services.compute.domain.reasons import Reason
from services.compute.domain.slices import MOST_TRIES, Batch, Piece, SliceCounts, SliceLine, SliceState
from services.compute.domain.states import State
from services.compute.ports.store import Change, Lease
from tests.fakes.compute_jobs import ALICE, NOW, SPACE
from tests.fakes.compute_sliced import (
    SlicedStore,
    counts,
    done,
    handed,
    items,
    numbers,
    result,
    running,
    submitted,
    waiting,
    work_off,
)

pytestmark = pytest.mark.clause("dcp 5.4", "dcp 5.5")

STOP = Reason("cancelled", "It was stopped.")
LINE = SliceLine(number=1, level="log", text="x", at=NOW)


@pytest.fixture(name="store")
def _store(store: SlicedStore) -> SlicedStore:
    return store


@pytest.fixture(name="job")
def _job(store: SlicedStore) -> Job:
    return submitted(store, numbers(10))


@pytest.fixture(name="lease")
def _lease(store: SlicedStore, job: Job) -> Lease:
    return running(store)


def given(store: SlicedStore, lease: Lease, most: int, lane: int = 0) -> Batch:
    batch = store.slices.hand_out(lease, lane, most, NOW)
    assert batch is not None
    return batch[0]


def results(store: SlicedStore, job: Job) -> dict[int, SliceState]:
    return {each.number: each.state for each in store.slices.results(job.id, (), 0, 10**6)}


# -- handing out ------------------------------------------------------------------------------------
def test_slices_go_out_in_their_order_and_once(store: SlicedStore, job: Job, lease: Lease) -> None:
    first = store.slices.hand_out(lease, 0, 3, NOW)
    second = store.slices.hand_out(lease, 1, 99, NOW)
    assert first == (
        Batch(seq=1, attempt=1, lane=0, numbers=[1, 2, 3]),
        [Piece(1, "1"), Piece(2, "2"), Piece(3, "3")],
    )
    assert second is not None
    assert second[0] == Batch(seq=2, attempt=1, lane=1, numbers=[4, 5, 6, 7, 8, 9, 10])
    assert store.slices.hand_out(lease, 0, 1, NOW) is None
    assert counts(store, job) == SliceCounts(total=10, distributed=10, active=10)
    assert store.slices.in_hand(lease) == [first[0], second[0]]


@pytest.mark.parametrize("most", [0, -1])
def test_nothing_that_is_not_asked_for_goes_out(store: SlicedStore, lease: Lease, most: int) -> None:
    assert store.slices.hand_out(lease, 0, most, NOW) is None


def test_a_job_that_is_not_wanted_hands_nothing_out(store: SlicedStore, job: Job, lease: Lease) -> None:
    given(store, lease, 2)
    store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW)
    assert store.slices.hand_out(lease, 0, 1, NOW) is None
    assert store.slices.take_in(lease, done([1]), (), NOW) == 1  # what is done is done


# -- taking in --------------------------------------------------------------------------------------
def test_results_come_in_any_order_and_count_at_once(store: SlicedStore, job: Job, lease: Lease) -> None:
    given(store, lease, 5)
    came = [result(4, cpu_seconds=1.5), result(2, SliceState.FAILED, body="{}", cpu_seconds=0.5)]
    assert store.slices.take_in(lease, came, (), NOW) == 2
    assert results(store, job) == {2: SliceState.FAILED, 4: SliceState.DONE}
    assert counts(store, job) == SliceCounts(
        total=10, distributed=5, active=3, done=1, failed=1, cpu_seconds=2.0
    )
    assert [list(batch.numbers) for batch in store.slices.in_hand(lease)] == [[1, 3, 5]]


def test_forged_and_repeated_results_are_passed_over(store: SlicedStore, job: Job, lease: Lease) -> None:
    given(store, lease, 3)
    assert store.slices.take_in(lease, done([2]), (), NOW) == 1
    forged = [result(number, body='"forged"') for number in (2, 4, 10, 11, 0, -1, 10**18)]
    assert store.slices.take_in(lease, forged, (), NOW) == 0
    twice = [result(1, body='"first"'), result(1, SliceState.FAILED, body='"second"')]
    assert store.slices.take_in(lease, twice, (), NOW) == 1
    first, second = store.slices.results(job.id, (), 0, 9)
    assert (first.body, second.body) == ('"first"', "2")
    assert counts(store, job) == SliceCounts(total=10, distributed=3, active=1, done=2)


def test_batches_are_gone_when_all_of_them_is_over(store: SlicedStore, job: Job, lease: Lease) -> None:
    given(store, lease, 2)
    other = given(store, lease, 2, lane=1)
    assert store.slices.take_in(lease, done([1, 2, 4]), (), NOW) == 3
    assert store.slices.in_hand(lease) == [replace(other, numbers=[3])]


def test_notes_are_short(store: SlicedStore, job: Job, lease: Lease) -> None:
    given(store, lease, 1)
    store.slices.take_in(lease, [result(1, note="n" * 40, body='"\\u0000\ud800"')], (), NOW)
    (found,) = store.slices.results(job.id, (), 0, 9)
    assert found.note == "n" * 16


# -- giving back ------------------------------------------------------------------------------------
def test_what_is_given_back_goes_out_first(store: SlicedStore, job: Job, lease: Lease) -> None:
    lost, kept = given(store, lease, 4), given(store, lease, 2, lane=1)
    store.slices.take_in(lease, done([2]), (), NOW)
    store.slices.give_back(lease, lost, None, NOW)
    assert counts(store, job) == SliceCounts(total=10, distributed=6, active=2, done=1)
    assert store.slices.in_hand(lease) == [kept]
    again = store.slices.hand_out(lease, 0, 2, NOW)
    assert again == (Batch(seq=3, attempt=1, lane=0, numbers=[1, 3]), [Piece(1, "1"), Piece(3, "3")])
    mixed = store.slices.hand_out(lease, 1, 3, NOW)
    assert mixed is not None
    assert mixed == (
        Batch(seq=4, attempt=1, lane=1, numbers=[4, 7, 8]),
        [Piece(4, "4"), Piece(7, "7"), Piece(8, "8")],
    )
    assert counts(store, job) == SliceCounts(total=10, distributed=8, active=7, done=1)
    assert store.slices.take_in(lease, done([1, 3, 4, 5, 6, 7, 8]), (), NOW) == 7
    assert store.slices.in_hand(lease) == []


def test_giving_back_twice_is_once(store: SlicedStore, job: Job, lease: Lease) -> None:
    batch = given(store, lease, 3)
    store.slices.give_back(lease, batch, 1, NOW)
    given(store, lease, 1)
    store.slices.give_back(lease, batch, 1, NOW)
    store.slices.give_back(lease, replace(batch, seq=99), 1, NOW)
    assert counts(store, job) == SliceCounts(total=10, distributed=3, active=1)
    assert given(store, lease, 9).numbers == [2, 3, 4, 5, 6, 7, 8, 9, 10]


def test_only_the_slice_that_was_at_work_counts_a_try(store: SlicedStore, job: Job, lease: Lease) -> None:
    for turn in range(MOST_TRIES):
        batch = given(store, lease, 3)
        assert batch.numbers == [1, 2, 3]
        assert results(store, job) == {}, turn
        store.slices.give_back(lease, batch, 2, NOW)
    (lost,) = store.slices.results(job.id, (), 0, 9)
    assert (lost.number, lost.state, lost.tries) == (2, SliceState.FAILED, MOST_TRIES)
    assert json.loads(lost.body)["code"] == "EWORKERLOST"
    assert counts(store, job) == SliceCounts(total=10, distributed=3, failed=1)
    assert given(store, lease, 3).numbers == [1, 3, 4]
    store.slices.take_in(lease, done([1, 3, 4]), (), NOW)
    assert [each.tries for each in store.slices.results(job.id, (), 0, 9)] == [1, 3, 1, 1]


def test_a_result_tells_of_the_tries_before(store: SlicedStore, job: Job, lease: Lease) -> None:
    for _ in range(MOST_TRIES - 1):
        store.slices.give_back(lease, given(store, lease, 2), 1, NOW)
    given(store, lease, 2)
    store.slices.take_in(lease, [result(1, tries=4), result(2)], (), NOW)
    assert [each.tries for each in store.slices.results(job.id, (), 0, 9)] == [4 + MOST_TRIES - 1, 1]


@pytest.mark.parametrize("at_work", [None, 1, 7, 99])
def test_who_was_at_nothing_of_its_own_counts_no_try(
    store: SlicedStore, job: Job, lease: Lease, at_work: int | None
) -> None:
    for _ in range(MOST_TRIES + 1):
        batch = given(store, lease, 3)
        store.slices.take_in(lease, done([1]), (), NOW)
        store.slices.give_back(lease, batch, at_work, NOW)
    assert results(store, job) == {1: SliceState.DONE}


def test_the_last_slice_that_is_lost_for_good_ends_the_work(store: SlicedStore) -> None:
    job = submitted(store, items("a"))
    lease = running(store)
    for _ in range(MOST_TRIES):
        store.slices.give_back(lease, given(store, lease, 1), 1, NOW)
    assert store.slices.close(job.uid, ALICE, NOW) == SliceCounts(
        total=1, distributed=1, failed=1, is_closed=True
    )
    assert waiting(store, lease).state is State.SUCCEEDED


# -- one holder after the other ---------------------------------------------------------------------
@pytest.mark.parametrize(
    "write",
    [
        lambda store, lease: store.slices.hand_out(lease, 0, 1, NOW),
        lambda store, lease: store.slices.in_hand(lease),
        lambda store, lease: store.slices.take_in(lease, done([1]), [LINE], NOW),
        lambda store, lease: store.slices.give_back(
            lease, Batch(seq=1, attempt=1, lane=0, numbers=[1]), 1, NOW
        ),
    ],
    ids=["hand_out", "in_hand", "take_in", "give_back"],
)
def test_what_a_worker_writes_is_void_once_another_holds_the_job(
    store: SlicedStore, job: Job, lease: Lease, write: Callable[[SlicedStore, Lease], object]
) -> None:
    batch = given(store, lease, 1)
    (taken,) = store.claim("other", {SPACE: 9}, NOW + 30, 30)
    with pytest.raises(FencedOff):
        write(store, lease)
    assert results(store, job) == {}
    assert store.slices.lines(job.id, 0, 9) == []
    assert counts(store, job) == SliceCounts(total=10, distributed=1, active=1)
    assert store.slices.in_hand(taken.lease) == [batch]
    assert store.slices.take_in(taken.lease, done([1]), (), NOW) == 1


def test_another_attempt_finds_what_is_in_hand_of_the_one_before(
    store: SlicedStore, job: Job, lease: Lease
) -> None:
    old = given(store, lease, 2, lane=3)
    store.change(lease, Change(to=State.QUEUED, release=True), NOW)
    lease = running(store)
    new = given(store, lease, 1)
    assert (old.attempt, new.attempt) == (1, 2)
    assert store.slices.in_hand(lease) == [old, new]
    store.slices.give_back(lease, old, None, NOW)
    assert work_off(store, lease) == 9
    assert store.slices.take_in(lease, done([3]), (), NOW) == 1


# -- the end ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("to", [State.FAILED, State.CANCELLED])
def test_with_the_job_ends_what_was_in_hand(store: SlicedStore, job: Job, lease: Lease, to: State) -> None:
    batch = given(store, lease, 4)
    store.slices.take_in(lease, done([1]), (), NOW)
    store.slices.give_back(lease, given(store, lease, 1), 5, NOW)
    store.change(lease, Change(to=to), NOW)
    assert counts(store, job) == SliceCounts(total=10, distributed=5, done=1)
    assert store.slices.take_in(lease, done([2]), [LINE], NOW) == 0
    store.slices.give_back(lease, batch, 2, NOW)
    assert counts(store, job) == SliceCounts(total=10, distributed=5, done=1)
    assert results(store, job) == {1: SliceState.DONE}
    assert handed(store, lease) == []
