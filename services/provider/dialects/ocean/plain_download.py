"""Answers the plain call of download before Flask: finding the route and building request and response
objects costs half as much as deciding about the file (measured).

Only tickets are given here. A request of an unusual shape takes the usual way as it came; a refusal, or bytes
that this process carries itself, are taken there along with the request, because its nonce is used up.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from libs.web.edge import ROUTE, WHOLE
from libs.web.ocean_form import SMALL
from libs.web.ocean_shapes import FieldErrors
from libs.web.params import BadParams, Params, parse_pairs
from services.provider.dialects.ocean.access_params import with_hex_tx_id
from services.provider.dialects.ocean.download import OUTCOME, PATH, asked_for, carriage, ticket_headers
from services.provider.usecases.download import Carriage, Download, DownloadRequest
from services.provider.usecases.handover import Delivery, Ticketed

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_CREDENTIALS = ("HTTP_AUTHTOKEN", "HTTP_AUTHORIZATION")


class PlainDownload:
    """WSGI middleware between the edge and Flask."""

    def __init__(self, inner: "WSGIApplication", download: Download) -> None:
        self._inner = inner
        self._download = download

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("PATH_INFO") == PATH:
            wanted = carriage(environ)
            asked = _asked(environ) if wanted.by_gateway else None
            if asked is not None:
                outcome = self._outcome(asked, wanted)
                if isinstance(outcome, Ticketed):
                    environ[ROUTE], environ[WHOLE] = PATH, True
                    start_response("200 OK", [*ticket_headers(outcome).items(), ("Content-Length", "0")])
                    return ()
                environ[OUTCOME] = outcome
        return self._inner(environ, start_response)

    def _outcome(self, asked: DownloadRequest, wanted: Carriage) -> Delivery | Exception:
        try:
            return self._download.file(asked, wanted)
        except Exception as error:  # noqa: BLE001 - Flask's handlers know what each is answered with
            return error


def _asked(environ: "WSGIEnvironment") -> DownloadRequest | None:
    """What a GET by signature asks for; None for any other request, and for parameters of a wrong shape."""
    if (
        environ["REQUEST_METHOD"] != "GET"
        or environ.get("CONTENT_LENGTH", "0") not in ("", "0")
        or "HTTP_TRANSFER_ENCODING" in environ
        or any(name in environ for name in _CREDENTIALS)
    ):
        return None
    try:
        query = with_hex_tx_id(environ.get("QUERY_STRING", "").encode("latin-1"))
        return asked_for(Params(parse_pairs(query, "query", SMALL)), None)
    except (BadParams, FieldErrors, UnicodeEncodeError):
        return None
