"""What a refusal looks like to a PROMINENCE client: `{"error": text}` with every status (contract G4).

What is missing, or somebody else's, is told with 400: clients take 404 for a wrong URL (G5).
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Response

from libs.web.json_bodies import UnknownCoding
from libs.web.params import BadParams, TooLarge
from libs.web.ranges import NotSatisfiable, unsatisfied
from services.compute.domain import errors
from services.compute.usecases.errands import ClosedJob, ErrandFailed, TooManyErrands

Text = str | Callable[[Any], str]
NO_JOBS: Final = "No such job(s)"
NO_WORKFLOWS: Final = "No such workflow(s)"
NOT_DESCRIBED: Final = "Unable to get JSON description of the specified job"
ROOTS: Final = (errors.ComputeError, BadParams, NotSatisfiable)

# class -> (status, text). The nearest class in the error's own ancestry answers.
RESPONSES: Final[Mapping[type[Exception], tuple[int, Text]]] = {
    TooLarge: (413, lambda e: e.message),
    UnknownCoding: (415, lambda e: e.message),
    BadParams: (400, lambda e: e.message),
    NotSatisfiable: (416, lambda e: f"There are {e.size} bytes"),
    errors.BadSpec: (400, str),
    errors.EnvironmentUnknown: (400, "No matching resources"),
    errors.EnvironmentRefuses: (400, lambda e: f"No matching resources: {e}"),
    errors.QuotaExceeded: (429, str),
    errors.JobNotFound: (400, "Job does not exist"),
    errors.WorkflowNotFound: (400, "Workflow does not exist"),
    errors.OutputNotFound: (404, "There is no such file"),
    errors.NotRunning: (400, "Job is not running"),
    errors.NotFinished: (400, "It has not ended yet"),
    errors.AlreadyFinished: (400, "It has ended already"),
    errors.NotRepeatable: (400, lambda e: f"{NOT_DESCRIBED}: {e}"),
    errors.AgreementInUse: (409, "An unfinished job was started with the same payment"),
    errors.KeyReused: (422, "The Idempotency-Key stood for another request before"),
    errors.KeyInFlight: (409, "The first request with this Idempotency-Key is at work"),
    errors.StoreUnavailable: (503, "Jobs cannot be looked at right now"),
    errors.FilesUnavailable: (503, "Files cannot be looked at right now"),
    ErrandFailed: (400, str),
    ClosedJob: (403, "Nobody looks inside of a job that works on data granted to it alone"),
    TooManyErrands: (429, "Too many callers do something inside of running jobs at the moment"),
}
RETRY_AFTER: Final[Mapping[int, str]] = {429: "5", 503: "1"}


def answer(body: object, status: int = 200) -> Response:
    response = Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def refusal(text: str, status: int = 400, **more: object) -> Response:
    return answer({"error": text, **more}, status)


def render_error(error: Exception) -> Response:
    """The answer for a known error; raises KeyError for a class the table does not name."""
    kind = next((ancestor for ancestor in type(error).__mro__ if ancestor in RESPONSES), type(error))
    status, text = RESPONSES[kind]
    response = refusal(text if isinstance(text, str) else text(error), status)
    if status in RETRY_AFTER:
        response.headers["Retry-After"] = RETRY_AFTER[status]
    if isinstance(error, NotSatisfiable):
        response.headers["Content-Range"] = unsatisfied(error.size)
    return response


def render(status: int, code: str, text: str, headers: Mapping[str, str]) -> Response:
    """Of the gate: no good credential, or not one for this."""
    response = refusal(text, status)
    response.headers.extend(dict(headers))
    return response


def render_edge(status: int, text: str, error: Exception | None) -> Response:
    """For what no handler saw: unknown routes, wrong methods, our own bugs."""
    return refusal(text, status)
