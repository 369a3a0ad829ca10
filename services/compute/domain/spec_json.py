"""A spec as a JSON document, and back: what the database keeps and what the native window shows.

The document has every field by its own name; the shapes come from the dataclasses, so none can be forgotten.
Whether a spec makes sense is no question here: domain/spec_check.py answers it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from services.compute.domain.errors import BadSpec
from services.compute.domain.spec import Spec

T = TypeVar("T")
Problems = list[tuple[str, str]]
Reader = Callable[[Any, str, Problems], Any]
"""Makes a value of a document's part; what is wrong is added to the problems by its JSON pointer."""

_LARGEST_NUMBER = 10**300  # beyond it an integer is no float any more
_LEAVES = frozenset({str, int, float, bool, NoneType})
_WORDS: Mapping[type, str] = {str: "a text", bool: "true or false", int: "a whole number"}


def encode(spec: Spec) -> dict[str, Any]:
    """Plain dicts, lists, texts and numbers. `decode` gives an equal spec."""
    document: dict[str, Any] = _plain(spec)
    return document


def decode(document: Any) -> Spec:
    """Fields that are left out have their defaults. Raises BadSpec with every problem at once."""
    return decode_as(Spec, document)


def decode_as(kind: type[T], document: Any, path: str = "") -> T:
    """As decode, for one part of a spec (`Role`, `Task`, ...) that stands at the JSON pointer `path`."""
    problems: Problems = []
    value: T = _reader(kind)(document, path, problems)
    if problems:
        raise BadSpec(problems)
    return value


def canonical_bytes(spec: Spec) -> bytes:
    """ASCII JSON, the same for equal specs: for fingerprints and for keeping."""
    return json.dumps(encode(spec), sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _plain(value: Any) -> Any:
    kind: Any = type(value)
    if kind in _LEAVES:
        return value
    if isinstance(value, Enum):
        return value.value
    if names := _field_names(kind):
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value


def _reader(kind: Any) -> Reader:
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass_reader(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:  # always `... | None` here
        (given,) = (argument for argument in arguments if argument is not NoneType)
        return _optional(_reader(given))
    if origin in (tuple, frozenset):
        return _list_reader(origin, _reader(arguments[0]))
    if origin is Mapping:
        return _read_texts
    if kind is float:
        return _read_float
    return _enum_reader(kind) if issubclass(kind, Enum) else _exactly(kind)


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    """Of a dataclass; none of anything else."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


@cache
def _dataclass_reader(kind: type) -> Reader:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}
    required = [field.name for field in fields(kind) if _is_required(field)]

    def read(value: Any, path: str, problems: Problems) -> Any:
        if type(value) is not dict:
            problems.append((path, "must be an object"))
            return None
        before = len(problems)
        problems.extend((pointer(path, name), "is missing") for name in required if name not in value)
        problems.extend((pointer(path, name), "is not known here") for name in value if name not in readers)
        given = {
            name: readers[name](part, pointer(path, name), problems)
            for name, part in value.items()
            if name in readers
        }
        return None if len(problems) > before else kind(**given)

    return read


def pointer(path: str, part: str | int) -> str:
    """The JSON pointer (RFC 6901) of a member or an item."""
    return f"{path}/{str(part).replace('~', '~0').replace('/', '~1')}"


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _optional(read: Reader) -> Reader:
    return lambda value, path, problems: None if value is None else read(value, path, problems)


def _list_reader(kind: Any, read_one: Reader) -> Reader:
    def read(value: Any, path: str, problems: Problems) -> Any:
        if type(value) is not list:
            problems.append((path, "must be a list"))
            return None
        before = len(problems)
        parts = [read_one(part, pointer(path, number), problems) for number, part in enumerate(value)]
        return None if len(problems) > before else kind(parts)

    return read


def _read_texts(value: Any, path: str, problems: Problems) -> Any:
    if type(value) is not dict:
        problems.append((path, "must be an object"))
        return None
    problems.extend(
        (pointer(path, name), "must be a text") for name, part in value.items() if type(part) is not str
    )
    return dict(value)


def _read_float(value: Any, path: str, problems: Problems) -> Any:
    # True is an int to Python, and no number to anybody else.
    if type(value) is float and isfinite(value):
        return value
    if type(value) is not int or not -_LARGEST_NUMBER < value < _LARGEST_NUMBER:
        problems.append((path, "must be a number"))
        return None
    return float(value)


def _enum_reader(kind: type[Enum]) -> Reader:
    known = {member.value: member for member in kind}

    def read(value: Any, path: str, problems: Problems) -> Any:
        if type(value) is not str or value not in known:
            problems.append((path, f"must be one of {', '.join(known)}"))
            return None
        return known[value]

    return read


def _exactly(kind: type) -> Reader:
    def read(value: Any, path: str, problems: Problems) -> Any:
        if type(value) is not kind:
            problems.append((path, f"must be {_WORDS[kind]}"))
        return value

    return read
