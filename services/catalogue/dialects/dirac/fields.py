"""Declared fields and metasets (contract 3.6)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from flask import Blueprint, Response

from libs.web.gate import needs
from libs.web.params import BadParams
from services.catalogue.dialects.dirac.asking import Query, actor, sent_object
from services.catalogue.dialects.dirac.directories import READ, WRITE
from services.catalogue.dialects.dirac.errors import answer
from services.catalogue.domain.files.fields import Field, FieldType, Level
from services.catalogue.usecases.files.fields import Fields

Word = TypeVar("Word", bound=StrEnum)
# As DIRAC's own catalogue names them, and what it may call them when a field is declared.
RAW: Final[Mapping[FieldType, str]] = {
    FieldType.INT: "int",
    FieldType.FLOAT: "float",
    FieldType.STRING: "varchar(128)",
    FieldType.DATE: "datetime",
    FieldType.METASET: "metaset",
}
_SPELLINGS: Final = {raw: type.value for type, raw in RAW.items()} | {"integer": "int", "varchar": "string"}


def described(field: Field) -> dict[str, Any]:
    return {"type": field.type.value, "scope": field.level.value, "dbtype": RAW[field.type]}


def add(room: Blueprint, fields: Fields) -> None:
    @needs(READ)
    def listed() -> Response:
        return answer({name: described(field) for name, field in sorted(fields.all(actor()).items())})

    @needs(WRITE)
    def declare() -> Response:
        field = _read(sent_object())
        is_new = fields.declare(actor(), field)
        return answer({"name": field.name, **described(field), "created": is_new})

    @needs(WRITE)
    def undeclare(name: str) -> Response:
        fields.undeclare(actor(), name)
        return answer({name: True})

    room.add_url_rule("/metadata/fields", "fields", listed)
    room.add_url_rule("/metadata/fields", "declare", declare, methods=["POST"])
    room.add_url_rule("/metadata/fields/<name>", "undeclare", undeclare, methods=["DELETE"])
    _add_metasets(room, fields)


def _add_metasets(room: Blueprint, fields: Fields) -> None:
    @needs(READ)
    def listed() -> Response:
        return answer(fields.metasets(actor(), expand=Query().flag("expand")))

    @needs(READ)
    def one(name: str) -> Response:
        return answer({name: fields.metaset(actor(), name, expand=Query().flag("expand"))})

    @needs(WRITE)
    def put() -> Response:
        sent = sent_object()
        name, contents = sent.get("name"), sent.get("contents")
        if not isinstance(name, str) or not isinstance(contents, dict):
            raise BadParams("body", "A metaset has a name and contents: conditions by field.")
        is_new = fields.put_metaset(actor(), name, contents)
        return answer({"name": name, "contents": contents, "created": is_new})

    @needs(WRITE)
    def remove(name: str) -> Response:
        fields.remove_metaset(actor(), name)
        return answer({name: True})

    room.add_url_rule("/metasets", "metasets", listed)
    room.add_url_rule("/metasets", "put_metaset", put, methods=["POST"])
    room.add_url_rule("/metasets/<name>", "metaset", one)
    room.add_url_rule("/metasets/<name>", "remove_metaset", remove, methods=["DELETE"])


def _read(sent: Mapping[str, object]) -> Field:
    """Raises BadParams; whether the name is one is for the use case to say."""
    name, type_, level = sent.get("name"), sent.get("type"), sent.get("scope", Level.DIRECTORY.value)
    if not isinstance(name, str) or not isinstance(type_, str) or not isinstance(level, str):
        raise BadParams("body", "A field has a name, a type and a scope.")
    word = type_.strip().lower()
    return Field(name, _word(FieldType, "type", _SPELLINGS.get(word, word)), _word(Level, "scope", level))


def _word(kind: type[Word], name: str, text: str) -> Word:
    try:
        return kind(text)
    except ValueError:
        raise BadParams(name, f"{name} must be one of {', '.join(kind)}.") from None
