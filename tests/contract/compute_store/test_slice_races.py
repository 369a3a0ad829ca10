"""What happens to slices at the same time happens as if one had been first."""

import json
from typing import Any

import pytest

from services.compute.domain.errors import AlreadyFinished
from services.compute.domain.job import Job
from services.compute.domain.slices import Added, SliceCounts
from services.compute.domain.states import State
from services.compute.ports.store import Change, Lease
from tests.fakes.at_once import at_once, kinds
from tests.fakes.compute_jobs import ALICE, NOW
from tests.fakes.compute_sliced import (
    SlicedStore,
    counts,
    done,
    handed,
    items,
    money,
    numbers,
    rich,
    running,
    submitted,
    waiting,
    work_off,
)

pytestmark = pytest.mark.clause("dcp 5.1", "dcp 5.2")


@pytest.fixture(name="store")
def _store(store: SlicedStore) -> SlicedStore:
    return store


def test_what_is_added_at_once_does_not_interleave(store: SlicedStore) -> None:
    job = submitted(store)
    sizes = [1 + number % 5 for number in range(50)]

    def add(number: int) -> Added:
        words = [[number, place] for place in range(sizes[number])]
        return store.slices.add(job.uid, [items(*words[:2]), items(*words[2:])], f"person:{number}", NOW)

    added: list[Any] = at_once(50, add)
    assert sorted(each.last - each.first + 1 for each in added) == sorted(sizes)
    values = [json.loads(piece.data) for piece in handed(store, running(store))]
    assert len(values) == sum(sizes) == counts(store, job).total
    for each in added:
        number = values[each.first - 1][0]
        assert values[each.first - 1 : each.last] == [[number, place] for place in range(sizes[number])]
    events = store.events(job.uid)
    assert [event.state_to for event in events[:2]] == [State.HELD, State.QUEUED]
    assert len(events) == 5  # queued once, however many came


def test_no_number_goes_out_twice_to_lanes_at_once(store: SlicedStore) -> None:
    job = submitted(store, numbers(500))
    lease = running(store)

    def lane(index: int) -> list[int]:
        found: list[int] = []
        while given := store.slices.hand_out(lease, index, 7, NOW):
            batch, pieces = given
            assert (batch.lane, list(batch.numbers)) == (index, [piece.number for piece in pieces])
            found += batch.numbers
        return found

    lanes: list[Any] = at_once(6, lane)
    assert sorted(number for each in lanes for number in each) == list(range(1, 501))
    batches = store.slices.in_hand(lease)
    assert len({batch.seq for batch in batches}) == len(batches) == 72
    assert counts(store, job) == SliceCounts(total=500, distributed=500, active=500)


def test_one_result_at_once_counts_and_is_paid_once(store: SlicedStore) -> None:
    rich(store)
    job = submitted(store, numbers(20), offer="1")
    lease = running(store)
    handed(store, lease)
    news = at_once(8, lambda n: store.slices.take_in(lease, done(range(1, 11)), (), NOW))
    assert sorted(map(int, news)) == [0] * 7 + [10]  # type: ignore[call-overload]
    assert counts(store, job) == SliceCounts(total=20, distributed=20, active=10, done=10)
    assert money(store) == {"balance": 80, "reserved": 10, "fees": 10, "mint": -100}


def test_whoever_comes_first_of_adding_and_closing(store: SlicedStore) -> None:
    """Nobody's slices are lost: what was taken is worked off, what was not is refused."""
    for _ in range(8):
        job = submitted(store)

        def work(number: int, uid: Any = job.uid) -> object:
            if number == 0:
                return store.slices.close(uid, ALICE, NOW)
            return store.slices.add(uid, [items(number)], ALICE, NOW)

        results = at_once(4, work)
        added = sum(isinstance(each, Added) for each in results)
        assert added + sum(isinstance(each, AlreadyFinished) for each in results) == 3
        seen = counts(store, job)
        assert (seen.total, seen.is_closed) == (added, True)
        assert store.find(job.uid, None).state is (State.QUEUED if added else State.SUCCEEDED)
        if added:
            lease = running(store)
            assert work_off(store, lease) == added
            assert waiting(store, lease).state is State.SUCCEEDED


def test_a_job_never_waits_with_slices_to_do(store: SlicedStore) -> None:
    """The worker that saw none and the owner who adds some, at once."""
    for _ in range(8):
        job = submitted(store, items(1))
        lease = running(store)
        work_off(store, lease)
        store.change(lease, Change(to=State.PUBLISHING), NOW)

        def work(number: int, job: Job = job, lease: Lease = lease) -> object:
            if number == 0:
                return store.change(lease, Change(to=State.HELD, release=True), NOW)
            return store.slices.add(job.uid, [items(2)], ALICE, NOW)

        assert kinds(at_once(2, work)) == {"Job": 1, "Added": 1}
        assert store.find(job.uid, None).state is State.QUEUED
        lease = running(store)
        assert work_off(store, lease) == 1
        assert waiting(store, lease).state is State.HELD
        store.slices.close(job.uid, ALICE, NOW)
