"""JSON bodies of the newer generation: parts of them, checked."""

from collections.abc import Mapping, Sequence
from typing import Final

from flask import request

from libs.web.params import read_body
from libs.web.strict_json import Json, parse_json
from services.compute.dialects.dirac.errors import InvalidRequest

MAX_BODY: Final = 4 << 20


def read_object() -> Mapping[str, Json]:
    """Raises BadParams, TooLarge, InvalidRequest."""
    body = read_body(request, MAX_BODY)
    found = parse_json(body, max_depth=8) if body.strip() else {}
    if not isinstance(found, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return found


def member_list(document: Mapping[str, Json], name: str, most: int) -> Sequence[Json]:
    """Empty when it is absent or null. Raises InvalidRequest."""
    found = document.get(name)
    if found is None:
        return ()
    if not isinstance(found, list) or len(found) > most:
        raise InvalidRequest(f"{name} is a list of at most {most}.")
    return found


def member_texts(document: Mapping[str, Json], name: str, most: int) -> Sequence[str]:
    """Raises InvalidRequest."""
    return [scalar(name, value) for value in member_list(document, name, most)]


def member_flag(document: Mapping[str, Json], name: str) -> bool:
    """Raises InvalidRequest."""
    found = document.get(name)
    if found is not None and not isinstance(found, bool):
        raise InvalidRequest(f"{name} is true or false.")
    return bool(found)


def scalar(name: str, value: Json) -> str:
    """As a text: clients write numbers and booleans both ways. Raises InvalidRequest."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    raise InvalidRequest(f"{name} is a text, a number or a boolean.")


def identifier(name: str, value: Json) -> int:
    """A job's. Raises InvalidRequest."""
    text = str(value) if isinstance(value, str) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidRequest(f"{name} is a job's number.")
    return int(text)
