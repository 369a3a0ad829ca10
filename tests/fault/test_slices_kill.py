"""kill -9 of the worker while ten thousand slices are worked off: each has one result, and the right one."""

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from services.compute.adapters.engines.process import facts
from services.compute.domain.states import FINAL, State
from tests.fault.killing import assert_nothing_left, ground_of, kill
from tests.slice_kit import Results, SliceYard, submit
from tests.waiting import wait_for

SLICES = 10_000
LEAST_KILLS = 8
# About a millisecond for each, so that there is something to interrupt.
SOURCES = {
    "javascript": "(x) => { const until = Date.now() + 1; while (Date.now() < until); return x * 3; }",
    "python": "import time\ndef f(x):\n    time.sleep(0.001)\n    print('at', x)\n    return x * 3\n",
}


@pytest.mark.clause("dcp 5.5")
@pytest.mark.parametrize("language", sorted(SOURCES))
def test_killed_workers_lose_and_double_no_slice(tmp_path: Path, language: str) -> None:
    with ground_of(SliceYard(tmp_path)) as ground:
        dice, nursery, kills = random.Random(f"slices {language}"), ground.nursery, 0
        job = submit(ground.store, SOURCES[language], range(SLICES), language=language, lanes=2)
        results = Results(ground.store, job)
        until = time.monotonic() + 120
        while not results.counts().are_all_over:
            assert time.monotonic() < until, results.counts()
            worker = nursery.start()
            time.sleep(dice.uniform(0.05, 1.5))
            kill(worker)
            kills += 1
        assert kills >= LEAST_KILLS
        worker = nursery.start()
        ground.store.slices.close(job.uid, "me", time.time())
        wait_for(lambda: results.state().is_final, "the job to end", 90)
        assert results.values() == {number + 1: 3 * number for number in range(SLICES)}
        counts = results.counts()
        assert (counts.total, counts.distributed, counts.done) == (SLICES, SLICES, SLICES)
        assert (counts.active, counts.failed, counts.waiting) == (0, 0, 0)
        assert {one.tries for one in results.all()} == {1}
        said = Counter(number for number, _, _ in results.lines())
        assert set(said.values()) == ({1} if language == "python" else set())
        states = [event.state_to for event in ground.store.events(job.uid)]
        assert sum(state in FINAL for state in states) == 1
        assert states[-1] is State.SUCCEEDED
        kill(worker)
        assert_nothing_left(ground)


def supervisors(yard: SliceYard) -> list[int]:
    """Of the sandboxes that stand now."""
    found = []
    for folder in sorted((yard.work / ".process").glob("tg-*")):
        started = facts.read(str(folder), facts.STARTED)
        if started is not None and facts.read(str(folder), facts.ENDED) is None:
            found.append(int(started["pid"]))
    return found


@pytest.mark.clause("dcp 5.5")
def test_killed_sandboxes_and_workers_cost_no_result(tmp_path: Path) -> None:
    """A slice that is at work when its sandbox is killed is tried three times; all have one result."""
    with ground_of(SliceYard(tmp_path)) as ground:
        dice, kills = random.Random(7), Counter[str]()
        job = submit(ground.store, SOURCES["python"], range(4000), language="python", lanes=2)
        results, worker, until = Results(ground.store, job), ground.nursery.start(), time.monotonic() + 150
        while not results.counts().are_all_over:
            assert time.monotonic() < until, results.counts()
            time.sleep(dice.uniform(0.1, 1.0))
            alive = supervisors(ground.yard)
            if alive and dice.random() < 0.4:
                kills["sandbox"] += 1
                kill(dice.choice(alive))
            elif dice.random() < 0.5:
                kills["worker"] += 1
                kill(worker)
                worker = ground.nursery.start()
        assert min(kills["sandbox"], kills["worker"]) >= 2, kills
        ground.store.slices.close(job.uid, "me", time.time())
        wait_for(lambda: results.state().is_final, "the job to end", 90)
        assert results.state().state is State.SUCCEEDED
        found = {**results.values(), **results.errors()}
        assert sorted(found) == list(range(1, 4001))
        assert {error["code"] for error in results.errors().values()} <= {"EWORKERLOST"}
        assert len(results.errors()) <= kills["sandbox"] / 3
        assert {
            number: value for number, value in results.values().items() if value != 3 * (number - 1)
        } == {}
        counts = results.counts()
        assert (counts.done + counts.failed, counts.active) == (4000, 0)
        kill(worker)
        assert_nothing_left(ground)
