"""The gate: every route says who may call it, refusals follow RFC 6750, and doubt is never a yes."""

import pytest
from flask import Blueprint, Flask, Response, g, jsonify

from libs.web.credentials import Credential
from libs.web.gate import (
    Gate,
    TooManyTries,
    UnmarkedRoutes,
    Window,
    add_window,
    gate_of,
    install_gate,
    needs,
    public,
    read_bearer,
    rfc6750_window,
    service_only,
    signed,
)
from libs.web.http import PeerUnavailable
from libs.web.principal import Principal
from tests.fakes.principals import KnownCaller, KnownPrincipals

ALICE = Principal(
    subject="person:" + "a" * 32,
    name="alice",
    display_name="Alice",
    scopes=frozenset({"job:read"}),
    credential="token",
)
ROOT = Principal(
    subject="person:" + "b" * 32,
    name="root",
    display_name="Root",
    scopes=frozenset({"admin"}),
    is_admin=True,
    credential="token",
)
IMPOSTOR = Principal(
    subject="person:" + "c" * 32,
    name="mallory",
    display_name="Mallory",
    scopes=frozenset({"admin"}),
    credential="token",
)


@pytest.fixture
def source() -> KnownPrincipals:
    return KnownPrincipals(alice=ALICE, root=ROOT, impostor=IMPOSTOR)


@pytest.fixture
def app(source: KnownPrincipals) -> Flask:
    app = Flask(__name__, static_folder=None)
    room = Blueprint("native", __name__, url_prefix="/native")

    @room.get("/open")
    @public
    def opened() -> str:
        return "open"

    @room.get("/signed")
    @signed
    def wallet() -> str:
        return "signed"

    @room.get("/me")
    @needs()
    def me() -> Response:
        return jsonify(g.principal.as_json())

    @room.get("/jobs")
    @needs("job:read")
    def jobs() -> str:
        return str(g.principal.name)

    @room.post("/jobs")
    @needs("job:read", "job:write")
    def submit() -> str:
        return "submitted"

    @room.get("/admin")
    @needs("admin")
    def administer() -> str:
        return "done"

    app.register_blueprint(room)
    add_window(app, room, rfc6750_window("native"))
    install_gate(app, Gate(source))
    return app


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_an_app_with_an_unmarked_route_does_not_start_and_says_which() -> None:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/open", "open", public(lambda: "open"))
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    app.add_url_rule("/also", "also", lambda: "secret")
    with pytest.raises(UnmarkedRoutes, match="/forgotten") as caught:
        install_gate(app, Gate())
    assert [problem.split()[0] for problem in caught.value.problems] == ["/forgotten", "/also"]


def test_flasks_own_static_route_is_unmarked_too() -> None:
    with pytest.raises(UnmarkedRoutes, match="static"):
        install_gate(Flask(__name__), Gate())


def test_a_route_that_needs_somebody_wants_a_window_in_its_room() -> None:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/me", "me", needs()(lambda: "me"))
    with pytest.raises(UnmarkedRoutes, match="no window"):
        install_gate(app, Gate())


def test_a_route_that_is_added_later_is_closed(app: Flask) -> None:
    app.add_url_rule("/late", "late", lambda: "secret")
    answer = app.test_client().get("/late", headers=bearer("root"))
    assert answer.status_code == 403
    assert b"secret" not in answer.data


def test_a_view_that_is_replaced_by_an_unmarked_one_is_closed(app: Flask) -> None:
    app.view_functions["native.opened"] = lambda: "secret"
    assert app.test_client().get("/native/open").status_code == 403


def test_a_view_is_marked_once() -> None:
    def view() -> str:
        return ""

    with pytest.raises(ValueError, match="marked twice"):
        needs("job:read")(public(view))


def test_public_signed_and_service_routes_are_not_asked_for_a_principal(
    app: Flask, source: KnownPrincipals
) -> None:
    app.add_url_rule("/inner", "inner", service_only(lambda: "inner"))
    client = app.test_client()
    assert client.get("/native/open").data == b"open"
    assert client.get("/native/signed", headers=bearer("nobody")).data == b"signed"
    assert client.get("/inner").data == b"inner"
    assert source.asked == []


def test_the_view_gets_the_principal(app: Flask) -> None:
    answer = app.test_client().get("/native/me", headers=bearer("alice"))
    assert answer.get_json()["subject"] == ALICE.subject
    assert app.test_client().get("/native/jobs", headers=bearer("alice")).data == b"alice"


def test_one_request_leaves_nothing_to_the_next(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/native/me", headers=bearer("alice")).status_code == 200
    assert client.get("/native/me").status_code == 401


def test_without_a_credential_the_challenge_has_no_error(app: Flask, source: KnownPrincipals) -> None:
    answer = app.test_client().get("/native/me")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="tidegate"'
    assert answer.get_json()["error"] == "credential_missing"
    assert source.asked == []


def test_a_credential_that_does_not_count_is_invalid_token(app: Flask) -> None:
    answer = app.test_client().get("/native/me", headers=bearer("revoked"))
    assert answer.status_code == 401
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="tidegate", error="invalid_token", error_description="')
    assert "revoked" not in challenge + answer.get_data(as_text=True)


def test_a_missing_scope_is_named(app: Flask) -> None:
    answer = app.test_client().post("/native/jobs", headers=bearer("alice"))
    assert answer.status_code == 403
    assert answer.get_json()["error"] == "insufficient_scope"
    assert 'scope="job:read job:write"' in answer.headers["WWW-Authenticate"]


def test_the_scope_admin_counts_for_administrators_only(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/native/admin", headers=bearer("root")).status_code == 200
    assert client.get("/native/admin", headers=bearer("impostor")).status_code == 403
    assert client.get("/native/admin", headers=bearer("alice")).status_code == 403


def test_when_auth_cannot_be_asked_the_answer_is_503_and_never_yes(
    app: Flask, source: KnownPrincipals
) -> None:
    source.trouble = PeerUnavailable("auth", "ConnectionRefusedError")
    answer = app.test_client().get("/native/me", headers=bearer("alice"))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"


def test_a_lock_is_passed_on(app: Flask, source: KnownPrincipals) -> None:
    source.trouble = TooManyTries(37)
    answer = app.test_client().get("/native/me", headers=bearer("alice"))
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "37"


def test_a_gate_without_a_source_lets_nobody_in() -> None:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/me", "me", needs()(lambda: "me"))
    add_window(app, None, rfc6750_window("native"))
    install_gate(app, Gate())
    assert app.test_client().get("/me", headers=bearer("alice")).status_code == 503


def test_unknown_paths_and_wrong_methods_stay_404_and_405(app: Flask) -> None:
    assert app.test_client().get("/nothing").status_code == 404
    assert app.test_client().delete("/native/open").status_code == 405


def test_the_peer_is_what_the_gateway_says(app: Flask, source: KnownPrincipals) -> None:
    headers = {**bearer("alice"), "X-Real-IP": "203.0.113.9", "X-Forwarded-For": "198.51.100.1"}
    app.test_client().get("/native/me", headers=headers)
    assert source.asked == [(Credential("bearer", "alice"), KnownCaller(window="native", peer="203.0.113.9"))]


def test_each_room_refuses_in_its_own_shape(source: KnownPrincipals) -> None:
    app = Flask(__name__, static_folder=None)
    for name in ("one", "two"):
        room = Blueprint(name, __name__, url_prefix=f"/{name}")
        room.add_url_rule("/me", "me", needs("job:write")(lambda: "me"))

        def render(status: int, code: str, text: str, headers: object, name: str = name) -> Response:
            return Response(f"{name} {code}", status)

        app.register_blueprint(room)
        add_window(app, room, Window(name, read_bearer, render))
    install_gate(app, Gate(source))
    client = app.test_client()
    assert client.get("/one/me").data == b"one credential_missing"
    assert client.get("/two/me", headers=bearer("alice")).data == b"two insufficient_scope"
    assert [caller.window for _, caller in source.asked] == ["two"]


def test_a_view_may_ask_for_a_principal_itself(app: Flask, source: KnownPrincipals) -> None:
    window = rfc6750_window("native")

    @public
    def sometimes() -> str | Response:
        return gate_of(app).admit(window, ("job:read",)) or str(g.principal.name)

    app.add_url_rule("/sometimes", "sometimes", sometimes)
    client = app.test_client()
    assert client.get("/sometimes", headers=bearer("alice")).data == b"alice"
    assert client.get("/sometimes").status_code == 401


def test_an_answer_that_lasts_asks_again_whether_its_credential_counts() -> None:
    principals = KnownPrincipals(alices=ALICE)
    window = rfc6750_window("native")
    app = Flask(__name__)
    with app.test_request_context(headers={"Authorization": "Bearer alices", "X-Real-IP": "192.0.2.1"}):
        reading = Gate(principals).watch(window, "job:read")
        writing = Gate(principals).watch(window, "job:write")
    assert reading()
    assert not writing()
    assert principals.asked[0][1] == KnownCaller(window="native", peer="192.0.2.1")
    principals.trouble = PeerUnavailable("auth", "gone")
    assert not reading()
    principals.trouble = None
    del principals.known["alices"]
    assert not reading()
    with app.test_request_context():
        assert not Gate(principals).watch(window)()
        assert not Gate().watch(window)()
