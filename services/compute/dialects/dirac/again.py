"""Jobs are submitted again (contract 2.15, 4): what ended stays, and the next try is a job of its own.

Once for each job: who asks again, or at the same time, gets the same next try.
"""

from typing import Final

from flask import Blueprint, Response

from libs.web.gate import needs
from services.compute.dialects.dirac.attributes.statuses import status_of
from services.compute.dialects.dirac.errors import answer, refusal
from services.compute.dialects.dirac.parts import DiracParts
from services.compute.dialects.dirac.requests import DIALECT, caller
from services.compute.dialects.dirac.showing import owned
from services.compute.domain.errors import AlreadyFinished, JobNotFound, NotFinished
from services.compute.domain.ids import JobUid
from services.compute.domain.job import Job
from services.compute.ports.store import Key
from services.compute.usecases.job_access import Seen
from services.compute.usecases.viewers import Viewer

WRITE: Final = "job:write"
MAXIMUM: Final = "Maximum of reschedulings reached"
WENT_WELL: Final = "The job went well: there is nothing to try again. Submit it anew."
UNFINISHED: Final = "The job has not ended: kill it first."
FINGERPRINT: Final = "again"


class NotAgain(Exception):
    """It is not tried again; the sentence says why."""


def add(room: Blueprint, parts: DiracParts) -> None:
    @room.post("/jobs/<int:jid>/reschedule")
    @needs(WRITE)
    def reschedule(jid: int) -> Response:
        try:
            old, new = again(parts, jid)
        except NotAgain as error:
            return refusal(409, "conflict", str(error))
        status, minor = status_of(new.situation)
        more = {"status": status, "minorStatus": minor, "reschedules": tries(parts, new)}
        return answer({"jid": new.id, "rescheduledFrom": old.id, **more})


def again(parts: DiracParts, number: int, *, resets: bool = False) -> tuple[Job, Job]:
    """The job that ended, and its next try. `resets`: however often it was tried.

    Raises JobNotFound, Forbidden, NotAgain, and what submitting does.
    """
    seen = owned(parts, number)
    job = seen.job
    if not resets and _tries(parts, seen) >= parts.limits.reschedules:
        raise NotAgain(f"{MAXIMUM}: {parts.limits.reschedules}.")
    principal = caller()
    groups = principal.groups if job.owner == principal.subject else ()
    # A caller's own keys have no blanks.
    key = Key(owner=job.owner, dialect=DIALECT, key=f"reschedule {job.uid}", fingerprint=FINGERPRINT)
    try:
        submitted = parts.repeat.retry(job.uid, seen.viewer, groups, principal.subject, key)
    except NotFinished:
        raise NotAgain(UNFINISHED) from None
    except AlreadyFinished:
        raise NotAgain(WENT_WELL) from None
    return job, submitted.job


def tries(parts: DiracParts, job: Job) -> int:
    """How often it was submitted again."""
    return _tries(parts, Seen(job, parts.sheets.sheets([job.id]).get(job.id), may_act=True))


def _tries(parts: DiracParts, seen: Seen) -> int:
    if seen.sheet is not None:
        return seen.sheet.retries
    count, before = 0, seen.job.facts.get("retry_of")
    while isinstance(before, str) and count <= parts.limits.reschedules:
        count += 1
        try:
            before = parts.jobs.find(JobUid(before), Viewer(None)).facts.get("retry_of")
        except JobNotFound:  # it was not kept
            break
    return count
