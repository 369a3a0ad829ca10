"""Numbers of the names that entries carry (owners, groups, storage elements): a name keeps its number."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Select, Table, bindparam, select

from services.catalogue.adapters.files_sql.tables import owner_groups, owners, storage_elements
from services.catalogue.adapters.files_sql.work import insert_new

_NAMES: Final[BindParameter[str]] = bindparam("names", expanding=True)
_LOOK_UP: Final[dict[str, Select[Any]]] = {
    table.name: select(table.c.name, table.c.id).where(table.c.name.in_(_NAMES))
    for table in (owners, owner_groups, storage_elements)
}


def number_of_owner(connection: Connection, name: str) -> int:
    return _numbers(connection, owners, [name], {})[name]


def number_of_group(connection: Connection, name: str) -> int:
    return _numbers(connection, owner_groups, [name], {})[name]


def numbers_of_elements(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    new = {"protocols": "[]", "is_readable": 1, "is_writable": 1}
    return _numbers(connection, storage_elements, names, new)


def _numbers(
    connection: Connection, table: Table, names: Iterable[str], new: dict[str, object]
) -> dict[str, int]:
    """Those that have none yet get one; in order, so that no two transactions wait for each other."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    found = _look_up(connection, table, wanted)
    if missing := [name for name in wanted if name not in found]:
        statement = insert_new(table, connection.dialect.name == "sqlite")
        connection.execute(statement, [{"name": name, **new} for name in missing])
        found.update(_look_up(connection, table, missing))
    return found


def _look_up(connection: Connection, table: Table, names: list[str]) -> dict[str, int]:
    rows = connection.execute(_LOOK_UP[table.name], {"names": names})
    return {row.name: row.id for row in rows}
