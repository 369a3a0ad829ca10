"""Jobs as they are read: plain values, no way to change anything through them. Times in UTC seconds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from services.compute.domain.ids import JobId, JobUid, Tag
from services.compute.domain.layout import stream_rank
from services.compute.domain.notices import Notice
from services.compute.domain.reasons import Reason
from services.compute.domain.sheets import Sheet, Situation
from services.compute.domain.slices import NewSlices
from services.compute.domain.spec import Spec
from services.compute.domain.states import FINAL, State

KEEP_SECONDS: Final = 7 * 86400.0  # after the finish, of jobs that nobody says anything else about


@dataclass(frozen=True, slots=True)
class Handle:
    """A name by which a window's users find the job, until it is deleted, also after its end. Unique in its
    window and scope: `scope` is a namespace, empty for the one that all share.
    """

    window: str
    scope: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What a window hands in. `facts` are the window's own (order, DID, ...), shown by it alone and never
    secret; `natural_key` is unique among the unfinished jobs of the dialect, whoever owns them: an order's
    transaction. A window whose keys are per owner (names of jobs) puts the owner into them.
    """

    owner: str  # a principal's subject
    dialect: str
    spec: Spec
    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()  # the owner's, for group quotas
    facts: Mapping[str, Any] = field(default_factory=dict)
    natural_key: str | None = None
    uid: JobUid | None = None  # chosen before, when grants were made for it
    is_paid: bool = False  # what its environment costs was paid for; the window has checked that
    lingers: bool = False  # shown among the active ones after its end, until its owner puts it away
    notices: tuple[Notice, ...] = ()
    sheet: Sheet | None = None  # what the window lists it by
    handle: Handle | None = None
    slices: NewSlices | None = None  # with spec.slices, what there is to work on by now


class Wish(StrEnum):
    """What the owner wants of a job that is under way."""

    RUN = "run"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowPlace:
    """Where a job stands in its workflow. `instance` and `parameters` are of a step that is swept."""

    id: JobId
    uid: JobUid
    name: str
    step: str
    instance: int | None
    parameters: Mapping[str, Any]  # numbers and texts


@dataclass(frozen=True, slots=True)
class Pull:
    """How one image was made ready. `seconds` is None when it was there already."""

    image: str
    seconds: float | None
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    id: JobId
    uid: JobUid
    owner: str
    dialect: str
    name: str
    labels: Mapping[str, str]
    spec: Spec
    facts: Mapping[str, Any]
    state: State
    reason: Reason | None
    wish: Wish
    attempt: int  # 1 for the first; 0 before it
    submitted_at: float
    state_since: float
    started_at: float | None  # of the first run
    finished_at: float | None
    deleted_at: float | None
    expires_at: float | None  # when outputs, logs and row go; set at the finish
    exit_code: int | None  # of the task that decided
    lingers: bool = False
    workflow: WorkflowPlace | None = None
    pulls: tuple[Pull, ...] = ()  # of the current attempt

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def situation(self) -> Situation:
        return Situation(
            state=self.state,
            code=None if self.reason is None else self.reason.code,
            is_deleted=self.deleted_at is not None,
            is_stopping=self.wish is Wish.CANCEL and not self.is_final,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change. `seq` counts from 1 in each job; `by` is a subject, or `worker`."""

    seq: int
    at: float
    state_from: State | None
    state_to: State
    by: str
    attempt: int
    reason: Reason | None


class RunState(StrEnum):
    INTENDED = "intended"  # written down before the engine is asked
    SUBMITTED = "submitted"  # the engine has it
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a run took; None where the engine cannot tell."""

    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    max_memory_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One task of one instance of one attempt, as an engine runs it."""

    tag: Tag
    attempt: int
    role: str
    index: int
    task: int
    state: RunState
    handle: str | None  # the engine's own name for it
    started_at: float | None = None
    ended_at: float | None = None
    exit_code: int | None = None
    signal: int | None = None
    reason: Reason | None = None
    usage: Usage = field(default_factory=Usage)
    address: str | None = None  # at which the job's other instances reach it, of a gathered job


class Stored(StrEnum):
    """What a kept file is."""

    OUTPUT = "output"
    LOG = "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One kept file. `path` is relative, `/` between parts; of a log it is the stream's name."""

    kind: Stored
    path: str
    size: int
    media_type: str
    sha256: str


def in_order(files: Iterable[StoredFile]) -> list[StoredFile]:
    """As they are shown: outputs by path, then logs as the job wrote them."""
    kept = list(files)
    outputs = sorted((file for file in kept if file.kind is Stored.OUTPUT), key=lambda file: file.path)
    logs = sorted((file for file in kept if file.kind is Stored.LOG), key=lambda file: stream_rank(file.path))
    return [*outputs, *logs]


@dataclass(frozen=True, slots=True)
class Page:
    """`next` is an opaque cursor, None on the last page."""

    jobs: tuple[Job, ...]
    next: str | None
