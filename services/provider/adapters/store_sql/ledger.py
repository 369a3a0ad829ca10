"""The nonce ledger in SQL: one row per scope and address, one statement per use."""

from libs.sql.engine import Database
from services.provider.adapters.store_sql.single import SingleStatement
from services.provider.domain.nonces import NonceTooLow, sort_key

# One statement decides: of any number of simultaneous uses the database lets exactly one through, on
# SQLite and PostgreSQL alike. RETURNING tells winner from loser; the loser's WHERE is false and no row comes.
_CONSUME = (
    "INSERT INTO nonces (scope, address, nonce, sort_key) VALUES (:scope, :address, :nonce, :sort_key)"
    " ON CONFLICT (scope, address) DO UPDATE SET nonce = excluded.nonce, sort_key = excluded.sort_key"
    " WHERE nonces.sort_key < excluded.sort_key RETURNING nonce"
)
_LAST = "SELECT nonce FROM nonces WHERE scope = :scope AND address = :address"


class SqlNonceLedger:
    """A NonceLedger. Thread-safe; any number of processes may share the database."""

    def __init__(self, database: Database) -> None:
        self._consume = SingleStatement(database, _CONSUME, writes=True)
        self._last = SingleStatement(database, _LAST, writes=False)

    def last(self, scope: str, address: str) -> str | None:
        found = self._last.row({"scope": scope, "address": address})
        return None if found is None else str(found[0])

    def consume(self, scope: str, address: str, nonce: str) -> None:
        row = {"scope": scope, "address": address, "nonce": nonce, "sort_key": sort_key(nonce)}
        if self._consume.row(row) is None:
            raise NonceTooLow(self.last(scope, address) or "", nonce)
