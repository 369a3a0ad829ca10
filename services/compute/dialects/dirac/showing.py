"""GET /jobs/<jid>, its log, and what it says (contract 2.3, 2.15)."""

from typing import Final

from flask import Blueprint, Response

from libs.web.gate import needs
from services.compute.dialects.dirac.attributes.moments import written
from services.compute.dialects.dirac.attributes.table import UNKNOWN
from services.compute.dialects.dirac.attributes.views import job_view, log_of, parameters_of
from services.compute.dialects.dirac.errors import Forbidden, answer
from services.compute.dialects.dirac.parts import DiracParts
from services.compute.dialects.dirac.requests import caller
from services.compute.domain.job import Job
from services.compute.usecases.job_access import Seen, unfiled
from services.compute.usecases.job_logs import main_stream

READ: Final = "job:read"
PEEK: Final = 65_536  # bytes at the end of what it said
SHOWN: Final = {
    "manifest": "manifest",
    "inputsandbox": "inputsandbox",
    "outputsandbox": "outputsandbox",
    "log": "log",
}


def add(room: Blueprint, parts: DiracParts) -> None:
    @room.get("/jobs/<int:jid>")
    @needs(READ)
    def show_job(jid: int) -> Response:
        seen = parts.access.find(jid, caller())
        job = seen.job
        shown = job_view(job, seen.sheet or unfiled(caller()))
        links = {name: f"{parts.public_url}/jobs/{job.id}/{path}" for name, path in SHOWN.items()}
        return answer({**shown, "parameters": parameters_of(job, parts.jobs.runs_of(job)), "links": links})

    @room.get("/jobs/<int:jid>/log")
    @needs(READ)
    def show_log(jid: int) -> Response:
        job = parts.access.find(jid, caller()).job
        steps = [
            {
                "time": written(at),
                "status": status,
                "minorStatus": minor,
                "appStatus": UNKNOWN,
                "source": source,
            }
            for at, status, minor, source in log_of(job, parts.jobs.events_of(job))
        ]
        return answer({"jid": job.id, "log": steps})

    @room.get("/jobs/<int:jid>/peek")
    @needs(READ)
    def peek(jid: int) -> Response:
        job = owned(parts, jid).job
        size, text = _said(parts, job)
        return answer({"jid": job.id, "size": size, "stdout": text})


def owned(parts: DiracParts, number: int) -> Seen:
    """With an owner's rights. Raises JobNotFound, Forbidden."""
    seen = parts.access.find(number, caller())
    if not seen.may_act:
        raise Forbidden("Job is somebody else's: you may look at its state only.")
    return seen


def _said(parts: DiracParts, job: Job) -> tuple[int, str]:
    """How much it wrote so far, and the end of it."""
    stream, attempt = main_stream(job.spec), max(job.attempt, 1)
    size = parts.logs.size(job, attempt, stream)
    if size == 0:
        return 0, ""
    start = max(0, size - PEEK)
    said = b"".join(parts.logs.open(job, attempt, stream, start, size - start))
    return size, said.decode(errors="replace")
