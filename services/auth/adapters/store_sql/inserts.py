"""INSERT that leaves an existing row alone, on both databases."""

from typing import Any

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

from libs.sql.engine import Database


def insert_or_ignore(database: Database, table: Table) -> Executable:
    """Built once per table; its parameters are the column values."""
    if database.is_sqlite:
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def was_inserted(connection: Connection, statement: Executable, row: dict[str, Any]) -> bool:
    """Whether the row is new; the database decides, whatever others do at the same time."""
    return connection.execute(statement, row).rowcount == 1
