"""Reading jobs: one, pages of them, and what hangs on them. A listing never walks over other owners' jobs."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from services.compute.adapters.store_sql.cursors import read_cursor, write_cursor
from services.compute.adapters.store_sql.filters import LARGEST_ID, all_of, walks
from services.compute.adapters.store_sql.rows import (
    EVENT_COLUMNS,
    FILE_COLUMNS,
    JOB_COLUMNS,
    REVISION,
    RUN_COLUMNS,
    event_of,
    file_of,
    job_of,
    run_of,
    select_jobs,
)
from services.compute.adapters.store_sql.tables import job_events, job_files, job_runs, jobs
from services.compute.adapters.store_sql.work import SqlPart, batched, row_of
from services.compute.adapters.store_sql.workflow_tables import workflows
from services.compute.domain.errors import JobNotFound
from services.compute.domain.ids import JobUid, is_uid
from services.compute.domain.job import Event, Job, Page, Run, StoredFile, Wish, in_order
from services.compute.ports.store import Filter, Head, Revision

_C = jobs.c
_BY_ID: Final = select_jobs().where(_C.id == bindparam("ref"))
_OF_REF: Final = _C.uid == bindparam("ref")
_BY_UID: Final = select_jobs().where(_OF_REF)
_BY_IDS: Final = select_jobs().where(_C.id.in_(bindparam("ids", expanding=True)))
_OF_JOB: Final = _C.uid == bindparam("uid")
_EVENTS: Final = (
    select(*EVENT_COLUMNS)
    .join(jobs, _C.id == job_events.c.job_id)
    .where(_OF_JOB, job_events.c.seq > bindparam("after"))
    .order_by(job_events.c.seq)
    .limit(bindparam("most"))
)
_RUNS: Final = (
    select(*RUN_COLUMNS)
    .join(jobs, _C.id == job_runs.c.job_id)
    .where(_OF_JOB)
    .order_by(job_runs.c.attempt, job_runs.c.role, job_runs.c.instance, job_runs.c.task)
)
_FILES: Final = select(*FILE_COLUMNS).join(jobs, _C.id == job_files.c.job_id).where(_OF_JOB)
_WISHES: Final = select(_C.uid, _C.wish).where(_C.uid.in_(bindparam("uids", expanding=True)))
_WITH_WORKFLOW: Final = jobs.outerjoin(workflows, workflows.c.id == _C.workflow_id)
_REVISION: Final = select(_C.uid, _C.owner, REVISION).select_from(_WITH_WORKFLOW)
_REVISION_BY_ID: Final = _REVISION.where(_C.id == bindparam("ref"))
_REVISION_BY_UID: Final = _REVISION.where(_OF_REF)
_OWNER: Final = JOB_COLUMNS.index(_C.owner)


class SqlFinding(SqlPart):
    def find(self, ref: int | str, owners: Collection[str] | None) -> Job:
        if not (0 < ref <= LARGEST_ID if isinstance(ref, int) else is_uid(ref)):
            raise JobNotFound
        row = self._read_hot(_BY_ID if isinstance(ref, int) else _BY_UID, {"ref": ref})
        if row is None or (owners is not None and row[_OWNER] not in owners):
            raise JobNotFound
        return job_of(row)

    def revision(self, ref: int | str, owners: Collection[str] | None) -> Revision:
        if not (0 < ref <= LARGEST_ID if isinstance(ref, int) else is_uid(ref)):
            raise JobNotFound
        row = self._read_hot(_REVISION_BY_ID if isinstance(ref, int) else _REVISION_BY_UID, {"ref": ref})
        if row is None or (owners is not None and row[1] not in owners):
            raise JobNotFound
        return Revision(JobUid(row[0]), row[2])

    def page(self, wanted: Filter, limit: int, cursor: str | None = None) -> Page:
        before = None if cursor is None else read_cursor("j", cursor)

        def work(connection: Connection) -> list[Job]:
            ids = _newest(connection, wanted, limit + 1, before)
            return jobs_in_order(connection, ids)

        found = self._read(work)
        return Page(
            tuple(found[:limit]), write_cursor("j", found[limit - 1].id) if len(found) > limit else None
        )

    def count(self, wanted: Filter) -> int:
        statement = select(func.count()).select_from(jobs).where(*all_of(wanted))
        return int(self._read(lambda connection: connection.execute(statement).scalar_one()))

    def heads(self, wanted: Filter, limit: int | None = None) -> Sequence[Head]:
        def work(connection: Connection) -> dict[int, int]:
            found: dict[int, int] = {}
            for walk in walks(wanted, _C.id, REVISION):
                whole = walk.outerjoin(workflows, workflows.c.id == _C.workflow_id).limit(limit)
                found.update((number, revision) for number, revision in connection.execute(whole))
            return found

        found = self._read(work)
        return [Head(number, found[number]) for number in sorted(found, reverse=True)[:limit]]

    def jobs(self, ids: Sequence[int]) -> Sequence[Job]:
        wanted = [number for number in ids if 0 < number <= LARGEST_ID]
        return self._read(lambda connection: jobs_in_order(connection, wanted))

    def events(self, uid: JobUid, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        values = {"uid": uid, "after": after, "most": limit}
        return [event_of(row) for row in self._read(lambda c: c.execute(_EVENTS, values).all())]

    def runs(self, uid: JobUid, attempt: int | None = None) -> Sequence[Run]:
        found = map(run_of, self._rows_hot(_RUNS, {"uid": uid}))
        return [run for run in found if attempt is None or run.attempt == attempt]

    def files(self, uid: JobUid) -> Sequence[StoredFile]:
        return in_order(map(file_of, self._rows_hot(_FILES, {"uid": uid})))

    def wishes(self, uids: Collection[JobUid]) -> Mapping[JobUid, Wish]:
        if not uids:
            return {}
        rows = self._read(lambda connection: connection.execute(_WISHES, {"uids": list(uids)}).all())
        return {JobUid(uid): Wish(wish) for uid, wish in rows}


def jobs_in_order(connection: Connection, ids: Sequence[int]) -> list[Job]:
    """The jobs with these ids, in this order; those that are gone are left out."""
    found: dict[int, Job] = {}
    for some in batched(ids):
        found.update((row.id, job_of(row)) for row in connection.execute(_BY_IDS, {"ids": some}))
    return [found[number] for number in ids if number in found]


def job_in(connection: Connection, number: int) -> Job:
    """One that is there, within the transaction."""
    return job_of(row_of(connection, _BY_ID, {"ref": number}))


def _newest(connection: Connection, wanted: Filter, limit: int, before: int | None) -> list[int]:
    """One walk down an index for each owner, window and state; together they hold the newest of all."""
    conditions = [] if before is None else [_C.id < before]
    found: set[int] = set()
    for walk in walks(wanted, _C.id):
        found.update(connection.execute(walk.where(*conditions).limit(limit)).scalars())
    return sorted(found, reverse=True)[:limit]
