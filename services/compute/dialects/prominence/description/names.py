"""Names and labels of jobs and workflows (contract 2.1)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from services.compute.dialects.prominence.description.problems import Notes, quoted
from services.compute.domain.spec_json import pointer

MAX_CHARS: Final = 512
_NAME = re.compile(r"[a-zA-Z0-9\-_ /.]+")
_LABEL = re.compile(r"[a-zA-Z0-9]+")
_VALUE = re.compile(r"[\w\-./]+")


def read_name(document: Mapping[str, Any], path: str, kind: str, notes: Notes) -> str:
    """Of a `job` or `workflow`; empty when it has none."""
    name, place = document.get("name", ""), f"{path}/name"
    if name is None or name == "":
        return ""
    if type(name) is not str:
        notes.add(place, f"invalid {kind} name")
    elif len(name) > MAX_CHARS:
        notes.add(place, f"{kind} name must be less than {MAX_CHARS} characters in length")
    elif _NAME.fullmatch(name) is None:
        notes.add(place, f"invalid {kind} name")
    else:
        return name
    return ""


def read_labels(document: Mapping[str, Any], path: str, notes: Notes) -> dict[str, str]:
    labels, place = document.get("labels"), f"{path}/labels"
    if labels is None:
        return {}
    if type(labels) is not dict:
        notes.add(place, "labels must be defined as a dict")
        return {}
    for name, value in labels.items():
        here = pointer(place, name[:64])
        if type(value) is not str or _VALUE.fullmatch(value) is None or not value.isprintable():
            notes.add(here, f"label value {quoted(value)} is invalid")
        elif len(name) > MAX_CHARS or len(value) > MAX_CHARS:
            notes.add(here, f"label names/values must be less than {MAX_CHARS} characters in length")
        if _LABEL.fullmatch(name) is None:
            notes.add(here, f"label name {quoted(name)} is invalid")
    return {name: value for name, value in labels.items() if type(value) is str}
