"""Who is still to be told of an end (the port Outbox)."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, exists, select, text, update

from libs.sql.types import UtcDateTime
from services.compute.adapters.store_sql.inserting import notice_of
from services.compute.adapters.store_sql.rows import reason_from
from services.compute.adapters.store_sql.side_tables import notices
from services.compute.adapters.store_sql.tables import jobs
from services.compute.adapters.store_sql.work import SqlPart, moment, seconds_of, storable
from services.compute.adapters.store_sql.workflow_tables import workflows
from services.compute.ports.notices import DueNotice

_N, _J, _W = notices.c, jobs.c, workflows.c
_SUBJECT: Final = (
    "owner",
    "id",
    "uid",
    "name",
    "state",
    "reason",
    "submitted_at",
    "started_at",
    "finished_at",
)
_ANY_DUE: Final = select(
    exists().where(text("due_at IS NOT NULL"), _N.due_at <= bindparam("now", type_=UtcDateTime))
)
_DUE: Final = (
    select(_N.id, _N.notice, _N.tries, _N.job_id, _N.workflow_id)
    .where(text("due_at IS NOT NULL"), _N.due_at <= bindparam("now"))
    .order_by(_N.due_at, _N.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_TAKEN: Final = (
    update(notices)
    .where(_N.id.in_(bindparam("taken", expanding=True)))
    .values(due_at=bindparam("again_at"), tries=_N.tries + 1)
)
_SETTLED: Final = update(notices).where(_N.id == bindparam("notice_id"))
_OF_JOB: Final = select(*(_J[name] for name in _SUBJECT)).where(_J.id == bindparam("id"))
_OF_WORKFLOW: Final = select(*(_W[name] for name in _SUBJECT)).where(_W.id == bindparam("id"))


class SqlOutbox(SqlPart):
    def due_notices(self, now: float, again_at: float, limit: int) -> Sequence[DueNotice]:
        values = {"now": moment(now), "most": limit}

        def work(connection: Connection) -> list[DueNotice]:
            rows = connection.execute(_DUE, values).all()
            if rows:
                taken = [row.id for row in rows]
                connection.execute(_TAKEN, {"taken": taken, "again_at": moment(again_at)})
            return [_due(connection, row) for row in rows]

        # Most looks find nothing: those shall cost little, and not keep writers waiting.
        if not self._read_hot(_ANY_DUE, {"now": values["now"]})[0]:
            return []
        return self._write(work)

    def settle_notice(self, number: int, problem: str | None, now: float) -> None:
        values = {"settled_at": moment(now), "due_at": None, "problem": _text(problem)}
        self._write(lambda connection: connection.execute(_SETTLED, {**values, "notice_id": number}))

    def put_off_notice(self, number: int, due_at: float, problem: str) -> None:
        values = {"due_at": moment(due_at), "problem": _text(problem)}
        self._write(lambda connection: connection.execute(_SETTLED, {**values, "notice_id": number}))


def _text(problem: str | None) -> str | None:
    return None if problem is None else storable(problem)


def _due(connection: Connection, row: Any) -> DueNotice:
    is_job = row.job_id is not None
    statement, number = (_OF_JOB, row.job_id) if is_job else (_OF_WORKFLOW, row.workflow_id)
    about = connection.execute(statement, {"id": number}).one()
    reason = reason_from(about.reason)
    body: dict[str, Any] = {
        "kind": "job" if is_job else "workflow",
        "id": about.id,
        "uid": about.uid,
        "name": about.name,
        "state": about.state,
        "reason": None if reason is None else reason.as_json(),
    }
    body.update({name: seconds_of(getattr(about, name)) for name in _SUBJECT[-3:]})
    return DueNotice(
        id=row.id, owner=about.owner, notice=notice_of(row.notice), tries=row.tries + 1, body=body
    )
