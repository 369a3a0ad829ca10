"""Sandboxes as DiracX's clients move them (contract 5.4, row 11): by links that are a permission by
themselves, since uploads and downloads carry no token.

POST /dirac/api/jobs/sandbox               what is to come -> its PFN, and where to send it unless it is here
GET  /dirac/api/jobs/sandbox?pfn=          where it can be fetched
POST /dirac/api/jobs/sandbox/content       the bytes, by a link
GET  /dirac/api/jobs/sandbox/content       the bytes, by a link
GET  /dirac/api/jobs/<id>/sandbox[/input|/output]   the PFNs of a job's
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from werkzeug.datastructures import FileStorage

from libs.web.gate import needs, signed
from libs.web.json_bodies import read_json_object
from libs.web.own_url import own_url
from libs.web.params import BadParams, TooLarge
from libs.web.strict_json import plain
from services.compute.dialects.dirac.errors import Forbidden, NoSandbox, answer
from services.compute.dialects.dirac.kept import kept_of
from services.compute.dialects.dirac.parts import DiracParts
from services.compute.dialects.dirac.requests import caller, viewer
from services.compute.dialects.dirac.sandboxes.downloads import archive_answer, output_archive, upload_answer
from services.compute.dialects.dirac.sandboxes.outputs import output_files
from services.compute.dialects.dirac.sandboxes.references import (
    job_of,
    job_reference_of,
    name_of,
    reference_of,
    sandbox_name,
)
from services.compute.dialects.dirac.showing import owned
from services.compute.domain.archives.packing import FORMS
from services.compute.domain.errors import OutputNotFound
from services.compute.domain.job import Job

READ, WRITE = "job:read", "job:write"
BASE: Final = "/dirac/api/jobs/sandbox/content"
LINK_SECONDS: Final = 3600
FORM_NAMES: Final = ("tar.zst", "tar.bz2", "tar.gz", "tar")
MAX_BODY: Final = 65_536
PIECE: Final = 256 * 1024
NO_LINK: Final = "This link does not count, or not any more: ask for another one."
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_MOST_LINK: Final = 2048


def add(room: Blueprint, parts: DiracParts) -> None:
    _add_uploads(room, parts)
    _add_downloads(room, parts)

    @room.get("/jobs/<int:jid>/sandbox")
    @needs(READ)
    def job_sandboxes(jid: int) -> Response:
        job = owned(parts, jid).job
        return answer({"Input": _inputs(job), "Output": _outputs(parts, job)})

    @room.get("/jobs/<int:jid>/sandbox/input")
    @needs(READ)
    def job_input(jid: int) -> Response:
        return answer(_inputs(owned(parts, jid).job))

    @room.get("/jobs/<int:jid>/sandbox/output")
    @needs(READ)
    def job_output(jid: int) -> Response:
        return answer(_outputs(parts, owned(parts, jid).job))


def _add_uploads(room: Blueprint, parts: DiracParts) -> None:
    @room.post("/jobs/sandbox")
    @needs(WRITE)
    def announce() -> Response:
        digest, size, ending = _announced(parts.limits.sandbox_bytes)
        owner = caller()
        pfn, name = reference_of(owner, digest, ending), sandbox_name(digest, ending)
        try:
            parts.sandboxes.size(owner.subject, name)
        except OutputNotFound:
            link = _link(parts, "put", {"owner": owner.subject, "name": name, "size": str(size)})
            return answer({"pfn": pfn, "url": _url(parts, link), "fields": {}})
        return answer({"pfn": pfn})

    @room.post("/jobs/sandbox/content")
    @signed
    def receive() -> Response:
        # In the address, not the form: nothing is read of what comes without a link.
        asked = _held(parts, "put", request.args, ("owner", "name", "size"))
        sent = request.files.get("file")
        if sent is None:
            raise BadParams("file", "The archive must be sent as `file`.")
        digest = asked["name"].partition("-")[2].partition(".")[0]
        parts.sandboxes.put(asked["owner"], asked["name"], _checked(sent, digest, int(asked["size"])))
        return Response(status=204)


def _add_downloads(room: Blueprint, parts: DiracParts) -> None:
    @room.get("/jobs/sandbox")
    @needs(READ)
    def where() -> Response:
        pfn = request.args.get("pfn", "")
        jid = job_of(pfn)
        if jid is not None:
            job = owned(parts, jid).job
            named = {"uid": job.uid, "name": output_archive(parts, job, FORMS["tar.zst"])}
        else:
            named = _upload_of(parts, pfn)
        url = _url(parts, _link(parts, "get", named))
        return answer({"url": url, "expires_in": LINK_SECONDS})

    @room.get("/jobs/sandbox/content")
    @signed
    def give() -> Response:
        if "uid" in request.args:
            asked = _held(parts, "get", request.args, ("uid", "name"))
            return archive_answer(parts, asked["uid"], asked["name"], asked["name"])
        asked = _held(parts, "get", request.args, ("owner", "name"))
        return upload_answer(parts, asked["owner"], asked["name"], asked["name"])


def _upload_of(parts: DiracParts, pfn: str) -> dict[str, str]:
    """Of the caller's own uploads. Raises NoSandbox, FilesUnavailable."""
    name = name_of(pfn)
    for owner in viewer().owners or ():
        try:
            if name is not None:
                parts.sandboxes.size(owner, name)
                return {"owner": owner, "name": name}
        except OutputNotFound:
            continue
    raise NoSandbox("There is no such sandbox of yours.")


def _inputs(job: Job) -> list[str]:
    kept = kept_of(job)
    return list(dict.fromkeys((*([kept.upload] if kept.upload else []), *kept.references)))


def _outputs(parts: DiracParts, job: Job) -> list[str]:
    try:
        output_files(job, parts.results)
    except NoSandbox:
        return []
    return [job_reference_of(job.id)]


def _announced(most_bytes: int) -> tuple[str, int, str]:
    """Checksum, size, ending. Raises BadParams, TooLarge."""
    sent = plain(read_json_object(request, MAX_BODY))
    assert isinstance(sent, dict), "read_json_object saw to it"
    algorithm, digest = sent.get("checksum_algorithm"), sent.get("checksum")
    size, ending = sent.get("size"), sent.get("format")
    if algorithm != "sha256":
        raise BadParams("checksum_algorithm", "checksum_algorithm must be sha256.")
    if type(digest) is not str or _HEX.fullmatch(digest) is None:
        raise BadParams("checksum", "checksum must be a SHA-256, 64 lower-case hex digits.")
    if type(ending) is not str or ending not in FORM_NAMES:
        raise BadParams("format", f"format must be one of {', '.join(FORM_NAMES)}.")
    if type(size) is not int or size < 1:
        raise BadParams("size", "size must be a whole number of bytes.")
    if size > most_bytes:
        raise TooLarge("size", f"A sandbox has {most_bytes} bytes at most.")
    return digest, size, ending


def _link(parts: DiracParts, does: str, named: Mapping[str, str]) -> dict[str, str]:
    until = int(parts.clock.now()) + LINK_SECONDS
    proof = parts.links.sign(_what(does, named), until)
    return {**named, "expires": str(until), "signature": proof}


def _url(parts: DiracParts, link: Mapping[str, str]) -> str:
    return f"{own_url(parts.public_url)}{BASE}?{urlencode(link)}"


def _held(parts: DiracParts, does: str, sent: Mapping[str, str], names: tuple[str, ...]) -> Mapping[str, str]:
    """What a link of ours says. Raises Forbidden."""
    named = {name: sent.get(name, "") for name in names}
    until, proof = sent.get("expires", ""), sent.get("signature", "")
    if sum(map(len, (*named.values(), until, proof))) > _MOST_LINK or not re.fullmatch("[0-9]{1,12}", until):
        raise Forbidden(NO_LINK)
    is_ours = parts.links.holds(_what(does, named), int(until), proof)
    if not is_ours or int(until) < parts.clock.now():
        raise Forbidden(NO_LINK)
    return named


def _what(does: str, named: Mapping[str, str]) -> str:
    said = (f"{name}={len(text)}:{text}" for name, text in named.items())
    return "dirac-sandbox/" + "/".join((does, *said))


def _checked(sent: FileStorage, digest: str, size: int) -> Iterator[bytes]:
    """The same bytes; whoever keeps them keeps none when they are others than was announced. Raises
    BadParams.
    """
    found, count = hashlib.sha256(), 0
    while piece := sent.stream.read(PIECE):
        found.update(piece)
        count += len(piece)
        yield piece
    if count != size or found.hexdigest() != digest:
        raise BadParams("file", "What came is not what was announced: its size or its SHA-256 is another.")
