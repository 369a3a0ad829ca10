"""The edge kit around a small app: ids, access lines, errors, CORS, health, metrics."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Response, abort, request
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from werkzeug.exceptions import ServiceUnavailable

from libs.web import edge, logs, request_ids
from libs.web.health import Readiness

SIGNATURE = "0x" + "a1" * 65


def render(status: int, text: str, error: Exception | None) -> Response:
    return Response(json.dumps({"error": text}), status, mimetype="application/json")


def make_app(service: str = "trial", checks: dict[str, Any] | None = None, *, cors: bool = True) -> Flask:
    app = Flask(__name__)
    app.url_map.merge_slashes = False
    app.add_url_rule("/things/<name>", "thing", lambda name: {"name": name, "id": request_ids.current()})
    app.add_url_rule("/plain", "plain", lambda: "ok", methods=["GET", "POST"])
    app.add_url_rule("/fails", "fails", _fails)
    app.add_url_rule("/streams", "streams", lambda: Response(_chunks()))
    app.add_url_rule("/breaks", "breaks", lambda: Response(_broken()))
    app.add_url_rule("/busy", "busy", _busy)
    app.add_url_rule("/reads", "reads", lambda: str(len(request.get_data())), methods=["POST"])
    app.config["MAX_CONTENT_LENGTH"] = 10
    edge.install(app, service, checks=checks or {}, render_error=render, cors=cors)
    return app


def _fails() -> str:
    raise RuntimeError(f"secret={SIGNATURE} at https://internal.example/x")


def _busy() -> str:
    raise ServiceUnavailable(retry_after=7)


def _chunks() -> Iterator[bytes]:
    yield b"abc"
    yield request_ids.current().encode()


def _broken() -> Iterator[bytes]:
    yield b"abc"
    raise OSError("the origin went away")


@pytest.fixture
def client() -> FlaskClient:
    return make_app().test_client()


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure_logging("trial", "INFO")
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    root.handlers[:], root.level = before, level
    logging.captureWarnings(False)


# --- request ids ---------------------------------------------------------------------------------


@pytest.mark.parametrize("offered", ["abcdefgh", "A.b_c-1234", "0" * 64])
def test_a_well_formed_id_is_kept_returned_and_current(client: FlaskClient, offered: str) -> None:
    answer = client.get("/things/a", headers={"X-Request-Id": offered})
    assert answer.headers["X-Request-Id"] == offered
    assert answer.get_json()["id"] == offered
    assert request_ids.current() == ""


@pytest.mark.parametrize(
    "offered",
    ["", "short", "0" * 65, "has space here", 'quote"quote', "ümlautümlaut", "a/b/c/d/e/f", "abcdefgh;"],
)
def test_any_other_id_is_replaced(client: FlaskClient, offered: str) -> None:
    answer = client.get("/things/a", headers={"X-Request-Id": offered})
    assert answer.headers["X-Request-Id"] != offered
    assert len(answer.headers["X-Request-Id"]) == 32


def test_an_id_with_a_line_break_never_gets_through() -> None:
    assert "\n" not in request_ids.accepted("abcdefgh\n")
    assert len(request_ids.accepted("abcdefgh\n")) == 32


def test_ids_of_two_requests_differ(client: FlaskClient) -> None:
    assert client.get("/plain").headers["X-Request-Id"] != client.get("/plain").headers["X-Request-Id"]


def test_a_streamed_body_still_sees_its_id(client: FlaskClient) -> None:
    answer = client.get("/streams", headers={"X-Request-Id": "streaming-1"}, buffered=True)
    assert answer.data == b"abcstreaming-1"
    assert request_ids.current() == ""


# --- access lines --------------------------------------------------------------------------------


def test_one_line_per_request_without_query_or_body(client: FlaskClient, lines: Any) -> None:
    client.post(f"/plain?signature={SIGNATURE}", data="body-body", headers={"X-Request-Id": "abcdefgh"})
    (line,) = lines()
    assert (line["method"], line["path"], line["route"], line["status"]) == ("POST", "/plain", "/plain", 200)
    assert (line["request_id"], line["bytes"], line["service"]) == ("abcdefgh", 2, "trial")
    assert SIGNATURE not in str(line)
    assert "body-body" not in str(line)


@pytest.mark.parametrize("nasty", ["x\ny", 'x\r\n{"level":"ERROR"}', 'x"},{"a":"', "\x1b[2J", "\u2028"])
def test_a_path_cannot_forge_a_log_line(client: FlaskClient, lines: Any, nasty: str) -> None:
    client.get("/", environ_overrides={"PATH_INFO": "/things/" + nasty.encode().decode("latin1")})
    (line,) = lines()
    assert line["level"] == "INFO"
    assert line["route"] == "/things/<name>"


def test_a_method_cannot_forge_a_log_line(client: FlaskClient, lines: Any) -> None:
    client.open("/plain", method='GET", "level": "ERROR')
    (line,) = lines()
    assert line["level"] == "INFO"


@pytest.mark.parametrize("secret", [SIGNATURE, "eyJhbGciOi.eyJleHAiOj.AbC", "https:%2F%2Fbucket.example"])
def test_secrets_in_paths_are_cut_out(client: FlaskClient, lines: Any, secret: str) -> None:
    client.get(f"/things/{secret}")
    (line,) = lines()
    assert secret not in line["path"]
    assert "bucket" not in line["path"]


def test_a_url_in_a_path_is_cut_out_after_its_slashes_were_merged(client: FlaskClient, lines: Any) -> None:
    client.get("/things/http:/bucket.example/private.csv")
    assert "bucket" not in lines()[0]["path"]


def test_a_did_in_a_path_stays_readable(client: FlaskClient, lines: Any) -> None:
    did = "did:op:88fbc1d4bacb645f72250dd5e9427e42093f8c819de0cc1c916b34c95576202a"
    client.get(f"/things/{did}")
    assert lines()[0]["path"] == f"/things/{did}"


def test_streams_are_logged_when_they_end_with_what_was_sent(client: FlaskClient, lines: Any) -> None:
    client.get("/streams", headers={"X-Request-Id": "streaming-1"}, buffered=True)
    assert lines()[0]["bytes"] == 3 + len("streaming-1")


def test_a_stream_that_breaks_is_logged_once(client: FlaskClient, lines: Any) -> None:
    answer = client.get("/breaks", buffered=False)
    with pytest.raises(OSError, match="origin"):
        answer.get_data()
    answer.close()
    assert [line["bytes"] for line in lines()] == [3]


def test_probes_are_not_logged_while_they_succeed(client: FlaskClient, lines: Any) -> None:
    for path in ("/health/live", "/health/ready", "/metrics"):
        client.get(path)
    assert lines() == []


# --- errors --------------------------------------------------------------------------------------


def test_an_uncaught_exception_is_logged_by_id_and_says_nothing_to_the_caller(
    client: FlaskClient, lines: Any
) -> None:
    answer = client.get("/fails", headers={"X-Request-Id": "abcdefgh"})
    assert (answer.status_code, answer.get_json()) == (500, {"error": edge.INTERNAL_ERROR})
    error, access = lines()
    assert error["request_id"] == access["request_id"] == "abcdefgh"
    assert "RuntimeError" in error["exception"]
    assert SIGNATURE not in str(error)
    assert "internal.example" not in str(error)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [("GET", "/nothing", b"", 404), ("DELETE", "/plain", b"", 405), ("POST", "/reads", b"x" * 11, 413)],
)
def test_errors_outside_the_rooms_have_the_apps_shape(
    client: FlaskClient, method: str, path: str, body: bytes, status: int
) -> None:
    answer = client.open(path, method=method, data=body)
    assert answer.status_code == status
    assert list(answer.get_json()) == ["error"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_headers_that_belong_to_an_error_survive(client: FlaskClient) -> None:
    assert "POST" in client.delete("/plain").headers["Allow"]
    assert client.get("/busy").headers["Retry-After"] == "7"


def test_a_response_given_to_abort_is_left_alone() -> None:
    app = make_app()
    app.add_url_rule("/teapot", "teapot", lambda: abort(Response("short and stout", 418)))
    assert app.test_client().get("/teapot").data == b"short and stout"


@pytest.mark.parametrize("path", ["//plain", "/plain//", "///plain", "/things//a"])
def test_doubled_slashes_are_merged_without_a_redirect(client: FlaskClient, path: str) -> None:
    answer = client.get("/", environ_overrides={"PATH_INFO": path})
    assert answer.status_code == (404 if path.endswith("/") else 200)


@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_a_body_that_nobody_asked_for_is_read_all_the_same(client: FlaskClient, method: str) -> None:
    """Else the server ends the connection, and with it the next request the gateway sends on it."""
    body = io.BytesIO(b"x" * 1_000_000)
    client.open("/nowhere", method=method, input_stream=body, content_length=1_000_000)
    assert body.tell() == 1_000_000


def test_a_caller_that_leaves_in_the_middle_of_an_unread_body_is_no_error(client: FlaskClient) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError

    assert client.post("/nowhere", input_stream=Broken(), content_length=5).status_code == 404


def test_an_app_that_breaks_outside_flask_is_still_logged(lines: Any) -> None:
    app = make_app()
    inner = edge._Edge(_no_app, "trial", cors=True)
    app.wsgi_app = inner  # type: ignore[method-assign]
    with pytest.raises(SystemError):
        app.test_client().get("/plain")
    assert [line["status"] for line in lines()] == [0]
    assert request_ids.current() == ""


def _no_app(environ: Any, start_response: Any) -> Any:
    raise SystemError


def test_a_redirect_of_the_routing_is_not_an_error() -> None:
    app = make_app()
    app.add_url_rule("/folder/", "folder", lambda: "x")
    assert app.test_client().get("/folder").status_code == 308


# --- CORS ----------------------------------------------------------------------------------------


def test_simple_answers_may_be_read_by_any_page(client: FlaskClient) -> None:
    headers = client.get("/plain", headers={"Origin": "https://a.example"}).headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    exposed = headers["Access-Control-Expose-Headers"]
    for name in ("Content-Disposition", "Content-Length", "Content-Range", "Accept-Ranges", "ETag"):
        assert name in exposed
    assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize("path", ["/plain", "/nothing/at/all"])
def test_preflights_are_answered_on_every_route(client: FlaskClient, path: str) -> None:
    asked = {
        "Origin": "https://a.example",
        "Access-Control-Request-Headers": "x-one, content-type, bad header,",
    }
    answer = client.options(path, headers=asked)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert (
        answer.headers["Access-Control-Allow-Headers"]
        == "Content-Type, AuthToken, Range, Authorization, Idempotency-Key, Last-Event-ID, If-None-Match, "
        "If-Range, x-one"
    )
    assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("origin", ["", "https://a.example\r\nX: y", "javascript:alert(1)", "x" * 400])
def test_a_malformed_origin_is_not_echoed(origin: str) -> None:
    environ = {"REQUEST_METHOD": "OPTIONS", "PATH_INFO": "/", "HTTP_ORIGIN": origin}
    seen: list[tuple[str, str]] = []
    list(make_app().wsgi_app(environ, lambda status, headers, _=None: seen.extend(headers)))  # type: ignore[arg-type]
    assert dict(seen)["Access-Control-Allow-Origin"] == "*"


def test_cors_can_be_left_out() -> None:
    client = make_app(cors=False).test_client()
    assert "Access-Control-Allow-Origin" not in client.get("/plain").headers
    assert client.options("/plain").status_code == 200


# --- health --------------------------------------------------------------------------------------


def _down() -> None:
    raise ConnectionError("postgresql://user:hunter2@db refused")


def test_live_asks_nothing_and_ready_names_what_failed_without_details(lines: Any) -> None:
    client = make_app(checks={"database": _down, "chain": lambda: None}).test_client()
    assert client.get("/health/live").status_code == 200
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.get_json()["checks"] == {"database": "failed", "chain": "ok"}
    assert b"refused" not in answer.data
    assert "hunter2" not in str(lines())


def test_ready_comes_back_when_the_check_does() -> None:
    working = threading.Event()

    def check() -> None:
        if not working.is_set():
            raise ConnectionError

    client = make_app(checks={"database": check}).test_client()
    assert client.get("/health/ready").status_code == 503
    working.set()
    assert client.get("/health/ready").status_code == 200


def test_a_check_that_hangs_is_given_up_and_not_started_again() -> None:
    released, calls = threading.Event(), []

    def hang() -> None:
        calls.append(1)
        released.wait(30)

    readiness = Readiness({"slow": hang, "fine": lambda: None}, seconds=0.05)
    assert readiness.outcomes() == {"slow": "timed out", "fine": "ok"}
    assert readiness.outcomes()["slow"] == "timed out"
    assert len(calls) == 1
    released.set()
    assert readiness._probes["slow"]._done.wait(5)
    assert readiness.outcomes()["slow"] == "ok"


# --- metrics -------------------------------------------------------------------------------------


def _count(service: str, **labels: str) -> float:
    found = REGISTRY.get_sample_value("http_request_seconds_count", {"service": service, **labels})
    return found or 0.0


def test_requests_are_counted_by_route_not_by_path() -> None:
    client = make_app("counted").test_client()
    for name in ("a", "b", "c"):
        client.get(f"/things/{name}")
    assert _count("counted", method="GET", route="/things/<name>", status="200") == 3


def test_made_up_paths_and_methods_add_no_series_of_their_own() -> None:
    client = make_app("bounded").test_client()
    for number in range(20):
        client.open(f"/made/up/{number}", method=f"M{number}")
    assert _count("bounded", method="other", route="unknown", status="404") == 20


def test_metrics_are_served_as_text() -> None:
    client = make_app("shown").test_client()
    client.get("/plain")
    answer = client.get("/metrics")
    assert answer.content_type.startswith("text/plain")
    assert (
        b'http_request_seconds_count{method="GET",route="/plain",service="shown",status="200"} 1.0'
        in answer.data
    )


def test_two_apps_in_one_process_do_not_disturb_each_other() -> None:
    assert make_app("one").test_client().get("/plain").status_code == 200
    assert make_app("one").test_client().get("/plain").status_code == 200


def test_the_app_sees_its_own_request(client: FlaskClient) -> None:
    app = make_app()
    app.add_url_rule("/who", "who", lambda: request.environ[edge.ROUTE])
    assert app.test_client().get("/who").data == b"/who"
