"""What compute asks of the file catalogue. Closed at the gateway; every route wants a service token.

POST /internal/files/locate    {"actor", "lfns": [...]}        -> {"files": [...]} that the actor may read
POST /internal/files/refusals  {"actor", "files": [...]}       -> {"refused": {lfn: why}}, nothing happens
POST /internal/files/register  {"actor", "files": [...]}       -> {"refused": {lfn: why}}
POST /internal/files/named     {"guids": [...]}                -> {"guids": [...]} that a file has with us

An actor is {"name", "group", "groups", "vo"}.
"""

from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request

from libs.web.json_bodies import read_json_object
from libs.web.params import BadParams
from libs.web.service_tokens import ServiceTokenVerifier, requires_service
from libs.web.strict_json import plain
from services.catalogue.domain.files.entries import Actor, File, NewFile
from services.catalogue.domain.files.errors import CatalogueError, CatalogueUnavailable
from services.catalogue.usecases.files.keeping import Keeping

MAX_BODY = 16 << 20


def mount(app: Flask, keeping: Keeping, verifier: ServiceTokenVerifier) -> None:
    verifier.install(app)
    room = Blueprint("internal", __name__, url_prefix="/internal")
    _add_errors(room)

    @room.post("/files/locate")
    @requires_service("compute")
    def locate() -> Response:
        body = _body()
        found = keeping.readable(_actor(body["actor"]), [str(lfn) for lfn in body["lfns"]])
        return jsonify(files=[_view(file, keeping) for file in found])

    @room.post("/files/refusals")
    @requires_service("compute")
    def refusals() -> Response:
        body = _body()
        new = [_new(each) for each in body["files"]]
        return jsonify(refused=keeping.refusals(_actor(body["actor"]), new))

    @room.post("/files/register")
    @requires_service("compute")
    def register() -> Response:
        body = _body()
        new = [_new(each) for each in body["files"]]
        return jsonify(refused=keeping.register(_actor(body["actor"]), new))

    @room.post("/files/named")
    @requires_service("compute")
    def named() -> Response:
        body = _body()
        return jsonify(guids=keeping.named([str(guid) for guid in body["guids"]]))

    app.register_blueprint(room)


def _add_errors(room: Blueprint) -> None:
    @room.errorhandler(CatalogueUnavailable)
    def away(error: CatalogueUnavailable) -> Response:
        return _told("The file catalogue cannot be asked right now.", 503)

    @room.errorhandler(CatalogueError)
    @room.errorhandler(BadParams)
    @room.errorhandler(KeyError)
    @room.errorhandler(TypeError)
    def malformed(error: Exception) -> Response:
        return _told("The request is malformed.", 400)


def _body() -> Any:
    """Raises BadParams."""
    return plain(read_json_object(request, MAX_BODY))


def _told(text: str, status: int) -> Response:
    response = jsonify(error=text)
    response.status_code = status
    return response


def _actor(document: Any) -> Actor:
    """Raises KeyError, TypeError."""
    return Actor(
        name=document["name"],
        group=document["group"],
        groups=tuple(document["groups"]),
        vo=document["vo"] or None,
    )


def _new(document: Any) -> tuple[NewFile, str]:
    """The file, and where its bytes are. Raises KeyError, TypeError."""
    file = NewFile(
        lfn=document["lfn"],
        size=document["size"],
        checksum=document["sha256"],
        guid=document["guid"],
        ancestors=tuple(document["ancestors"]),
        metadata=document["metadata"],
    )
    return file, document["pfn"]


def _view(file: File, keeping: Keeping) -> dict[str, object]:
    own = keeping.own(file)
    return {
        "lfn": file.lfn,
        "size": file.size,
        "checksum": file.checksum,
        "checksum_type": file.checksum_type,
        "replicas": [
            {"se": replica.se, "pfn": replica.pfn, "is_own": replica == own} for replica in file.replicas
        ],
    }
