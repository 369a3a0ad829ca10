"""Manifests as JSON: read with the place of a mistake, numbers and order kept as they were sent."""

import json
from dataclasses import dataclass, field
from typing import Final

from libs.web.params import BadParams
from libs.web.strict_json import Json, parse_json, to_json
from services.compute.dialects.dirac.limits import MAX_BRACKETS, MAX_DEPTH, MAX_MANIFEST
from services.compute.dialects.dirac.manifest.problems import BadManifest

JSON, JDL = "json", "jdl"
NO_OBJECT: Final = "A manifest is a JSON object."
TOO_LONG: Final = f"A manifest has {MAX_MANIFEST} characters at most."
MOST: Final = 1000
_UNQUOTED: Final = " Names and texts stand in double quotes."


@dataclass(frozen=True, slots=True)
class Sent:
    """One manifest: as a value, as text, and in which language. `path` leads to it in what was sent."""

    document: dict[str, Json]
    text: str = field(repr=False)
    language: str = JSON
    path: str = ""


def read_json(text: str, path: str = "", most: int = MOST) -> list[Sent]:
    """Of one object, or of a list of them; `most` manifests. Raises BadManifest."""
    value = _value(text, path)
    if not isinstance(value, list):
        return [_sent(value, text, path)]
    if len(value) > most:
        raise BadManifest([(path, too_many(most))])
    found = [_sent(entry, to_json(entry), f"{path}/{number}") for number, entry in enumerate(value)]
    if not found:
        raise BadManifest([(path, "There is no manifest in the list.")])
    return found


def too_many(most: int) -> str:
    return f"One request brings {most} jobs at most."


def _sent(value: Json, text: str, path: str) -> Sent:
    if not isinstance(value, dict):
        raise BadManifest([(path, NO_OBJECT)])
    if len(text) > MAX_MANIFEST:
        raise BadManifest([(path, TOO_LONG)])
    return Sent(value, text, JSON, path)


def _value(text: str, path: str) -> Json:
    if text.count("{") + text.count("[") > MAX_BRACKETS:
        raise BadManifest([(path, f"There are more than {MAX_BRACKETS} brackets.")])
    try:
        return parse_json(text, "manifest", max_depth=MAX_DEPTH)
    except BadParams as error:
        raise BadManifest([(path, f"{error.message}{_where(text)}")]) from None


def _where(text: str) -> str:
    """The place of the first mistake in the syntax; empty when the syntax is not the matter."""
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        hint = _UNQUOTED if error.msg.startswith(("Expecting property name", "Expecting value")) else ""
        return f" Line {error.lineno}, column {error.colno} (character {error.pos}).{hint}"
    except (ValueError, RecursionError):
        return ""
    return ""
