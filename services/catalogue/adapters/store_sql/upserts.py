"""INSERT ... ON CONFLICT for whichever of the two databases is in use."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: Connection, table: Table) -> Any:
    """An insert that has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def put(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Insert `row`, or replace every other column of the row with the same primary key."""
    keys = [column.name for column in table.primary_key.columns]
    statement = insert(connection, table).values(**row)
    rest = {name: statement.excluded[name] for name in row if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))


def put_new(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert `row` unless its primary key is taken; says whether it was inserted."""
    statement = insert(connection, table).values(**row).on_conflict_do_nothing()
    return wrote(connection, statement, table)


def wrote(connection: Connection, statement: Any, table: Table) -> bool:
    """Run an insert; says whether it touched its row. (The row count of an insert is -1 on PostgreSQL.)"""
    key = next(iter(table.primary_key.columns))
    return connection.execute(statement.returning(key)).first() is not None
