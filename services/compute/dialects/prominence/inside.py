"""`exec` and `snapshot`: done inside of a running job by the worker that holds it, and waited for.

Their parameters are in the query; the body is empty whatever its type says (contract G12).
"""

from pathlib import PurePosixPath
from typing import Final

from flask import Blueprint, Response

from libs.web.gate import needs
from libs.web.params import BadParams
from services.compute.dialects.prominence import downloads
from services.compute.dialects.prominence.answers import text
from services.compute.dialects.prominence.errors import answer, refusal
from services.compute.dialects.prominence.jobs import found
from services.compute.dialects.prominence.parts import ProminenceParts
from services.compute.dialects.prominence.queries import Query, caller
from services.compute.dialects.prominence.signed_links import SignedLinks
from services.compute.domain.errors import OutputNotFound
from services.compute.domain.job import Job
from services.compute.domain.spec import Spec
from services.compute.usecases.errands import Ask, ErrandFailed

READ, WRITE = "job:read", "job:write"
HOME: Final = "/home/user"
FAILED: Final = "Unable to execute command"
OFF: Final = "Nothing can be done inside of running jobs on this gateway"
NO_COMMAND: Final = "A command to execute must be specified"
NO_PATH: Final = "A path to snapshot must be specified"
INVALID: Final = "Invalid path"
NO_SNAPSHOT: Final = "No snapshot of this job was made"
MAX_LINE: Final = 16_384
MAX_PATH: Final = 1024


def add(room: Blueprint, parts: ProminenceParts, links: SignedLinks) -> None:
    @room.post("/jobs/<int:number>/exec")
    @needs(WRITE)
    def execute(number: int) -> Response:
        job, words = found(parts, number), Query().text("command")
        # Its words come joined by commas; they are one line for the shell inside.
        line = (words or "").replace(",", " ").strip()
        if not line or len(line) > MAX_LINE:
            raise BadParams("command", NO_COMMAND)
        return refusal(OFF) if parts.errands is None else _executed(parts.errands, job, line)

    @room.put("/jobs/<int:number>/snapshot")
    @needs(WRITE)
    def take_snapshot(number: int) -> Response:
        job, path = found(parts, number), Query().text("path")
        inside = _inside(job.spec, path)
        if parts.errands is None:
            return refusal(OFF)
        parts.errands.snapshot(job, inside, caller().subject)
        return answer({})

    @room.get("/jobs/<int:number>/snapshot")
    @needs(READ)
    def find_snapshot(number: int) -> Response:
        job = found(parts, number)
        try:
            errand = None if parts.errands is None else parts.errands.last_snapshot(job)
        except OutputNotFound:
            errand = None
        if errand is None:
            return refusal(NO_SNAPSHOT)
        return answer({"url": links.to(downloads.snapshot(job, errand.uid))})


def _executed(errands: Ask, job: Job, line: str) -> Response:
    try:
        done = errands.execute(job, line, caller().subject)
    except ErrandFailed as error:
        return refusal(FAILED, reason=str(error))
    output = errands.output(done)
    if done.exit_code != 0:
        return refusal(FAILED, exitCode=done.exit_code, output=output.decode(errors="replace"))
    return text((output,))


def _inside(spec: Spec, path: str | None) -> str:
    """The absolute path inside: below the home, or of one of the job's own folders. Raises BadParams."""
    if not path:
        raise BadParams("path", NO_PATH)
    wanted = PurePosixPath(HOME) / path
    if len(path) > MAX_PATH or ".." in wanted.parts or not path.isprintable():
        raise BadParams("path", INVALID)
    if not any(wanted.is_relative_to(folder.path) for folder in spec.folders):
        raise BadParams("path", INVALID)
    return str(wanted)
