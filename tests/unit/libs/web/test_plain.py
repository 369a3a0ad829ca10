"""The short way past Flask: the same answers behind the same gate, and nothing that is unusual."""

import logging
from io import BytesIO
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, g, request
from werkzeug.test import Client

from libs.web import edge
from libs.web.credentials import Credential
from libs.web.gate import (
    Gate,
    TooManyTries,
    add_window,
    install_gate,
    needs,
    public,
    rfc6750_window,
    service_only,
    signed,
)
from libs.web.http import PeerUnavailable
from libs.web.plain import Answer, Asked, Way, add_way, json_answer
from libs.web.principal import Principal
from tests.fakes.principals import KnownCaller, KnownPrincipals
from tests.fakes.two_ways import reached, sent, told, usual_way_only

ALICE = Principal(
    subject="person:" + "a" * 32,
    name="alice",
    display_name="Alice",
    scopes=frozenset({"job:read"}),
    credential="token",
)
BOB = Principal(subject="person:" + "b" * 32, name="bob", display_name="Bob", credential="token")
MOST = 64


def _shown(principal: Principal, name: str) -> Answer:
    return json_answer(
        f'["{principal.name}","{name}"]'.encode(), ("Cache-Control", "no-store"), ("X-One", "1")
    )


def _room() -> Blueprint:
    room = Blueprint("things", __name__, url_prefix="/v1.0")

    @room.get("/things/<path:name>")
    @needs("job:read")
    def show(name: str) -> Response:
        return _shown(g.principal, name).response()

    @room.post("/things/<path:name>")
    @needs("job:read")
    def put(name: str) -> Response:
        body = request.get_data()
        return Response(body[::-1], 400) if b"no" in body else Answer(201, (), body).response()

    @room.get("/signed")
    @signed
    def checked() -> Response:
        return Answer(200, (), request.query_string).response()

    def plain_show(asked: Asked) -> Answer | None:
        if asked.arguments[0] == "bug":
            raise RuntimeError("a bug")
        return None if asked.arguments[0] == "unusual" else _shown(asked.principal, asked.arguments[0])

    def plain_put(asked: Asked) -> Answer | None:
        return None if b"no" in asked.body else Answer(201, (("Content-Type", HTML),), asked.body)

    def plain_checked(asked: Asked) -> Answer:
        assert asked.caller is None
        return Answer(200, (("Content-Type", HTML),), asked.environ["QUERY_STRING"].encode())

    add_way(room, Way("show", "GET", "/things/([a-z]+)", plain_show))
    add_way(room, Way("put", "POST", "/things/([a-z]+)", plain_put, most_bytes=MOST))
    add_way(room, Way("checked", "GET", "/signed", plain_checked, has_query=True))
    return room


HTML = "text/html; charset=utf-8"


class Site:
    def __init__(self, *, short: bool = True) -> None:
        self.app = Flask(__name__, static_folder=None)
        room = _room()
        add_window(self.app, room, rfc6750_window("things"))
        self.app.register_blueprint(room)
        if not short:
            usual_way_only(self.app)
        self.source = KnownPrincipals(alice=ALICE, bob=BOB)
        edge.install(
            self.app, "test", checks={}, render_error=lambda status, text, error: Response(text, status)
        )
        self.reached = reached(self.app)
        install_gate(self.app, Gate(self.source))
        self.http = Client(self.app)

    def call(self, method: str, path: str, token: str | None = "alice", **more: Any) -> Any:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.http.open(
            f"/v1.0{path}", method=method, **sent({**headers, **more.pop("headers", {})}, **more)
        )


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/things/a", {}),
        ("GET", "//things///a", {}),  # the edge merges slashes for both
        ("POST", "/things/a", {"data": b"x" * MOST}),
        ("POST", "/things/a", {"data": b"x", "content_type": "application/json"}),
        ("GET", "/signed", {"query_string": "a=1&b=%20"}),
    ],
)
def test_the_plain_call_never_comes_to_flask_and_looks_the_same(
    site: Site, method: str, path: str, more: dict[str, Any]
) -> None:
    usual = Site(short=False)
    assert told(site.call(method, path, **more)) == told(usual.call(method, path, **more))
    assert (len(site.reached), len(usual.reached)) == (0, 1)
    assert site.source.asked == usual.source.asked


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("HEAD", "/things/a", {}),
        ("DELETE", "/things/a", {}),
        ("GET", "/things/a", {"query_string": "x"}),
        ("GET", "/things/a", {"data": b"a body"}),
        ("GET", "/things/a", {"environ_overrides": {"HTTP_TRANSFER_ENCODING": "chunked"}}),
        ("GET", "/things/A", {}),
        ("GET", "/things/a/b", {}),
        ("GET", "/things/%C3%A9", {}),
        ("GET", "/things/", {}),
        ("GET", "/nowhere", {}),
        ("GET", "/things/unusual", {}),
        ("GET", "/things/bug", {}),
        ("GET", "/things/a", {"token": None}),
        ("GET", "/things/a", {"token": "mallory"}),
        ("GET", "/things/a", {"token": "a b"}),
        ("GET", "/things/a", {"token": "bob"}),
        ("GET", "/signed", {}),
        ("POST", "/signed", {"query_string": "a=1"}),
        ("POST", "/things/a", {"data": b""}),
        ("POST", "/things/a", {"data": b"x" * (MOST + 1)}),
        ("POST", "/things/a", {"data": b"say no"}),
        ("POST", "/things/a", {"data": b"x", "environ_overrides": {"CONTENT_LENGTH": "+1"}}),
        ("POST", "/things/a", {"data": b"x", "environ_overrides": {"CONTENT_LENGTH": "9"}}),
        ("POST", "/things/a", {"data": b"x", "token": "mallory"}),
    ],
)
def test_whatever_is_unusual_is_answered_as_ever(
    site: Site, method: str, path: str, more: dict[str, Any]
) -> None:
    usual = Site(short=False)
    mine, theirs = site.call(method, path, **more), usual.call(method, path, **more)
    assert told(mine) == told(theirs)
    assert site.reached == usual.reached
    assert len(usual.reached) == 1
    assert site.source.asked == usual.source.asked  # nobody is asked twice, no guess is counted twice


@pytest.mark.parametrize("trouble", [TooManyTries(7), PeerUnavailable("auth", "gone")])
def test_no_answer_of_auth_is_never_a_yes_and_auth_is_asked_once(site: Site, trouble: Exception) -> None:
    usual = Site(short=False)
    site.source.trouble = usual.source.trouble = trouble
    mine = site.call("GET", "/things/a")
    assert told(mine) == told(usual.call("GET", "/things/a"))
    assert mine.status_code in (429, 503)
    assert len(site.source.asked) == 1


def test_a_revoked_credential_is_refused_by_the_next_request(site: Site) -> None:
    assert site.call("GET", "/things/a").status_code == 200
    del site.source.known["alice"]
    assert site.call("GET", "/things/a").status_code == 401
    site.source.known["alice"] = BOB
    assert site.call("GET", "/things/a").status_code == 403


def test_where_the_caller_is_goes_to_auth(site: Site) -> None:
    site.call("GET", "/things/a", headers={"X-Real-IP": "203.0.113.9", "X-Forwarded-For": "198.51.100.1"})
    assert site.source.asked == [
        (Credential("bearer", "alice"), KnownCaller(window="things", peer="203.0.113.9"))
    ]


def test_nobody_decides_for_the_gate_from_outside(site: Site) -> None:
    """What was decided travels in the environ, where no header of a caller gets."""
    headers = {"Tidegate.Decided": "x", "tidegate-decided": "x"}
    assert site.call("GET", "/things/a", token="mallory", headers=headers).status_code == 401


def test_a_body_that_ends_early_is_not_taken_for_whole(site: Site) -> None:
    answer = site.call(
        "POST", "/things/a", input_stream=BytesIO(b"short"), environ_overrides={"CONTENT_LENGTH": "9"}
    )
    assert answer.status_code == 400
    assert site.reached


def test_log_and_metrics_name_the_route(
    site: Site, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        site.call("GET", "/things/a")
    line = capsys.readouterr().err
    assert '"route": "/v1.0/things/<path:name>"' in line
    assert '"status": 200' in line
    assert '"bytes": 13' in line


@pytest.mark.parametrize(("endpoint", "mark"), [("inside", service_only), ("none", None)])
def test_only_views_that_clients_may_call_have_short_ways(endpoint: str, mark: Any) -> None:
    app = Flask(__name__, static_folder=None)
    room = Blueprint("room", __name__)
    if mark is not None:
        room.add_url_rule("/", endpoint, mark(lambda: "x"))
    add_way(room, Way(endpoint, "GET", "/", lambda asked: Answer(200, ())))
    app.register_blueprint(room)
    install_gate(app, Gate())
    with pytest.raises((KeyError, ValueError)):
        Client(app).get("/")


def test_what_is_everybodys_has_a_short_way_and_no_principal() -> None:
    app = Flask(__name__, static_folder=None)
    room = Blueprint("room", __name__)
    room.add_url_rule("/", "open", public(lambda: "the usual way"))
    add_way(room, Way("open", "GET", "/", lambda asked: Answer(200, (), repr(asked.caller).encode())))
    app.register_blueprint(room)
    install_gate(app, Gate())
    assert Client(app).get("/", headers={"Authorization": "Bearer x"}).get_data() == b"None"


def test_a_way_without_a_principal_gives_none() -> None:
    with pytest.raises(ValueError, match="no principal"):
        _ = Asked({}, (), None).principal
