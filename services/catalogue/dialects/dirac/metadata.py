"""What is known of directories and files by fields: read, set, taken away (contract 3.4, 3.6)."""

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Response

from libs.web.gate import needs
from libs.web.params import BadParams
from services.catalogue.dialects.dirac.asking import Query, actor, sent_object
from services.catalogue.dialects.dirac.directories import READ, WRITE, add_reading
from services.catalogue.dialects.dirac.errors import answer
from services.catalogue.dialects.dirac.paths import decoded
from services.catalogue.domain.files.entries import Actor
from services.catalogue.domain.files.fields import Known
from services.catalogue.usecases.files.fields import Fields
from services.catalogue.usecases.files.metadata import Metadata

# Of values of names that nobody declared.
_UNDECLARED: Final[Mapping[type, str]] = {int: "int", float: "float", str: "string"}


def add(room: Blueprint, metadata: Metadata, fields: Fields) -> None:
    _add_of_directories(room, metadata, fields)
    _add_of_files(room, metadata)


def _add_of_directories(room: Blueprint, metadata: Metadata, fields: Fields) -> None:
    def shown(who: Actor, path: str, *, inherited: bool) -> Response:
        known = metadata.of_directory(who, path, inherited=inherited)
        return answer(_with_origins(known, fields, who))

    def read(directory: str) -> Response:
        return shown(actor(), decoded(directory), inherited=Query().flag("inherited"))

    @needs(WRITE)
    def put(directory: str) -> Response:
        who, path = actor(), decoded(directory)
        metadata.set_directory(who, path, sent_object())
        return shown(who, path, inherited=False)

    @needs(WRITE)
    def remove(directory: str) -> Response:
        who, path = actor(), decoded(directory)
        metadata.unset_directory(who, path, _keys())
        return shown(who, path, inherited=False)

    add_reading(room, "usermetadata", "/usermetadata", read)
    room.add_url_rule("/directory/<directory>/usermetadata", "set_usermetadata", put, methods=["PATCH"])
    room.add_url_rule("/directory/<directory>/usermetadata", "unset_usermetadata", remove, methods=["DELETE"])


def _add_of_files(room: Blueprint, metadata: Metadata) -> None:
    def shown(who: Actor, lfn: str, *, inherited: bool) -> Response:
        return answer(dict(metadata.of_file(who, lfn, inherited=inherited).values))

    @needs(READ)
    def read(file: str) -> Response:
        return shown(actor(), decoded(file), inherited=Query().flag("inherited"))

    @needs(WRITE)
    def put(file: str) -> Response:
        who, lfn = actor(), decoded(file)
        metadata.set_file(who, lfn, sent_object())
        return shown(who, lfn, inherited=False)

    @needs(WRITE)
    def remove(file: str) -> Response:
        who, lfn = actor(), decoded(file)
        metadata.unset_file(who, lfn, _keys())
        return shown(who, lfn, inherited=False)

    room.add_url_rule("/file/<file>/metadata", "file_metadata", read)
    room.add_url_rule("/file/<file>/metadata", "set_file_metadata", put, methods=["PATCH"])
    room.add_url_rule("/file/<file>/metadata", "unset_file_metadata", remove, methods=["DELETE"])


def _keys() -> list[str]:
    """Of `key=a&key=b`. Raises BadParams."""
    keys = list(dict.fromkeys(Query().texts("key")))
    if not keys:
        raise BadParams("key", "key is missing: which names to take away.")
    return keys


def _with_origins(known: Known, fields: Fields, who: Actor) -> dict[str, Any]:
    declared = fields.all(who)
    types = {
        name: declared[name].type.value if name in declared else _UNDECLARED.get(type(value), "string")
        for name, value in known.values.items()
    }
    return {
        "metadata": dict(known.values),
        "owner": {name: origin.value for name, origin in known.origins.items()},
        "types": types,
    }
