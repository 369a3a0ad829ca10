"""Many rows in one statement with one parameter: a fraction of what a parameter for each value costs."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, column, func, literal_column, select

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
    statement = _statement(table, tuple(rows[0]), tuple(common), returning, is_sqlite)
    return connection.execute(statement, {**common, "rows": json.dumps(rows)}).all()


@lru_cache(maxsize=16)
def _statement(
    table: Table, names: tuple[str, ...], common: tuple[str, ...], returning: tuple[str, ...], is_sqlite: bool
) -> Any:
    """Kept: to make it costs more than to run it."""
    values = _of_sqlite(names) if is_sqlite else _of_postgresql(table, names)
    alike = [bindparam(name, type_=table.c[name].type) for name in common]
    query = select(*values, *alike)
    if is_sqlite:  # else its parser takes ON CONFLICT for a part of the join
        query = query.where(literal_column("1") == literal_column("1"))
    statement = upsert(table, is_sqlite).from_select([*names, *common], query)
    return statement.on_conflict_do_nothing().returning(*(table.c[name] for name in returning))


def _of_sqlite(names: tuple[str, ...]) -> list[Any]:
    row = func.json_each(bindparam("rows")).table_valued("value", name="given")
    return [func.json_extract(row.c.value, f"$.{name}") for name in names]


def _of_postgresql(table: Table, names: tuple[str, ...]) -> list[Any]:
    columns = [column(name, table.c[name].type) for name in names]
    given = func.json_to_recordset(bindparam("rows")).table_valued(*columns, name="given")
    row = given.render_derived(with_types=True)
    return [row.c[name] for name in names]
