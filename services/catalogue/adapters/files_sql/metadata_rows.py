"""What all parts of the metadata store share: fields by name, values as rows, conditions as SQL."""

import json
from collections.abc import Iterable, Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    func,
    select,
)

from services.catalogue.adapters.files_sql.tables import (
    directory_values,
    fields,
    file_parameters,
    file_values,
)
from services.catalogue.adapters.files_sql.work import insert_all
from services.catalogue.domain.files.errors import Conflict, NotThere
from services.catalogue.domain.files.fields import Condition, Field, FieldType, Level, Operator, Value
from services.catalogue.domain.files.lfn import vo_of
from services.catalogue.domain.files.values import fitting, free

_FIELDS: Final = select(fields.c.id, fields.c.name, fields.c.type, fields.c.level).where(
    fields.c.vo == bindparam("vo")
)
_LEVELS: Final = {level.value: level for level in Level}
_TYPES: Final = {kind.value: kind for kind in FieldType}
COLUMNS: Final[Mapping[FieldType, str]] = {
    FieldType.INT: "whole",
    FieldType.FLOAT: "number",
    FieldType.STRING: "text",
    FieldType.DATE: "text",
}
_PYTHON: Final[Mapping[str, type]] = {"whole": int, "number": float, "text": str}
VALUES: Final[Mapping[Level, Table]] = {Level.DIRECTORY: directory_values, Level.FILE: file_values}
_EMPTY: Final[Mapping[str, Any]] = dict.fromkeys(("whole", "number", "text"))
_ESCAPED: Final = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_", "*": "%", "?": "_"})


class Declared(NamedTuple):
    """A field and the number its values have."""

    id: int
    field: Field

    @property
    def column(self) -> str:
        return COLUMNS[self.field.type]

    def takes(self, value: Value) -> bool:
        """Whether it is of the field's type."""
        return type(value) is _PYTHON[self.column]


def vo_at(path: str) -> str:
    """Raises NotThere for the root, which belongs to nobody."""
    vo = vo_of(path)
    if vo is None:
        raise NotThere("Metadata begins below /")
    return vo


def metadata_lock(vo: str) -> str:
    """Who writes values of directories or declares fields owns it; who writes values of files shares it."""
    return f"metadata {vo}"


def fields_of(connection: Connection, vo: str) -> dict[str, Declared]:
    """By name."""
    return {
        name: Declared(number, Field(name, _TYPES[kind], _LEVELS[level]))
        for number, name, kind, level in connection.execute(_FIELDS, {"vo": vo})
    }


def stored(declared: Declared, value: Value) -> dict[str, Any]:
    """The columns of a value."""
    return {**_EMPTY, declared.column: value}


def value_of(kind: FieldType, whole: int | None, number: float | None, text: str | None) -> Value:
    found: Mapping[str, Value | None] = {"whole": whole, "number": number, "text": text}
    value = found[COLUMNS[kind]]
    if value is None:
        raise LookupError(f"a value of type {kind} has none")
    return value


def sorted_out(
    known: Mapping[str, Declared], level: Level, values: Mapping[str, object]
) -> tuple[list[tuple[Declared, Value]], dict[str, Value]]:
    """Values of declared fields, and parameters. Raises InvalidValue, Conflict."""
    typed, parameters = [], {}
    for name, raw in values.items():
        declared = known.get(name)
        if declared is None:
            parameters[name] = free(name, raw)
            continue
        value = fitting(declared.field, raw)
        if declared.field.level is not level:
            raise Conflict(f"{name} is a field of {_PLURAL[declared.field.level]}")
        typed.append((declared, value))
    return typed, parameters


_PLURAL: Final = {Level.DIRECTORY: "directories", Level.FILE: "files"}


def write_new_file_values(
    connection: Connection, rows: Sequence[tuple[int, str, Mapping[str, Value]]]
) -> None:
    """Of files that had none yet: their id, LFN and values. Raises InvalidValue, Conflict (a field was
    declared otherwise since the values were checked).
    """
    known: dict[str, dict[str, Declared]] = {}
    found: list[dict[str, Any]] = []
    parameters: list[dict[str, Any]] = []
    for file_id, lfn, values in rows:
        if not values:
            continue
        vo = vo_at(lfn)
        if vo not in known:
            known[vo] = fields_of(connection, vo)
        typed, free_ones = sorted_out(known[vo], Level.FILE, values)
        found += ({"field_id": one.id, "file_id": file_id, **stored(one, value)} for one, value in typed)
        parameters += (
            {"file_id": file_id, "name": name, "value": write_parameter(value)}
            for name, value in free_ones.items()
        )
    insert_all(connection, file_values, found)
    insert_all(connection, file_parameters, parameters)


def write_parameter(value: Value) -> str:
    return json.dumps(value)


def read_parameter(text: str) -> Value:
    value: Value = json.loads(text)
    return value


def holds(
    table: Any, declared: Declared, conditions: Iterable[Condition], *, is_sqlite: bool
) -> ColumnElement[bool]:
    """Of a row of `table` (directory_values, file_values or an alias) that it is a value of the field for
    which all of `conditions` hold. MISSING is not asked here.
    """
    column = table.c[declared.column]
    clauses = [table.c.field_id == declared.id]
    clauses += [
        compared(column, condition.operator, condition.values, is_sqlite=is_sqlite)
        for condition in conditions
        if is_telling(condition)
    ]
    return and_(*clauses)


def is_telling(condition: Condition) -> bool:
    """Whether it says more than that there is a value."""
    if condition.operator in (Operator.EXISTS, Operator.MISSING):
        return False
    return bool(condition.values) or condition.operator is not Operator.NOT_IN


def is_never(condition: Condition) -> bool:
    return condition.operator is Operator.IN and not condition.values


def compared(
    column: Column[Any] | ColumnElement[Any], operator: Operator, values: Sequence[Any], *, is_sqlite: bool
) -> ColumnElement[bool]:
    """What `operator` says of `column`."""
    if operator is Operator.IN:
        return column.in_(values)
    if operator is Operator.NOT_IN:
        return column.not_in(values)
    value = values[0]
    if operator is Operator.LIKE:
        # Not LIKE: SQLite's takes no notice of case.
        if is_sqlite:
            return func.glob(value.replace("[", "[[]"), column, type_=Boolean)
        return column.like(value.translate(_ESCAPED), escape="\\")
    found: ColumnElement[bool] = _COMPARE[operator](column, value)
    return found


_COMPARE: Final[Mapping[Operator, Any]] = {
    Operator.EQ: eq,
    Operator.NE: ne,
    Operator.LT: lt,
    Operator.GT: gt,
    Operator.LE: le,
    Operator.GE: ge,
}
