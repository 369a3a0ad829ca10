"""The ports FileTree and FileMetadata over one database: SQLite or PostgreSQL."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from libs.sql.engine import Database
from libs.sql.migrate import upgrade
from services.catalogue.adapters.files_sql.growing import plant
from services.catalogue.adapters.files_sql.metadata import SqlMetadata
from services.catalogue.adapters.files_sql.tree import SqlTree

MIGRATIONS: Final = Path(__file__).parent / "migrations"
# Searches differ with their conditions, and each is over in less than compiling it takes.
POSTGRESQL_OPTIONS: Final[Mapping[str, str]] = {
    "jit": "off",
    "plan_cache_mode": "force_custom_plan",
    "random_page_cost": "1.1",
}


class SqlFiles(SqlTree, SqlMetadata):
    """What each method promises is written at the port. One per process: threads share it."""

    def ping(self) -> None:
        """Raises DatabaseUnavailable; for readiness checks."""
        self._database.ping()

    def close(self) -> None:
        self._database.dispose()


def open_files_store(url: str) -> SqlFiles:
    """The store in the database at `url`, brought up to date first; of processes that start at once one does
    it. Raises BadDatabaseUrl, DatabaseUnavailable, MigrationsMissing.
    """
    database = Database.open(url, POSTGRESQL_OPTIONS)
    upgrade(database.engine, MIGRATIONS)
    return new_files_store(database)


def new_files_store(database: Database) -> SqlFiles:
    """Over a database that has the tables; puts the root in where it is missing."""
    with database.write() as connection:
        plant(connection)
    return SqlFiles(database)
