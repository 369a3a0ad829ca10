"""`/data`: files that callers and their groups keep for jobs (contract 1.4).

A name without `/` is the caller's own; any other starts with a group that they must belong to. Uploads go to
a link that is good for one.
"""

import re
from collections.abc import Iterator
from email.utils import formatdate
from typing import Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected

from libs.web.gate import needs, signed
from libs.web.json_bodies import read_json_object
from libs.web.params import BadParams, TooLarge
from services.compute.dialects.prominence.errors import answer, refusal
from services.compute.dialects.prominence.queries import Query, caller, viewer
from services.compute.dialects.prominence.signed_links import SignedLinks
from services.compute.domain.errors import OutputNotFound, Refused
from services.compute.domain.objects import Address, Holder, StoredObject, address_of, is_object_name
from services.compute.usecases.objects import Asker, NotAllowed, Objects

READ, WRITE = "job:read", "job:write"
CONTENT: Final = "data/content"
NO_NAME: Final = "An object name must be specified"
NOT_YOURS: Final = "Not authorized to access this path"
NO_UPLOAD: Final = "Not authorized to access upload with this path"
NO_FILE: Final = "There is no such file"
NO_LINK: Final = "This link does not count, or not any more: ask for another one"
NO_LENGTH: Final = "Say how long the file is (Content-Length), or give its checksum when asking for the link"
NO_JOB: Final = "A JWT token is required"
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_MAX_SECRET: Final = 128
_MAX_BODY: Final = 65_536
_PIECE: Final = 256 * 1024


def add(room: Blueprint, objects: Objects, links: SignedLinks) -> None:
    _add_errors(room)
    _add_listings(room, objects)
    _add_uploads(room, objects, links)

    @room.delete("/data/<path:name>")
    @needs(WRITE)
    def remove_file(name: str) -> Response:
        asker = _asker()
        try:
            objects.remove(_address(name.strip("/"), asker), asker)
        except OutputNotFound:
            return refusal(NO_FILE)
        return Response(status=204)


def _add_errors(room: Blueprint) -> None:
    @room.errorhandler(NotAllowed)
    def refuse(error: NotAllowed) -> Response:
        return refusal(NO_UPLOAD if request.method == "POST" else NOT_YOURS, 403)

    @room.errorhandler(Refused)
    def tell(error: Refused) -> Response:
        return refusal(error.reason.sentence, 413 if error.reason.code == "output_too_large" else 400)


def _add_listings(room: Blueprint, objects: Objects) -> None:
    @room.get("/data")
    @room.get("/data/")
    @needs(READ)
    def list_files() -> Response:
        asker = _asker()
        return answer([_shown(found) for found in objects.list(asker.own, "", asker)])

    @room.get("/data/<path:path>")
    @needs(READ)
    def list_files_below(path: str) -> Response:
        asker = _asker()
        # With a last part that is dropped again, so that a group's own name is a folder too.
        address = _address(f"{path.strip('/')}/-", asker)
        found = objects.list(address.scope, address.name.rpartition("/")[0], asker)
        lead = f"{address.scope.name}/" if address.scope.holder is Holder.GROUP else ""
        return answer([_shown(stored, lead) for stored in found])


def _add_uploads(room: Blueprint, objects: Objects, links: SignedLinks) -> None:
    @room.post("/data")
    @room.post("/data/upload")
    @needs(WRITE)
    def ask_upload() -> Response:
        asker = _asker()
        name, checksum = _wanted()
        secret = objects.promise(_address(name, asker), checksum, asker)
        return answer({"url": f"{links.api()}/{CONTENT}?upload={secret}"}, 201)

    @room.put("/data/content")
    @signed
    def receive_upload() -> Response:
        secret = Query().text("upload") or ""
        if not secret or len(secret) > _MAX_SECRET:
            return refusal(NO_LINK, 403)
        try:
            is_checked = objects.promised(secret).sha256 is not None
            stored = objects.receive(secret, _sent(objects.file_bytes, is_checked=is_checked))
        except OutputNotFound:
            return refusal(NO_LINK, 403)
        return answer({"name": stored.address.name, "size": stored.size, "sha256": stored.sha256})

    @room.post("/data/output")
    @needs(WRITE)
    def ask_output() -> Response:
        """Only workers of the original asked; ours keep outputs by themselves."""
        return refusal(NO_JOB)


def _asker() -> Asker:
    principal = caller()
    return Asker(
        subject=principal.subject, subjects=viewer().owners or {principal.subject}, groups=principal.groups
    )


def _address(name: str, asker: Asker) -> Address:
    """Raises BadParams, NotAllowed."""
    if not is_object_name(name):
        raise BadParams("filename", NO_NAME)
    address = address_of(name, asker.subject, asker.groups)
    if address is None:
        raise NotAllowed
    return address


def _wanted() -> tuple[str, str | None]:
    """The name and its SHA-256, of the body or of the query. Raises BadParams."""
    query = Query()
    sent = read_json_object(request, _MAX_BODY) if request.content_length else {}
    name = sent.get("filename", query.text("name"))
    checksum = sent.get("checksum", query.text("checksum"))
    if type(name) is not str or not name:  # a number is a text of its own kind here
        raise BadParams("filename", NO_NAME)
    if checksum is None or checksum == "":
        return name.strip("/"), None
    if type(checksum) is not str or _SHA256.fullmatch(checksum) is None:
        raise BadParams("checksum", "The checksum must be a SHA-256 in hex, or null")
    return name.strip("/"), checksum.lower()


def _shown(stored: StoredObject, lead: str = "") -> dict[str, object]:
    return {
        "name": f"{lead}{stored.address.name}",
        "size": stored.size,
        "lastModified": formatdate(stored.modified_at, usegmt=True),
    }


def _sent(most_bytes: int, *, is_checked: bool) -> Iterator[bytes]:
    """The body as it comes. A body that broke off looks like one that ended: its length tells, or its
    checksum. Raises BadParams, TooLarge.
    """
    length = request.content_length
    if length is None and "HTTP_TRANSFER_ENCODING" in request.environ and not is_checked:
        raise BadParams("body", NO_LENGTH)
    if length is not None and length > most_bytes:
        raise TooLarge("body", f"A file has {most_bytes} bytes at most")
    return _pieces(length)


def _pieces(length: int | None) -> Iterator[bytes]:
    count = 0
    try:
        while piece := request.stream.read(_PIECE):
            count += len(piece)
            yield piece
    except (ClientDisconnected, OSError):
        raise BadParams("body", "The file ended early: send it again") from None
    if length is not None and count != length:
        raise BadParams("body", "The file ended early: send it again")
