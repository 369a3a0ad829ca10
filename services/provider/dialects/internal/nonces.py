"""The nonce ledger for the services that take signatures but own no ledger.

POST /internal/nonces/consume {"address", "nonce", "scope"?: "user"} -> 200 {"consumed": true}
                                                    | 409 {"error": "nonce_too_low", "stored", "sent"}
GET|POST /internal/nonces/last ?address&scope       -> 200 {"nonce": text | null, "shown": text}
`shown` is what the public nonce endpoint would report.

The first is asked with every signed request that another service answers, so its plain call is answered
before Flask; whatever is unusual there, every refusal included, takes the usual way.
"""

import json
import re
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response

from libs.signing.errors import SigningError
from libs.web.edge import ROUTE, WHOLE
from libs.web.http import PeerUnavailable
from libs.web.params import Params
from libs.web.service_tokens import ServiceTokenRefused, ServiceTokenVerifier, requires_service
from services.provider.dialects.internal.body import need_text, read
from services.provider.dialects.internal.errors import BadRequest, answer
from services.provider.domain.errors import ProviderError
from services.provider.domain.nonces import DECRYPT_SCOPE, USER_SCOPE, client_view
from services.provider.usecases.nonces import Nonces

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SCOPES = frozenset({USER_SCOPE, DECRYPT_SCOPE})
CALLERS = ("auth", "compute", "catalogue")
CONSUME: Final = "/internal/nonces/consume"
CONSUMED: Final = {"consumed": True}
_CONSUMED_BODY: Final = json.dumps(CONSUMED, separators=(",", ":")).encode()
_PLAIN_LENGTH = re.compile(r"[0-9]{1,3}")


def add(room: Blueprint, nonces: Nonces) -> None:
    @room.post("/nonces/consume")
    @requires_service(*CALLERS)
    def consume() -> Response:
        params = read()
        nonces.consume(_scope(params), need_text(params, "address"), need_text(params, "nonce"))
        return answer(CONSUMED)

    @room.route("/nonces/last", methods=["GET", "POST"])
    @requires_service(*CALLERS)
    def last() -> Response:
        params = read()
        stored = nonces.last(_scope(params), need_text(params, "address"))
        return answer({"nonce": stored, "shown": client_view(stored)})


class ConsumeFirst:
    """WSGI middleware between the edge and Flask."""

    def __init__(self, inner: "WSGIApplication", nonces: Nonces, verifier: ServiceTokenVerifier) -> None:
        self._inner = inner
        self._nonces = nonces
        self._verifier = verifier

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("PATH_INFO") == CONSUME and self._consumed(environ):
            environ[ROUTE], environ[WHOLE] = CONSUME, True
            headers = [("Content-Type", "application/json"), ("Content-Length", str(len(_CONSUMED_BODY)))]
            start_response("200 OK", headers)
            return (_CONSUMED_BODY,)
        return self._inner(environ, start_response)

    def _consumed(self, environ: "WSGIEnvironment") -> bool:
        """False leaves the request as it came: a nonce that was refused here is refused again."""
        length = environ.get("CONTENT_LENGTH", "")
        if (
            environ["REQUEST_METHOD"] != "POST"
            or environ.get("CONTENT_TYPE") != "application/json"
            or environ.get("QUERY_STRING")
            or not _PLAIN_LENGTH.fullmatch(length)
            or not self._may_ask(environ.get("HTTP_AUTHORIZATION"))
        ):
            return False
        body = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = BytesIO(body)
        asked = _plain(body)
        if asked is None:
            return False
        try:
            self._nonces.consume(*asked)
        except (ProviderError, SigningError):
            return False
        return True

    def _may_ask(self, authorization: str | None) -> bool:
        try:
            return self._verifier.service(authorization) in CALLERS
        except (ServiceTokenRefused, PeerUnavailable):
            return False


def _plain(body: bytes) -> tuple[str, str, str] | None:
    """(scope, address, nonce) of a body that holds these three texts and nothing else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.keys() != {"scope", "address", "nonce"}:
        return None
    texts = [found[name] for name in ("scope", "address", "nonce")]
    if not all(isinstance(text, str) and text for text in texts) or texts[0] not in SCOPES:
        return None
    return texts[0], texts[1], texts[2]


def _scope(params: Params) -> str:
    if not params.has("scope"):
        return USER_SCOPE
    scope = need_text(params, "scope")
    if scope not in SCOPES:
        raise BadRequest("scope")
    return scope
