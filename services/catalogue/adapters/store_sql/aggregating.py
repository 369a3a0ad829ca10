"""Counting over what a query matches: buckets by value, and metrics."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Subquery, case, func, or_, select

from services.catalogue.adapters.store_sql import tables as t
from services.catalogue.adapters.store_sql.facets import FACETS
from services.catalogue.adapters.store_sql.matching import Condition
from services.catalogue.domain.query.nodes import Metric, Search, Terms

_NEEDED = {
    "sum": ("sum",),
    "avg": ("sum", "count"),
    "value_count": ("count",),
    "min": ("min",),
    "max": ("max",),
}


def aggregate(connection: Connection, search: Search, matching: Condition) -> dict[str, Any]:
    """In the shape that clients read: buckets of key, doc_count and named metrics; metrics as value.

    `matching` is a condition over the facets table.
    """
    answers: dict[str, Any] = {}
    for name, wanted in search.aggregations:
        if isinstance(wanted, Terms):
            answers[name] = _terms(connection, wanted, matching)
        else:
            answers[name] = {"value": _metric_value(connection, wanted, matching)}
    return answers


def _metric_value(connection: Connection, metric: Metric, matching: Condition) -> float | int | None:
    table = t.asset_fields
    numbers = (
        select(
            table.c.asset_id,
            func.sum(table.c.number).label("sum"),
            func.count(table.c.number).label("count"),
            func.min(table.c.number).label("min"),
            func.max(table.c.number).label("max"),
        )
        .join(t.facets, t.facets.c.asset_id == table.c.asset_id)
        .where(table.c.path == metric.path, matching)
        .group_by(table.c.asset_id)
        .subquery()
    )
    return _shown(metric, connection.execute(select(_combined(metric.kind, numbers))).scalar_one())


def _combined(kind: str, numbers: FromClause, suffix: str = "") -> ColumnElement[Any]:
    if kind == "sum":
        return func.coalesce(func.sum(numbers.c[f"sum{suffix}"]), 0.0)
    if kind == "value_count":
        return func.coalesce(func.sum(numbers.c[f"count{suffix}"]), 0)
    if kind == "avg":
        return func.sum(numbers.c[f"sum{suffix}"]) / func.nullif(func.sum(numbers.c[f"count{suffix}"]), 0)
    return func.min(numbers.c[f"min{suffix}"]) if kind == "min" else func.max(numbers.c[f"max{suffix}"])


def _shown(metric: Metric, value: Any) -> float | int | None:
    if value is None:
        return None
    return int(value) if metric.kind == "value_count" else float(value)


def _terms(connection: Connection, wanted: Terms, matching: Condition) -> dict[str, Any]:
    table = t.asset_fields
    # Distinct, because an asset counts once even when it says the same thing twice.
    measured = (
        select(table.c.asset_id, table.c.text, table.c.number)
        .add_columns(
            *(
                _of_asset(kind, metric.path).label(f"{kind}_{number}")
                for number, (_, metric) in enumerate(wanted.metrics)
                for kind in _NEEDED[metric.kind]
            )
        )
        .join(t.facets, t.facets.c.asset_id == table.c.asset_id)
        .where(table.c.path == wanted.path, matching)
        .where(or_(table.c.text.is_not(None), table.c.number.is_not(None)))
        .distinct()
        .subquery()
    )
    metrics = {
        name: _combined(metric.kind, measured, f"_{number}")
        for number, (name, metric) in enumerate(wanted.metrics)
    }
    count = func.count()
    columns = [column.label(f"metric_{number}") for number, column in enumerate(metrics.values())]
    query = (
        select(measured.c.text, measured.c.number, count.label("doc_count"), *columns)
        .add_columns(func.sum(count).over().label("all_documents"))
        .group_by(measured.c.text, measured.c.number)
        .order_by(*_order(wanted, measured, metrics))
        .limit(wanted.size)
    )
    return _buckets(wanted, list(connection.execute(query)))


def _of_asset(kind: str, path: str) -> ColumnElement[Any]:
    """A metric of the asset in the current row; one look-up unless a facet knows."""
    facet = FACETS.get(path)
    if facet is not None and facet.kind in ("whole", "number"):
        if kind != "count":
            return facet.column
        return case((facet.column.is_(None), 0), else_=1)
    table = t.asset_fields.alias()
    function = getattr(func, kind)
    here = (table.c.path == path, table.c.asset_id == t.facets.c.asset_id)
    return select(function(table.c.number)).where(*here).scalar_subquery()


def _order(wanted: Terms, values: Subquery, metrics: dict[str, ColumnElement[Any]]) -> list[Any]:
    keys: list[Any] = []
    for name, descending in wanted.order:
        columns = [values.c.text, values.c.number] if name == "_key" else [metrics.get(name, func.count())]
        for column in columns:
            keys.append(column.desc().nulls_last() if descending else column.asc().nulls_last())
    return [*keys, values.c.text.asc().nulls_last(), values.c.number.asc().nulls_last()]


def _buckets(wanted: Terms, rows: list[Any]) -> dict[str, Any]:
    buckets: list[dict[str, Any]] = []
    for row in rows:
        bucket: dict[str, Any] = {"key": _key(row), "doc_count": row.doc_count}
        for number, (name, metric) in enumerate(wanted.metrics):
            bucket[name] = {"value": _shown(metric, getattr(row, f"metric_{number}"))}
        buckets.append(bucket)
    total = int(rows[0].all_documents) if rows else 0
    others = total - sum(int(bucket["doc_count"]) for bucket in buckets)
    return {"doc_count_error_upper_bound": 0, "sum_other_doc_count": others, "buckets": buckets}


def _key(row: Any) -> Any:
    if row.text is not None:
        return row.text
    number = float(row.number)
    return int(number) if number.is_integer() and abs(number) < 1e15 else number
