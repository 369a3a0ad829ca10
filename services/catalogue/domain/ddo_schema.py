"""The shape table as JSON Schema (draft 2020-12), for people and tools; the checker does not use it."""

from functools import cache
from typing import Any

from services.catalogue.domain.ddo_shapes import Field, Object, Plain, Text, ddo_shape

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SINGLE_LINE = "^[^\\n]*\\n?$"


@cache
def schema_of(version: str) -> dict[str, Any]:
    """Raises KeyError for an unknown version. Do not change what it returns."""
    shape = _object(ddo_shape(version))
    shape["properties"]["version"] = {"const": version}
    return {"$schema": DIALECT, "title": f"Ocean DDO {version}", **shape}


def _object(shape: Object) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name, field in shape.fields.items() if field.required],
        "properties": {name: _field(field) for name, field in shape.fields.items()},
    }


def _field(field: Field) -> dict[str, Any]:
    inner = _shape(field.shape)
    if field.many:
        inner = _many(field, inner)
    if field.required or not inner:
        return inner
    return {"anyOf": [inner, {"type": "null"}]}


def _many(field: Field, item: dict[str, Any]) -> dict[str, Any]:
    listed: dict[str, Any] = {"type": "array"}
    if isinstance(field.shape, Text):
        listed["items"] = {"anyOf": [item, {"type": "null"}]}
        if field.least:
            listed |= {"contains": {"not": {"type": "null"}}, "minContains": field.least}
        if field.most is not None:
            listed |= {"contains": {"not": {"type": "null"}}, "minContains": 0, "maxContains": field.most}
        return {"anyOf": [listed, item]}
    listed["items"] = item
    if field.least:
        listed["minItems"] = field.least
    if field.most is not None:
        listed["maxItems"] = field.most
    return listed


def _shape(shape: Text | Plain | Object) -> dict[str, Any]:
    if isinstance(shape, Object):
        return _object(shape)
    if isinstance(shape, Plain):
        if shape.kind == "anything":
            return {}
        return {"type": ["array", "object"]} if shape.kind == "context" else {"type": shape.kind}
    text: dict[str, Any] = {"type": "string"}
    if shape.least:
        text["minLength"] = shape.least
    if shape.most is not None:
        text["maxLength"] = shape.most
    if shape.start:
        text["pattern"] = f"^{shape.start}[^\\n]*\\n?$"
    elif not shape.lines:
        text["pattern"] = _SINGLE_LINE
    return text
