"""Refusals of two generations: `{"error", "message"}` of the seed's, `{"code", "message"}` of v1 (rule G2).

Where the seed prints a status, that is the status, ugly or not (precedence rule of contract 0).
"""

import json
from collections.abc import Mapping
from typing import Any

from flask import Response, request

from libs.web.params import BadParams, TooLarge
from services.auth.domain.authority import NotAllowed
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.openpai import (
    ClustersFixed,
    ClustersUnknown,
    RemoveRefused,
    UpdateRefused,
    UserUnknown,
)
from services.auth.domain.people import (
    BadName,
    BadPassword,
    LastAdmin,
    NoSuchPerson,
    TooManyGuesses,
    WrongPassword,
)
from services.auth.domain.signing_keys import NoActiveKey

V1 = "/api/v1/"
INVALID = "could not validate request data"
_BUSY = (503, "ServiceUnavailable", "users cannot be asked for right now")

# class -> (status, error, message); of the seed's generation, and of the next.
RESPONSES: Mapping[type[Exception], tuple[int, str, str]] = {
    WrongPassword: (401, "AuthenticationFailed", "authentication failed"),
    TooManyGuesses: (429, "TooManyRequests", "too many failed attempts, try again later"),
    NotAllowed: (403, "NotAuthorized", "not authorized"),
    UpdateRefused: (500, "UpdateFailed", "update failed"),
    NoSuchPerson: (500, "UpdateFailed", "update failed"),  # removed while we were at it
    RemoveRefused: (500, "RemoveFailed", "remove failed"),
    UserUnknown: (401, "AuthenticationFailed", "authentication failed"),  # the first generation never tells
    LastAdmin: (409, "LastAdminError", "the last administrator keeps the admin flag"),
    BadName: (400, "ParameterValidationError", INVALID),
    BadPassword: (400, "ParameterValidationError", INVALID),
    StoreUnavailable: _BUSY,
    NoActiveKey: (500, "SignTokenFailed", "sign token failed"),
}
V1_RESPONSES: Mapping[type[Exception], tuple[int, str, str]] = {
    WrongPassword: (400, "IncorrectPasswordError", "Password is incorrect."),
    TooManyGuesses: (429, "TooManyRequestsError", "Too many failed attempts, try again later."),
    NotAllowed: (403, "ForbiddenUserError", "Non-admin is not allowed to do this operation."),
    NoSuchPerson: (404, "NoUserError", "User is not found."),
    ClustersFixed: (403, "ForbiddenUserError", "Admin's virtual clusters cannot be updated."),
    LastAdmin: (409, "LastAdminError", "The last administrator keeps the admin flag."),
    BadName: (400, "InvalidParametersError", "Invalid username."),
    BadPassword: (400, "InvalidParametersError", "Invalid password."),
    StoreUnavailable: (503, "ServiceUnavailableError", "Users cannot be asked for right now."),
    NoActiveKey: (500, "UnknownError", "The token cannot be signed."),
}


class Invalid(Exception):
    """A field that may not be; `path` and `reason` are safe to show."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path = path
        self.reason = reason


def is_v1() -> bool:
    return V1 in request.path.lower()


def answer(body: object, status: int = 200) -> Response:
    response = Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def refusal(status: int, code: str, message: str, **more: Any) -> Response:
    return answer({"code" if is_v1() else "error": code, "message": message, **more}, status)


def invalid(path: str, reason: str) -> Response:
    if is_v1():
        return refusal(400, "InvalidParametersError", f"{path} {reason}.")
    detail = [{"path": path, "reason": reason}]
    return refusal(400, "ParameterValidationError", INVALID, detail=detail)


def render(error: Exception) -> Response:
    """The answer for a known error; raises KeyError for a class the tables do not name."""
    if isinstance(error, Invalid):
        return invalid(error.path, error.reason)
    if isinstance(error, TooLarge):
        return refusal(413, "TooLarge", "request entity too large")
    if isinstance(error, BadParams):
        return _unreadable(error)
    if isinstance(error, BadPassword):
        return invalid("password", error.reason)
    if isinstance(error, BadName):
        return invalid("username", str(error))
    if is_v1() and (named := _v1_named(error)) is not None:
        return named
    table = V1_RESPONSES if is_v1() else RESPONSES
    for ancestor in type(error).__mro__:
        if ancestor in table:
            more = {} if is_v1() or not hasattr(error, "reason") else {"detail": error.reason}
            response = refusal(*table[ancestor], **more)
            seconds = getattr(error, "retry_after", 1 if response.status_code == 503 else None)
            if seconds is not None:
                response.headers["Retry-After"] = str(seconds)
            return response
    raise KeyError(type(error).__name__)


def _unreadable(error: BadParams) -> Response:
    if is_v1():
        return refusal(400, "InvalidParametersError", error.message)
    return refusal(400, "ParameterValidationError", INVALID, detail=error.message)


def _v1_named(error: Exception) -> Response | None:
    """Of refusals that name whom or what they are about."""
    if isinstance(error, UserUnknown):
        # Of a sign-in upstream says 400, of everything else 404.
        status = 400 if request.method == "POST" else 404
        return refusal(status, "NoUserError", f"User {error.username} is not found.")
    if isinstance(error, ClustersUnknown):
        told = f"Virtual cluster {', '.join(error.names)} is not found."
        return refusal(400, "NoVirtualClusterError", told)
    return _v1_refused(error) if isinstance(error, UpdateRefused | RemoveRefused) else None


def _v1_refused(error: UpdateRefused | RemoveRefused) -> Response:
    if isinstance(error, RemoveRefused):
        if error.is_admin:
            return refusal(403, "RemoveAdminError", f"Admin {error.username} is not allowed to remove.")
        return refusal(404, "NoUserError", f"User {error.username} is not found.")
    if error.exists:
        return refusal(409, "ConflictUserError", f"User name {error.username} already exists.")
    return refusal(404, "NoUserError", f"User {error.username} not found.")


def render_edge(status: int, text: str, error: Exception | None) -> Response:
    """For what no handler saw: unknown routes, wrong methods, our own bugs."""
    if status == 404:
        message = f"API {request.path[:1000]} is not found." if is_v1() else "API not found"
        return refusal(404, "NoApiError", message)
    codes = {405: "MethodNotAllowed", 413: "TooLarge"}
    return refusal(status, codes.get(status, "UnknownError"), text)
