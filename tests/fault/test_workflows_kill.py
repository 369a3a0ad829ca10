"""kill -9 of workers at seeded random times in the middle of workflows: every instance runs once and after
its parents, the counters agree with that, and nothing is left.
"""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.compute.domain.reasons import Reason
from services.compute.domain.workflow import WINDOW, Progress, Step
from tests.fault import flows
from tests.fault.flow_workers import PostgresYard
from tests.fault.job_workers import OUTSIDE, Yard
from tests.fault.killing import Ground, assert_nothing_left, ground_of

POINTS = 1000
LIVES = (0.1, 0.8)  # seconds; a job takes about a third of one
LONG_LIVES = (2.0, 6.0)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with ground_of(Yard(tmp_path)) as ground:
        flows.prepare(ground.yard)
        yield ground


@pytest.fixture
def postgres_ground(tmp_path: Path, postgres_url: str) -> Iterator[Ground]:
    with ground_of(PostgresYard.at(tmp_path, postgres_url)) as ground:
        flows.prepare(ground.yard)
        yield ground


def killed(
    ground: Ground, shape: flows.Shape, seed: int, kills: int, workers: int = 1, count: int = 3
) -> None:
    """Several at once, in which workers die, end as one of which none did."""
    wanted = [flows.flow(ground.yard, number, shape) for number in range(count)]
    uids = [flows.begin(ground, each).uid for each in wanted]
    flows.assert_in_the_middle(flows.kill_workers(ground, random.Random(seed), uids, kills, LIVES, workers))
    ended = flows.let_end(ground, uids, workers)
    for each, workflow in zip(wanted, ended, strict=True):
        flows.assert_done(ground, each, workflow)
    assert_nothing_left(ground)


@pytest.mark.parametrize("seed", [1, 20262])
def test_a_diamond(ground: Ground, seed: int) -> None:
    killed(ground, flows.diamond, seed, kills=6)


def test_a_diamond_with_two_workers_on_postgresql(postgres_ground: Ground) -> None:
    killed(postgres_ground, flows.diamond, seed=7, kills=10, workers=2)


def test_scatter_and_gather(ground: Ground) -> None:
    killed(ground, flows.scatter_gather, seed=3, kills=7)


@pytest.mark.timeout(600)  # two minutes on two cores that have nothing else to do
def test_a_sweep_of_a_thousand_points(ground: Ground) -> None:
    def shape(yard: Yard, number: int) -> tuple[Step, ...]:
        return (flows.swept(yard, number, "sweep", POINTS, does=flows.NOTHING),)

    wanted = flows.flow(ground.yard, 0, shape)
    uid = flows.begin(ground, wanted).uid
    seen = flows.kill_workers(ground, random.Random(20263), [uid], 12, LONG_LIVES)
    flows.assert_in_the_middle(seen)
    (ended,) = flows.let_end(ground, [uid])
    done = [workflow.progress.done for workflow in seen]
    assert done == sorted(done)
    flows.assert_done(ground, wanted, ended)
    assert_nothing_left(ground)


def test_a_sweep_that_is_stopped(ground: Ground) -> None:
    """By its owner, between the deaths of workers: what was made ends, and nothing is made any more."""

    def shape(yard: Yard, number: int) -> tuple[Step, ...]:
        return (flows.swept(yard, number, "sweep", 2 * WINDOW), flows.step(yard, number, "after", "sweep"))

    wanted, dice = flows.flow(ground.yard, 0, shape), random.Random(5)
    uid = flows.begin(ground, wanted).uid
    flows.assert_in_the_middle(flows.kill_workers(ground, dice, [uid], 4, LIVES))
    reason = Reason("cancelled", "Enough.")
    ground.store.cancel_workflow(uid, "person:1", reason, time.time())
    flows.kill_workers(ground, dice, [uid], 4, LIVES)
    (ended,) = flows.let_end(ground, [uid])
    assert (ended.state, ended.reason) == ("cancelled", reason)
    sums = ended.progress
    assert (sums.total, sums.queued) == (wanted.total, 0)
    assert sums.total == sums.done + sums.failed + sums.waiting
    assert sums.waiting > 0
    told = flows.counts(ground.yard.outside / flows.LINES)
    assert set(told.values()) == {1}
    assert sum(line.startswith(flows.ENDED) for line in told) >= sums.done > 0
    assert_nothing_left(ground)


def test_a_failing_branch_and_its_rerun(ground: Ground) -> None:
    """What does not hang on it runs; a rerun runs what failed and what never ran, and nothing else."""
    mended = ground.yard.outside / "mended"

    def shape(yard: Yard, number: int) -> tuple[Step, ...]:
        return (
            flows.step(yard, number, "a"),
            flows.step(yard, number, "bad", "a", does=f"test -e {OUTSIDE}/mended"),
            flows.step(yard, number, "below", "bad"),
            flows.step(yard, number, "good", "a"),
            flows.step(yard, number, "fine", "good"),
            flows.step(yard, number, "last", "below", "fine"),
        )

    wanted, dice = flows.flow(ground.yard, 0, shape), random.Random(11)
    uid = flows.begin(ground, wanted).uid
    flows.kill_workers(ground, dice, [uid], 3, LIVES)
    (failed,) = flows.let_end(ground, [uid])
    assert failed.state == "failed"
    assert failed.progress == Progress(total=6, done=3, failed=1, queued=0, waiting=2)
    told = flows.counts(ground.yard.outside / flows.LINES)
    ran = {"a": (1, 1), "bad": (1, 0), "below": (0, 0), "good": (1, 1), "fine": (1, 1), "last": (0, 0)}
    assert _told(told) == ran

    mended.touch()
    again = ground.store.rerun_workflow(uid, (), flows.FREE, time.time()).workflow
    flows.kill_workers(ground, dice, [again.uid], 3, LIVES)
    (ended,) = flows.let_end(ground, [again.uid])
    assert ended.state == "succeeded", ended.reason
    assert ended.progress == Progress(total=6, done=6, failed=0, queued=0, waiting=0)
    told = flows.counts(ground.yard.outside / flows.LINES)
    assert _told(told) == {**dict.fromkeys(ran, (1, 1)), "bad": (2, 1)}
    assert ground.store.find_workflow(uid, None).progress == failed.progress
    assert_nothing_left(ground)


def _told(lines: dict[str, int]) -> dict[str, tuple[int, int]]:
    """How often each step's job began and ended."""
    names = ("a", "bad", "below", "good", "fine", "last")
    return {
        name: (lines.get(f"{flows.BEGUN} 0/{name}", 0), lines.get(f"{flows.ENDED} 0/{name}", 0))
        for name in names
    }
