"""kill -9 of workers and supervisors at seeded random times, 220 in all: every job ends once, in a true
state, no run happens twice, and nothing is left.
"""

import contextlib
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.compute.adapters.engines.process import facts
from services.compute.domain.states import State
from tests.fault.job_workers import Yard
from tests.fault.killing import (
    Ground,
    Jobs,
    assert_killed_workers_lose_and_double_nothing,
    assert_nothing_left,
    assert_true,
    ground_of,
    kill,
    runs_of,
)

WORKER_KILLS = 120
MIXED_KILLS = 100
LONGEST_LIFE = 0.7  # seconds; a job takes about a third of that


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with ground_of(Yard(tmp_path)) as ground:
        yield ground


def supervisors(yard: Yard) -> list[int]:
    """Those that live now."""
    found = []
    for folder in (yard.work / ".process").glob("tg-*"):
        started = facts.read(str(folder), facts.STARTED)
        pid = int(started["pid"]) if started is not None else 0
        with contextlib.suppress(OSError):
            if pid and b"supervisor" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return sorted(found)


def test_killed_workers_lose_and_double_nothing(ground: Ground) -> None:
    jobs = assert_killed_workers_lose_and_double_nothing(ground, 20260, WORKER_KILLS, LONGEST_LIFE)
    assert jobs > 20
    assert supervisors(ground.yard) == []


def test_killed_supervisors_and_workers(ground: Ground) -> None:
    yard, nursery, store = ground.yard, ground.nursery, ground.store
    dice, jobs = random.Random(77), Jobs(ground, attempts=2)
    worker = nursery.start()
    for _ in range(MIXED_KILLS):
        jobs.fill()
        time.sleep(dice.uniform(0, LONGEST_LIFE / 2))
        alive = supervisors(yard)
        if alive and dice.random() < 0.7:
            kill(dice.choice(alive))
        else:
            kill(worker)
            worker = nursery.start()
    for ended in jobs.end():
        runs = store.runs(ended.uid)
        assert ended.state in (State.SUCCEEDED, State.FAILED)
        assert runs_of(yard, ended) <= len(runs) <= 2
        if ended.state is State.FAILED:
            assert ended.reason is not None
            assert ended.reason.code == "engine_lost"
            assert ended.attempt == 2
        assert_true(yard, store, ended)
    assert {job.state for job in jobs.end()} >= {State.SUCCEEDED}
    kill(worker)
    assert_nothing_left(ground)
    assert supervisors(yard) == []
