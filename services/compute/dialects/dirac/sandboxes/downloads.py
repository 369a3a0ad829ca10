"""GET /jobs/<jid>/inputsandbox and /outputsandbox, whole or one file (contract 2.5).

The bytes are what the headers say they are; the same files are the same archive, so that it can be read in
parts and need not be read twice.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from flask import Blueprint, Response, request

from libs.web.byte_answers import attached, file_answer
from libs.web.gate import needs
from services.compute.dialects.dirac.errors import NoSandbox, NotUnpacked
from services.compute.dialects.dirac.parts import DiracParts
from services.compute.dialects.dirac.sandboxes.forms import asked_form, form_named
from services.compute.dialects.dirac.sandboxes.inputs import input_archives, merged
from services.compute.dialects.dirac.sandboxes.outputs import Given, archive_name, output_files
from services.compute.dialects.dirac.showing import owned
from services.compute.domain.archives.members import BadArchive
from services.compute.domain.archives.packing import FORMS, Form, Packed, pack
from services.compute.domain.errors import OutputNotFound
from services.compute.domain.job import Job

READ: Final = "job:read"
OCTETS: Final = "application/octet-stream"
MAX_KEPT: Final = 1 << 28  # bytes of files whose archive is kept; a larger one is made anew each time
MAX_UNPACKED: Final = 1 << 32


def add(room: Blueprint, parts: DiracParts) -> None:
    @room.get("/jobs/<int:jid>/outputsandbox")
    @needs(READ)
    def output_sandbox(jid: int) -> Response:
        job = owned(parts, jid).job
        given, form = output_files(job, parts.results), asked_form(parts.usual_form)
        shown = f"{jid}-outputsandbox.{form.ending}"
        if sum(each.file.size for each in given) > MAX_KEPT:
            return _made_anew(partial(_renamed, parts, job, given), form, shown)
        name = archive_name(given, form)
        _make(parts, job, name, partial(_renamed, parts, job, given))
        return archive_answer(parts, job.uid, name, shown)

    @room.get("/jobs/<int:jid>/outputsandbox/<path:member>")
    @needs(READ)
    def output_file(jid: int, member: str) -> Response:
        job = owned(parts, jid).job
        for each in output_files(job, parts.results):
            if each.name == member:
                return _one(parts, job, each)
        raise NoSandbox("There is no such file in the output sandbox.")

    @room.get("/jobs/<int:jid>/inputsandbox")
    @needs(READ)
    def input_sandbox(jid: int) -> Response:
        job = owned(parts, jid).job
        archives, form = input_archives(job), asked_form(parts.usual_form)
        shown = f"{jid}-inputsandbox.{form.ending}"
        stored = archives.as_it_is(form)
        if stored is not None:
            return upload_answer(parts, archives.owner, stored, shown)
        name = archives.archive_name(form)
        _make(parts, job, name, partial(merged, archives, parts.sandboxes, MAX_UNPACKED))
        return archive_answer(parts, job.uid, name, shown)


def output_archive(parts: DiracParts, job: Job, form: Form) -> str:
    """The name of a job's output sandbox among its archives; it is there then.

    Raises NoSandbox, Refused, FilesUnavailable.
    """
    given = output_files(job, parts.results)
    name = archive_name(given, form)
    _make(parts, job, name, partial(_renamed, parts, job, given))
    return name


def archive_answer(parts: DiracParts, uid: str, name: str, shown: str) -> Response:
    """Of an archive that was made. Raises OutputNotFound, FilesUnavailable, NotSatisfiable."""
    digest, _, ending = name.partition(".")

    def pieces(start: int, length: int | None) -> Iterator[bytes]:
        return parts.archives.open(uid, name, start, length)

    size = parts.archives.size(uid, name, _gone, 0)
    return attached(file_answer(pieces, size, FORMS[ending].media_type, etag=digest), shown)


def upload_answer(parts: DiracParts, owner: str, name: str, shown: str) -> Response:
    """Of an uploaded archive, as it came. Raises OutputNotFound, FilesUnavailable, NotSatisfiable."""
    digest, _, ending = name.partition("-")[2].partition(".")
    form = form_named(ending)  # None: it is no archive by its name, and came through another window

    def pieces(start: int, length: int | None) -> Iterator[bytes]:
        return parts.sandboxes.open(owner, name, start, length)

    size = parts.sandboxes.size(owner, name)
    media_type = OCTETS if form is None else form.media_type
    return attached(file_answer(pieces, size, media_type, etag=digest), shown)


def _make(parts: DiracParts, job: Job, name: str, files: Callable[[], Iterable[Packed]]) -> None:
    form = FORMS[name.partition(".")[2]]
    try:
        parts.archives.size(job.uid, name, lambda: pack(files(), form), MAX_UNPACKED)
    except BadArchive as error:
        raise NotUnpacked(f"The sandbox cannot be unpacked: {error}. Ask for it as it was sent.") from error


def _made_anew(files: Callable[[], Iterable[Packed]], form: Form, shown: str) -> Response:
    """Not kept, so neither its size nor a tag of it is known."""
    pieces = iter(()) if request.method == "HEAD" else pack(files(), form)
    response = Response(pieces, content_type=form.media_type)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return attached(response, shown)


def _renamed(parts: DiracParts, job: Job, given: Sequence[Given]) -> Iterator[Packed]:
    packed = parts.results.packed(job, [each.file for each in given])
    for each, file in zip(given, packed, strict=True):
        yield replace(file, name=each.name)


def _one(parts: DiracParts, job: Job, given: Given) -> Response:
    file = given.file

    def pieces(start: int, length: int | None) -> Iterator[bytes]:
        return parts.results.open(job, file.kind, file.path, start, length)

    answer = file_answer(pieces, file.size, file.media_type, etag=file.sha256)
    return attached(answer, given.name.rpartition("/")[2])


def _gone() -> Iterable[bytes]:
    raise OutputNotFound("archive")
