"""Workflows: jobs that wait for each other. A step is one description, run once or swept; a step starts when
every instance of every step before it did well.

Jobs of a workflow are made as there is room for them, never all at once: what waits is a number, not a row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from services.compute.domain.ids import JobId, JobUid
from services.compute.domain.notices import Notice
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Spec
from services.compute.domain.sweep import Sweep

MAX_STEPS: Final = 10_000
MAX_JOBS: Final = 1_000_000  # of one workflow, all instances counted
WINDOW: Final = 64  # unfinished jobs of one workflow at a time
HELD_UP_SECONDS: Final = 5.0  # until a quota that let no more jobs in is asked again
STOPPED_WITH_IT: Final = "It was stopped together with its workflow."  # the reason's sentence of its jobs


class WorkflowState(StrEnum):
    PENDING = "pending"  # none of its jobs has started
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # a job did not end well, and nothing more can run
    CANCELLED = "cancelled"


FINAL_WORKFLOW: Final = frozenset({WorkflowState.SUCCEEDED, WorkflowState.FAILED, WorkflowState.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`spec` is a template (domain/templates.py) when it is swept. `after` names the steps before it."""

    name: str
    spec: Spec
    after: tuple[str, ...] = ()
    sweep: Sweep | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)  # of each of its jobs
    notices: tuple[Notice, ...] = ()

    @property
    def count(self) -> int:
        return 1 if self.sweep is None else self.sweep.count


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorkflow:
    """`facts` are the window's own, as of a job."""

    owner: str
    dialect: str
    steps: tuple[Step, ...]
    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    lingers: bool = False
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """Instances: `made` are jobs, or were `kept` of an earlier run; `failed` ended otherwise than well."""

    number: int
    name: str
    after: tuple[str, ...]
    count: int
    is_swept: bool
    made: int
    succeeded: int
    failed: int
    kept: int = 0

    @property
    def queued(self) -> int:
        """Made and not ended."""
        return self.made - self.succeeded - self.failed

    @property
    def waiting(self) -> int:
        return self.count - self.made

    @property
    def is_done(self) -> bool:
        return self.succeeded == self.count


@dataclass(frozen=True, slots=True)
class Progress:
    """Of jobs, instances counted."""

    total: int
    done: int
    failed: int
    queued: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    id: JobId  # of the same sequence as jobs
    uid: JobUid
    owner: str
    dialect: str
    name: str
    labels: Mapping[str, str]
    facts: Mapping[str, Any]
    state: WorkflowState
    reason: Reason | None
    lingers: bool
    submitted_at: float
    started_at: float | None
    finished_at: float | None
    expires_at: float | None
    revision: int
    steps: tuple[StepState, ...]
    rerun_of: JobUid | None = None

    @property
    def is_final(self) -> bool:
        return self.state in FINAL_WORKFLOW

    @property
    def progress(self) -> Progress:
        return Progress(
            total=sum(step.count for step in self.steps),
            done=sum(step.succeeded for step in self.steps),
            failed=sum(step.failed for step in self.steps),
            queued=sum(step.queued for step in self.steps),
            waiting=sum(step.waiting for step in self.steps),
        )


def job_name(workflow: str, step: str, instance: int | None) -> str:
    """`<workflow>/<step>` or `<workflow>/<step>/<n>`."""
    return f"{workflow}/{step}" if instance is None else f"{workflow}/{step}/{instance}"


def runnable(steps: Sequence[StepState]) -> list[StepState]:
    """Steps of which instances may be made now, in their order."""
    done = {step.name for step in steps if step.is_done}
    return [step for step in steps if step.waiting and all(name in done for name in step.after)]


def has_ended(steps: Sequence[StepState]) -> bool:
    """Nothing is under way, and nothing more can start."""
    return not any(step.queued for step in steps) and not runnable(steps)


def outcome(
    progress: Progress, stopped: Reason | None, is_wanted: bool = True
) -> tuple[WorkflowState, Reason | None]:
    """Of a workflow in which nothing more happens; `stopped` is why it was not wanted any more."""
    if progress.done == progress.total:
        return WorkflowState.SUCCEEDED, None
    if not is_wanted:
        return WorkflowState.CANCELLED, stopped
    left = f", and {progress.waiting} could not start" if progress.waiting else ""
    sentence = f"{progress.failed} of {progress.total} jobs did not end well{left}."
    return WorkflowState.FAILED, Reason("jobs_failed", sentence)


def cycle(after: Mapping[str, Iterable[str]]) -> list[str]:
    """The names on one cycle of `name: the names before it`, in order; empty when there is none."""
    done: set[str] = set()
    for start in after:
        path: list[str] = []
        on_path: set[str] = set()
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            name, is_left = stack.pop()
            if is_left:
                path.pop()
                on_path.discard(name)
                done.add(name)
            elif name in on_path:
                return [*path[path.index(name) :], name][::-1]
            elif name not in done:
                path.append(name)
                on_path.add(name)
                stack.append((name, True))
                stack.extend((before, False) for before in after.get(name, ()))
    return []
