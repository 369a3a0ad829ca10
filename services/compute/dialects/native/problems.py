"""Refusals of this room: `application/problem+json` (RFC 9457).

`code` is for programs, `detail` for people; `errors` lists what is wrong with a document, each with its JSON
pointer (RFC 6901).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Response

from libs.web import request_ids
from libs.web.json_bodies import UnknownCoding
from libs.web.params import BadParams, TooLarge
from libs.web.ranges import NotSatisfiable, unsatisfied
from services.compute.domain import errors
from services.compute.domain.errors import BadSpec, ComputeError, EnvironmentRefuses
from services.compute.usecases.errands import ClosedJob, ErrandFailed, TooManyErrands
from services.compute.usecases.streams import TooManyStreams

MEDIA_TYPE = "application/problem+json"
Text = str | Callable[[Any], str]
Problems = Sequence[tuple[str, str]]


class LengthMissing(ComputeError):
    """A body without a Content-Length, where only that tells whether it came whole."""


class BadKey(ComputeError):
    """An Idempotency-Key that cannot be one."""


class BadWorkflow(BadSpec):
    """A workflow that cannot be taken as it was described."""


class WorkflowRefused(EnvironmentRefuses):
    """A workflow of whose jobs an environment cannot run one."""


class ForAdministrators(ComputeError):
    """Everybody's, asked for by somebody else."""


# class -> (status, code, text)
RESPONSES: dict[type[Exception], tuple[int, str, Text]] = {
    TooLarge: (413, "too_large", lambda e: e.message),
    UnknownCoding: (415, "unknown_coding", lambda e: e.message),
    BadParams: (400, "invalid_request", lambda e: e.message),
    LengthMissing: (411, "length_required", "Send it with a Content-Length, not in chunks."),
    BadKey: (400, "invalid_key", "An Idempotency-Key has 1 to 255 visible ASCII characters."),
    NotSatisfiable: (416, "range_not_satisfiable", lambda e: f"There are {e.size} bytes."),
    errors.BadSpec: (422, "invalid_job", "The job cannot be taken as it is described: see `errors`."),
    BadWorkflow: (422, "invalid_workflow", "The workflow cannot be taken as it is described: see `errors`."),
    WorkflowRefused: (422, "environment_refuses", "An environment cannot run its jobs: see `errors`."),
    ForAdministrators: (403, "access_denied", "Everybody's are for administrators."),
    errors.EnvironmentUnknown: (
        422,
        "no_such_environment",
        "There is no environment of that name; GET /tidegate/v1/environments lists them.",
    ),
    errors.EnvironmentRefuses: (422, "environment_refuses", str),
    errors.JobNotFound: (404, "no_such_job", "There is no such job."),
    errors.WorkflowNotFound: (404, "no_such_workflow", "There is no such workflow."),
    errors.OutputNotFound: (404, "no_such_file", "There is no such file."),
    errors.KeyReused: (422, "key_reused", "The Idempotency-Key stood for another request before."),
    errors.KeyInFlight: (409, "key_in_flight", "The first request with this Idempotency-Key is at work."),
    errors.AgreementInUse: (409, "already_running", "An unfinished job was started with the same payment."),
    errors.NotFinished: (409, "not_finished", "It has not ended."),
    errors.AlreadyFinished: (409, "already_finished", "It has ended."),
    errors.NotRunning: (409, "not_running", "Nothing of the job runs at the moment."),
    ErrandFailed: (409, "not_done", str),
    ClosedJob: (403, "closed_job", "Nobody looks inside of a job that works on data granted to it alone."),
    errors.NotRepeatable: (409, "not_repeatable", str),
    errors.QuotaExceeded: (429, "quota_exceeded", lambda e: f"{e}."),
    TooManyErrands: (429, "too_many_errands", "Too many callers do something inside of running jobs."),
    TooManyStreams: (429, "too_many_streams", "Too many callers follow jobs at the moment."),
    errors.StoreUnavailable: (503, "temporarily_unavailable", "Jobs cannot be looked at right now."),
    errors.FilesUnavailable: (503, "temporarily_unavailable", "Files cannot be looked at right now."),
    errors.Refused: (422, "refused", str),
}
RETRY_AFTER: Mapping[type[Exception], str] = {
    errors.StoreUnavailable: "1",
    errors.FilesUnavailable: "1",
    errors.KeyInFlight: "1",
    TooManyStreams: "5",
    TooManyErrands: "5",
    errors.QuotaExceeded: "30",
}
TOO_LARGE_REASONS = frozenset({"output_too_large", "input_too_large"})


def render(error: Exception) -> Response:
    """The answer for a known error; raises KeyError for a class the table does not name."""
    kind = next((ancestor for ancestor in type(error).__mro__ if ancestor in RESPONSES), type(error))
    status, code, text = RESPONSES[kind]
    if isinstance(error, errors.Refused) and error.reason.code in TOO_LARGE_REASONS:
        status, code = 413, "too_large"
    response = problem(status, code, text if isinstance(text, str) else text(error), _listed(error))
    if kind in RETRY_AFTER:
        response.headers["Retry-After"] = RETRY_AFTER[kind]
    if isinstance(error, NotSatisfiable):
        response.headers["Content-Range"] = unsatisfied(error.size)
    return response


def refusal(status: int, code: str, text: str, headers: Mapping[str, str]) -> Response:
    """What the gate refuses, in this room's shape."""
    response = problem(status, code, text)
    response.headers.extend(dict(headers))
    return response


def render_edge(status: int, text: str, _: Exception | None) -> Response:
    """For what no handler saw: unknown routes, wrong methods, our own bugs."""
    return problem(status, "internal_error" if status >= 500 else f"http_{status}", text)


def problem(status: int, code: str, detail: str, listed: Problems = ()) -> Response:
    body: dict[str, Any] = {
        "type": f"urn:tidegate:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": request_ids.current(),
    }
    if listed:
        body["errors"] = [{"pointer": place, "detail": text} for place, text in listed]
    response = Response(json.dumps(body, separators=(",", ":")), status, mimetype=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def _listed(error: Exception) -> Problems:
    if isinstance(error, errors.BadSpec | errors.EnvironmentRefuses):
        return error.problems
    if isinstance(error, BadParams) and error.field not in ("body", "query"):
        return [(f"/{error.field}", error.message)]
    return ()
