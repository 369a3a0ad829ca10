"""The bytes of files that the catalogue keeps with us, for it alone: it knows who may read them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from flask import Blueprint, Response, jsonify

from libs.web.byte_answers import file_answer
from libs.web.ranges import NotSatisfiable, unsatisfied
from libs.web.service_tokens import requires_service
from services.compute.domain.errors import FilesUnavailable, OutputNotFound, StoreUnavailable
from services.compute.domain.layout import stored_object
from services.compute.domain.lfns import address_of
from services.compute.ports.files import ObjectFiles
from services.compute.ports.objects import ObjectBook
from services.compute.usecases.results import started

OCTETS: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Shelf:
    book: ObjectBook
    files: ObjectFiles


def add(room: Blueprint, shelf: Shelf) -> None:
    @room.get("/files/<guid>")
    @requires_service("catalogue")
    def content(guid: str) -> Response:
        try:
            return _content(shelf, guid)
        except (ValueError, OutputNotFound):
            return _told("There is no such file.", 404)
        except NotSatisfiable as error:
            response = _told("No byte of the range is there.", 416)
            response.headers["Content-Range"] = unsatisfied(error.size)
            return response
        except (StoreUnavailable, FilesUnavailable):
            response = _told("Files cannot be read right now.", 503)
            response.headers["Retry-After"] = "1"
            return response


def _content(shelf: Shelf, guid: str) -> Response:
    """Raises ValueError, OutputNotFound, NotSatisfiable, StoreUnavailable, FilesUnavailable."""
    address = address_of(str(UUID(guid)))
    stored = shelf.book.find(address)

    def pieces(start: int, length: int | None) -> Iterator[bytes]:
        try:
            return started(shelf.files.open(stored_object(stored.blob), start, length))
        except OutputNotFound:  # kept twice at once: the same bytes lie in another blob by now
            newer = shelf.book.find(address)
            return started(shelf.files.open(stored_object(newer.blob), start, length))

    return file_answer(pieces, stored.size, OCTETS, etag=stored.sha256)


def _told(text: str, status: int) -> Response:
    response = jsonify(error=text)
    response.status_code = status
    return response
