"""What MemoryJobStore keeps of each job, and the questions that one row can answer."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.compute.domain.ids import JobId, JobUid, Tag
from services.compute.domain.job import Event, Handle, Job, NewJob, Run, Stored, StoredFile, Wish
from services.compute.domain.quotas import Held
from services.compute.domain.reasons import Reason
from services.compute.domain.sheets import Sheet
from services.compute.domain.states import ACTIVE, State
from services.compute.ports.store import Filter, Key, Lease
from tests.fakes.compute_slices import WAITS, Slices, slices_of


@dataclass(slots=True)
class Row:
    job: Job
    groups: tuple[str, ...]
    natural_key: str | None
    queue_until: float | None
    wake_at: float | None = None
    lease: Lease | None = None
    fence: int = 0
    strikes: int = 0
    fault: str = ""
    dead_at: float | None = None
    wish_by: str = ""
    wish_reason: Reason | None = None
    step: int = 0  # of a workflow's job
    instance: int = 0
    sheet: Sheet | None = None
    handle: Handle | None = None
    slices: Slices | None = None
    events: list[Event] = field(default_factory=list)
    runs: dict[Tag, Run] = field(default_factory=dict)
    files: dict[tuple[Stored, str], StoredFile] = field(default_factory=dict)

    @classmethod
    def of(cls, new: NewJob, number: JobId, uid: JobUid, now: float) -> "Row":
        environment = new.spec.environment
        slices = slices_of(new)
        waits = slices is not None and not slices.total
        reason = Reason("waiting_for_place", f"It waits for a free place in {environment}.")
        job = Job(
            id=number,
            uid=uid,
            owner=new.owner,
            dialect=new.dialect,
            name=new.name,
            labels=dict(new.labels),
            spec=new.spec,
            facts=dict(new.facts),
            state=State.HELD if waits else State.QUEUED,
            reason=WAITS if waits else reason,
            wish=Wish.RUN,
            attempt=0,
            submitted_at=now,
            state_since=now,
            started_at=None,
            finished_at=None,
            deleted_at=None,
            expires_at=None,
            exit_code=None,
            lingers=new.lingers,
        )
        until = _plus(now, new.spec.clocks.queue)
        row = cls(job, tuple(new.groups), new.natural_key, until, sheet=new.sheet)
        row.handle, row.slices = new.handle, slices
        return row

    @property
    def environment(self) -> str:
        return self.job.spec.environment

    def again(self) -> NewJob:
        job = self.job
        return NewJob(
            owner=job.owner,
            dialect=job.dialect,
            spec=job.spec,
            name=job.name,
            labels=job.labels,
            groups=self.groups,
            facts={**job.facts, "retry_of": job.uid},
            natural_key=self.natural_key,
            sheet=None if self.sheet is None else self.sheet.again(),
            slices=None if self.slices is None else self.slices.as_new(),
        )

    def has_natural_key(self, new: NewJob) -> bool:
        mine = (self.job.dialect, self.natural_key)
        return new.natural_key is not None and mine == (new.dialect, new.natural_key)

    def holds(self, lease: Lease) -> bool:
        return self.fence == lease.fence

    def is_held(self, now: float) -> bool:
        return self.lease is not None and self.lease.expires_at > now

    def is_due(self, now: float) -> bool:
        wanted = self.job.state in ACTIVE or self.job.state is State.QUEUED
        woken = self.wake_at is None or self.wake_at <= now
        return wanted and woken and self.dead_at is None and not self.is_held(now)

    def is_overdue(self, now: float) -> bool:
        return self.job.state is State.QUEUED and self.queue_until is not None and self.queue_until <= now

    def queue_again(self, now: float) -> None:
        """The clock of the queue does not run while a job waits for its next attempt."""
        self.queue_until = _plus(max(now, self.wake_at or now), self.job.spec.clocks.queue)

    def note(self, before: State | None, by: str, now: float) -> None:
        self.events.append(
            Event(
                seq=len(self.events) + 1,
                at=now,
                state_from=before,
                state_to=self.job.state,
                by=by,
                attempt=self.job.attempt,
                reason=self.job.reason,
            )
        )


def _plus(start: float, seconds: float | None) -> float | None:
    return None if seconds is None else start + seconds


def key_of(key: Key) -> tuple[str, str, str]:
    return (key.owner, key.dialect, key.key)


def held_of(rows: Iterable[Row]) -> Held:
    """Unfinished jobs count, kept files of all."""
    jobs, cpus, memory, storage = 0, 0.0, 0, 0
    for row in rows:
        storage += sum(file.size for file in row.files.values())
        if not row.job.is_final:
            jobs += 1
            cpus += row.job.spec.total_cpus()
            memory += row.job.spec.total_memory()
    return Held(jobs=jobs, cpus=cpus, memory_bytes=memory, storage_bytes=storage)


def is_wanted(row: Row, wanted: Filter) -> bool:
    job = row.job
    after, before = wanted.submitted_after, wanted.submitted_before
    tests = (
        wanted.owners is None or job.owner in wanted.owners,
        not wanted.dialects or job.dialect in wanted.dialects,
        not wanted.states or job.state in wanted.states or (wanted.lingering and job.lingers),
        wanted.ids is None or job.id in wanted.ids,
        wanted.workflow is None or (job.workflow is not None and job.workflow.id == wanted.workflow),
        wanted.workflow is None or wanted.step is None or row.step == wanted.step,
        wanted.name is None or job.name == wanted.name,
        all(job.labels.get(name) == value for name, value in wanted.labels.items()),
        all(job.facts.get(name) == value for name, value in wanted.facts.items()),
        after is None or job.submitted_at >= after,
        before is None or job.submitted_at < before,
        wanted.deleted or job.deleted_at is None,
    )
    return all(tests)
