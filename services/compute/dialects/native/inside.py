"""`/jobs/<job>/exec` and `/snapshot`: done inside of a running job by the worker that holds it, and waited
for.
"""

import base64
from pathlib import PurePosixPath
from typing import Any, Final

from flask import Blueprint, Response, request

from libs.web.byte_answers import attached
from libs.web.gate import needs
from libs.web.params import BadParams
from services.compute.dialects.native.answers import answer
from services.compute.dialects.native.parts import NativeParts
from services.compute.dialects.native.requests import Query, caller, sent_document, viewer
from services.compute.domain.spec import Spec

WRITE: Final = "job:write"  # a snapshot as well: it is made, and kept with the job
ARCHIVE: Final = "application/gzip"
MAX_LINE: Final = 16_384
MAX_PATH: Final = 1024
NO_COMMAND: Final = f"The command field must be a line of shell of 1 to {MAX_LINE} characters."
NO_PATH: Final = "The path parameter names what is copied: below one of the job's folders."


def add(room: Blueprint, parts: NativeParts) -> None:
    @room.post("/jobs/<ref>/exec")
    @needs(WRITE)
    def execute(ref: str) -> Response:
        Query()
        line = _line()
        job = parts.jobs.find(ref, viewer())
        done = parts.errands.execute(job, line, caller().subject)
        return answer({"exit_code": done.exit_code, **_text(parts.errands.output(done))})

    @room.get("/jobs/<ref>/snapshot")
    @needs(WRITE)
    def take_snapshot(ref: str) -> Response:
        path = Query("path").text("path")
        job = parts.jobs.find(ref, viewer())
        inside = _inside(job.spec, path)
        if request.method == "HEAD":  # to look is no reason to make one
            return attached(Response(status=200, mimetype=ARCHIVE), _name(inside))
        done = parts.errands.snapshot(job, inside, caller().subject)
        response = Response(parts.errands.open(done), mimetype=ARCHIVE)
        response.headers["Content-Length"] = str(done.size)
        response.headers["Cache-Control"] = "no-store"
        return attached(response, _name(inside))


def _line() -> str:
    """Raises BadParams."""
    document = sent_document()
    line = document.get("command")
    unknown = sorted(name for name in document if name != "command")
    if unknown:
        raise BadParams(unknown[0][:64], "There is no such field here. Known: command.")
    if type(line) is not str or not line.strip() or len(line) > MAX_LINE:
        raise BadParams("command", NO_COMMAND)
    return line


def _text(output: bytes) -> dict[str, Any]:
    """As logs are told."""
    try:
        return {"text": output.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(output).decode()}


def _inside(spec: Spec, path: str | None) -> str:
    """The absolute path inside: of one of the job's folders or below; relative to the first writable one.
    Raises BadParams.
    """
    folders = [PurePosixPath(folder.path) for folder in spec.folders]
    home = next((folder.path for folder in spec.folders if folder.writable), "/")
    wanted = PurePosixPath(home) / (path or "")
    if not path or len(path) > MAX_PATH or ".." in wanted.parts or not path.isprintable():
        raise BadParams("path", NO_PATH)
    if not any(wanted.is_relative_to(folder) for folder in folders):
        raise BadParams("path", NO_PATH)
    return str(wanted)


def _name(path: str) -> str:
    return f"{path.rpartition('/')[2] or 'snapshot'}.tgz"
