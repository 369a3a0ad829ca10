"""The DIRAC room: the file catalogue as RESTDIRAC's clients know it, at the root (contract 3).

directories.py, files.py, replicas.py   the tree
metadata.py, fields.py, searching.py    what is known of it, and looked for
bulk.py                                 much at once
downloads.py                            what files hold
off.py                                  an installation without a catalogue
"""

from flask import Blueprint, Flask, request

from libs.web.dirac_window import legacy_window
from libs.web.gate import add_window
from services.catalogue.dialects.dirac import (
    bulk,
    directories,
    downloads,
    errors,
    fields,
    files,
    metadata,
    off,
    replicas,
    searching,
)
from services.catalogue.dialects.dirac.asking import MAX_BODY, MAX_BULK_BODY, settle_body
from services.catalogue.file_ports import OwnBytes
from services.catalogue.usecases.files.registry import FileCatalogue

PREFIX = "/filecatalogue"
ROOM = "dirac"


def mount(app: Flask, catalogue: FileCatalogue | None = None, own: OwnBytes | None = None) -> None:
    """Without a catalogue its paths say so; without `own` no file is kept here."""
    room = Blueprint(ROOM, __name__, url_prefix=PREFIX)
    for root in errors.ROOTS:
        room.register_error_handler(root, errors.render_error)
    if catalogue is None:
        off.add(room)
    else:
        _add(room, catalogue, own)
    app.before_request(_settle)  # before the gate, which may find the token in the body
    add_window(app, room, legacy_window())
    app.register_blueprint(room)


def owns(path: str) -> bool:
    """Whether refusals at `path` have the room's shape."""
    return path == PREFIX or path.startswith(PREFIX + "/")


def _settle() -> None:
    if request.blueprint == ROOM:
        settle_body(request, MAX_BULK_BODY if request.path == f"{PREFIX}/bulk" else MAX_BODY)


def _add(room: Blueprint, catalogue: FileCatalogue, own: OwnBytes | None) -> None:
    directories.add(room, catalogue.directories)
    files.add(room, catalogue.files, catalogue.provenance)
    replicas.add(room, catalogue.replicas)
    metadata.add(room, catalogue.metadata, catalogue.fields)
    fields.add(room, catalogue.fields)
    searching.add(room, catalogue.searching, catalogue.fields)
    bulk.add(room, catalogue.bulk)
    downloads.add(room, catalogue.files, catalogue.shares, catalogue.keeping, own)
