"""Names that windows' users find jobs by. One leads to one job, from its submission until it is deleted."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select, update

from services.compute.adapters.store_sql.rows import job_of, select_jobs
from services.compute.adapters.store_sql.slice_tables import job_handles
from services.compute.adapters.store_sql.tables import jobs
from services.compute.adapters.store_sql.work import SqlPart, batched, insert_all, row_of, storable
from services.compute.domain.errors import HandleTaken, JobNotFound
from services.compute.domain.ids import JobUid
from services.compute.domain.job import Handle, Job

_C, _H = jobs.c, job_handles.c
_NAMED: Final = (
    _H.window == bindparam("window"),
    _H.scope == bindparam("scope"),
    _H.name == bindparam("handle_name"),
)
_JOB: Final = select_jobs().join(job_handles, _H.job_id == _C.id).where(*_NAMED)
_HOLDER: Final = select(_C.uid).join(job_handles, _H.job_id == _C.id).where(*_NAMED)
_OF_JOBS: Final = select(_H.job_id, _H.window, _H.scope, _H.name).where(
    _H.job_id.in_(bindparam("ids", expanding=True))
)
_DROP: Final = delete(job_handles).where(_H.job_id == bindparam("dropped_id"))
_DROP_OF: Final = delete(job_handles).where(
    _H.job_id.in_(select(_C.id).where(_C.uid == bindparam("dropped_uid")))
)
_MOVE: Final = update(job_handles).where(_H.job_id == bindparam("from_id")).values(job_id=bindparam("to_id"))


class SqlHandles(SqlPart):
    def by_handle(self, handle: Handle) -> Job:
        if any(storable(part) != part for part in astuple(handle)):  # no database has it
            raise JobNotFound
        row = self._read_hot(_JOB, _values(handle))
        if row is None:
            raise JobNotFound
        return job_of(row)

    def handles(self, ids: Collection[int]) -> Mapping[int, Handle]:
        def work(connection: Connection) -> dict[int, Handle]:
            found: dict[int, Handle] = {}
            for some in batched(list(ids)):
                for number, *parts in connection.execute(_OF_JOBS, {"ids": some}):
                    found[number] = Handle(*parts)
            return found

        return self._read(work) if ids else {}

    def drop_handle(self, uid: JobUid) -> None:
        self._write(lambda connection: connection.execute(_DROP_OF, {"dropped_uid": uid}))


def handle_locks(handles: Iterable[Handle | None]) -> list[str]:
    """Names of the locks that whoever hands out these handles holds: the next one sees what the first did."""
    found = (handle for handle in handles if handle is not None)
    return ["handle " + " ".join(map(repr, astuple(handle))) for handle in found]


def give_handle(connection: Connection, handle: Handle | None, job_id: int) -> None:
    """Raises HandleTaken, of whatever state the job is that has it."""
    if handle is None:
        return
    holder = row_of(connection, _HOLDER, _values(handle))
    if holder is not None:
        raise HandleTaken(holder[0])
    row = {"window": handle.window, "scope": handle.scope, "name": handle.name, "job_id": job_id}
    insert_all(connection, job_handles, [row])


def move_handle(connection: Connection, from_id: int, to_id: int) -> None:
    connection.execute(_MOVE, {"from_id": from_id, "to_id": to_id})


def drop_handle(connection: Connection, job_id: int) -> None:
    connection.execute(_DROP, {"dropped_id": job_id})


def _values(handle: Handle) -> dict[str, Any]:
    return {"window": handle.window, "scope": handle.scope, "handle_name": handle.name}
