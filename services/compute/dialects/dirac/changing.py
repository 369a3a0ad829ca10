"""POST /dirac/api/jobs/reschedule, PATCH /dirac/api/jobs/status (contract 4): each job for itself."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Blueprint, Response, request

from libs.web.gate import needs
from libs.web.strict_json import Json
from services.compute.dialects.dirac.again import NotAgain, again
from services.compute.dialects.dirac.attributes.conditions import moments_of
from services.compute.dialects.dirac.attributes.statuses import status_of
from services.compute.dialects.dirac.documents import identifier, member_list, read_object
from services.compute.dialects.dirac.ending import MOST, end
from services.compute.dialects.dirac.errors import Forbidden, InvalidRequest, answer, refusal
from services.compute.dialects.dirac.parts import DiracParts
from services.compute.dialects.dirac.requests import caller, read_flag
from services.compute.domain.errors import BadSpec, JobNotFound, NotRepeatable, QuotaExceeded
from services.compute.usecases.job_access import ADMINISTRATOR

WRITE: Final = "job:write"
NO_JOB: Final = "There is no such job."
ENDS: Final = {"Killed": True, "Deleted": False}  # whether it is killed only
NOT_OURS: Final = "Clients ask for Killed or Deleted: all else is told by what runs the job."
_REFUSED: Final = (JobNotFound, Forbidden, NotAgain, NotRepeatable, QuotaExceeded, BadSpec, InvalidRequest)
Done = dict[str, Any]


def add(room: Blueprint, parts: DiracParts) -> None:
    @room.post("/jobs/reschedule")
    @needs(WRITE)
    def reschedule_jobs() -> Response:
        numbers = [identifier("job_ids", each) for each in member_list(read_object(), "job_ids", MOST)]
        if not numbers:
            raise InvalidRequest("job_ids is a list of jobs' numbers.")
        resets = _privilege("reset_jobs")

        def one(number: int) -> Done:
            old, new = again(parts, number, resets=resets)
            status, minor = status_of(new.situation)
            return {"JobID": new.id, "RescheduledFrom": old.id, "Status": status, "MinorStatus": minor}

        return _answered({str(number): number for number in numbers}, one, 400)

    @room.patch("/jobs/status")
    @needs(WRITE)
    def change_statuses() -> Response:
        document = read_object()
        if not 1 <= len(document) <= MOST:
            raise InvalidRequest(f"The body is an object of 1 to {MOST} jobs, by number.")
        _privilege("force")

        def one(item: tuple[int, Json]) -> Done:
            number, changes = item
            wanted = _wanted(number, changes)
            if wanted not in ENDS:
                raise NotAgain(NOT_OURS)
            status, minor = status_of(end(parts, number, kills_only=ENDS[wanted])[1].situation)
            if status != wanted and not (wanted == "Deleted" and status == "Killed"):
                raise NotAgain(f"A job that is {status} does not become {wanted}.")
            return {"Status": status, "MinorStatus": minor}

        items = {key: (identifier("The key of each job", key), value) for key, value in document.items()}
        return _answered(items, one, 404)


def _answered(items: Mapping[str, Any], act: Callable[[Any], Done], none: int) -> Response:
    """What came of each; `none` is the status when nothing did."""
    success: dict[str, Done] = {}
    failed: dict[str, Done] = {}
    for name, item in items.items():
        try:
            success[name] = act(item)
        except _REFUSED as error:
            failed[name] = {"detail": NO_JOB if isinstance(error, JobNotFound) else str(error)}
    if success:
        return answer({"success": success, "failed": failed})
    code = "not_found" if none == 404 else "invalid_request"
    return refusal(none, code, "Nothing of it could be done.", success=success, failed=failed)


def _wanted(number: int, changes: Json) -> str:
    """The status that is asked for last. Raises InvalidRequest."""
    if not isinstance(changes, dict) or not changes or len(changes) > MOST:
        raise InvalidRequest(f"{number}: an object of changes by their time.")
    last = max(changes, key=lambda at: moments_of(str(number), at)[0])
    change = changes[last]
    status = change.get("Status") if isinstance(change, dict) else None
    return status if isinstance(status, str) else ""


def _privilege(name: str) -> bool:
    """A flag of the query that is for administrators of jobs. Raises Forbidden, InvalidRequest."""
    is_set = read_flag(name, request.args.get(name))
    if is_set and ADMINISTRATOR not in caller().properties:
        raise Forbidden(f"{name} needs the property {ADMINISTRATOR}.")
    return is_set
