"""What a refusal looks like: DIRAC's envelope, on both generations of paths (contract 0.3)."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Response

from libs.web.credentials import BadCredential
from libs.web.json_bodies import UnknownCoding
from libs.web.params import BadParams, TooLarge
from libs.web.ranges import NotSatisfiable, unsatisfied
from services.compute.domain import errors
from services.compute.ports.lfns import CatalogueUnavailable

Text = str | Callable[[Any], str]
MOST_TOLD: Final = 50
ROOTS: Final = (errors.ComputeError, BadParams, BadCredential, NotSatisfiable, CatalogueUnavailable)


class Forbidden(errors.ComputeError):
    """The caller is known and may not do this; the sentence says why."""


class NoSandbox(errors.ComputeError):
    """The job has none, or it is nothing of the caller's; the sentence says which."""


class NotUnpacked(errors.ComputeError):
    """A sandbox that holds what nobody can unpack."""


class InvalidRequest(errors.ComputeError):
    """A parameter or a body that cannot be used; the sentence names it."""


# class -> (status, code, text). The nearest class in the error's own ancestry answers.
RESPONSES: Final[Mapping[type[Exception], tuple[int, str, Text]]] = {
    TooLarge: (413, "too_large", lambda e: e.message),
    UnknownCoding: (415, "invalid_request", lambda e: e.message),
    BadParams: (400, "invalid_request", lambda e: e.message),
    BadCredential: (400, "invalid_request", str),
    NotSatisfiable: (416, "invalid_request", lambda e: f"There are {e.size} bytes."),
    Forbidden: (403, "forbidden", str),
    NoSandbox: (404, "not_found", str),
    NotUnpacked: (409, "conflict", str),
    InvalidRequest: (400, "invalid_request", str),
    errors.BadSpec: (400, "invalid_manifest", str),
    errors.EnvironmentUnknown: (400, "invalid_manifest", "No site takes such jobs."),
    errors.EnvironmentRefuses: (400, "invalid_manifest", str),
    errors.QuotaExceeded: (429, "too_many_requests", lambda e: f"{e}."),
    errors.JobNotFound: (404, "not_found", "There is no such job."),
    errors.OutputNotFound: (404, "not_found", "There is no such file."),
    errors.NotRunning: (409, "conflict", "The job does not run."),
    errors.NotFinished: (409, "conflict", "The job has not ended yet."),
    errors.AlreadyFinished: (409, "conflict", "The job has ended already."),
    errors.NotRepeatable: (409, "conflict", str),
    errors.AgreementInUse: (409, "conflict", "An unfinished job was started with the same payment."),
    errors.KeyReused: (422, "conflict", "The Idempotency-Key stood for another request before."),
    errors.KeyInFlight: (409, "conflict", "The first request with this Idempotency-Key is at work."),
    errors.Refused: (400, "too_large", str),
    errors.StoreUnavailable: (503, "unavailable", "Jobs cannot be looked at right now."),
    CatalogueUnavailable: (503, "unavailable", "The file catalogue cannot be asked right now."),
    errors.FilesUnavailable: (503, "unavailable", "Files cannot be looked at right now."),
}
RETRY_AFTER: Final[Mapping[int, str]] = {429: "5", 503: "1"}
_CODES: Final[Mapping[int, str]] = {
    401: "invalid_token",
    403: "forbidden",
    404: "not_found",
    413: "too_large",
    429: "too_many_requests",
    503: "unavailable",
}


def answer(body: object, status: int = 200) -> Response:
    response = Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")
    return guarded(response)


def guarded(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    return response


def refusal(status: int, code: str, text: str, **more: object) -> Response:
    """One envelope for OAuth's readers, for DiracX's (`detail`) and for people."""
    body = {"error": code, "error_description": text, "detail": text, "status": status, **more}
    response = answer(body, status)
    if status in RETRY_AFTER:
        response.headers["Retry-After"] = RETRY_AFTER[status]
    return response


def render_error(error: Exception) -> Response:
    """The answer for a known error; raises KeyError for a class the table does not name. Problems of a
    manifest are told one by one too, each with a JSON pointer to the attribute.
    """
    kind = next((ancestor for ancestor in type(error).__mro__ if ancestor in RESPONSES), type(error))
    status, code, text = RESPONSES[kind]
    more: dict[str, object] = {}
    if isinstance(error, errors.BadSpec | errors.EnvironmentRefuses):
        told = error.problems[:MOST_TOLD]
        more["problems"] = [{"pointer": place, "detail": sentence} for place, sentence in told]
    response = refusal(status, code, text if isinstance(text, str) else text(error), **more)
    if isinstance(error, NotSatisfiable):
        response.headers["Content-Range"] = unsatisfied(error.size)
    return response


def render_edge(status: int, text: str, error: Exception | None) -> Response:
    """For what no handler saw: unknown routes, wrong methods, our own bugs."""
    code = "server_error" if status == 500 else _CODES.get(status, "invalid_request")
    return refusal(status, code, text)
