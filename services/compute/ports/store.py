"""Jobs, their events, runs and kept files. One implementation over SQL; tests/fakes has one in memory.

Every method is one transaction. Whatever a worker writes carries its lease's fence, and is void (FencedOff)
once another worker holds the job: the number rises with every claim. All raise StoreUnavailable.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.compute.domain.ids import JobUid, Tag
from services.compute.domain.job import Event, Handle, Job, NewJob, Page, Pull, Run, StoredFile, Wish
from services.compute.domain.notices import Notice
from services.compute.domain.quotas import Held, Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An idempotency key as its owner's window sent it, and the fingerprint (sha256 hex) of the whole
    request.
    """

    owner: str
    dialect: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Submitted:
    """`replayed`: the job is of an earlier request with the same key."""

    job: Job
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which jobs; every field narrows. `owners` are the subjects that the caller speaks for, never empty but
    for administrators (None: everybody's). Deleted jobs are left out unless `deleted`.
    """

    owners: Collection[str] | None
    dialects: Collection[str] = ()
    states: Collection[State] = ()
    name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)  # top-level texts of Job.facts, equal
    submitted_after: float | None = None
    submitted_before: float | None = None
    deleted: bool = False
    ids: Collection[int] | None = None
    workflow: int | None = None  # the id of the workflow they belong to
    step: int | None = None  # the number of their step in it, from 0
    lingering: bool = False  # those that linger besides those of `states`, whatever became of them


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's hold on a job, until `expires_at`."""

    uid: JobUid
    worker: str
    fence: int
    expires_at: float


@dataclass(frozen=True, slots=True)
class Claimed:
    job: Job
    lease: Lease
    runs: tuple[Run, ...]  # of the current attempt
    overdue: bool = False  # by claim: queued for longer than it wants to wait; has no place, must end


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step of a job. With `to` None only the rest changes, without an event; the reason stays when none
    is given.

    `attempt_begins` counts the attempt up; `wake_at` is when a worker should look again (None: at once), and
    with a final state from when on its grants are still to be ended (None: they are);
    `started_at` counts once, for the first run; `files` are added with the change (one of the same kind and
    path takes the other's place), and the job's storage with them. A change to CANCELLED that the owner
    wished carries, without a reason of its own, the wish's, and the event names who wished. A sliced job's
    change to HELD becomes what is true by then: QUEUED when slices are not over, SUCCEEDED when it is closed,
    CANCELLED when that was wished.
    """

    to: State | None
    reason: Reason | None = None
    wake_at: float | None = None
    attempt_begins: bool = False
    started_at: float | None = None
    exit_code: int | None = None
    files: Sequence[StoredFile] = ()
    expires_at: float | None = None  # with a final state; None: spec.keep_seconds, or the store's own
    release: bool = False  # give the lease back
    clear_reason: bool = False  # with `to` None: the job's reason goes; a move always sets or clears it
    pulls: Sequence[Pull] | None = None  # of this attempt, all of them


@dataclass(frozen=True, slots=True)
class Revision:
    """`number` rises with every change of the job or of its runs."""

    uid: JobUid
    number: int


@dataclass(frozen=True, slots=True)
class Head:
    """What tells whether a listed job is known already."""

    id: int
    revision: int


class JobStore(Protocol):
    # -- for the windows ----------------------------------------------------------------------------
    def submit(self, new: NewJob, quotas: Quotas, now: float, key: Key | None = None) -> Submitted:
        """Take the job, as QUEUED: one transaction with its first event, its quota check and its key.

        A key that brought a job gives that job again for as long as the job is kept. What is refused leaves
        no trace, and its key may be used again. Raises QuotaExceeded, AgreementInUse (natural_key),
        HandleTaken (whatever became of the job that has it), KeyReused, KeyInFlight (the first request with
        the key is at work this moment); of a sliced job FundsShort, AccountUnknown, TooManySlices.
        """

    def submit_all(
        self, new: Sequence[NewJob], quotas: Quotas, now: float, key: Key | None = None
    ) -> Sequence[Submitted]:
        """As `submit`, all of them of one owner or none of them; a key that brought them gives all of them
        again. In this order their ids rise.
        """

    def replayed(self, key: Key) -> Job | None:
        """The job that an earlier request with this key brought, so that a replay is known before anything is
        looked at that may have changed since. Raises KeyReused, KeyInFlight.
        """

    def replayed_all(self, key: Key) -> Sequence[Job]:
        """As `replayed`: all that came with it, by id; none when it is new."""

    def find(self, ref: int | str, owners: Collection[str] | None) -> Job:
        """By integer id or uid. Deleted jobs are found; windows that hide them look at deleted_at.

        Raises JobNotFound for what is missing and for what is not one of `owners`' (None: anybody's).
        """

    def by_handle(self, handle: Handle) -> Job:
        """Raises JobNotFound."""

    def handles(self, ids: Collection[int]) -> Mapping[int, Handle]:
        """By job id; jobs that have none are left out."""

    def drop_handle(self, uid: JobUid) -> None:
        """The name is free. Twice is once."""

    def revision(self, ref: int | str, owners: Collection[str] | None) -> Revision:
        """As `find`, at a fraction of its cost: whoever knows the job at this revision knows it as it is.

        Raises JobNotFound.
        """

    def page(self, wanted: Filter, limit: int, cursor: str | None = None) -> Page:
        """Newest first, stable under writes: a job is seen once. A cursor that is none raises ValueError."""

    def count(self, wanted: Filter) -> int: ...

    def heads(self, wanted: Filter, limit: int | None = None) -> Sequence[Head]:
        """Newest first; without `limit` all of them. A small part of what `page` costs."""

    def jobs(self, ids: Sequence[int]) -> Sequence[Job]:
        """In this order; those that are gone are left out. Whose they are was asked before (heads)."""

    def notices(self, uid: JobUid) -> Sequence[Notice]:
        """Who wanted to be told of its end, secrets included."""

    def put_away(self, uid: JobUid, now: float) -> Job:
        """It lingers no longer. Raises JobNotFound, NotFinished, AlreadyFinished (it did not linger)."""

    def events(self, uid: JobUid, after: int = 0, limit: int = 1000) -> Sequence[Event]: ...

    def runs(self, uid: JobUid, attempt: int | None = None) -> Sequence[Run]:
        """Of one attempt, or of all."""

    def files(self, uid: JobUid) -> Sequence[StoredFile]:
        """In the order they are shown: outputs by path, then logs."""

    def held(self, owner: str, groups: Sequence[str] = ()) -> Mapping[str, Held]:
        """By owner (key: the subject) and group (key: its name)."""

    def wish(self, uid: JobUid, wish: Wish, by: str, reason: Reason, now: float) -> Job:
        """Note what the owner wants. A job that waits and that no worker holds is ended here and now; any
        other is woken for its worker. Final jobs stay as they are. Raises JobNotFound.
        """

    def delete(self, uid: JobUid, by: str, now: float) -> Job:
        """Mark as deleted for every window but the native one, free its handle, and wish it cancelled. Twice
        is once. Raises JobNotFound.
        """

    def retry(
        self, uid: JobUid, by: str, now: float, quotas: Quotas | None = None, key: Key | None = None
    ) -> Submitted:
        """Another attempt of a failed or cancelled job, as a new job: what ended stays ended.

        Same owner, groups, dialect, spec, name, labels, facts and natural key; `facts["retry_of"]` is the
        old uid; the handle finds the new job from then on. Raises NotFinished, AlreadyFinished (it went
        well: clone it instead) and what submit raises; without `quotas` there is no limit.
        """

    # -- for workers --------------------------------------------------------------------------------
    def claim(
        self, worker: str, places: Mapping[str, int], now: float, lease_seconds: float, limit: int = 50
    ) -> Sequence[Claimed]:
        """Take jobs that are due and that nobody holds, or whose holder's lease ran out; `limit` at most.

        `places` names the environments that this worker serves, and how many jobs each may have at a time,
        of all workers together. Jobs that are under way (ACTIVE) are taken first, and queued jobs of any
        environment whose own queue clock (spec.clocks.queue, from when an attempt may start) ran out: the
        worker ends them. Then queued ones while there is a place: larger priority first within one owner,
        owners in turn, older first. HELD jobs and dead letters are not taken. Of simultaneous claims each
        job goes to one.
        """

    def strays(self, environments: Collection[str], now: float, limit: int) -> Sequence[JobUid]:
        """Jobs under way (ACTIVE) that nobody holds, in other environments than these; no dead letters."""

    def claim_these(
        self, worker: str, uids: Collection[JobUid], now: float, lease_seconds: float
    ) -> Sequence[Claimed]:
        """Take those of these jobs that are ACTIVE and due as for `claim`, wherever they run."""

    def renew(self, leases: Sequence[Lease], now: float, lease_seconds: float) -> Sequence[Lease]:
        """The leases that still hold, prolonged; the others were taken over."""

    def release(self, leases: Sequence[Lease]) -> None:
        """Give jobs back as they are, for any worker."""

    def read(self, lease: Lease) -> Claimed:
        """The job as it is now. Raises FencedOff."""

    def change(self, lease: Lease, change: Change, now: float) -> Job:
        """Raises FencedOff, IllegalMove."""

    def wishes(self, uids: Collection[JobUid]) -> Mapping[JobUid, Wish]:
        """What the owners of these jobs want by now, all in one question; jobs that are gone are left
        out.
        """

    def intend(self, lease: Lease, run: Run) -> Run:
        """Write a run down before the engine is asked; the row that is there already, if any, wins.

        Raises FencedOff.
        """

    def note_run(self, lease: Lease, run: Run) -> None:
        """What became of a run, found by its tag. Raises FencedOff."""

    def running_in(self, environments: Collection[str]) -> Mapping[str, int]:
        """How many ACTIVE jobs each environment has."""

    def fail_step(self, lease: Lease, text: str, now: float, wake_at: float) -> int:
        """A step of the worker broke by our own fault: counted, the lease given back. Returns how often in a
        row; a change that goes well sets it to 0.
        """

    def bury(self, lease: Lease, text: str, now: float) -> None:
        """A dead letter: no worker claims it until somebody replays it. Its state stays."""

    def dead(self, limit: int = 100) -> Sequence[tuple[Job, str]]:
        """Dead letters with what broke, oldest first."""

    def replay(self, uid: JobUid, by: str, now: float) -> Job:
        """Give a dead letter to the workers again. Raises JobNotFound."""

    # -- upkeep -------------------------------------------------------------------------------------
    def expired(self, now: float, limit: int) -> Sequence[JobUid]:
        """Final jobs whose time is over."""

    def purge(self, uid: JobUid) -> None:
        """Remove the row and all that hangs on it."""

    def granted(self, now: float, limit: int) -> Sequence[JobUid]:
        """Jobs that ended while nobody could end what they were granted: they waited when their owner stopped
        them, or the provider was away. Longest due first.
        """

    def note_grants(self, uid: JobUid, again_at: float | None) -> None:
        """Of an ended job: its grants are ended (None), or to be ended then."""

    def busy_owners(self) -> Collection[str]:
        """Who has unfinished jobs."""

    def forget_turns(self, keep: int) -> int:
        """Of owners who wait for nothing in an environment, and of whom it served others `keep` times since:
        they would be first again anyway. How many it forgot.
        """

    def tags(self, tags: Collection[Tag]) -> Mapping[Tag, bool]:
        """Of tags that an engine knows: whether each belongs to an unfinished job's current attempt. An
        engine's run whose tag is not here, or False, is an orphan.
        """

    def ping(self) -> None:
        """Raises StoreUnavailable."""
