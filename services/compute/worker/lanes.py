"""Where an instance of a role stands in its sequence of tasks, and what follows from all of them. Pure: reads
the runs of one attempt.

Instances are judged in the order in which they ended, whatever order that is heard of in: what decided once
stays what decided.

Runs of a lane are numbered on: the k-th retry of task t is run `t + k * tasks`, in tags and log streams too.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.compute.domain.ids import tag_of
from services.compute.domain.job import Job, Run, RunState
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import OnTaskFailure, Role, Spec, Task, lanes

UNRETRIED = frozenset({"cancelled", "deleted", "run_timeout"})
# A program's own failures, which a job may be asked to make nothing of. Limits, engines and owners are not.
FORGIVABLE = frozenset({"command_failed", "killed_by_signal", "command_not_found"})
_OF_ALL = frozenset({"run_timeout", "resources_refused"})
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a job ends by its instances. `lane` decided that; `reason` is None where it did well."""

    lane: Lane
    reason: Reason | None


def verdict(spec: Spec, lanes: Iterable[Lane]) -> Verdict | None:
    """None while nothing is decided. What was ended by us, or on somebody's wish, decides nothing."""
    all_lanes = deciding(lanes)
    ended = [lane for lane in all_lanes if lane.has_ended and not was_stopped(lane)]
    ended.sort(key=lambda lane: (ended_at(lane), lane.reason is None))
    failed, well = Counter[str](), Counter[str]()
    in_all = 0
    for lane in ended:
        role = lane.role
        if lane.reason is not None:
            failed[role.name] += 1
            if failed[role.name] == role.least_failed or _concerns_all(lane.reason):
                return Verdict(lane, lane.reason)
            continue
        well[role.name] += 1
        in_all += 1
        if well[role.name] == role.least_succeeded or in_all == spec.least_succeeded:
            return Verdict(lane, None)
    return _last_verdict(spec, ended) if ended and len(ended) == len(all_lanes) else None


def was_stopped(lane: Lane) -> bool:
    return lane.reason is not None and lane.reason.code in STOPPED


def _last_verdict(spec: Spec, ended: Sequence[Lane]) -> Verdict:
    """When all are over; by the last of them."""
    bad = [lane for lane in ended if lane.reason is not None]
    if bad and spec.judged_late:
        return Verdict(bad[-1], bad[-1].reason)
    well = [lane for lane in ended if lane.reason is None]
    return Verdict((well or ended)[-1], None)


def _concerns_all(reason: Reason) -> bool:
    """The job's time, and the engine's troubles: no failure of one instance, however many may fail."""
    return reason.is_transient or reason.code in _OF_ALL


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
