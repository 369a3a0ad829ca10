"""A field's distinct values, from each to the next along its index: equal ones are stepped over."""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    literal,
    select,
)

from services.catalogue.adapters.files_sql.metadata_rows import VALUES, Declared
from services.catalogue.adapters.files_sql.tables import files
from services.catalogue.domain.files.fields import Level, Value

Fits = Callable[[Any], ColumnElement[bool]]  # of a column with ids of directories
FIELD: Final[BindParameter[int]] = bindparam("field", type_=BigInteger)  # its id


def walked(level: Level, column: str, fits: Fits | None, tried: int, most: int) -> Select[Any]:
    """The first `most` values that the field FIELD has in `column`, ascending, and whether one of the first
    `tried` directories that carry it fits (without `fits` all do).
    """
    values = VALUES[level]
    start, after = values.alias(), values.alias()
    first = _following(start, column, start.c[column].is_not(None))
    walk = select(first.scalar_subquery().label("value")).cte("walk", recursive=True)
    following = _following(after, column, after.c[column] > walk.c.value).correlate(walk)
    walk = walk.union_all(select(following.scalar_subquery()).where(walk.c.value.is_not(None)))
    told: ColumnElement[Any] = literal(1)
    if fits is not None:
        told = _fits_some(_places(level, column, FIELD, walk.c.value).limit(tried).correlate(walk), fits)
    return select(walk.c.value, told).where(walk.c.value.is_not(None)).limit(most)


def is_carried(declared: Declared, value: Value, fits: Fits, tried: int) -> ColumnElement[bool]:
    """That one of the first `tried` directories with `value` (or with files that have it) fits."""
    return _fits_some(_places_of(declared, value).limit(tried), fits)


def is_carried_by_more(declared: Declared, value: Value, tried: int) -> ColumnElement[bool]:
    """That there are more than `tried`."""
    return exists(select(1).select_from(_places_of(declared, value).offset(tried).limit(1).subquery()))


def _fits_some(some: Select[Any], fits: Fits) -> ColumnElement[bool]:
    places = some.subquery()
    return exists(select(1).select_from(places).where(fits(places.c.id)))


def _following(values: Any, name: str, condition: ColumnElement[bool]) -> Select[Any]:
    column = values.c[name]
    return select(column).where(values.c.field_id == FIELD, condition).order_by(column).limit(1)


def _places_of(declared: Declared, value: Value) -> Select[Any]:
    return _places(declared.field.level, declared.column, literal(declared.id), literal(value))


def _places(level: Level, column: str, field: ColumnElement[Any], value: ColumnElement[Any]) -> Select[Any]:
    values = VALUES[level].alias()
    wanted = and_(values.c.field_id == field, values.c[column] == value)
    if level is Level.DIRECTORY:
        return select(values.c.directory_id.label("id")).where(wanted)
    placed = values.join(files, files.c.id == values.c.file_id)
    return select(files.c.directory_id.label("id")).select_from(placed).where(wanted)
