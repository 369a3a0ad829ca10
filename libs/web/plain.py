"""Answers before Flask: finding a route and building request and response objects costs several times what a
small answer does (measured).

A room names routes of its own that have such a short way. The gate and the marks of the views decide there as
they do in Flask, and the very functions that make the view's answer make this one; whatever is unusual, every
refusal included, takes the usual way with the request as it came.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from flask import Blueprint, Flask, Response
from flask.sansio.blueprints import BlueprintSetupState

from libs.web.edge import ROUTE, WHOLE
from libs.web.gate import NEEDS, PUBLIC, SIGNED, Window, gate_of, mark_of, window_of
from libs.web.principal import Principal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_WAYS: Final = "tidegate_plain_ways"
_LENGTH = re.compile(r"[1-9][0-9]{0,6}")
_JSON: Final = "application/json"


class Answer(NamedTuple):
    """What a view answers, as far as these words say it; `headers` in the order in which they go out."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def response(self) -> Response:
        return Response(self.body, self.status, list(self.headers))


def json_answer(body: bytes, *headers: tuple[str, str], status: int = 200) -> Answer:
    return Answer(status, (("Content-Type", _JSON), *headers), body)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with nothing unusual about it: no query, and no body, unless the way says so."""

    environ: "WSGIEnvironment"
    arguments: tuple[str, ...]  # of the path: the pattern's groups
    caller: Principal | None  # None where the view checks a signature itself, or anybody may ask
    body: bytes = b""

    @property
    def principal(self) -> Principal:
        if self.caller is None:
            raise ValueError("this way asks for no principal")
        return self.caller


@dataclass(frozen=True, slots=True)
class Way:
    """The short way to the view `endpoint` of a room. `path` is a pattern of some of the paths of its rule,
    in plain ASCII and below the room's own. `view` returns None, or raises, for what the usual way is to
    answer: it must be safe to do again. `most_bytes` is of a body, which is there then; 0 stands for none.
    With `has_query` there is a query, which is the view's to read.
    """

    endpoint: str
    method: str
    path: str
    view: Callable[[Asked], Answer | None]
    most_bytes: int = 0
    has_query: bool = False


@dataclass(frozen=True, slots=True)
class _Open:
    """A way with what Flask knows of its view."""

    way: Way
    path: re.Pattern[str]
    rule: str
    window: Window | None  # None where no principal is needed
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Environ:
    environ: dict[str, Any]


def add_way(room: Blueprint, way: Way) -> None:
    """Before the room is registered, and that before the edge is installed, which stands around it."""

    @room.record
    def add(state: BlueprintSetupState) -> None:
        app = cast(Flask, state.app)
        ways: dict[str, tuple[str, Way]] | None = app.extensions.get(_WAYS)
        if ways is None:
            ways = app.extensions[_WAYS] = {}
            app.wsgi_app = _Plain(app, ways)  # type: ignore[method-assign]
        ways[f"{room.name}.{way.endpoint}"] = (state.url_prefix or "", way)


class _Plain:
    """WSGI middleware between the edge and Flask."""

    def __init__(self, app: Flask, ways: dict[str, tuple[str, Way]]) -> None:
        self._inner: WSGIApplication = app.wsgi_app
        self._app = app
        self._ways = ways
        self._open: dict[str, list[_Open]] | None = None  # by method, once the app is closed

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        answer = self._answer(environ)
        if answer is None:
            return self._inner(environ, start_response)
        status, headers, body = answer
        sent = list(headers)
        if status != HTTPStatus.NOT_MODIFIED:
            sent.append(("Content-Length", str(len(body))))
        environ[WHOLE] = True
        start_response(_LINES[status], sent)
        return (body,)

    def _answer(self, environ: "WSGIEnvironment") -> Answer | None:
        ways = (self._open or self._opened()).get(environ["REQUEST_METHOD"])
        if ways is None or "HTTP_TRANSFER_ENCODING" in environ:
            return None
        path, has_query = environ.get("PATH_INFO", ""), bool(environ.get("QUERY_STRING"))
        for opened in ways:
            match = opened.path.fullmatch(path)
            if match is not None and has_query == opened.way.has_query:
                return self._through(opened, environ, match.groups())
        return None

    def _through(
        self, opened: _Open, environ: "WSGIEnvironment", arguments: tuple[str, ...]
    ) -> Answer | None:
        way, length = opened.way, environ.get("CONTENT_LENGTH", "")
        if not way.most_bytes:
            if length not in ("", "0"):
                return None
        elif _LENGTH.fullmatch(length) is None or int(length) > way.most_bytes:
            return None
        principal = None
        if opened.window is not None:
            principal = gate_of(self._app).admitted(opened.window, opened.scopes, _Environ(environ))
            if principal is None:
                return None
        body = _body(environ, int(length)) if way.most_bytes else b""
        if body is None:
            return None
        try:
            answer = way.view(Asked(environ, arguments, principal, body))
        except Exception:  # noqa: BLE001 - it is met again there, where it is known what it is answered with
            return None
        if answer is not None:
            environ[ROUTE] = opened.rule
        return answer

    def _opened(self) -> dict[str, list[_Open]]:
        """Raises KeyError for a way to no view, ValueError for one to a view that is closed to clients."""
        found: dict[str, list[_Open]] = {}
        for endpoint, (prefix, way) in self._ways.items():
            mark, window = mark_of(self._app.view_functions[endpoint]), window_of(self._app, endpoint)
            is_open = mark is not None and mark.kind in (PUBLIC, SIGNED)
            if mark is None or not (is_open or (mark.kind == NEEDS and window is not None)):
                raise ValueError(f"{endpoint} can have no short way")
            if is_open:
                window = None
            rules = [
                rule for rule in self._app.url_map.iter_rules(endpoint) if way.method in (rule.methods or ())
            ]
            path = re.compile(re.escape(prefix) + way.path)
            found.setdefault(way.method, []).append(_Open(way, path, rules[0].rule, window, mark.scopes))
        self._open = found
        return found


def _body(environ: "WSGIEnvironment", length: int) -> bytes | None:
    """Whole, and still there for others; None when it ended early."""
    body = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = BytesIO(body)
    return body if len(body) == length else None


# As werkzeug writes them.
_LINES: Final = {status.value: f"{status.value} {status.phrase.upper()}" for status in HTTPStatus}
