"""Jobs are killed and deleted (contract 2.7): what comes of it depends on how far they have come."""

from collections.abc import Iterable
from typing import Final

from flask import Blueprint, Response

from libs.web.gate import needs
from services.compute.dialects.dirac.asked import read_words
from services.compute.dialects.dirac.attributes.statuses import status_of
from services.compute.dialects.dirac.errors import Forbidden, InvalidRequest, answer
from services.compute.dialects.dirac.parts import DiracParts
from services.compute.dialects.dirac.requests import caller, flag_parameter
from services.compute.dialects.dirac.showing import owned
from services.compute.domain.errors import JobNotFound
from services.compute.domain.job import Job
from services.compute.domain.states import ACTIVE

WRITE: Final = "job:write"
MOST: Final = 1000
BY: Final = "Marked for termination"
NO_JOB: Final = "There is no such job."


def add(room: Blueprint, parts: DiracParts) -> None:
    @room.delete("/jobs/<int:jid>")
    @needs(WRITE)
    def end_job(jid: int) -> Response:
        before, after = end(parts, jid, kills_only=flag_parameter("killonly"))
        status, minor = status_of(after.situation)
        changed = _changed(before, after)
        return answer({"jid": after.id, "status": status, "minorStatus": minor, "changed": changed})

    @room.delete("/jobs")
    @needs(WRITE)
    def end_jobs() -> Response:
        kills_only = flag_parameter("killonly")
        ended: dict[str, list[int]] = {"killed": [], "deleted": [], "unchanged": []}
        failed: dict[str, str] = {}
        for number in jids(read_words().names("jid")):
            try:
                before, after = end(parts, number, kills_only=kills_only)
            except (JobNotFound, Forbidden) as error:
                failed[str(number)] = NO_JOB if isinstance(error, JobNotFound) else str(error)
                continue
            is_deleted = after.situation.is_deleted
            what = "unchanged" if not _changed(before, after) else "deleted" if is_deleted else "killed"
            ended[what].append(number)
        return answer({**ended, "failed": failed})


def end(parts: DiracParts, number: int, *, kills_only: bool) -> tuple[Job, Job]:
    """The job as it was and as it is then. Raises JobNotFound, Forbidden."""
    seen = owned(parts, number)
    job, by = seen.job, caller().subject
    if job.situation.is_deleted:
        return job, job
    if (job.state in ACTIVE and not job.situation.is_stopping) or kills_only:
        return job, parts.jobs.cancel(job.uid, seen.viewer, by, f"{BY} by {_name()}.")
    return job, parts.jobs.delete(job.uid, seen.viewer, by)


def jids(words: Iterable[str]) -> list[int]:
    """Each once. Raises InvalidRequest."""
    found = dict.fromkeys(words)
    if not 1 <= len(found) <= MOST or any(not _is_number(word) for word in found):
        raise InvalidRequest(f"jid is a job's number; there are 1 to {MOST} of them.")
    return list(dict.fromkeys(map(int, found)))


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= 18


def _changed(before: Job, after: Job) -> bool:
    """Whether what was asked for came of it: a job that ended by itself meanwhile was not killed."""
    status = status_of(after.situation)
    return status != status_of(before.situation) and status[0] in ("Killed", "Deleted")


def _name() -> str:
    return caller().name[:100]
