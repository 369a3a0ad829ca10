"""What files hold, and the right to read one given away (contract 3.6).

GET    /filecatalogue/file/<f>/download   the bytes, or where they are
POST   /filecatalogue/file/<f>/share      a token for whoever is to read it, for as long as nobody ends it
DELETE /filecatalogue/file/<f>/share      ends them all
GET    /filecatalogue/shared/<token>      the bytes, for whoever has one: how a dataset names a file
"""

import re
from typing import Final

from flask import Blueprint, Response, request
from werkzeug.urls import iri_to_uri

from libs.web.byte_answers import attached
from libs.web.gate import needs, public
from services.catalogue.dialects.dirac.asking import Query, actor
from services.catalogue.dialects.dirac.errors import answer, refusal
from services.catalogue.dialects.dirac.paths import decoded
from services.catalogue.domain.files.entries import File
from services.catalogue.domain.files.errors import NotThere
from services.catalogue.domain.files.lfn import name_of
from services.catalogue.file_ports import OwnBytes
from services.catalogue.usecases.files.files import Files
from services.catalogue.usecases.files.keeping import WEB, Keeping
from services.catalogue.usecases.files.shares import Shares

READ: Final = "file:read"
WRITE: Final = "file:write"
NOT_HERE: Final = "No copy of it can be had from here: fetch one of its replicas by its PFN."
NO_SHARE: Final = "This share does not count, or not any more."
CONDITIONS: Final = ("Range", "If-Range", "If-None-Match")
OCTETS: Final = "application/octet-stream"
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{20,64}")


def add(room: Blueprint, files: Files, shares: Shares, keeping: Keeping, own: OwnBytes | None) -> None:
    @room.get("/file/<file>/download")
    @needs(READ)
    def download(file: str) -> Response:
        found = files.attributes(actor(), decoded(file), with_replicas=True)
        return _sent(found, Query().text("SE"), keeping, own)

    @room.post("/file/<file>/share")
    @needs(WRITE)
    def share(file: str) -> Response:
        lfn = decoded(file)
        return answer({"type": "lfn", "lfn": lfn, "share": shares.share(actor(), lfn)})

    @room.delete("/file/<file>/share")
    @needs(WRITE)
    def end_shares(file: str) -> Response:
        return answer({"ended": shares.end(actor(), decoded(file))})

    @room.get("/shared/<token>")
    @public
    def shared(token: str) -> Response:
        if _TOKEN.fullmatch(token) is None:
            raise NotThere(NO_SHARE)
        return _sent(shares.shared(token), None, keeping, own)


def _sent(file: File, se: str | None, keeping: Keeping, own: OwnBytes | None) -> Response:
    """Raises NotThere, CatalogueUnavailable."""
    replica = keeping.chosen(file, se)
    if replica is None:
        return refusal(404, "not_found", NOT_HERE if se is None else f"It has no replica at {se[:100]}.")
    if replica != keeping.own(file):
        location = _location(replica.pfn)
        if location is None:
            return refusal(404, "not_found", NOT_HERE)
        return Response(status=307, headers={"Location": location, "Cache-Control": "no-store"})
    if own is None:
        return refusal(404, "not_found", NOT_HERE)
    conditions = {name: value for name in CONDITIONS if (value := request.headers.get(name)) is not None}
    opened = own.open(replica.pfn.rpartition("/")[2], request.method, conditions)
    response = Response(opened.pieces, opened.status, opened.headers, content_type=OCTETS)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return attached(response, name_of(file.lfn))


def _location(pfn: str) -> str | None:
    """None for what is on no web: whoever registered it may have written anything."""
    if not pfn.startswith(WEB):
        return None
    try:
        return iri_to_uri(pfn)
    except ValueError:
        return None
