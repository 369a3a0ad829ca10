"""Runs a whole search: which assets, in which order, how many, and the counts around them."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Row, UnaryExpression, bindparam, func, select

from libs.sql.engine import Database
from services.catalogue.adapters.store_sql import aggregating, scoring
from services.catalogue.adapters.store_sql import tables as t
from services.catalogue.adapters.store_sql.facets import FACETS
from services.catalogue.adapters.store_sql.matching import Matcher
from services.catalogue.domain.query.nodes import Search, SortKey
from services.catalogue.ports import Hit, SearchResult

BODIES = 50  # fetched at a time: a page of thousands must not stand in memory at once

_BODIES = select(t.assets.c.id, t.assets.c.body).where(t.assets.c.id.in_(bindparam("ids", expanding=True)))


def search(database: Database, wanted: Search) -> SearchResult:
    matcher = Matcher(sqlite=database.is_sqlite)
    with database.read() as connection:
        rows = _page(connection, matcher, wanted) if wanted.size else []
        counted = rows[0].matched if rows else _count(connection, matcher, wanted)
        aggregations = aggregating.aggregate(connection, wanted, matcher.condition(wanted.node))
    best = None
    if wanted.scored and not wanted.sort and rows and wanted.start == 0:
        best = rows[0].score
    return SearchResult(int(counted), best, _hits(database, wanted, rows), aggregations)


def _count(connection: Connection, matcher: Matcher, wanted: Search) -> int:
    query = select(func.count()).select_from(t.facets).where(matcher.condition(wanted.node))
    return int(connection.execute(query).scalar_one())


def _page(connection: Connection, matcher: Matcher, wanted: Search) -> Sequence[Row[Any]]:
    source: FromClause = t.facets
    columns: list[ColumnElement[Any]] = [t.facets.c.asset_id, t.facets.c.did]
    order: list[Any] = []
    score: ColumnElement[Any] | None = None
    if wanted.scored:
        plan = scoring.plan(connection, matcher, wanted.node)
        source, condition = plan.source, plan.condition
        score = plan.score.label("score")
        columns.append(score)
    else:
        condition = matcher.condition(wanted.node)
    for number, key in enumerate(wanted.sort or (SortKey(None, descending=True),)):
        if key.path is not None:
            source, key_columns, key_order = _sort_key(source, number, key)
            columns.extend(key_columns)
            order.extend(key_order)
        elif score is not None:
            order.append(score.desc() if key.descending else score.asc())
    columns.append(func.count().over().label("matched"))
    query = select(*columns).select_from(source).where(condition).order_by(*order, t.facets.c.did)
    return connection.execute(query.limit(wanted.size).offset(wanted.start)).all()


def _sort_key(
    source: FromClause, number: int, key: SortKey
) -> tuple[FromClause, list[ColumnElement[Any]], list[Any]]:
    """Of several values the lowest counts in rising order, the highest in falling; missing ones come last."""
    if (facet := FACETS.get(key.path or "")) is not None and facet.kind != "truth":
        value = facet.column.label(f"{'text' if facet.kind == 'text' else 'number'}_{number}")
        return source, [value], [_directed(facet.column, key)]
    best = func.max if key.descending else func.min
    table = t.asset_fields
    values = (
        select(table.c.asset_id, best(table.c.number).label("number"), best(table.c.text).label("text"))
        .where(table.c.path == key.path)
        .group_by(table.c.asset_id)
        .subquery()
    )
    joined = source.outerjoin(values, values.c.asset_id == t.facets.c.asset_id)
    columns: list[ColumnElement[Any]] = [
        values.c.number.label(f"number_{number}"),
        values.c.text.label(f"text_{number}"),
    ]
    return joined, columns, [_directed(column, key) for column in (values.c.number, values.c.text)]


def _directed(column: ColumnElement[Any], key: SortKey) -> UnaryExpression[Any]:
    return (column.desc() if key.descending else column.asc()).nulls_last()


def _hits(database: Database, wanted: Search, rows: Sequence[Row[Any]]) -> Iterator[Hit]:
    """Lazy: documents are read while the answer goes out. One that vanishes meanwhile is left out."""
    for start in range(0, len(rows), BODIES):
        chunk = rows[start : start + BODIES]
        with database.read() as connection:
            found = {
                row.id: bytes(row.body)
                for row in connection.execute(_BODIES, {"ids": [row.asset_id for row in chunk]})
            }
        for row in chunk:
            if row.asset_id in found:
                yield Hit(row.did, found[row.asset_id], _score(wanted, row), _sort_values(wanted, row))


def _score(wanted: Search, row: Row[Any]) -> float | None:
    return float(row.score) if wanted.scored else None


def _sort_values(wanted: Search, row: Row[Any]) -> tuple[Any, ...] | None:
    if not wanted.sort:
        return None
    values: list[Any] = []
    for number, key in enumerate(wanted.sort):
        if key.path is None:
            values.append(_score(wanted, row))
            continue
        value = getattr(row, f"number_{number}", None)
        values.append(getattr(row, f"text_{number}", None) if value is None else value)
    return tuple(values)
