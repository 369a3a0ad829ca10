"""`/jobs/<job>/outputs`: what a job left, listed, one by one, or all in one archive."""

from collections.abc import Iterator
from urllib.parse import quote

from flask import Blueprint, Response, request

from libs.web.byte_answers import attached, file_answer
from libs.web.gate import needs
from services.compute.dialects.native.answers import answer
from services.compute.dialects.native.parts import NativeParts
from services.compute.dialects.native.requests import Query, viewer
from services.compute.dialects.native.views import PREFIX, file_view
from services.compute.domain.job import Stored

ZIP = "application/zip"


def add(room: Blueprint, parts: NativeParts) -> None:
    @room.get("/jobs/<ref>/outputs")
    @needs("job:read")
    def list_outputs(ref: str) -> Response:
        Query()
        job = parts.jobs.find(ref, viewer())
        here = f"{PREFIX}/{job.uid}/outputs/"
        files = parts.results.list(job, Stored.OUTPUT)
        return answer({"files": [file_view(file, here + quote(file.path)) for file in files]})

    @room.get("/jobs/<ref>/outputs/<path:path>")
    @needs("job:read")
    def show_output(ref: str, path: str) -> Response:
        job = parts.jobs.find(ref, viewer())
        file = parts.results.find(job, Stored.OUTPUT, path)

        def pieces(start: int, length: int | None) -> Iterator[bytes]:
            return parts.results.open(job, Stored.OUTPUT, path, start, length)

        shown = file_answer(pieces, file.size, file.media_type, etag=file.sha256)
        return attached(shown, path.rpartition("/")[2])

    @room.get("/jobs/<ref>/outputs.zip")
    @needs("job:read")
    def show_archive(ref: str) -> Response:
        Query()
        job = parts.jobs.find(ref, viewer())
        body = iter(()) if request.method == "HEAD" else parts.results.archive(job)
        response = Response(body, mimetype=ZIP)
        response.headers["Cache-Control"] = "no-store"
        return attached(response, f"{job.uid}.zip")
