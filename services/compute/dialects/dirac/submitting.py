"""Jobs are taken: POST /jobs as RESTDIRAC's clients send it, POST /dirac/api/jobs/jdl as DiracX's do."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected, HTTPException

from libs.web.gate import needs
from libs.web.idempotency import HEADER
from libs.web.params import BadParams, TooLarge, read_body
from libs.web.strict_json import parse_json
from services.compute.dialects.dirac.accepting import Accepting
from services.compute.dialects.dirac.errors import InvalidRequest, answer
from services.compute.dialects.dirac.limits import MAX_BODY, MAX_JDL_BODY
from services.compute.dialects.dirac.manifest.jdl import read_jdl
from services.compute.dialects.dirac.manifest.problems import BadManifest
from services.compute.dialects.dirac.manifest.reading import Sent, read_json, too_many
from services.compute.dialects.dirac.parts import DiracParts
from services.compute.dialects.dirac.requests import (
    DIALECT,
    FORMS,
    MULTIPART,
    caller,
    key_text,
    require_submitter,
)
from services.compute.dialects.dirac.sandboxes.uploads import File, digest_of, files_of
from services.compute.ports.store import Key, Submitted

WRITE: Final = "job:write"
MANIFEST: Final = "manifest"
NO_MANIFEST: Final = "There is no manifest: send it as the parameter `manifest`, or as a JSON body."
TWO_WAYS: Final = "The manifest is sent as a parameter and as the body: use one of them."
STATUS, MINOR = "Received", "Job accepted"


def add_legacy(room: Blueprint, parts: DiracParts) -> None:
    @room.post("/jobs")
    @needs(WRITE)
    def submit_jobs() -> Response:
        owner = require_submitter()
        texts, files = _sent(parts.limits.sandbox_bytes)
        key = _key(texts, files)
        taken = parts.submit.replayed_all(key)
        if not taken:
            taken = Accepting(parts, owner)(_manifests(texts, parts.limits.jobs), files, key)
        jobs = [{"jid": each.job.id, "status": STATUS, "minorStatus": MINOR} for each in taken]
        return answer({"jids": [each.job.id for each in taken], "jobs": jobs})


def add_api(room: Blueprint, parts: DiracParts) -> None:
    @room.post("/jobs/jdl")
    @needs(WRITE)
    def submit_jdl() -> Response:
        owner = require_submitter()
        texts = _texts()
        key = _key(texts, [])
        taken = parts.submit.replayed_all(key)
        if not taken:
            _bound(texts, parts.limits.jobs)
            sent = [read_jdl(text, f"/{number}") for number, text in enumerate(texts)]
            taken = Accepting(parts, owner)(sent, [], key)
        return answer([_accepted(each) for each in taken], 201)


def _accepted(taken: Submitted) -> dict[str, object]:
    at = datetime.fromtimestamp(taken.job.submitted_at, UTC)
    stamp = at.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"JobID": taken.job.id, "Status": STATUS, "MinorStatus": MINOR, "TimeStamp": stamp}


def _texts() -> list[str]:
    """A JSON array of JDL. Raises BadParams."""
    found = parse_json(read_body(request, MAX_JDL_BODY))
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list) or not found or not all(type(text) is str for text in found):
        raise BadParams("body", "The body must be a JSON array of JDL texts.")
    return [str(text) for text in found]


def _sent(most_bytes: int) -> tuple[list[str], list[File]]:
    """Manifests as texts, and files. Raises BadParams, TooLarge, InvalidRequest."""
    try:
        texts = request.values.getlist(MANIFEST)
        parts = [(name, part) for name, part in request.files.items(multi=True) if part.filename]
        body = "" if request.mimetype in FORMS else _body()
    except ClientDisconnected:
        raise BadParams("body", "The body ended early.") from None
    except HTTPException as error:
        if error.code == 413:
            raise TooLarge("body", "The request is too large.") from None
        raise BadParams("body", "The body cannot be read.") from None
    if body and texts:
        raise InvalidRequest(TWO_WAYS)
    if not texts and request.mimetype == MULTIPART:
        # curl's `-F manifest=@job.json` makes a file of it.
        texts = [_decoded(part.stream.read(MAX_BODY)) for name, part in parts if name == MANIFEST]
        parts = [(name, part) for name, part in parts if name != MANIFEST]
    texts = [body] if body else texts
    if not texts:
        raise InvalidRequest(NO_MANIFEST)
    return texts, files_of([part for _, part in parts], most_bytes)


def _body() -> str:
    return _decoded(read_body(request, MAX_BODY)).strip(" \t\r\n")


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadManifest([("", "The manifest is not valid UTF-8.")]) from None


def _manifests(texts: Sequence[str], most: int) -> list[Sent]:
    """Several are numbered as a list of them is. Raises BadManifest."""
    _bound(texts, most)
    if len(texts) == 1:
        return read_json(texts[0], most=most)
    found: list[Sent] = []
    for number, text in enumerate(texts):
        found += read_json(text, f"/{number}", most)
        _bound(found, most)
    return found


def _bound(sent: Sequence[object], most: int) -> None:
    """Before more is done for them. Raises BadManifest."""
    if len(sent) > most:
        raise BadManifest([("", too_many(most))])


def _key(texts: Sequence[str], files: Sequence[File]) -> Key | None:
    """Its fingerprint is of what is asked for, however it travels. Raises BadParams."""
    sent = key_text(request.headers.get(HEADER))
    if sent is None:
        return None
    whole = hashlib.sha256(request.path.encode())
    for text in texts:
        whole.update(b"\nmanifest " + hashlib.sha256(text.encode()).digest())
    for file in files:
        whole.update(b"\nfile " + file.name.encode() + b"\0" + digest_of(file).encode())
    return Key(owner=caller().subject, dialect=DIALECT, key=sent, fingerprint=whole.hexdigest())
