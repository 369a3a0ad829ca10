"""Empty databases with a service's tables, for tests that are not about migrating."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from libs.sql import migrate

WRITES = ("ALTER", "CREATE", "DELETE", "DROP", "INSERT", "UPDATE")
_statements: dict[tuple[str, Path], list[tuple[str, Any]]] = {}


def upgrade(engine: Engine, location: Path) -> None:
    """As `libs.sql.migrate.upgrade`; on an empty database the second time on it is a fraction of the work.

    What Alembic executed on the first empty database of a kind is executed again on the others.
    """
    known = (engine.dialect.name, location)
    if migrate.current(engine) is not None:
        migrate.upgrade(engine, location)
    elif known in _statements:
        with engine.begin() as connection:
            for statement, parameters in _statements[known]:
                connection.exec_driver_sql(statement, parameters)
    else:
        _statements[known] = _executed(engine, location)


def _executed(engine: Engine, location: Path) -> list[tuple[str, Any]]:
    statements: list[tuple[str, Any]] = []

    def keep(_: Connection, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if statement.lstrip().upper().startswith(WRITES):
            statements.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        migrate.upgrade(engine, location)
    finally:
        event.remove(Engine, "before_cursor_execute", keep)
    return statements
