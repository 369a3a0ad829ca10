"""The nonce ledger in SQL: one row per scope and address, one statement per use."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, text

from libs.sql.engine import Database
from libs.sql.errors import DatabaseUnavailable
from services.provider.domain.nonces import LedgerUnavailable, NonceTooLow, sort_key

Value = TypeVar("Value")

# One statement decides: of any number of simultaneous uses the database lets exactly one through, on
# SQLite and PostgreSQL alike. RETURNING tells winner from loser; the loser's WHERE is false and no row comes.
_CONSUME = text(
    "INSERT INTO nonces (scope, address, nonce, sort_key) VALUES (:scope, :address, :nonce, :sort_key)"
    " ON CONFLICT (scope, address) DO UPDATE SET nonce = excluded.nonce, sort_key = excluded.sort_key"
    " WHERE nonces.sort_key < excluded.sort_key RETURNING nonce"
)
_LAST = text("SELECT nonce FROM nonces WHERE scope = :scope AND address = :address")


class SqlNonceLedger:
    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self, scope: str, address: str) -> str | None:
        row = {"scope": scope, "address": address}

        def select(connection: Connection) -> object:
            return connection.execute(_LAST, row).scalar()

        found = _available(lambda: self._database.run_read(select))
        return None if found is None else str(found)

    def consume(self, scope: str, address: str, nonce: str) -> None:
        row = {"scope": scope, "address": address, "nonce": nonce, "sort_key": sort_key(nonce)}

        def use_up(connection: Connection) -> bool:
            return connection.execute(_CONSUME, row).scalar() is not None

        # A statement that lost to a concurrent one was rolled back whole: running it again is safe.
        if not _available(lambda: self._database.run_write(use_up)):
            raise NonceTooLow(self.last(scope, address) or "", nonce)


def _available(work: Callable[[], Value]) -> Value:
    try:
        return work()
    except DatabaseUnavailable as error:
        raise LedgerUnavailable from error
