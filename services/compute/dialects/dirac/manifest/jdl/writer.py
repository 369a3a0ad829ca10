"""Writes JDL that every reader of it takes: texts in quotes, one attribute a line."""

import re
from collections.abc import Iterator, Mapping

from libs.web.strict_json import Json, NumberText

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def write_jdl(document: Mapping[str, Json]) -> str:
    """What is null is left out: JDL has no word for it."""
    return _record(document, "") + "\n"


def _record(document: Mapping[str, Json], indent: str) -> str:
    inner = indent + "    "
    lines = [
        f"{inner}{_name(name)} = {_value(value, inner)};\n"
        for name, value in document.items()
        if value is not None
    ]
    return f"[\n{''.join(lines)}{indent}]"


def _name(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else f"'{_escaped(name, chr(39))}'"


def _value(value: Json, indent: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, NumberText):
        return str(value)
    if isinstance(value, str):
        return f'"{_escaped(value, chr(34))}"'
    if isinstance(value, Mapping):
        return _record(value, indent)
    return f"{{{', '.join(_members(value, indent))}}}"


def _members(values: list[Json] | None, indent: str) -> Iterator[str]:
    for value in values or ():
        if value is not None:
            yield _value(value, indent)


def _escaped(text: str, quote: str) -> str:
    return text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
