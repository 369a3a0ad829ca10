"""The port JobStore over one database: SQLite or PostgreSQL."""

from pathlib import Path
from typing import Final

from libs.sql.engine import Database
from libs.sql.migrate import upgrade
from services.compute.adapters.store_sql.claiming import SqlClaiming
from services.compute.adapters.store_sql.errands import SqlErrands
from services.compute.adapters.store_sql.keyvalue import SqlKeyValue
from services.compute.adapters.store_sql.ledger import SqlLedger
from services.compute.adapters.store_sql.objects import SqlObjectBook
from services.compute.adapters.store_sql.outbox import SqlOutbox
from services.compute.adapters.store_sql.sheets import SqlSheets
from services.compute.adapters.store_sql.slices import SqlSlices
from services.compute.adapters.store_sql.spent import SqlSpent
from services.compute.adapters.store_sql.upkeep import SqlUpkeep
from services.compute.adapters.store_sql.usage import SqlUsage
from services.compute.adapters.store_sql.workflow_submitting import SqlWorkflows
from services.compute.domain.job import KEEP_SECONDS
from services.compute.domain.slices import MOST_SLICES

MIGRATIONS: Final = Path(__file__).parent / "migrations"


class SqlJobStore(SqlWorkflows, SqlClaiming, SqlUpkeep, SqlSpent):
    """What each method promises is written at the port. One per process: threads share it."""

    def __init__(
        self, database: Database, keep_seconds: float = KEEP_SECONDS, most_slices: int = MOST_SLICES
    ) -> None:
        super().__init__(database, keep_seconds, most_slices)
        self.objects = SqlObjectBook(database)
        self.errands = SqlErrands(database)
        self.outbox = SqlOutbox(database)
        self.usage = SqlUsage(database)
        self.keys = SqlKeyValue(database)
        self.sheets = SqlSheets(database)
        self.slices = SqlSlices(database, keep_seconds, most_slices)
        self.ledger = SqlLedger(database)

    def close(self) -> None:
        self._database.dispose()


def open_store(url: str, keep_seconds: float = KEEP_SECONDS, most_slices: int = MOST_SLICES) -> SqlJobStore:
    """The store in the database at `url`, brought up to date first; of processes that start at once one does
    it. Raises BadDatabaseUrl, DatabaseUnavailable, MigrationsMissing.
    """
    database = Database.open(url)
    upgrade(database.engine, MIGRATIONS)
    return SqlJobStore(database, keep_seconds, most_slices)
