"""The port JobStore in memory, held to the SQL store's promises by the same contract suite."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from services.compute.domain.errors import (
    AlreadyFinished,
    JobNotFound,
    NotFinished,
)
from services.compute.domain.ids import JobUid, Tag
from services.compute.domain.job import (
    KEEP_SECONDS,
    Event,
    Job,
    Page,
    Run,
    StoredFile,
    Wish,
    in_order,
)
from services.compute.domain.notices import Notice
from services.compute.domain.reasons import Reason
from services.compute.domain.slices import MOST_SLICES
from services.compute.domain.states import WAITING, State
from services.compute.ports.store import Filter, Head, Revision
from tests.fakes.compute_rows import is_wanted
from tests.fakes.compute_sheets import MemorySheets
from tests.fakes.compute_submitting import MemorySubmitting


class MemoryJobStore(MemorySubmitting):
    """`away` makes every call fail as a lost database does. `keys_at_work`: keys whose first request has not
    been answered, as a test wants them.
    """

    def __init__(self, keep_seconds: float = KEEP_SECONDS, most_slices: int = MOST_SLICES) -> None:
        super().__init__(keep_seconds, most_slices)
        self._spent: dict[str, float] = {}
        self._revisions: dict[str, tuple[int, object]] = {}
        self.sheets = MemorySheets(self)

    # -- for the windows ----------------------------------------------------------------------------
    def find(self, ref: int | str, owners: Collection[str] | None) -> Job:
        with self._open():
            row = self._rows.get(ref if isinstance(ref, int) else self._ids.get(ref, 0))
            if row is None or (owners is not None and row.job.owner not in owners):
                raise JobNotFound
            return row.job

    def revision(self, ref: int | str, owners: Collection[str] | None) -> Revision:
        job = self.find(ref, owners)
        seen = (job, *self.runs(job.uid), self.slices.counts([job.id]))
        number, last = self._revisions.get(job.uid, (0, None))
        if seen != last:
            number += 1
            self._revisions[job.uid] = (number, seen)
        return Revision(job.uid, number)

    def page(self, wanted: Filter, limit: int, cursor: str | None = None) -> Page:
        with self._open():
            if cursor is not None and str(int(cursor)) != cursor:
                raise ValueError("no cursor of a page")
            before = None if cursor is None else int(cursor)
            found = [
                row.job
                for number, row in reversed(self._rows.items())
                if (before is None or number < before) and is_wanted(row, wanted)
            ]
            jobs = tuple(found[:limit])
            return Page(jobs, str(jobs[-1].id) if len(found) > limit else None)

    def count(self, wanted: Filter) -> int:
        with self._open():
            return sum(is_wanted(row, wanted) for row in self._rows.values())

    def heads(self, wanted: Filter, limit: int | None = None) -> Sequence[Head]:
        with self._open():
            jobs = [row.job for row in reversed(self._rows.values()) if is_wanted(row, wanted)]
            return [Head(job.id, self.revision(job.uid, None).number) for job in jobs[:limit]]

    def jobs(self, ids: Sequence[int]) -> Sequence[Job]:
        with self._open():
            return [self._rows[number].job for number in ids if number in self._rows]

    def notices(self, uid: JobUid) -> Sequence[Notice]:
        return self.outbox.of(uid)

    def put_away(self, uid: JobUid, now: float) -> Job:
        with self._open():
            row = self._row(uid)
            if not row.job.is_final:
                raise NotFinished
            if not row.job.lingers:
                raise AlreadyFinished
            row.job = replace(row.job, lingers=False)
            return row.job

    def events(self, uid: JobUid, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        with self._open():
            events = self._rows[self._ids[uid]].events if uid in self._ids else []
            return [event for event in events if event.seq > after][:limit]

    def runs(self, uid: JobUid, attempt: int | None = None) -> Sequence[Run]:
        with self._open():
            return self._runs(self._rows[self._ids[uid]], attempt) if uid in self._ids else []

    def files(self, uid: JobUid) -> Sequence[StoredFile]:
        with self._open():
            return in_order(self._rows[self._ids[uid]].files.values()) if uid in self._ids else []

    def wish(self, uid: JobUid, wish: Wish, by: str, reason: Reason, now: float) -> Job:
        with self._open():
            row = self._row(uid)
            if row.job.is_final:
                return row.job
            row.wish_by, row.wish_reason = by, reason
            row.job = replace(row.job, wish=wish)
            if wish is Wish.CANCEL and row.job.state in WAITING and not row.is_held(now):
                row.lease, row.dead_at = None, None
                row.fence += 1
                self._move(row, State.CANCELLED, reason, by, now)
                row.wake_at = now if row.job.spec.has_grants else None
                if row.job.workflow is None:
                    row.job = replace(row.job, expires_at=now + self._kept(row))
            else:
                row.wake_at = None
            return row.job

    def delete(self, uid: JobUid, by: str, now: float) -> Job:
        with self._open():
            row = self._row(uid)
            if row.job.deleted_at is None:
                row.job, row.handle = replace(row.job, deleted_at=now), None
                reason = Reason("deleted", "It was deleted before it ended.")
                self.wish(uid, Wish.CANCEL, by, reason, now)
            return row.job

    # -- signed texts -------------------------------------------------------------------------------
    def is_spent(self, fingerprint: str) -> bool:
        with self._open():
            return fingerprint in self._spent

    def spend(self, fingerprint: str, now: float) -> bool:
        with self._open():
            if fingerprint in self._spent:
                return False
            self._spent[fingerprint] = now
            return True

    # -- upkeep -------------------------------------------------------------------------------------
    def expired(self, now: float, limit: int) -> Sequence[JobUid]:
        with self._open():
            over = [
                row.job
                for row in self._rows.values()
                if row.job.is_final and row.job.expires_at is not None and row.job.expires_at <= now
            ]
            return [job.uid for job in sorted(over, key=lambda job: (job.expires_at or 0, job.id))][:limit]

    def purge(self, uid: JobUid) -> None:
        with self._open():
            number = self._ids.pop(uid, None)
            if number is not None:
                del self._rows[number]
                self.outbox.forget(uid)
                self._keys = {key: value for key, value in self._keys.items() if value[1] != number}

    def granted(self, now: float, limit: int) -> Sequence[JobUid]:
        with self._open():
            due = [row for row in self._rows.values() if row.job.is_final and row.wake_at is not None]
            found = sorted((row.wake_at or 0, row.job.id, row.job.uid) for row in due)
            return [uid for wake_at, _, uid in found if wake_at <= now][:limit]

    def note_grants(self, uid: JobUid, again_at: float | None) -> None:
        with self._open():
            row = self._rows.get(self._ids.get(uid, 0))
            if row is not None and row.job.is_final and row.wake_at is not None:
                row.wake_at = again_at

    def busy_owners(self) -> Collection[str]:
        with self._open():
            return {row.job.owner for row in self._rows.values() if not row.job.is_final}

    def forget_turns(self, keep: int) -> int:
        with self._open():
            forgotten = 0
            for environment, served in self._served.items():
                waiting = {
                    row.job.owner
                    for row in self._rows.values()
                    if row.environment == environment and row.job.state is State.QUEUED
                }
                newest = max(served.values(), default=0)
                for owner in [name for name, turn in served.items() if turn < newest - keep]:
                    if owner not in waiting:
                        del served[owner]
                        forgotten += 1
            return forgotten

    def tags(self, tags: Collection[Tag]) -> Mapping[Tag, bool]:
        with self._open():
            known = {tag: row for row in self._rows.values() for tag in row.runs}
            return {
                tag: not known[tag].job.is_final and known[tag].runs[tag].attempt == known[tag].job.attempt
                for tag in tags
                if tag in known
            }

    def ping(self) -> None:
        with self._open():
            pass
