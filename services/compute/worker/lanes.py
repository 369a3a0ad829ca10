"""Where an instance of a role stands in its sequence of tasks, and what follows from all of them. Pure: reads
the runs of one attempt.

Runs of a lane are numbered on: the k-th retry of task t is run `t + k * tasks`, in tags and log streams too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.compute.domain.ids import tag_of
from services.compute.domain.job import Job, Run, RunState
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import OnTaskFailure, Role, Spec, Task, lanes

UNRETRIED = frozenset({"cancelled", "deleted", "run_timeout"})
# A program's own failures, which a job may be asked to make nothing of. Limits, engines and owners are not.
FORGIVABLE = frozenset({"command_failed", "killed_by_signal", "command_not_found"})
STOPPED = frozenset({"cancelled", "deleted"})  # by us, because another lane failed or somebody wanted it


@dataclass(frozen=True, slots=True)
class Lane:
    """`number` is the run that is under way or comes next; None when the lane has ended."""

    role: Role
    index: int
    number: int | None
    run: Run | None  # of that number, or the last one of a lane that has ended
    reason: Reason | None  # why a lane that has ended did not end well

    @property
    def has_ended(self) -> bool:
        return self.number is None

    @property
    def task(self) -> Task:
        """Of the number. The lane must not have ended."""
        assert self.number is not None
        return self.role.tasks[self.number % len(self.role.tasks)]


def lanes_of(spec: Spec, runs: Iterable[Run]) -> Sequence[Lane]:
    """Sidecars first: what they serve starts after them."""
    known = {(run.role, run.index, run.task): run for run in runs}
    goes_on = spec.on_task_failure is OnTaskFailure.CONTINUE
    found = [_lane(role, index, known, goes_on=goes_on) for role, index in lanes(spec)]
    return sorted(found, key=lambda lane: not lane.role.sidecar)


def deciding(lanes: Iterable[Lane]) -> list[Lane]:
    """Those that are none of a sidecar."""
    return [lane for lane in lanes if not lane.role.sidecar]


def went_well(lanes: Iterable[Lane]) -> bool:
    """All that decide have ended, each as it should."""
    return all(lane.has_ended and lane.reason is None for lane in deciding(lanes))


def failures(lanes: Iterable[Lane]) -> list[Lane]:
    """Lanes that failed by themselves, the first one first."""
    own = [lane for lane in deciding(lanes) if lane.reason is not None and lane.reason.code not in STOPPED]
    return sorted(own, key=ended_at)


def ended_at(lane: Lane) -> float:
    return lane.run.ended_at or 0.0 if lane.run is not None else 0.0


def is_forgiven(spec: Spec, reason: Reason) -> bool:
    """Whether the job did well although a task ended for this reason, and nothing more of it ran."""
    return spec.on_task_failure is OnTaskFailure.FORGIVE and reason.code in FORGIVABLE


def intended(job: Job, lane: Lane) -> Run:
    """The run that comes next, to be written down before the engine is asked."""
    assert lane.number is not None
    return Run(
        tag=tag_of(job.uid, job.attempt, lane.role.name, lane.index, lane.number),
        attempt=job.attempt,
        role=lane.role.name,
        index=lane.index,
        task=lane.number,
        state=RunState.INTENDED,
        handle=None,
    )


def _lane(role: Role, index: int, known: dict[tuple[str, int, int], Run], *, goes_on: bool) -> Lane:
    count, number = len(role.tasks), 0
    last: Run | None = None
    while number % count < count:
        run = known.get((role.name, index, number))
        if run is None or run.state is not RunState.ENDED:
            return Lane(role, index, number, run, None)
        last = run
        task, tries = role.tasks[number % count], number // count
        is_tried_again = run.reason is not None and tries < task.retries and run.reason.code not in UNRETRIED
        if is_tried_again:
            number += count
        elif run.reason is None or (goes_on and run.reason.code in FORGIVABLE):
            if number % count == count - 1:
                break
            number = number % count + 1
        else:
            return Lane(role, index, None, run, run.reason)
    return Lane(role, index, None, last, None)
