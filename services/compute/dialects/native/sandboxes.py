"""`/sandboxes/<name>`: files that are uploaded once and used as inputs of jobs."""

from collections.abc import Iterator, Sequence
from typing import Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected

from libs.web.byte_answers import attached, file_answer
from libs.web.gate import needs
from libs.web.params import BadParams, TooLarge
from services.compute.dialects.native.answers import answer, nothing
from services.compute.dialects.native.parts import NativeParts
from services.compute.dialects.native.problems import LengthMissing
from services.compute.dialects.native.requests import Query, caller
from services.compute.domain.spec import Source, Spec
from services.compute.usecases.sandboxes import Sandboxes

OCTETS: Final = "application/octet-stream"
PIECE_BYTES: Final = 256 * 1024


def add(room: Blueprint, parts: NativeParts) -> None:
    sandboxes = parts.sandboxes

    @room.get("/sandboxes")
    @needs("job:read")
    def list_sandboxes() -> Response:
        Query()
        found = sandboxes.list(caller().subject)
        return answer({"sandboxes": [{"name": name, "size": found[name]} for name in sorted(found)]})

    @room.put("/sandboxes/<name>")
    @needs("job:write")
    def put_sandbox(name: str) -> Response:
        kept = sandboxes.put(caller().subject, name, _sent(sandboxes.file_bytes))
        return answer({"name": name, "size": kept.size, "sha256": kept.sha256})

    @room.get("/sandboxes/<name>")
    @needs("job:read")
    def show_sandbox(name: str) -> Response:
        owner = caller().subject
        size = sandboxes.size(owner, name)
        shown = file_answer(lambda start, length: sandboxes.open(owner, name, start, length), size, OCTETS)
        return attached(shown, name)

    @room.delete("/sandboxes/<name>")
    @needs("job:write")
    def remove_sandbox(name: str) -> Response:
        sandboxes.remove(caller().subject, name)
        return nothing()


def _sent(most_bytes: int) -> Iterator[bytes]:
    """The body as it comes. Raises LengthMissing and TooLarge before anything is read, BadParams when it ends
    early: the server gives a body that broke off as if it had ended, and only its length tells.
    """
    length = request.content_length
    if length is None and "HTTP_TRANSFER_ENCODING" in request.environ:
        raise LengthMissing
    length = length or 0
    if length > most_bytes:
        raise TooLarge("body", f"A sandbox has {most_bytes} bytes at most.")
    return _pieces(length)


def _pieces(left: int) -> Iterator[bytes]:
    try:
        while piece := request.stream.read(PIECE_BYTES):
            left -= len(piece)
            yield piece
    except (ClientDisconnected, OSError):
        left = -1
    if left:
        raise BadParams("body", "The body ended early.")


def missing_sandboxes(sandboxes: Sandboxes, owner: str, specs: Sequence[Spec]) -> list[tuple[int, str, str]]:
    """Inputs that name none of the owner's: the number of the spec, the place in it, the sentence."""
    wanted = [
        (number, place, given.value)
        for number, spec in enumerate(specs)
        for place, given in enumerate(spec.inputs)
        if given.source is Source.SANDBOX
    ]
    known = sandboxes.list(owner) if wanted else {}
    return [
        (number, f"/inputs/{place}/sandbox", "You have no such sandbox.")
        for number, place, name in wanted
        if name not in known
    ]
