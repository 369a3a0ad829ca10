"""Refusals of two generations: `{"error", "message"}` of the seed's, `{"code", "message"}` of v1 (rule G2).

Where the seed prints a status, that is the status, ugly or not (precedence rule of contract 0); what it would
be by itself then goes along as X-PAI-Status.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Response, request

from libs.web.params import BadParams, TooLarge
from libs.web.ranges import NotSatisfiable, unsatisfied
from services.compute.dialects.openpai.config import Invalid
from services.compute.dialects.openpai.translate import named_place
from services.compute.domain import errors
from services.compute.domain.clusters import ClusterForbidden, ClusterUnknown
from services.compute.ports.people import PeopleUnavailable

INVALID: Final = "could not validate request data"
REAL_STATUS: Final = "X-PAI-Status"
_V1: Final = re.compile(r"/(?:openpai/)?api/v[0-9].*", re.IGNORECASE | re.DOTALL)


class NoJob(Exception):
    """No job has this name, as far as the caller may know."""

    def __init__(self, name: str) -> None:
        super().__init__(name[:255])
        self.name = name[:255]


class NoPart(Exception):
    """The job has no such thing; `what` is one of NO_PART."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(what)
        self.what = what
        self.name = name


class JobExists(Exception):
    """A job has this name; `detail` says whose it is and how far."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(name)
        self.name = name
        self.detail = detail


class Forbidden(Exception):
    """The caller may not do it; `act` completes `User <u> is not allowed to`."""

    def __init__(self, user: str, act: str, is_delete: bool = False) -> None:
        super().__init__(act)
        self.user = user
        self.act = act
        self.is_delete = is_delete


ROOTS: Final = (
    errors.ComputeError,
    PeopleUnavailable,
    BadParams,
    NotSatisfiable,
    Invalid,
    NoJob,
    NoPart,
    JobExists,
    Forbidden,
)
NO_PART: Final[Mapping[str, tuple[str, str]]] = {
    "config": ("NoJobConfigError", "Config of job {} is not found."),
    "ssh": ("NoJobSshInfoError", "SSH info of job {} is not found."),
    "log": ("NoJobLogError", "Log of job {} is not found."),
}
# class -> (status, code of v1, message). What both generations say alike.
RESPONSES: Final[Mapping[type[Exception], tuple[int, str, str]]] = {
    errors.StoreUnavailable: (503, "ServiceUnavailable", "jobs cannot be looked at right now"),
    errors.FilesUnavailable: (503, "ServiceUnavailable", "files cannot be looked at right now"),
    PeopleUnavailable: (503, "ServiceUnavailable", "users cannot be asked for right now"),
    errors.OutputNotFound: (404, "NoJobLogError", "there is no such log"),
    errors.NotRepeatable: (400, "InvalidParametersError", "the job cannot be started again"),
    NotSatisfiable: (416, "InvalidParametersError", "there are not that many bytes"),
    TooLarge: (413, "TooLarge", "request entity too large"),
}
RETRY_AFTER: Final[Mapping[int, str]] = {429: "5", 503: "1"}


def is_v1() -> bool:
    return _V1.fullmatch(request.path) is not None


def answer(body: object, status: int = 200) -> Response:
    response = Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def refusal(status: int, code: str, message: str, **more: Any) -> Response:
    response = answer({"code" if is_v1() else "error": code, "message": message, **more}, status)
    if status in RETRY_AFTER:
        response.headers["Retry-After"] = RETRY_AFTER[status]
    return response


def invalid(problems: Sequence[tuple[str, str]]) -> Response:
    detail = [{"path": place, "reason": reason} for place, reason in problems]
    if is_v1():
        told = "; ".join(f"{place} {reason}" for place, reason in problems)
        return refusal(400, "InvalidParametersError", told, detail=detail)
    return refusal(400, "ParameterValidationError", INVALID, detail=detail)


def render_error(error: Exception) -> Response:
    """The answer for a known error; raises KeyError for a class the tables do not name."""
    if isinstance(error, NoJob | JobExists | Forbidden | NoPart | errors.JobNotFound):
        return _of_jobs(error)
    if isinstance(error, Invalid):
        return invalid(error.problems)
    if isinstance(error, errors.BadSpec | errors.EnvironmentRefuses):
        return invalid([(named_place(place), text) for place, text in error.problems])
    if isinstance(error, ClusterUnknown):
        return _no_cluster(error)
    if isinstance(error, ClusterForbidden):
        return refusal(403, "ForbiddenUserError", f"Virtual cluster {error.name[:64]} is for others.")
    if isinstance(error, errors.QuotaExceeded):
        return _quota(error)
    kind = next((ancestor for ancestor in type(error).__mro__ if ancestor in RESPONSES), None)
    if kind is not None:
        response = refusal(*RESPONSES[kind])
        if isinstance(error, NotSatisfiable):
            response.headers["Content-Range"] = unsatisfied(error.size)
        return response
    if isinstance(error, BadParams):
        return invalid([(error.field, error.message)])
    raise KeyError(type(error).__name__)


def _of_jobs(error: NoJob | JobExists | Forbidden | NoPart | errors.JobNotFound) -> Response:
    if isinstance(error, NoJob):
        return no_job(error.name)
    if isinstance(error, errors.JobNotFound):  # gone since it was looked up
        return no_job(str((request.view_args or {}).get("name", ""))[:255])
    if isinstance(error, NoPart):
        code, message = NO_PART[error.what]
        return refusal(404, code, message.format(error.name))
    if isinstance(error, JobExists):
        if is_v1():
            return refusal(
                409, "ConflictJobError", f"Job name {error.name} already exists", detail=error.detail
            )
        return refusal(409, "DuplicateJobSubmission", "duplicate job submission", detail=error.detail)
    if is_v1():
        return refusal(403, "ForbiddenUserError", f"User {error.user} is not allowed to {error.act}.")
    if error.is_delete:
        return refusal(403, "JobDeleteError", "job deleted error, cannot delete other user's job")
    return refusal(403, "NotAuthorized", "not authorized")


def no_job(name: str) -> Response:
    if is_v1():
        return refusal(404, "NoJobError", f"Job {name} is not found.")
    response = refusal(500, "JobNotFound", f"could not find job {name}")
    response.headers[REAL_STATUS] = "404"
    return response


def _no_cluster(error: ClusterUnknown) -> Response:
    message = f"Virtual cluster {error.name[:64]} is not found."
    return refusal(404, "NoVirtualClusterError", message)


def _quota(error: errors.QuotaExceeded) -> Response:
    """After validation: the seed has one answer for all that goes wrong there."""
    if is_v1():
        return refusal(429, "QuotaExceededError", f"{error}.")
    response = refusal(500, "JobUpdateError", "job updated error", detail=str(error))
    response.headers[REAL_STATUS] = "429"
    response.headers["Retry-After"] = RETRY_AFTER[429]
    return response


def render_edge(status: int, text: str, error: Exception | None) -> Response:
    """For what no handler saw: unknown routes, wrong methods, our own bugs."""
    if status == 404:
        if is_v1():
            return refusal(404, "NoApiError", f"API {request.path[:255]} is not found.")
        return refusal(404, "NoApiError", "API not found")
    codes = {405: "MethodNotAllowed", 413: "TooLarge"}
    return refusal(status, codes.get(status, "UnknownError"), text)
