"""INSERT that leaves an existing row alone, on both databases."""

from sqlalchemy import Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

from libs.sql.engine import Database


def insert_or_ignore(database: Database, table: Table) -> Executable:
    """Its parameters are the column values."""
    if database.is_sqlite:
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()
