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
    def read(directory: str) -> Response:
        who, inherited = actor(), Query().flag("inherited")
        return answer(
            _with_origins(metadata.of_directory(who, decoded(directory), inherited=inherited), fields, who)
        )

    @needs(WRITE)
    def put(directory: str) -> Response:
        who = actor()
        known = metadata.set_directory(who, decoded(directory), sent_object())
        return answer(_with_origins(known, fields, who))

    @needs(WRITE)
    def remove(directory: str) -> Response:
        who = actor()
        known = metadata.unset_directory(who, decoded(directory), _keys())
        return answer(_with_origins(known, fields, who))

    add_reading(room, "usermetadata", "/usermetadata", read)
    room.add_url_rule("/directory/<directory>/usermetadata", "set_usermetadata", put, methods=["PATCH"])
    room.add_url_rule("/directory/<directory>/usermetadata", "unset_usermetadata", remove, methods=["DELETE"])


def _add_of_files(room: Blueprint, metadata: Metadata) -> None:
    @needs(READ)
    def read(file: str) -> Response:
        known = metadata.of_file(actor(), decoded(file), inherited=Query().flag("inherited"))
        return answer(dict(known.values))

    @needs(WRITE)
    def put(file: str) -> Response:
        return answer(dict(metadata.set_file(actor(), decoded(file), sent_object()).values))

    @needs(WRITE)
    def remove(file: str) -> Response:
        return answer(dict(metadata.unset_file(actor(), decoded(file), _keys()).values))

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
