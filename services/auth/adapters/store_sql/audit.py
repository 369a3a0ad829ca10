"""The audit log: events with time, peer and request id; old ones go as new ones come."""

import json
import logging
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, String, bindparam, delete, select

from libs.sql.engine import Database
from libs.web import request_ids
from services.auth.adapters.store_sql.people_tables import audit_events
from services.auth.adapters.store_sql.work import moment, read, write
from services.auth.domain.audit import AuditEvent, AuditQuery, StoredEvent
from services.auth.domain.errors import StoreUnavailable
from services.auth.ports import Clock

log = logging.getLogger(__name__)
_C: Final = audit_events.c
_MOST_DETAILS_CHARS: Final = 4000
_PURGE_EVERY: Final = 256  # events
_PURGE_ROWS: Final = 1024
_OUTLIVED: Final = (
    select(_C.id).where(_C.at < bindparam("before")).order_by(_C.at).limit(_PURGE_ROWS).scalar_subquery()
)
_PURGE: Final = delete(audit_events).where(_C.id.in_(_OUTLIVED))
_INSERT: Final = audit_events.insert().returning(_C.id)


class SqlAudit:
    def __init__(
        self, database: Database, clock: Clock, peer: Callable[[], str], keep_seconds: float
    ) -> None:
        self._database = database
        self._clock = clock
        self._peer = peer
        self._keep_seconds = keep_seconds

    def record(self, event: AuditEvent) -> None:
        now = self._clock.now()
        row = _row(event, self._peer())

        def work(connection: Connection) -> None:
            number = connection.execute(_INSERT, {**row, "at": moment(now)}).scalar_one()
            if number % _PURGE_EVERY == 0:
                connection.execute(_PURGE, {"before": moment(now - self._keep_seconds)})

        try:
            write(self._database, work)
        except StoreUnavailable:
            log.error("audit event could not be stored", extra={f"audit_{k}": v for k, v in row.items()})

    def page(self, query: AuditQuery) -> list[StoredEvent]:
        select_page = select(audit_events).order_by(_C.id.desc()).limit(query.most)
        if query.before is not None:
            select_page = select_page.where(_C.id < query.before)
        for column, wanted in ((_C.subject, query.subject), (_C.actor, query.actor), (_C.event, query.event)):
            if wanted is not None:
                select_page = select_page.where(column == _clean(wanted, 255))
        rows = read(self._database, lambda connection: connection.execute(select_page).mappings().all())
        return [_stored(row) for row in rows]


def _row(event: AuditEvent, peer: str) -> dict[str, Any]:
    texts = {
        "event": event.event,
        "outcome": event.outcome,
        "actor": event.actor,
        "subject": event.subject,
        "client_id": event.client_id,
        "peer": peer,
        "request_id": request_ids.current(),
    }
    row: dict[str, Any] = {}
    for name, text in texts.items():
        kind = _C[name].type
        assert isinstance(kind, String)
        assert kind.length is not None
        row[name] = _clean(text, kind.length)
    details = json.dumps(dict(event.details), default=str)
    row["details"] = details if len(details) <= _MOST_DETAILS_CHARS else '{"cut": true}'
    return row


def _clean(text: str, most: int) -> str:
    return text.encode(errors="replace").decode().replace("\0", "?")[:most]


def _stored(row: RowMapping) -> StoredEvent:
    return StoredEvent(
        id=row["id"],
        at=row["at"].timestamp(),
        peer=row["peer"],
        request_id=row["request_id"],
        event=AuditEvent(
            event=row["event"],
            outcome=row["outcome"],
            actor=row["actor"],
            subject=row["subject"],
            client_id=row["client_id"],
            details=json.loads(row["details"]),
        ),
    )
