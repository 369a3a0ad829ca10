"""How a job's row is held while it is changed, and what every move of it writes."""

from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, update

from services.compute.adapters.store_sql.rows import reason_columns, reason_text
from services.compute.adapters.store_sql.tables import job_events, jobs
from services.compute.adapters.store_sql.work import insert_all, moment
from services.compute.domain.errors import FencedOff, JobNotFound
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.ports.store import Lease

_C = jobs.c
FREED: Final = {"lease_worker": None, "lease_until": None}
_LOCKED: Final = (
    select(
        _C.id, _C.state, _C.wish, _C.wish_by, _C.wish_reason, _C.attempt, _C.fence, _C.lease_worker,
        _C.lease_until, _C.strikes, _C.queue_seconds, _C.keep_seconds, _C.started_at, _C.deleted_at,
        _C.last_event, _C.lingers, _C.workflow_id, _C.step, _C.uid, _C.environment,
    )
    .where(_C.uid == bindparam("locked_uid"))
    .with_for_update()
)  # fmt: skip
_SET: Final = update(jobs).where(_C.id == bindparam("changed")).values(revision=_C.revision + 1)


class By:
    """Who moves a job, and why."""

    __slots__ = ("by", "reason")

    def __init__(self, by: str, reason: Reason | None) -> None:
        self.by = by
        self.reason = reason


def locked(connection: Connection, uid: str) -> Any:
    """The job's row, which nobody else changes until the transaction ends. Raises JobNotFound."""
    row = connection.execute(_LOCKED, {"locked_uid": uid}).first()
    if row is None:
        raise JobNotFound
    return row


def fenced(connection: Connection, lease: Lease) -> Any:
    """As locked, for a worker. Raises FencedOff."""
    row = connection.execute(_LOCKED, {"locked_uid": lease.uid}).first()
    if row is None or row.fence != lease.fence:
        raise FencedOff
    return row


def noted(
    connection: Connection, row: Any, to: State, whose: By, now: float, attempts_begun: int = 0
) -> dict[str, Any]:
    """Write the event of a move; what the job's row says of it."""
    event = {
        "job_id": row.id,
        "seq": row.last_event + 1,
        "at": moment(now),
        "state_from": row.state,
        "state_to": to.value,
        "by": whose.by,
        "attempt": row.attempt + attempts_begun,
        "reason": reason_text(whose.reason),
    }
    insert_all(connection, job_events, [event])
    seen = {"state": to.value, "state_since": moment(now), "last_event": row.last_event + 1}
    return {**seen, **reason_columns(whose.reason)}


def put(connection: Connection, job_id: int, values: dict[str, Any]) -> None:
    connection.execute(_SET, {**values, "changed": job_id})
