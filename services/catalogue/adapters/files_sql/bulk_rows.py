"""Many rows in one statement with one parameter: a fraction of what a parameter for each value costs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    column,
    func,
    select,
    true,
)

from services.catalogue.adapters.files_sql.tables import NAME
from services.catalogue.adapters.files_sql.work import upsert


def insert_rows(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    common: Mapping[str, Any],
    returning: tuple[str, ...],
) -> Sequence[Any]:
    """Of rows that are alike in their columns, texts and numbers all; `common` is in every one of them. What
    is there already by any key stays, and is not among what is returned.
    """
    if not rows:
        return []
    is_sqlite = connection.dialect.name == "sqlite"
    statement = _insertion(table, tuple(rows[0]), tuple(common), returning, is_sqlite)
    return connection.execute(statement, {**common, "rows": json.dumps(rows)}).all()


class Places:
    """A query of entries, narrowed to given pairs of a directory's id and a name."""

    def __init__(self, query: Select[Any], directory: Column[Any], name: Column[Any]) -> None:
        self._statements = {
            is_sqlite: _narrowed(query, directory, name, is_sqlite) for is_sqlite in (True, False)
        }

    def find(self, connection: Connection, places: Iterable[tuple[int, str]]) -> Sequence[Any]:
        """Rows of those that are there."""
        rows = [{"directory": directory, "name": name} for directory, name in places]
        if not rows:
            return []
        statement = self._statements[connection.dialect.name == "sqlite"]
        return connection.execute(statement, {"rows": json.dumps(rows)}).all()


@lru_cache(maxsize=16)
def _insertion(
    table: Table, names: tuple[str, ...], common: tuple[str, ...], returning: tuple[str, ...], is_sqlite: bool
) -> Any:
    """Kept: to make it costs more than to run it."""
    alike = [bindparam(name, type_=table.c[name].type) for name in common]
    query = select(*_given({name: table.c[name].type for name in names}, is_sqlite), *alike)
    # Without a WHERE SQLite's parser takes ON CONFLICT for a part of a join.
    statement = upsert(table, is_sqlite).from_select([*names, *common], query.where(true()))
    return statement.on_conflict_do_nothing().returning(*(table.c[name] for name in returning))


def _narrowed(query: Select[Any], directory: Column[Any], name: Column[Any], is_sqlite: bool) -> Select[Any]:
    columns = _given({"directory": BigInteger(), "name": NAME}, is_sqlite)
    given = select(*columns).subquery("given")
    return query.join(given, and_(directory == given.c.directory, name == given.c.name))


def _given(types: Mapping[str, Any], is_sqlite: bool) -> list[Any]:
    """Columns of the rows that come as JSON."""
    rows: BindParameter[str] = bindparam("rows")
    if is_sqlite:
        row = func.json_each(rows).table_valued("value", name="given_rows")
        return [func.json_extract(row.c.value, f"$.{name}").label(name) for name in types]
    columns = [column(name, kind) for name, kind in types.items()]
    known = func.json_to_recordset(rows).table_valued(*columns, name="given_rows")
    derived = known.render_derived(with_types=True)
    return [derived.c[name] for name in types]
