"""Workflows whose jobs leave a line outside as they begin and one as they end, and what must be true of these
lines however often a worker died.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from services.compute.domain.ids import JobUid
from services.compute.domain.quotas import Quotas
from services.compute.domain.spec import Image, Role, Spec, Task
from services.compute.domain.states import State
from services.compute.domain.sweep import Grid, Parameter, Sweep, Way
from services.compute.domain.workflow import WINDOW, NewWorkflow, Progress, Step, Workflow
from services.compute.ports.store import Filter
from tests.fault.job_workers import OUTSIDE, Yard
from tests.fault.killing import Ground, kill
from tests.waiting import wait_for

FREE = Quotas()
LINES = "lines"  # of all jobs, in the order of what happened
SECONDS = 240.0  # for the last worker, on a machine that has much else to do
MOST_DEATHS = 8  # times what was asked for
BEGUN, ENDED = "begun", "ended"
NOTHING = "true"


@dataclass(frozen=True, slots=True)
class Flow:
    """`lines` of its steps begin with its number."""

    number: int
    new: NewWorkflow

    @property
    def total(self) -> int:
        return sum(step.count for step in self.new.steps)

    def names(self, step: Step) -> list[str]:
        """What the jobs of a step call themselves."""
        name = f"{self.number}/{step.name}"
        return [name] if step.sweep is None else [f"{name}/{n}" for n in range(step.count)]


Shape = Callable[[Yard, int], tuple[Step, ...]]


def flow(yard: Yard, number: int, shape: Shape) -> Flow:
    steps = shape(yard, number)
    return Flow(number, NewWorkflow(owner="person:1", dialect="prominence", name="wf", steps=steps))


def diamond(yard: Yard, number: int) -> tuple[Step, ...]:
    return (
        step(yard, number, "a"),
        step(yard, number, "b", "a"),
        step(yard, number, "c", "a"),
        step(yard, number, "d", "b", "c"),
    )


def scatter_gather(yard: Yard, number: int) -> tuple[Step, ...]:
    return (swept(yard, number, "scatter", 4), step(yard, number, "gather", "scatter"))


def step(yard: Yard, number: int, name: str, *after: str, does: str = "sleep 0.1") -> Step:
    return Step(name=name, after=after, spec=_spec(yard, f"{number}/{name}", does))


def swept(yard: Yard, number: int, name: str, count: int, does: str = "sleep 0.1") -> Step:
    values = Grid(start=Decimal(0), step=Decimal(1), count=count)
    sweep = Sweep(way=Way.ZIP, parameters=(Parameter("x", values),))
    return Step(name=name, spec=_spec(yard, f"{number}/{name}/$x", does), sweep=sweep)


def _spec(yard: Yard, name: str, does: str) -> Spec:
    assert yard.environment.image is not None
    told = f"{OUTSIDE}/{LINES}"
    script = f"echo {BEGUN} {name} >> {told}; {does} || exit 3; echo {ENDED} {name} >> {told}"
    task = Task(command=("sh", "-c", script), image=Image(name=yard.environment.image))
    return Spec(environment=yard.environment.id, roles=(Role(tasks=(task,)),))


def prepare(yard: Yard) -> None:
    """Before the first job: each has a user of its own, and all of them write here."""
    lines = yard.outside / LINES
    lines.touch()
    lines.chmod(0o666)


def begin(ground: Ground, wanted: Flow) -> Workflow:
    return ground.store.submit_workflow(wanted.new, FREE, time.time()).workflow


def kill_workers(
    ground: Ground,
    dice: random.Random,
    uids: Sequence[JobUid],
    kills: int,
    lives: tuple[float, float],
    workers: int = 1,
) -> list[Workflow]:
    """Each worker lives for a random time within `lives`, `workers` of them at the same time; longer on a
    machine on which nothing got done like that. The workflows as they were at each death.
    """
    seen: list[Workflow] = []
    alive = [ground.nursery.start() for _ in range(workers)]
    for number in range(MOST_DEATHS * kills):
        slower = 1.0 + number // kills
        time.sleep(slower * dice.uniform(*lives) / workers)
        kill(alive.pop(dice.randrange(workers)))
        seen += [ground.store.find_workflow(uid, None) for uid in uids]
        is_over = all(workflow.is_final for workflow in seen[-len(uids) :])
        if number + 1 >= kills and (is_over or any(map(_is_in_the_middle, seen))):
            break
        alive.append(ground.nursery.start())
    for pid in alive:
        kill(pid)
    for workflow in seen:
        _assert_sums(workflow)
    return seen


def _is_in_the_middle(workflow: Workflow) -> bool:
    return workflow.state == "running" and workflow.progress.done > 0


def _assert_sums(workflow: Workflow) -> None:
    """They hold at any time."""
    sums = workflow.progress
    assert sums.total == sums.done + sums.failed + sums.queued + sums.waiting
    assert 0 <= sums.queued <= WINDOW
    assert min(sums.done, sums.failed, sums.waiting) >= 0


def assert_in_the_middle(seen: Sequence[Workflow]) -> None:
    """Workers did not die before or after it all."""
    assert any(map(_is_in_the_middle, seen)), [(each.state, each.progress) for each in seen]


def let_end(ground: Ground, uids: Sequence[JobUid], workers: int = 1) -> list[Workflow]:
    """By workers that are left in peace."""
    alive = [ground.nursery.start() for _ in range(workers)]

    def found() -> list[Workflow]:
        return [ground.store.find_workflow(uid, None) for uid in uids]

    wait_for(lambda: all(workflow.is_final for workflow in found()), "all workflows to end", SECONDS)
    for pid in alive:
        kill(pid)
    return found()


def assert_done(ground: Ground, wanted: Flow, workflow: Workflow) -> None:
    """All of it, once, and the counters say so."""
    assert workflow.state == "succeeded", workflow.reason
    assert workflow.progress == Progress(total=wanted.total, done=wanted.total, failed=0, queued=0, waiting=0)
    of_it = Filter(owners=None, workflow=workflow.id, deleted=True)
    assert ground.store.count(of_it) == wanted.total
    well = Filter(owners=None, workflow=workflow.id, states=(State.SUCCEEDED,), deleted=True)
    assert ground.store.count(well) == wanted.total
    assert_once(ground.yard.outside / LINES, wanted)


def assert_once(file: Path, wanted: Flow) -> None:
    """Each job ran once, from its begin to its end, after all before it had ended."""
    at = {line: place for place, line in enumerate(file.read_text().splitlines())}
    steps = {step.name: step for step in wanted.new.steps}
    counted = counts(file)
    for each in wanted.new.steps:
        before = [name for parent in each.after for name in wanted.names(steps[parent])]
        latest = max((at[f"{ENDED} {name}"] for name in before), default=-1)
        for name in wanted.names(each):
            assert (counted[f"{BEGUN} {name}"], counted[f"{ENDED} {name}"]) == (1, 1), name
            assert latest < at[f"{BEGUN} {name}"] < at[f"{ENDED} {name}"]


def counts(file: Path) -> Counter[str]:
    """How often each line is there."""
    return Counter(file.read_text().splitlines())
