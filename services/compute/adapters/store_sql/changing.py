"""What moves a job: its worker, by lease and fence; its owner, by wishes. Every move writes its event."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select, update

from services.compute.adapters.store_sql.claiming import runs_of
from services.compute.adapters.store_sql.ends import SqlEnds
from services.compute.adapters.store_sql.finding import jobs_in_order
from services.compute.adapters.store_sql.handles import drop_handle
from services.compute.adapters.store_sql.inserts import insert_or_ignore
from services.compute.adapters.store_sql.moves import FREED, By, fenced, locked, noted, put
from services.compute.adapters.store_sql.rows import (
    RUN_COLUMNS,
    file_row,
    pulls_text,
    reason_columns,
    reason_from,
    reason_text,
    run_of,
    run_row,
)
from services.compute.adapters.store_sql.slice_steps import instead_of_waiting
from services.compute.adapters.store_sql.tables import job_files, job_runs, jobs
from services.compute.adapters.store_sql.work import moment, moment_or_none, seconds_of, storable
from services.compute.domain.errors import AlreadyFinished, NotFinished
from services.compute.domain.ids import JobUid
from services.compute.domain.job import Job, Run, Wish
from services.compute.domain.reasons import Reason
from services.compute.domain.states import FINAL, WAITING, State, move
from services.compute.ports.store import Change, Claimed, Lease

WORKER: Final = "worker"
_C = jobs.c
_RENEW: Final = (
    update(jobs)
    .where(_C.uid == bindparam("held_uid"), _C.fence == bindparam("held_fence"))
    .where(_C.lease_worker.is_not(None))
    .values(lease_until=bindparam("until"))
)
_RELEASE: Final = (
    update(jobs)
    .where(_C.uid == bindparam("held_uid"), _C.fence == bindparam("held_fence"))
    .values(lease_worker=None, lease_until=None)
)
_STORAGE: Final = select(func.coalesce(func.sum(job_files.c.size), 0)).where(
    job_files.c.job_id == bindparam("id")
)
_RUN: Final = select(*RUN_COLUMNS).where(job_runs.c.tag == bindparam("tag"))


class SqlChanging(SqlEnds):
    # -- the worker's -------------------------------------------------------------------------------
    def renew(self, leases: Sequence[Lease], now: float, lease_seconds: float) -> Sequence[Lease]:
        until = now + lease_seconds

        def work(connection: Connection) -> list[Lease]:
            kept = []
            for lease in leases:
                values = {"held_uid": lease.uid, "held_fence": lease.fence, "until": moment(until)}
                if connection.execute(_RENEW, values).rowcount == 1:
                    kept.append(Lease(lease.uid, lease.worker, lease.fence, until))
            return kept

        return self._write(work) if leases else []

    def release(self, leases: Sequence[Lease]) -> None:
        values = [{"held_uid": lease.uid, "held_fence": lease.fence} for lease in leases]
        if values:
            self._write(lambda connection: connection.execute(_RELEASE, values))

    def read(self, lease: Lease) -> Claimed:
        def work(connection: Connection) -> Claimed:
            row = fenced(connection, lease)
            until = seconds_of(row.lease_until)
            held = lease if until is None else Lease(lease.uid, lease.worker, lease.fence, until)
            (job,) = jobs_in_order(connection, [row.id])
            return Claimed(job, held, runs_of(connection, [row.id]).get(row.id, ()))

        return self._write(work)

    def change(self, lease: Lease, change: Change, now: float) -> Job:
        def work(connection: Connection) -> Job:
            row = fenced(connection, lease)
            return self._change(connection, row, instead_of_waiting(connection, row, change), now)

        return self._write(work)

    def intend(self, lease: Lease, run: Run) -> Run:
        def work(connection: Connection) -> Run:
            row = fenced(connection, lease)
            connection.execute(insert_or_ignore(self._database, job_runs), run_row(row.id, run))
            put(connection, row.id, {})
            return run_of(connection.execute(_RUN, {"tag": run.tag}).one())

        return self._write(work)

    def note_run(self, lease: Lease, run: Run) -> None:
        def work(connection: Connection) -> None:
            row = fenced(connection, lease)
            self._upsert(connection, job_runs, [run_row(row.id, run)])
            put(connection, row.id, {})

        self._write(work)

    def fail_step(self, lease: Lease, text: str, now: float, wake_at: float) -> int:
        def work(connection: Connection) -> int:
            row = fenced(connection, lease)
            strikes = int(row.strikes) + 1
            values = {"strikes": strikes, "fault": storable(text), "wake_at": moment(wake_at), **FREED}
            put(connection, row.id, values)
            return strikes

        return self._write(work)

    def bury(self, lease: Lease, text: str, now: float) -> None:
        def work(connection: Connection) -> None:
            row = fenced(connection, lease)
            values = {"dead_at": moment(now), "fault": storable(text), **FREED}
            put(connection, row.id, values)

        self._write(work)

    # -- the owner's --------------------------------------------------------------------------------
    def wish(self, uid: JobUid, wish: Wish, by: str, reason: Reason, now: float) -> Job:
        def work(connection: Connection) -> Job:
            row = locked(connection, uid)
            self._wish(connection, row, wish, By(by, reason), now)
            return jobs_in_order(connection, [row.id])[0]

        return self._write(work)

    def delete(self, uid: JobUid, by: str, now: float) -> Job:
        reason = Reason("deleted", "It was deleted before it ended.")

        def work(connection: Connection) -> Job:
            row = locked(connection, uid)
            if row.deleted_at is None:
                drop_handle(connection, row.id)
                put(connection, row.id, {"deleted_at": moment(now)})
                self._wish(connection, row, Wish.CANCEL, By(by, reason), now)
            return jobs_in_order(connection, [row.id])[0]

        return self._write(work)

    def put_away(self, uid: JobUid, now: float) -> Job:
        def work(connection: Connection) -> Job:
            row = locked(connection, uid)
            if State(row.state) not in FINAL:
                raise NotFinished
            if not row.lingers:
                raise AlreadyFinished
            put(connection, row.id, {"lingers": 0})
            return jobs_in_order(connection, [row.id])[0]

        return self._write(work)

    def _wish(self, connection: Connection, row: Any, wish: Wish, whose: By, now: float) -> None:
        state = State(row.state)
        if state in FINAL:
            return
        values: dict[str, Any] = {
            "wish": wish.value,
            "wish_by": whose.by,
            "wish_reason": reason_text(whose.reason),
        }
        until = seconds_of(row.lease_until)
        ends = wish is Wish.CANCEL and state in WAITING and (until is None or until <= now)
        if ends:
            # A worker that let its lease run out must not start it now.
            values.update(FREED, fence=row.fence + 1, dead_at=None)
            values.update(self._ended(row, State.CANCELLED, now, None))
            values["wake_at"] = moment(now) if _has_grants(connection, row) else None
            values.update(noted(connection, row, State.CANCELLED, whose, now))
        else:
            values["wake_at"] = None
        put(connection, row.id, values)
        if ends:
            self._note_end(connection, row, State.CANCELLED, now)

    # -- moves --------------------------------------------------------------------------------------
    def _change(self, connection: Connection, row: Any, change: Change, now: float) -> Job:
        """Raises IllegalMove."""
        values = _changed(row, change)
        if change.to is not None:
            values.update(self._moved(connection, row, change, now))
        if change.files:
            self._upsert(connection, job_files, [file_row(row.id, file) for file in change.files])
            values["storage_bytes"] = connection.execute(_STORAGE, {"id": row.id}).scalar_one()
        put(connection, row.id, values)
        if change.to in FINAL:
            return self._note_end(connection, row, change.to, now)
        if change.to is State.STAGING:
            self._note_start(connection, row, now)
        return jobs_in_order(connection, [row.id])[0]

    def _moved(self, connection: Connection, row: Any, change: Change, now: float) -> dict[str, Any]:
        """Raises IllegalMove."""
        assert change.to is not None
        to = move(State(row.state), change.to)
        whose = By(WORKER, change.reason)
        if to is State.CANCELLED and row.wish == Wish.CANCEL.value:
            whose = By(row.wish_by or WORKER, change.reason or reason_from(row.wish_reason))
        values = self._ended(row, to, now, change.expires_at) if to in FINAL else {}
        if to is State.QUEUED and row.queue_seconds is not None:
            start = now if change.wake_at is None else max(now, change.wake_at)
            values["queue_until"] = moment(start + row.queue_seconds)
        values.update(noted(connection, row, to, whose, now, int(change.attempt_begins)))
        return values


def _has_grants(connection: Connection, row: Any) -> bool:
    (job,) = jobs_in_order(connection, [row.id])
    return job.spec.has_grants


def _changed(row: Any, change: Change) -> dict[str, Any]:
    """What every change sets, with or without a move."""
    values: dict[str, Any] = {"wake_at": moment_or_none(change.wake_at), "strikes": 0, "fault": None}
    if change.attempt_begins:
        values["attempt"] = row.attempt + 1
    if change.started_at is not None and row.started_at is None:
        values["started_at"] = moment(change.started_at)
    if change.exit_code is not None:
        values["exit_code"] = change.exit_code
    if change.pulls is not None or change.attempt_begins:
        values["pulls"] = pulls_text(change.pulls) if change.pulls else None
    if change.reason is not None or change.clear_reason:
        values.update(reason_columns(change.reason))
    if change.release:
        values.update(FREED)
    return values
