"""Reads the arguments of clauses: each function checks one kind of thing and refuses everything else."""

from collections.abc import Mapping
from typing import Any

from services.catalogue.domain.leaves import value_text
from services.catalogue.domain.query.errors import SUPPORTED, UnsupportedQuery, shown


def as_object(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UnsupportedQuery(f"{name} needs an object.")
    return value


def known_only(name: str, spec: Mapping[str, Any], known: set[str]) -> None:
    for key in spec:
        if key not in known:
            raise UnsupportedQuery(f"{name} does not support {shown(key)} here. {SUPPORTED}")


def one_field(name: str, value: Any) -> tuple[str, Any]:
    spec = as_object(name, value)
    if len(spec) != 1:
        raise UnsupportedQuery(f"{name} needs exactly one field.")
    ((path, inner),) = spec.items()
    return path_of(name, path), inner


def path_of(name: str, path: Any) -> str:
    if not isinstance(path, str) or not path or len(path) > 512 or "*" in path:
        raise UnsupportedQuery(f"{name} needs the full name of a field.")
    return path


def scalar_text(name: str, value: Any) -> str:
    if isinstance(value, bool | int | float | str):
        return value_text(value)
    raise UnsupportedQuery(f"{name} needs a text, a number or a boolean.")


def boost_of(spec: Mapping[str, Any]) -> float:
    value = spec.get("boost")
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e6:
        raise UnsupportedQuery("boost must be a number from 0 to 1000000.")
    return float(value)


def slop_of(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise UnsupportedQuery("The slop of a phrase must be a number from 0 to 100.")
    return value


def lowered(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def one_of(name: str, value: Any, choices: tuple[str, ...], default: str) -> str:
    if value is None:
        return default
    if value not in choices:
        raise UnsupportedQuery(f"{name} must be one of {', '.join(choices)}.")
    return str(value)
