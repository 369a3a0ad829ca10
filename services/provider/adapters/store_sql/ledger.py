"""The nonce ledger in SQL: one row per scope and address, one statement per use."""

from sqlalchemy import text

from libs.sql.engine import Database
from services.provider.domain.nonces import NonceTooLow, sort_key

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
        with self._database.read() as connection:
            found = connection.execute(_LAST, {"scope": scope, "address": address}).scalar()
        return None if found is None else str(found)

    def consume(self, scope: str, address: str, nonce: str) -> None:
        row = {"scope": scope, "address": address, "nonce": nonce, "sort_key": sort_key(nonce)}
        with self._database.write() as connection:
            won = connection.execute(_CONSUME, row).scalar() is not None
        if not won:
            raise NonceTooLow(self.last(scope, address) or "", nonce)
