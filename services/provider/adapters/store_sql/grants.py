"""Grants in SQL: one row per handle, by its hash."""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from libs.sql.engine import Database
from libs.sql.errors import DatabaseUnavailable
from services.provider.adapters.store_sql.tables import grants
from services.provider.domain.grants import Grant, GrantsUnavailable

log = logging.getLogger(__name__)
T = TypeVar("T")

_EXPIRED = delete(grants).where(grants.c.expires_at < bindparam("now"))
_FIND = select(grants).where(grants.c.handle_hash == bindparam("wanted"), grants.c.ended_at.is_(None))
_END = (
    update(grants)
    .where(grants.c.job == bindparam("of_job"), grants.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
)


class SqlGrantStore:
    """A GrantStore. Thread-safe; any number of processes may share the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, grants_by_hash: Mapping[str, Grant], now: float) -> None:
        rows = [_row(handle_hash, grant) for handle_hash, grant in grants_by_hash.items()]

        def work(connection: Connection) -> None:
            connection.execute(_EXPIRED, {"now": _time(now)})
            if rows:
                connection.execute(insert(grants), rows)

        _asking(lambda: self._database.run_write(work))

    def find(self, handle_hash: str) -> Grant | None:
        def work(connection: Connection) -> RowMapping | None:
            return connection.execute(_FIND, {"wanted": handle_hash}).mappings().first()

        row = _asking(lambda: self._database.run_read(work))
        return None if row is None else _grant(row)

    def end(self, job: str, now: float) -> int:
        def work(connection: Connection) -> int:
            return int(connection.execute(_END, {"of_job": job, "now": _time(now)}).rowcount)

        return _asking(lambda: self._database.run_write(work))


def _asking(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except DatabaseUnavailable as error:
        log.warning("grants cannot be read or written", exc_info=True)
        raise GrantsUnavailable from error


def _row(handle_hash: str, grant: Grant) -> dict[str, Any]:
    return {
        "handle_hash": handle_hash,
        "job": grant.job,
        "consumer": grant.consumer,
        "did": grant.did,
        "service_id": grant.service_id,
        "file_index": grant.file_index,
        "tx_id": grant.tx_id,
        "userdata": json.dumps(grant.userdata, separators=(",", ":")),
        "sha256": grant.sha256,
        "issued_at": _time(grant.issued_at),
        "expires_at": _time(grant.expires_at),
        "ended_at": None,
    }


def _grant(row: RowMapping) -> Grant:
    return Grant(
        job=row["job"],
        consumer=row["consumer"],
        did=row["did"],
        service_id=row["service_id"],
        file_index=row["file_index"],
        tx_id=row["tx_id"],
        userdata=json.loads(row["userdata"]),
        sha256=row["sha256"],
        issued_at=row["issued_at"].timestamp(),
        expires_at=row["expires_at"].timestamp(),
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
