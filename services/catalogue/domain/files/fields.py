"""Metadata: declared fields with a type and a level, conditions on them, named bundles of conditions."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Value = int | float | str  # dates are texts, `YYYY-MM-DD HH:MM:SS` in UTC


class Level(StrEnum):
    """A name belongs to one level only (contract 3.5)."""

    DIRECTORY = "directory"
    FILE = "file"


class FieldType(StrEnum):
    INT = "int"
    FLOAT = "float"
    STRING = "string"
    DATE = "date"
    METASET = "metaset"


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: FieldType
    level: Level


class Operator(StrEnum):
    """As they stand before the `|` (contract 3.2)."""

    EQ = "="
    NE = "!="
    LT = "<"
    GT = ">"
    LE = "<="
    GE = ">="
    IN = "in"
    NOT_IN = "nin"
    LIKE = "like"  # `*` and `?`
    EXISTS = "exists"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Condition:
    """`values`: one, several of IN and NOT_IN, none of EXISTS and MISSING; of the field's type. `field` is a
    declared field's name, or one of the standard keys of files (domain/files/standard.py).
    """

    field: str
    operator: Operator
    values: tuple[Value, ...]


class Origin(StrEnum):
    """Where a directory has a value from (contract 3.6)."""

    OWN = "OwnMetadata"
    PARENT = "ParentMetadata"
    PARAMETER = "OwnParameter"  # not declared: kept, not searched


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of one directory or file by its fields."""

    values: Mapping[str, Value]
    origins: Mapping[str, Origin]


@dataclass(frozen=True, slots=True)
class Match:
    """A directory that fits; `files` and `bytes` of everything below it."""

    path: str
    files: int
    bytes: int
