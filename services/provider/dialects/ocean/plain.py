"""Short ways of the room's routes, before Flask: finding the route and building request and response objects
costs as much as most answers (measured).

A route names how its plain call is read, decided and answered, with the functions that its view uses as well.
A request of an unusual shape takes the usual way as it came; a refusal, or what no plain answer can say, is
taken there along with the request and is not asked for twice, because a nonce may be used up.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from flask import Response, request

from libs.web.edge import ROUTE, WHOLE
from libs.web.ocean_form import SMALL
from libs.web.ocean_shapes import FieldErrors
from libs.web.params import BadParams, Params, parse_pairs

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Asked = TypeVar("Asked")
Found = TypeVar("Found")
JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"
_OUTCOME: Final = "tidegate.outcome"
_LINES: Final = {200: "200 OK", 201: "201 CREATED"}
_LENGTH = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is a tuple where all of it is in memory; `length` is its bytes."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: Iterable[bytes]
    length: int

    def response(self) -> Response:
        response = Response(self.body, self.status, list(self.headers))
        response.content_length = self.length
        return response


def whole(body: bytes, content_type: str, status: int = 200) -> Answer:
    return Answer(status, (("Content-Type", content_type),), (body,), len(body))


@dataclass(frozen=True, slots=True)
class Way(Generic[Asked, Found]):
    """`read` returns None, or raises FieldErrors or BadParams, for what is none of its business; `answer`
    returns None for what only the view can answer.
    """

    method: str
    read: Callable[["WSGIEnvironment"], Asked | None]
    find: Callable[[Asked], Found]
    answer: Callable[[Found], Answer | None]

    def answered(self, environ: "WSGIEnvironment") -> Answer | None:
        try:
            asked = self.read(environ)
        except (BadParams, FieldErrors, UnicodeEncodeError):
            return None
        if asked is None:
            return None
        try:
            found = self.find(asked)
        except Exception as error:  # noqa: BLE001 - Flask's handlers know what each is answered with
            environ[_OUTCOME] = error
            return None
        answer = self.answer(found)
        if answer is None:
            environ[_OUTCOME] = found
        return answer


class PlainWays:
    """WSGI middleware between the edge and Flask."""

    def __init__(self, inner: "WSGIApplication", ways: Mapping[str, Way[Any, Any]]) -> None:
        self._inner = inner
        self._ways = ways  # by path

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        way = self._ways.get(path)
        if way is None or environ["REQUEST_METHOD"] != way.method:
            return self._inner(environ, start_response)
        answer = way.answered(environ)
        if answer is None:
            return self._inner(environ, start_response)
        environ[ROUTE], environ[WHOLE] = path, isinstance(answer.body, tuple)
        environ["wsgi.input"] = BytesIO()  # `body_of` has put back what it read: nobody wants it now
        start_response(_LINES[answer.status], [*answer.headers, ("Content-Length", str(answer.length))])
        return answer.body


def outcome(find: Callable[[], Found]) -> Found:
    """What the short way found for the current request already, raised if it is an error; else what `find`
    gives."""
    found: Any = request.environ.get(_OUTCOME)
    if isinstance(found, Exception):
        raise found
    return find() if found is None else found


def body_of(environ: "WSGIEnvironment", most_bytes: int) -> bytes | None:
    """The whole body, still there for others; None, and nothing read, when its length is not told or too
    large; None as well when it ended early.
    """
    length = environ.get("CONTENT_LENGTH", "")
    if "HTTP_TRANSFER_ENCODING" in environ or not _LENGTH.fullmatch(length) or int(length) > most_bytes:
        return None
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    return body if len(body) == int(length) else None


def query_params(environ: "WSGIEnvironment", change: Callable[[bytes], bytes] | None = None) -> Params | None:
    """Of a request without a body; `change` is made to the query before. Raises BadParams,
    UnicodeEncodeError."""
    if environ.get("CONTENT_LENGTH", "0") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ:
        return None
    query = environ.get("QUERY_STRING", "").encode("latin-1")
    return Params(parse_pairs(query if change is None else change(query), "query", SMALL))


def json_params(environ: "WSGIEnvironment") -> Params | None:
    """Of a request with a JSON body of moderate size and no query. Raises BadParams."""
    if environ.get("CONTENT_TYPE", "").partition(";")[0] != JSON or environ.get("QUERY_STRING"):
        return None
    body = body_of(environ, SMALL.body)
    return None if body is None else Params({}).over_body(body, JSON, SMALL)


def has_token(environ: "WSGIEnvironment") -> bool:
    """Whether the caller may bring an AuthToken (ocean_form.auth_token)."""
    return "HTTP_AUTHTOKEN" in environ or "HTTP_AUTHORIZATION" in environ
