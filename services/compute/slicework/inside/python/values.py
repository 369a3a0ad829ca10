"""Values of work functions as JSON (DCP contract, 4.3 and 4.4). Pure."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import json
import math
from typing import Any

MOST_DEPTH = 500


class Unserializable(Exception):
    """The value is none that JSON could stand for; the sentence says why."""


def text_of(value: Any, most: int) -> tuple[str, str]:
    """The value as ASCII JSON text, and what JSON could not hold of it (NaN, Infinity, -Infinity, or
    nothing). Raises Unserializable.
    """
    notes: list[str] = []
    try:
        plain = _plain(value, notes, 0)
        text = json.dumps(plain, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        raise Unserializable("The value is nested too deep, or holds itself.") from None
    except ValueError as error:  # an integer of too many digits
        raise Unserializable(str(error)[:200]) from None
    if len(text) > most:
        raise Unserializable(f"A value has {most} characters at most.")
    return text, notes[0] if notes else ""


def _plain(value: Any, notes: list[str], depth: int) -> Any:  # noqa: C901 - a table of kinds
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, float):
        return _number(float(value), notes)
    if isinstance(value, int):
        return int(value)
    if depth > MOST_DEPTH:
        raise Unserializable("The value is nested too deep, or holds itself.")
    depth += 1
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$bytes": base64.b64encode(bytes(value)).decode("ascii")}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return _members(value._asdict(), notes, depth)
    if isinstance(value, (list, tuple, range)):
        return [_plain(item, notes, depth) for item in value]
    if isinstance(value, (set, frozenset)):
        return [_plain(item, notes, depth) for item in _in_order(value)]
    if isinstance(value, dict):
        return _members(value, notes, depth)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return _members(fields, notes, depth)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
        return _from_numpy(value, notes, depth)
    raise Unserializable(f"A value of type {type(value).__name__[:100]} is no JSON.")


def _from_numpy(value: Any, notes: list[str], depth: int) -> Any:
    """Scalars as numbers, arrays as nested lists; what numpy does not turn into plain things is none."""
    plain = value.tolist()
    if type(plain) is type(value) or isinstance(plain, complex):
        raise Unserializable(f"A value of type {type(value).__name__[:100]} is no JSON.")
    return _plain(plain, notes, depth)


def _number(value: float, notes: list[str]) -> float | None:
    if math.isfinite(value):
        return value
    notes.append("NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity")
    return None


def _in_order(values: Any) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:
        return list(values)


def _members(values: Any, notes: list[str], depth: int) -> dict[str, Any]:
    return {_key(key): _plain(item, notes, depth) for key, item in values.items()}


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str(key)
    if key is None or isinstance(key, (bool, int, float)):
        return json.dumps(key)
    raise Unserializable(f"A key of type {type(key).__name__[:100]} is none in JSON.")
