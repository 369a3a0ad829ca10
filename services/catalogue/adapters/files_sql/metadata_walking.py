"""A field's distinct values, from each to the next along its index: equal ones are stepped over."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, literal, select

from services.catalogue.adapters.files_sql.metadata_rows import VALUES, Declared
from services.catalogue.adapters.files_sql.tables import files
from services.catalogue.domain.files.fields import Level, Value

Fits = Callable[[Any], ColumnElement[bool]]  # of a column with ids of directories


def walked(declared: Declared, fits: Fits | None, tried: int, most: int) -> Select[Any]:
    """The first `most` values, ascending, and whether one of the first `tried` directories that carry it fits
    (without `fits` all do).
    """
    values = VALUES[declared.field.level]
    start, after = values.alias(), values.alias()
    first = _following(start, declared, start.c[declared.column].is_not(None))
    walk = select(first.scalar_subquery().label("value")).cte("walk", recursive=True)
    following = _following(after, declared, after.c[declared.column] > walk.c.value).correlate(walk)
    walk = walk.union_all(select(following.scalar_subquery()).where(walk.c.value.is_not(None)))
    told = literal(1) if fits is None else is_carried(declared, walk.c.value, fits, tried, walk)
    return select(walk.c.value, told).where(walk.c.value.is_not(None)).limit(most)


def is_carried(
    declared: Declared, value: ColumnElement[Any], fits: Fits, tried: int, *outer: Any
) -> ColumnElement[bool]:
    """That one of the first `tried` directories with `value` (or with files that have it) fits."""
    some = _places(declared, value).limit(tried)
    places = (some.correlate(*outer) if outer else some).subquery()
    return exists(select(1).select_from(places).where(fits(places.c.id)))


def is_carried_by_more(declared: Declared, value: Value, tried: int) -> ColumnElement[bool]:
    """That there are more than `tried`."""
    return exists(select(1).select_from(_places(declared, literal(value)).offset(tried).limit(1).subquery()))


def _following(values: Any, declared: Declared, condition: ColumnElement[bool]) -> Select[Any]:
    column = values.c[declared.column]
    return select(column).where(values.c.field_id == declared.id, condition).order_by(column).limit(1)


def _places(declared: Declared, value: ColumnElement[Any]) -> Select[Any]:
    values = VALUES[declared.field.level].alias()
    wanted = and_(values.c.field_id == declared.id, values.c[declared.column] == value)
    if declared.field.level is Level.DIRECTORY:
        return select(values.c.directory_id.label("id")).where(wanted)
    placed = values.join(files, files.c.id == values.c.file_id)
    return select(files.c.directory_id.label("id")).select_from(placed).where(wanted)
