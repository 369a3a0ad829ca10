"""Where an instance of a role stands in its sequence of tasks. Pure: reads the runs of one attempt.

Runs of a lane are numbered on: the k-th retry of task t is run `t + k * tasks`, in tags and log streams too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.compute.domain.ids import tag_of
from services.compute.domain.job import Job, Run, RunState
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Role, Spec, Task, lanes

UNRETRIED = frozenset({"cancelled", "deleted", "run_timeout"})


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
    known = {(run.role, run.index, run.task): run for run in runs}
    return [_lane(role, index, known) for role, index in lanes(spec)]


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


def _lane(role: Role, index: int, known: dict[tuple[str, int, int], Run]) -> Lane:
    count, number = len(role.tasks), 0
    last: Run | None = None
    while number % count < count:
        run = known.get((role.name, index, number))
        if run is None or run.state is not RunState.ENDED:
            return Lane(role, index, number, run, None)
        last = run
        task, tries = role.tasks[number % count], number // count
        if run.reason is None:
            if number % count == count - 1:
                break
            number = number % count + 1
        elif tries < task.retries and run.reason.code not in UNRETRIED:
            number += count
        else:
            return Lane(role, index, None, run, run.reason)
    return Lane(role, index, None, last, None)
