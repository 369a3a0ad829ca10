"""`GET /spec`: this API as an OpenAPI document in YAML, for anybody (contract 1, row 16)."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from flask import Blueprint, Response

from libs.openapi.document import About, document
from libs.web.gate import public
from services.compute.dialects.dcp.operations import OPERATIONS
from services.compute.version import VERSION

MEDIA_TYPE: Final = "application/yaml"
_BASIC: Final = {
    "type": "http",
    "scheme": "basic",
    "description": "Base64 of the id keystore's JSON, a colon and its password. POST /key gives an API key, "
    "which is sent as a bearer token instead.",
}
_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_/{}-]*")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def add(room: Blueprint) -> None:
    @room.get("/spec", strict_slashes=False)
    @public
    def show_specification() -> Response:
        return Response(_text(), content_type=f"{MEDIA_TYPE}; charset=utf-8")


@cache
def _text() -> str:
    return yaml_of(specification()) + "\n"


def specification() -> dict[str, Any]:
    about = About(
        title="DCP-REST",
        version=VERSION,
        description="Deploys jobs of slices and work functions. Keys and identity (/key, /keys, "
        "/identity) are served below the same base.",
    )
    found = document(about, OPERATIONS, {})
    found["components"]["securitySchemes"]["keystore"] = _BASIC
    for item in found["paths"].values():
        for operation in item.values():
            if operation["security"]:
                operation["security"] = [{"keystore": []}, {"accessToken": []}]
    return found


def yaml_of(value: object) -> str:
    """Block style; texts that are more than words as JSON, which YAML reads (YAML 1.2, 7.3.1)."""
    return "\n".join(_lines(value))


def _lines(value: object) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for name, member in value.items():
            yield from _member(f"{_scalar(str(name))}:", member)
    elif isinstance(value, list | tuple) and value:
        for member in value:
            inner = list(_lines(member))
            yield f"- {inner[0]}"
            yield from (f"  {line}" for line in inner[1:])
    else:
        yield _scalar(value)


def _member(name: str, member: object) -> Iterator[str]:
    if isinstance(member, Mapping | list | tuple) and member:
        yield name
        yield from (f"  {line}" for line in _lines(member))
    else:
        yield f"{name} {_scalar(member)}"


def _scalar(value: object) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value if "{" not in value else json.dumps(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[]"
    return json.dumps(value, ensure_ascii=False)
