"""Attributes as values of their types; what is wrong with one is noted, and its default stands for it."""

import re
from collections.abc import Callable
from typing import Final

from libs.web.strict_json import Json
from services.compute.dialects.dirac.manifest.names import Attributes
from services.compute.dialects.dirac.manifest.problems import Notes, quoted

MOST_MEMBERS: Final = 1000
MOST_TEXT: Final = 4096
_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
_YES: Final = frozenset({"true", "yes", "1"})
_NO: Final = frozenset({"false", "no", "0"})


def text_at(attributes: Attributes, name: str, notes: Notes, default: str = "", most: int = MOST_TEXT) -> str:
    value = attributes.values.get(name)
    if value is None:
        return default
    if not attributes.is_text(value):
        notes.add(attributes.place(name), f"{name} is a text.")
        return default
    if len(value) > most or not value.isprintable():
        notes.add(attributes.place(name), f"{name} has {most} characters at most, all of which can be shown.")
        return default
    return str(value).strip()


def texts_at(
    attributes: Attributes, name: str, notes: Notes, *, commas: bool = False, most: int = MOST_MEMBERS
) -> list[str]:
    """A text alone is a list of one; of names, `commas` divide it. Empty texts are kept in their places."""
    value = attributes.values.get(name)
    if value is None or value == "":
        return []
    if attributes.is_text(value):
        members: list[Json] = list(value.split(",")) if commas else [str(value)]
    elif isinstance(value, list):
        members = value
    else:
        notes.add(attributes.place(name), f"{name} is a list of texts.")
        return []
    if len(members) > most:
        notes.add(attributes.place(name), f"{name} has {most} members at most.")
        return []
    return [_member(attributes, name, number, member, notes) for number, member in enumerate(members)]


def names_at(attributes: Attributes, name: str, notes: Notes) -> tuple[str, ...]:
    """Names without what is empty or comes twice."""
    return tuple(dict.fromkeys(filter(None, texts_at(attributes, name, notes, commas=True))))


def whole_at(
    attributes: Attributes, name: str, notes: Notes, least: int = 1, most: int = 1 << 40
) -> int | None:
    value = attributes.values.get(name)
    if value is None or value == "":
        return None
    text = str(value).strip() if isinstance(value, str) else ""
    if _WHOLE.fullmatch(text) is None:
        notes.add(attributes.place(name), f"{name} is a whole number.")
        return None
    if not least <= int(text) <= most:
        notes.add(attributes.place(name), f"{name} is between {least} and {most}.")
        return None
    return int(text)


def flag_at(attributes: Attributes, name: str, notes: Notes) -> bool:
    value = attributes.values.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    word = str(value).strip().lower() if isinstance(value, str) else "?"
    if word not in _YES | _NO:
        notes.add(attributes.place(name), f"{name} is true or false.")
    return word in _YES


def variables_at(
    attributes: Attributes, name: str, notes: Notes, problem: Callable[[str], bool]
) -> dict[str, str]:
    """A list of `NAME=value`, or an object. `problem`: whether a name cannot be one."""
    value = attributes.values.get(name)
    if isinstance(value, dict):
        pairs = list(value.items())
    else:
        pairs = []
        for number, text in enumerate(texts_at(attributes, name, notes)):
            variable, equals, content = text.partition("=")
            if not equals:
                notes.add(attributes.place(name, number), "A variable is set by NAME=value.")
            pairs.append((variable.strip(), content))
    found: dict[str, str] = {}
    for variable, given in pairs:
        if not isinstance(given, str):
            notes.add(attributes.place(name), f"The variable {quoted(variable)} has no text for a value.")
        elif problem(variable):
            notes.add(attributes.place(name), f"{quoted(variable)} cannot be the name of a variable.")
        else:
            found[variable] = str(given)
    return found


def _member(attributes: Attributes, name: str, number: int, value: Json, notes: Notes) -> str:
    if not attributes.is_text(value):
        notes.add(attributes.place(name, number), f"{name} is a list of texts.")
        return ""
    if len(value) > MOST_TEXT or not value.isprintable():
        text = f"At most {MOST_TEXT} characters, all of which can be shown."
        notes.add(attributes.place(name, number), text)
        return ""
    return str(value).strip()
