"""Directories: listed, made, changed, removed, measured (contract 3.3, 3.6)."""

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response

from libs.web.gate import needs
from services.catalogue.dialects.dirac.asking import Query, actor, sent_object
from services.catalogue.dialects.dirac.errors import answer
from services.catalogue.dialects.dirac.listing import Listings
from services.catalogue.dialects.dirac.paths import decoded
from services.catalogue.dialects.dirac.views import directory_attributes
from services.catalogue.domain.files.entries import DEFAULT_MODE
from services.catalogue.domain.files.registering import read_attributes
from services.catalogue.usecases.files.directories import Directories

ROOT_SEGMENT: Final = "Lw"
READ, WRITE = "file:read", "file:write"
View = Callable[..., Response]


def add_reading(room: Blueprint, name: str, suffix: str, view: View) -> None:
    """GET of a directory, and of the root when none is named."""
    closed = needs(READ)(view)
    room.add_url_rule(f"/directory/<directory>{suffix}", name, closed)
    room.add_url_rule(f"/directory{suffix}", f"{name}_root", closed, defaults={"directory": ROOT_SEGMENT})


def add(room: Blueprint, directories: Directories) -> None:
    listings = Listings(directories)
    add_reading(room, "list", "", lambda directory: listings(actor(), decoded(directory)))
    add_reading(room, "attributes", "/attributes", lambda directory: _attributes(directories, directory))
    add_reading(room, "size", "/size", lambda directory: _size(directories, directory))

    @needs(WRITE)
    def make(directory: str) -> Response:
        path, sent = decoded(directory), sent_object()
        mode = read_attributes({"Mode": sent["Mode"]}).mode if "Mode" in sent else None
        is_new = directories.make(actor(), path, DEFAULT_MODE if mode is None else mode)
        return answer({path: True, "created": is_new})

    @needs(WRITE)
    def remove(directory: str) -> Response:
        path = decoded(directory)
        directories.remove(actor(), path, recursive=Query().flag("recursive"))
        return answer({path: True})

    @needs(WRITE)
    def change(directory: str) -> Response:
        changed = directories.change(
            actor(), decoded(directory), read_attributes(sent_object()), recursive=Query().flag("recursive")
        )
        return answer(directory_attributes(changed))

    room.add_url_rule("/directory/<directory>", "make", make, methods=["POST"])
    room.add_url_rule("/directory/<directory>", "remove", remove, methods=["DELETE"])
    room.add_url_rule("/directory/<directory>/attributes", "change", change, methods=["PATCH"])


def _attributes(directories: Directories, directory: str) -> Response:
    return answer(directory_attributes(directories.attributes(actor(), decoded(directory))))


def _size(directories: Directories, directory: str) -> Response:
    """`long` is taken and changes nothing: what lies on each storage element is always told."""
    Query().flag("long")
    found, usage = directories.size(actor(), decoded(directory))
    on_elements = {se: {"Files": used.files, "Size": used.bytes} for se, used in sorted(usage.items())}
    shown = {
        "LogicalSize": found.bytes,
        "LogicalFiles": found.files,
        "LogicalDirectories": found.directories,
        "PhysicalSize": on_elements,
    }
    return answer(shown)
