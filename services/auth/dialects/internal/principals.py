"""Whose a credential is, and whether that still holds: what every other service's gate asks.

POST /internal/principals {"kind", "value", "window", "peer"}
  -> 200 {"principal": {...}, "stamp": "<buckets>:<values>", "remember_until": UTC seconds, "bound_to": null}
     `bound_to`: the thumbprint of the certificate that must come along
  -> 200 {"refused": code of RFC 6750, "description": sentence}; 401 would mean the asking service's own token
  -> 429 with Retry-After | 503
GET /internal/stamps/<buckets>  -> 200 <values>; up to 64 of each, joined by dots

The second is asked once per request of every client, so it is answered before Flask; whatever is unusual
there, every refusal included, takes the usual way.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, request

from libs.web.edge import ROUTE, WHOLE
from libs.web.http import PeerUnavailable
from libs.web.params import BadParams, Limits, Params
from libs.web.service_tokens import ServiceTokenRefused, ServiceTokenVerifier, requires_service
from services.auth.dialects.internal.errors import BadRequest, answer
from services.auth.domain.credentials import CredentialRefused
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.stamps import BUCKETS
from services.auth.usecases.principals import Principals, Resolved

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LIMITS = Limits(body=64 * 1024)
PATH: Final = "/internal/stamps/"
RULE: Final = f"{PATH}<buckets>"
_BUCKETS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,63}")


def add(room: Blueprint, principals: Principals) -> None:
    @room.post("/principals")
    @requires_service()
    def resolve() -> Response:
        params = _params()
        try:
            found = principals.resolve(_text(params, "kind"), _text(params, "value"), _peer(params))
        except CredentialRefused as error:
            return answer({"refused": error.code, "description": error.description})
        return answer(view(found))

    @room.get("/stamps/<buckets>")
    @requires_service()
    def stamps(buckets: str) -> Response:
        asked = parse_buckets(buckets)
        if not asked:
            raise BadRequest
        return Response(joined(principals.stamps(asked)), mimetype="text/plain")


class StampsFirst:
    """WSGI middleware between the edge and Flask."""

    def __init__(
        self, inner: "WSGIApplication", principals: Principals, verifier: ServiceTokenVerifier
    ) -> None:
        self._inner = inner
        self._principals = principals
        self._verifier = verifier

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if path.startswith(PATH) and environ["REQUEST_METHOD"] == "GET":
            body = self._values(path[len(PATH) :], environ.get("HTTP_AUTHORIZATION"))
            if body is not None:
                environ[ROUTE], environ[WHOLE] = RULE, True
                headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
                start_response("200 OK", headers)
                return (body,)
        return self._inner(environ, start_response)

    def _values(self, asked: str, authorization: str | None) -> bytes | None:
        buckets = parse_buckets(asked)
        if not buckets:
            return None
        try:
            self._verifier.service(authorization)
            return joined(self._principals.stamps(buckets)).encode()
        except (ServiceTokenRefused, PeerUnavailable, StoreUnavailable):
            return None


def parse_buckets(text: str) -> list[int]:
    """Empty for text that names no buckets."""
    if _BUCKETS.fullmatch(text) is None:
        return []
    numbers = [int(number) for number in text.split(".")]
    return numbers if max(numbers) < BUCKETS else []


def joined(numbers: Sequence[int]) -> str:
    return ".".join(map(str, numbers))


def view(found: Resolved) -> dict[str, object]:
    return {
        "principal": found.principal.as_json(),
        "stamp": f"{joined(found.buckets)}:{joined(found.values)}",
        "remember_until": int(found.remember_until),
        "bound_to": found.bound_to,
    }


def _params() -> Params:
    try:
        return Params.of_json(request, LIMITS)
    except BadParams as error:
        raise BadRequest from error


def _peer(params: Params) -> str:
    """Empty when the gateway named none."""
    return _text(params, "peer") if params.value("peer") else ""


def _text(params: Params, name: str) -> str:
    value = params.value(name)
    if not isinstance(value, str) or not value:
        raise BadRequest
    return str(value)
