"""INSERT that leaves an existing row alone, or replaces its values, on both databases."""

from typing import Any

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

from libs.sql.engine import Database


def insert_or_ignore(database: Database, table: Table) -> Executable:
    """Built once per table; its parameters are the column values.

    RETURNING tells a new row from an old one: drivers disagree on the row count of this statement.
    """
    key = table.primary_key.columns[0]
    if database.is_sqlite:
        return sqlite.insert(table).on_conflict_do_nothing().returning(key)
    return postgresql.insert(table).on_conflict_do_nothing().returning(key)


def was_inserted(connection: Connection, statement: Executable, row: dict[str, Any]) -> bool:
    """Whether the row is new; the database decides, whatever others do at the same time."""
    return connection.execute(statement, row).first() is not None


def upsert(database: Database, table: Table, *names: str) -> Executable:
    """Insert, or set the columns `names` (all others when none are named) of the row with that key."""
    insert = sqlite.insert(table) if database.is_sqlite else postgresql.insert(table)
    keys = [column.name for column in table.primary_key.columns]
    changed = names or [column.name for column in table.columns if column.name not in keys]
    return insert.on_conflict_do_update(
        index_elements=keys, set_={name: insert.excluded[name] for name in changed}
    )
