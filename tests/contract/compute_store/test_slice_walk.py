"""A sliced job by chance, against a model that keeps everything the slow way."""

import json
import random

import pytest

from services.compute.domain.errors import FencedOff
from services.compute.domain.slices import Batch, SliceState
from services.compute.domain.states import State
from services.compute.ports.store import Change, Lease
from tests.fakes.compute_jobs import ALICE, NOW, SPACE
from tests.fakes.compute_sliced import (
    SlicedStore,
    counts,
    done,
    items,
    money,
    numbers,
    result,
    rich,
    running,
    submitted,
)

pytestmark = pytest.mark.clause("dcp 5.4", "dcp 6")


@pytest.fixture(name="store")
def _store(store: SlicedStore) -> SlicedStore:
    return store


class Model:
    """What should be there, kept the slow way."""

    def __init__(self) -> None:
        self.values: list[int] = []
        self.over: dict[int, SliceState] = {}
        self.out: dict[int, list[int]] = {}  # by seq
        self.lost: dict[int, int] = {}
        self.fresh = 1
        self.again: set[int] = set()

    def counts(self) -> tuple[int, int, int, int, int]:
        states = list(self.over.values())
        active = sum(len(numbers) for numbers in self.out.values())
        failed = states.count(SliceState.FAILED)
        return (len(self.values), self.fresh - 1, active, states.count(SliceState.DONE), failed)


class Walk:
    """Whatever may be asked of a sliced job, by chance, against the model."""

    def __init__(self, store: SlicedStore, seed: int) -> None:
        self.store = store
        self.chance = random.Random(seed)
        self.model = Model()
        rich(store, "1000000")
        self.job = submitted(store, offer="0.25")
        self.add()
        self.lease = running(store)

    def step(self) -> None:
        self.chance.choice(
            [self.add, self.hand_out, self.take_in, self.take_in, self.give_back, self.move_on]
        )()
        seen = counts(self.store, self.job)
        assert (seen.total, seen.distributed, seen.active, seen.done, seen.failed) == self.model.counts()
        found = self.store.slices.results(self.job.id, (), 0, 10**6)
        assert {each.number: each.state for each in found} == self.model.over
        assert self.store.slices.unfinished(self.job.id, ()) == len(self.model.values) - len(self.model.over)
        booked = money(self.store)
        assert booked["fees"] == seen.done / 4
        assert booked["reserved"] == (seen.total - seen.done) / 4

    def add(self) -> None:
        values = [self.chance.randrange(1000) for _ in range(self.chance.randrange(1, 9))]
        block = items(*values)
        if self.chance.random() < 0.3:
            block = numbers(len(values), values[0])
            values = list(range(values[0], values[0] + len(values)))
        self.store.slices.add(self.job.uid, [block], ALICE, NOW)
        self.model.values += values

    def hand_out(self) -> None:
        most, model = self.chance.randrange(0, 6), self.model
        again = sorted(model.again)[:most]
        end = min(len(model.values), model.fresh - 1 + most - len(again))
        expected = [*again, *range(model.fresh, end + 1)]
        given = self.store.slices.hand_out(self.lease, 0, most, NOW)
        if given is None:
            assert expected == []
            return
        batch, pieces = given
        assert [piece.number for piece in pieces] == expected
        assert [json.loads(piece.data) for piece in pieces] == [model.values[n - 1] for n in expected]
        model.again -= set(again)
        model.fresh = end + 1
        model.out[batch.seq] = expected

    def take_in(self) -> None:
        total, model = len(self.model.values), self.model
        states = list(SliceState)
        came = {self.chance.randrange(0, total + 2): self.chance.choice(states) for _ in range(4)}
        results = [result(number, state) for number, state in came.items()]
        hands = {number for numbers in model.out.values() for number in numbers}
        news = {number: state for number, state in came.items() if number in hands}
        assert self.store.slices.take_in(self.lease, results, (), NOW) == len(news)
        model.over.update(news)
        self._leave(set(news))

    def give_back(self) -> None:
        if not self.model.out:
            return
        seq = self.chance.choice(sorted(self.model.out))
        left, model = self.model.out[seq], self.model
        at_work = self.chance.choice([None, *left])
        batch = Batch(seq=seq, attempt=1, lane=0, numbers=left)
        self.store.slices.give_back(self.lease, batch, at_work, NOW)
        del model.out[seq]
        if at_work is not None:
            model.lost[at_work] = model.lost.get(at_work, 0) + 1
            if model.lost[at_work] == 3:
                model.over[at_work] = SliceState.FAILED
        model.again |= set(left) - set(model.over)

    def move_on(self) -> None:
        """Another worker takes over, or the job queues and begins again; what is in hand stays so."""
        if self.chance.random() < 0.5:
            old, self.lease = self.lease, self._taken_over()
            with pytest.raises(FencedOff):
                self.store.slices.take_in(old, done([1]), (), NOW)
        elif self.model.out or self.store.slices.unfinished(self.job.id, ()):
            self.store.change(self.lease, Change(to=State.QUEUED, release=True), NOW)
            self.lease = running(self.store)
        hands = {batch.seq: list(batch.numbers) for batch in self.store.slices.in_hand(self.lease)}
        assert hands == self.model.out

    def _taken_over(self) -> Lease:
        self.store.release([self.lease])
        (claimed,) = self.store.claim("next", {SPACE: 9}, NOW, 30)
        return claimed.lease

    def _leave(self, over: set[int]) -> None:
        left = {seq: [n for n in numbers if n not in over] for seq, numbers in self.model.out.items()}
        self.model.out = {seq: numbers for seq, numbers in left.items() if numbers}


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_asked_the_slow_way_says_the_same(store: SlicedStore, seed: int) -> None:
    walk = Walk(store, seed)
    for _ in range(120):
        walk.step()
    store.change(walk.lease, Change(to=State.FAILED), NOW)
    booked = money(store)
    assert (booked["reserved"], booked["fees"]) == (0, counts(store, walk.job).done / 4)
    assert counts(store, walk.job).active == 0
