"""The half of MemoryJobStore that workers use, and what both halves stand on."""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from services.compute.domain.errors import FencedOff, JobNotFound, StoreUnavailable
from services.compute.domain.ids import JobUid
from services.compute.domain.job import KEEP_SECONDS, Job, Run, Wish
from services.compute.domain.reasons import Reason
from services.compute.domain.slices import MOST_SLICES
from services.compute.domain.states import ACTIVE, FINAL, State, move
from services.compute.domain.turns import in_turn
from services.compute.ports.store import Change, Claimed, Lease
from tests.fakes.compute_ends import MemoryOutbox, MemoryUsage, body_of
from tests.fakes.compute_ledger import MemoryBank
from tests.fakes.compute_rows import Row
from tests.fakes.compute_slices import MemorySlices, instead_of_waiting

WORKER = "worker"


class MemoryWorkerStore:
    def __init__(self, keep_seconds: float = KEEP_SECONDS, most_slices: int = MOST_SLICES) -> None:
        self.away = False
        self._keep_seconds = keep_seconds
        self._lock = threading.RLock()
        self._rows: dict[int, Row] = {}  # by id, which counts up
        self._ids: dict[str, int] = {}  # by uid
        self._next_id = 1
        self._served: dict[str, dict[str, int]] = {}  # environment -> owner -> turn
        self.outbox = MemoryOutbox(self._told_of, self._owner_of)
        self.usage = MemoryUsage()
        self.slices = MemorySlices(self, most_slices)
        self.ledger = MemoryBank()

    def claim(
        self, worker: str, places: Mapping[str, int], now: float, lease_seconds: float, limit: int = 50
    ) -> Sequence[Claimed]:
        with self._open():
            due = [row for row in self._rows.values() if row.is_due(now)]
            active = [row for row in due if row.job.state in ACTIVE and row.environment in places]
            taken = [*active, *(row for row in due if row.is_overdue(now))][:limit]
            for environment, most in places.items():
                waiting = [
                    row
                    for row in due
                    if row.environment == environment
                    and row.job.state is State.QUEUED
                    and not row.is_overdue(now)
                ]
                free = min(most - self._under_way(environment, now), limit - len(taken))
                taken += self._next(environment, waiting, free)
            return [
                self._claimed(row, Lease(row.job.uid, worker, row.fence + 1, now + lease_seconds), now)
                for row in taken
            ]

    def strays(self, environments: Collection[str], now: float, limit: int) -> Sequence[JobUid]:
        with self._open():
            due = [row.job for row in self._rows.values() if row.job.state in ACTIVE and row.is_due(now)]
            return [job.uid for job in due if job.spec.environment not in environments][:limit]

    def claim_these(
        self, worker: str, uids: Collection[JobUid], now: float, lease_seconds: float
    ) -> Sequence[Claimed]:
        with self._open():
            due = [row for row in self._rows.values() if row.job.state in ACTIVE and row.is_due(now)]
            return [
                self._claimed(row, Lease(row.job.uid, worker, row.fence + 1, now + lease_seconds), now)
                for row in due
                if row.job.uid in uids
            ]

    def renew(self, leases: Sequence[Lease], now: float, lease_seconds: float) -> Sequence[Lease]:
        with self._open():
            kept = []
            for lease in leases:
                row = self._rows.get(self._ids.get(lease.uid, 0))
                if row is not None and row.holds(lease) and row.lease is not None:
                    row.lease = replace(lease, expires_at=now + lease_seconds)
                    kept.append(row.lease)
            return kept

    def release(self, leases: Sequence[Lease]) -> None:
        with self._open():
            for lease in leases:
                row = self._rows.get(self._ids.get(lease.uid, 0))
                if row is not None and row.holds(lease):
                    row.lease = None

    def read(self, lease: Lease) -> Claimed:
        with self._open():
            row = self._fenced(lease)
            runs = tuple(self._runs(row, row.job.attempt))
            return Claimed(row.job, row.lease or lease, runs)

    def change(self, lease: Lease, change: Change, now: float) -> Job:
        with self._open():
            row = self._fenced(lease)
            change = instead_of_waiting(row, change)
            if change.to is not None:
                move(row.job.state, change.to)
            if change.attempt_begins:
                row.job = replace(row.job, attempt=row.job.attempt + 1)
            self._apply(row, change, now)
            if change.release:
                row.lease = None
            return row.job

    def wishes(self, uids: Collection[JobUid]) -> Mapping[JobUid, Wish]:
        with self._open():
            return {uid: self._rows[self._ids[uid]].job.wish for uid in uids if uid in self._ids}

    def intend(self, lease: Lease, run: Run) -> Run:
        with self._open():
            return self._fenced(lease).runs.setdefault(run.tag, run)

    def note_run(self, lease: Lease, run: Run) -> None:
        with self._open():
            self._fenced(lease).runs[run.tag] = run

    def running_in(self, environments: Collection[str]) -> Mapping[str, int]:
        with self._open():
            return {
                name: sum(row.environment == name and row.job.state in ACTIVE for row in self._rows.values())
                for name in environments
            }

    def fail_step(self, lease: Lease, text: str, now: float, wake_at: float) -> int:
        with self._open():
            row = self._fenced(lease)
            row.strikes += 1
            row.fault, row.wake_at, row.lease = text, wake_at, None
            return row.strikes

    def bury(self, lease: Lease, text: str, now: float) -> None:
        with self._open():
            row = self._fenced(lease)
            row.fault, row.dead_at, row.lease = text, now, None

    def dead(self, limit: int = 100) -> Sequence[tuple[Job, str]]:
        with self._open():
            rows = [row for row in self._rows.values() if row.dead_at is not None]
            rows.sort(key=lambda row: (row.dead_at or 0, row.job.id))
            return [(row.job, row.fault) for row in rows[:limit]]

    def replay(self, uid: JobUid, by: str, now: float) -> Job:
        with self._open():
            row = self._row(uid)
            if row.dead_at is None:
                raise JobNotFound
            row.dead_at, row.wake_at, row.strikes, row.fault = None, None, 0, ""
            return row.job

    # -- inside --------------------------------------------------------------------------------------
    @contextmanager
    def _open(self) -> Iterator[None]:
        with self._lock:
            if self.away:
                raise StoreUnavailable
            yield

    def _row(self, uid: str) -> Row:
        if uid not in self._ids:
            raise JobNotFound
        return self._rows[self._ids[uid]]

    def _fenced(self, lease: Lease) -> Row:
        row = self._rows.get(self._ids.get(lease.uid, 0))
        if row is None or not row.holds(lease):
            raise FencedOff
        return row

    def _runs(self, row: Row, attempt: int | None) -> list[Run]:
        runs = [run for run in row.runs.values() if attempt is None or run.attempt == attempt]
        return sorted(runs, key=lambda run: (run.attempt, run.role, run.index, run.task))

    def _under_way(self, environment: str, now: float) -> int:
        rows = [row for row in self._rows.values() if row.environment == environment]
        return sum(
            row.job.state in ACTIVE or (row.job.state is State.QUEUED and row.is_held(now)) for row in rows
        )

    def _next(self, environment: str, waiting: list[Row], free: int) -> list[Row]:
        served = self._served.setdefault(environment, {})
        queued = [
            row
            for row in self._rows.values()
            if row.environment == environment and row.job.state is State.QUEUED
        ]
        oldest = {row.job.owner: row.job.id for row in reversed(queued)}
        owners = sorted(oldest, key=lambda owner: (served.get(owner, 0), oldest[owner]))
        queues: dict[str, list[int]] = {owner: [] for owner in owners}
        for row in sorted(waiting, key=lambda row: (-row.job.spec.priority, row.job.id)):
            queues[row.job.owner].append(row.job.id)
        picked = in_turn(queues, free)
        for owner, _ in picked:
            served[owner] = max(served.values(), default=0) + 1
        return [self._rows[number] for _, number in picked]

    def _claimed(self, row: Row, lease: Lease, now: float) -> Claimed:
        row.fence, row.lease = lease.fence, lease
        return Claimed(row.job, lease, tuple(self._runs(row, row.job.attempt)), row.is_overdue(now))

    def _kept(self, row: Row) -> float:
        keep = row.job.spec.keep_seconds
        return self._keep_seconds if keep is None else keep

    def _apply(self, row: Row, change: Change, now: float) -> None:
        row.wake_at, row.strikes, row.fault = change.wake_at, 0, ""
        for file in change.files:
            row.files[(file.kind, file.path)] = file
        job = row.job
        row.job = replace(
            job,
            reason=change.reason or (None if change.clear_reason else job.reason),
            started_at=change.started_at if job.started_at is None else job.started_at,
            exit_code=job.exit_code if change.exit_code is None else change.exit_code,
            pulls=tuple(change.pulls or ()) if change.pulls or change.attempt_begins else job.pulls,
        )
        if change.to is None:
            return
        wished = change.to is State.CANCELLED and row.job.wish is Wish.CANCEL
        reason = change.reason or (row.wish_reason if wished else None)
        self._move(row, change.to, reason, row.wish_by if wished else WORKER, now)
        if row.job.is_final and row.job.workflow is None:
            until = now + self._kept(row) if change.expires_at is None else change.expires_at
            row.job = replace(row.job, expires_at=until)

    def _move(self, row: Row, to: State, reason: Reason | None, by: str, now: float) -> None:
        before = row.job.state
        row.job = replace(
            row.job,
            state=move(before, to),
            reason=reason,
            state_since=now,
            finished_at=now if to in FINAL else None,
        )
        if to is State.QUEUED:
            row.queue_again(now)
        row.note(before, by, now)
        if row.job.is_final:
            self._note_end(row, now)
        elif to is State.STAGING:
            self._note_start(row, now)

    def _note_start(self, row: Row, now: float) -> None:
        """Of a job that got a place."""

    def _note_end(self, row: Row, now: float) -> None:
        if row.slices is not None:
            row.slices.end()
            self.ledger.refund(row.job.uid, now)
        self.outbox.tell(row.job.uid, now)
        self.usage.add(row.job, row.runs.values(), row.groups, now)

    def _told_of(self, uid: str) -> dict[str, Any]:
        return body_of("job", self._row(uid).job)

    def _owner_of(self, uid: str) -> str:
        return self._row(uid).job.owner
