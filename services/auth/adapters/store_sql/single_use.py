"""The port SingleUse over one database: values that count once."""

from hashlib import sha256

from sqlalchemy import Connection, bindparam, delete, select, update

from libs.sql.engine import Database
from services.auth.adapters.store_sql.inserts import insert_or_ignore, was_inserted
from services.auth.adapters.store_sql.oauth_tables import single_use
from services.auth.adapters.store_sql.work import moment, write
from services.auth.ports import Clock

PURGE_ROWS = 100
PURGE_AFTER_SECONDS = 3600.0  # clocks of other machines may be behind


class SqlSingleUse:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        columns = single_use.c
        self._insert = insert_or_ignore(database, single_use)
        self._spend = (
            update(single_use)
            .where(
                columns.purpose == bindparam("purpose_is"),
                columns.value_hash == bindparam("value_is"),
                columns.used_at.is_(None),
                columns.expires_at > bindparam("moment"),
            )
            .values(used_at=bindparam("moment"))
        )
        old = (
            select(columns.value_hash)
            .where(columns.expires_at < bindparam("before"))
            .limit(bindparam("most"))
            .scalar_subquery()
        )
        self._purge = delete(single_use).where(
            columns.value_hash.in_(old), columns.expires_at < bindparam("before")
        )

    def issue(self, purpose: str, value: str, expires_at: float) -> None:
        self._add(purpose, value, expires_at, None)

    def spend(self, purpose: str, value: str, now: float) -> bool:
        values = {"purpose_is": purpose, "value_is": _hash(value), "moment": moment(now)}
        return write(self._database, lambda connection: connection.execute(self._spend, values).rowcount == 1)

    def spend_foreign(self, purpose: str, value: str, expires_at: float) -> bool:
        return self._add(purpose, value, expires_at, self._clock.now())

    def _add(self, purpose: str, value: str, expires_at: float, used_at: float | None) -> bool:
        """Rows only ever come from here, so this is where old ones go again."""
        row = {
            "purpose": purpose,
            "value_hash": _hash(value),
            "expires_at": moment(expires_at),
            "used_at": None if used_at is None else moment(used_at),
        }
        before = moment(self._clock.now() - PURGE_AFTER_SECONDS)

        def work(connection: Connection) -> bool:
            connection.execute(self._purge, {"before": before, "most": PURGE_ROWS})
            return was_inserted(connection, self._insert, row)

        return write(self._database, work)


def _hash(value: str) -> str:
    return sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
