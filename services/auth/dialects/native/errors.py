"""Refusals of this room: `{"error": code, "message": sentence}`, with `field` where one is at fault."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response

from libs.signing.errors import MalformedAddress
from libs.web.params import BadParams, TooLarge
from services.auth.domain import authority, clients, people, signing_keys
from services.auth.domain.errors import AuthError, StoreUnavailable

Text = str | Callable[[Any], str]
UNAVAILABLE = "temporarily_unavailable"


class NotThere(AuthError):
    """The named thing does not hang on this person; the message says which."""


# class -> (status, code, text)
RESPONSES: dict[type[Exception], tuple[int, str, Text]] = {
    TooLarge: (413, "too_large", lambda e: e.message),
    BadParams: (400, "invalid_request", lambda e: e.message),
    MalformedAddress: (400, "invalid_request", "The address must be 0x and 40 hex digits."),
    people.BadName: (400, "invalid_name", str),
    people.BadField: (400, "invalid_value", lambda e: e.reason),
    people.BadPassword: (400, "invalid_password", lambda e: e.reason),
    people.NoSuchGroup: (404, "no_such_group", "There is no group of that name."),
    people.NoSuchPerson: (404, "no_such_person", "There is nobody of that name."),
    clients.NoSuchClient: (404, "no_such_client", "There is no client of that id."),
    signing_keys.NoSuchKey: (404, "no_such_key", "There is no key of that id, or it is withdrawn already."),
    NotThere: (404, "not_found", str),
    people.NameTaken: (409, "name_taken", "The name is somebody's, or was within the last 24 hours."),
    people.LastAdmin: (409, "last_admin", "Somebody must stay an administrator."),
    people.WalletTaken: (409, "wallet_taken", "The wallet is linked to another person."),
    people.CertificateTaken: (409, "certificate_taken", "The certificate is registered for another person."),
    signing_keys.NotSettled: (
        409,
        "not_settled",
        lambda e: f"The new key may sign in {e.seconds} seconds, when everyone knows it.",
    ),
    authority.NotAllowed: (403, "access_denied", "This needs an administrator."),
    StoreUnavailable: (503, UNAVAILABLE, "Accounts cannot be looked at right now."),
    signing_keys.KeyUnreadable: (503, UNAVAILABLE, "The signing keys cannot be opened."),
    signing_keys.NoActiveKey: (503, UNAVAILABLE, "There is no signing key."),
}


def render(error: Exception) -> Response:
    """The answer for a known error; raises KeyError for a class the table does not name."""
    for ancestor in type(error).__mro__:
        if ancestor in RESPONSES:
            status, code, text = RESPONSES[ancestor]
            response = problem(
                status, code, text if isinstance(text, str) else text(error), getattr(error, "field", None)
            )
            if status == 503:
                response.headers["Retry-After"] = "1"
            if isinstance(error, signing_keys.NotSettled):
                response.headers["Retry-After"] = str(error.seconds)
            return response
    raise KeyError(type(error).__name__)


def refusal(status: int, code: str, text: str, headers: Mapping[str, str]) -> Response:
    """What the gate refuses, in this room's shape."""
    response = problem(status, code, text)
    response.headers.extend(dict(headers))
    return response


def render_edge(status: int, text: str, _: Exception | None) -> Response:
    """For what no handler saw: unknown routes, wrong methods, our own bugs."""
    return problem(status, "internal_error" if status >= 500 else f"http_{status}", text)


def problem(status: int, code: str, text: str, field: str | None = None) -> Response:
    body = {"error": code, "message": text}
    return answer(body if field is None else {**body, "field": field}, status)


def answer(body: Mapping[str, Any], status: int = 200) -> Response:
    response = Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def nothing() -> Response:
    response = Response(status=204)
    response.headers["Cache-Control"] = "no-store"
    return response
