"""Calls between our services, against a peer that can misbehave in every way a peer can."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from libs.signing import tokens
from libs.web import request_ids
from libs.web.http import Connection, PeerUnavailable
from libs.web.internal_client import InternalClient, ServiceTokens
from libs.web.jwks import RemoteJwks
from libs.web.settings import Secret

Answer = tuple[int, bytes]


class Peer:
    """An HTTP server whose answers a test sets; it remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: Callable[[Any], Answer | None] = lambda _: (200, b"{}")
        self.asked: list[Any] = []
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout: ClassVar[float] = 10

            def do_GET(self) -> None:
                self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                peer.asked.append(self)
                answer = peer.answer(self)
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(answer[0])
                self.send_header("Content-Length", str(len(answer[1])))
                self.end_headers()
                self.wfile.write(answer[1])

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def peer() -> Iterator[Peer]:
    server = Peer()
    yield server
    server.close()
    request_ids.clear()


def as_json(value: object, status: int = 200) -> Answer:
    return status, json.dumps(value).encode()


def client(peer: Peer, seconds: float = 5.0) -> InternalClient:
    return InternalClient(peer.url, "catalogue", None, seconds)


def test_the_request_id_travels_and_the_answer_comes_back(peer: Peer) -> None:
    request_ids.bind("request-12345")
    peer.answer = lambda asked: as_json({"path": asked.path, "body": json.loads(asked.body)})
    reply = client(peer).post("/internal/x", {"a": "é"})
    assert (reply.status, reply.json()) == (200, {"path": "/internal/x", "body": {"a": "é"}})
    assert peer.asked[0].headers["X-Request-Id"] == "request-12345"


def test_queries_are_encoded_and_headers_sent(peer: Peer) -> None:
    client(peer).get("/internal/x", {"did": "a b&c"}, {"If-None-Match": '"1"'})
    assert peer.asked[0].path == "/internal/x?did=a+b%26c"
    assert peer.asked[0].headers["If-None-Match"] == '"1"'


@pytest.mark.parametrize("status", [304, 400, 404, 409, 301])
def test_answers_below_500_are_answers(peer: Peer, status: int) -> None:
    peer.answer = lambda _: (status, b"")
    assert client(peer).get("/internal/x").status == status
    assert len(peer.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_answers_from_500_up_mean_unavailable(peer: Peer, status: int) -> None:
    peer.answer = lambda _: (status, b"")
    with pytest.raises(PeerUnavailable, match=f"catalogue is unavailable: status {status}"):
        client(peer).get("/internal/x")


def test_a_broken_connection_is_tried_once_more_for_reads_only(peer: Peer) -> None:
    peer.answer = lambda _: None
    with pytest.raises(PeerUnavailable):
        client(peer).get("/internal/x")
    assert len(peer.asked) == 2
    with pytest.raises(PeerUnavailable):
        client(peer).post("/internal/x", {})
    assert len(peer.asked) == 3


def test_a_connection_that_the_peer_closed_meanwhile_is_replaced(peer: Peer) -> None:
    caller = client(peer)
    caller.get("/internal/x")
    peer.answer = lambda _: None
    with pytest.raises(PeerUnavailable):
        caller.get("/internal/x")
    peer.answer = lambda _: (200, b"{}")
    assert caller.get("/internal/x").status == 200


def test_a_peer_that_does_not_answer_is_given_up_in_time(peer: Peer) -> None:
    released = threading.Event()

    def hang(_: Any) -> None:
        released.wait(30)

    peer.answer = hang
    started = time.monotonic()
    with pytest.raises(PeerUnavailable):
        client(peer, 0.2).post("/internal/x", {})
    assert time.monotonic() - started < 5
    released.set()


def test_nobody_there_is_unavailable_and_the_reason_holds_no_address(peer: Peer) -> None:
    caller = client(peer)
    port = peer.url.rsplit(":", 1)[1]
    peer.close()
    with pytest.raises(PeerUnavailable) as caught:
        caller.get("/internal/x?signature=hunter2")
    assert port not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_peer_that_drips_its_answer_is_given_up_in_time(peer: Peer) -> None:
    """The limit is on the whole call, not on each pause."""

    def drip(asked: Any) -> None:
        try:
            for _ in range(100):
                asked.wfile.write(b"H")
                time.sleep(0.05)
        except OSError:
            return

    peer.answer = drip
    started = time.monotonic()
    with pytest.raises(PeerUnavailable, match="Timeout"):
        client(peer, 0.3).get("/internal/x")
    assert time.monotonic() - started < 2
    assert len(peer.asked) == 1


def test_values_of_headers_come_back_as_sent(peer: Peer) -> None:
    def tagged(asked: Any) -> Answer:
        asked.send_response(200)
        asked.send_header("ETag", 'W/"AbC"')
        asked.send_header("Content-Length", "2")
        asked.end_headers()
        asked.wfile.write(b"{}")
        asked.close_connection = True
        return 200, b""

    peer.answer = tagged
    assert client(peer).get("/internal/x").headers["etag"] == 'W/"AbC"'


def test_a_header_that_would_smuggle_another_is_not_sent(peer: Peer) -> None:
    with pytest.raises(ValueError, match="no header may hold"):
        client(peer).get("/internal/x", headers={"If-None-Match": '"1"\r\nX-Evil: 1'})
    assert peer.asked == []


def test_an_answer_that_is_not_json_is_unavailable(peer: Peer) -> None:
    peer.answer = lambda _: (200, b"<html>")
    with pytest.raises(PeerUnavailable):
        client(peer).get("/internal/x").json()


def test_an_answer_without_end_is_cut(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libs.web.http.MAX_REPLY_BYTES", 1000)
    peer.answer = lambda _: (200, b"x" * 1001)
    with pytest.raises(PeerUnavailable, match="too large"):
        client(peer).get("/internal/x")


# --- service tokens ------------------------------------------------------------------------------


class Auth:
    """Answers /internal/token with numbered tokens and refuses those in `refused` elsewhere."""

    def __init__(self, lifetime: float = 600) -> None:
        self.issued = 0
        self.lifetime = lifetime
        self.refused: set[str] = set()

    def __call__(self, asked: Any) -> Answer:
        if asked.path != "/internal/token":
            bearer = asked.headers["Authorization"].removeprefix("Bearer ")
            return as_json({"used": bearer}, 401 if bearer in self.refused else 200)
        assert asked.headers["Authorization"] == "Basic " + base64.b64encode(b"provider:s3cret").decode()
        assert asked.body == b"grant_type=client_credentials"
        self.issued += 1
        return as_json(
            {"access_token": f"t{self.issued}", "expires_in": self.lifetime, "token_type": "Bearer"}
        )


def source(peer: Peer) -> ServiceTokens:
    return ServiceTokens(peer.url, "provider", Secret("s3cret"))


def test_one_token_serves_many_calls_and_threads(peer: Peer) -> None:
    auth = peer.answer = Auth()
    caller = InternalClient(peer.url, "catalogue", source(peer))
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: caller.get("/internal/x").json()["used"], range(40)))
    assert set(replies) == {"t1"}
    assert auth.issued == 1


def test_a_token_is_renewed_before_it_expires(peer: Peer) -> None:
    auth = peer.answer = Auth(lifetime=0)
    tokens_source = source(peer)
    assert (tokens_source.token(), tokens_source.token()) == ("t1", "t2")
    auth.lifetime = 61
    assert tokens_source.token() == tokens_source.token() == "t3"


def test_a_refused_token_is_replaced_once(peer: Peer) -> None:
    auth = peer.answer = Auth()
    caller = InternalClient(peer.url, "catalogue", source(peer))
    caller.get("/internal/x")
    auth.refused = {"t1"}
    assert caller.post("/internal/x", {}).json() == {"used": "t2"}
    auth.refused = {"t1", "t2", "t3"}
    assert caller.get("/internal/x").status == 401
    assert auth.issued == 3


@pytest.mark.parametrize(
    "answer",
    [(401, b"{}"), (200, b"{}"), (200, b"[]"), (200, b'{"access_token": "x", "expires_in": "soon"}')],
)
def test_without_a_token_the_peer_is_unavailable(peer: Peer, answer: Answer) -> None:
    peer.answer = lambda _: answer
    with pytest.raises(PeerUnavailable, match="auth"):
        InternalClient(peer.url, "catalogue", source(peer)).get("/internal/x")


# --- JWKS ----------------------------------------------------------------------------------------

ONE, TWO = tokens.new_key(), tokens.new_key()


def signed_by(key: tokens.SigningKey) -> str:
    return tokens.issue({"sub": "x"}, key, {})


def serves(*keys: tokens.SigningKey) -> Callable[[Any], Answer]:
    return lambda _: as_json({"keys": [tokens.public_jwk(key) for key in keys]})


def test_keys_are_fetched_once_and_again_for_an_unknown_key(peer: Peer) -> None:
    peer.answer = serves(ONE)
    jwks = RemoteJwks(peer.url, retry_seconds=0)
    for _ in range(5):
        assert jwks.for_token(signed_by(ONE)).get(ONE.kid) is not None
    assert [asked.path for asked in peer.asked] == ["/.well-known/jwks.json"]
    peer.answer = serves(ONE, TWO)
    assert jwks.for_token(signed_by(TWO)).get(TWO.kid) is not None
    assert len(peer.asked) == 2


def test_made_up_key_ids_do_not_make_us_hammer_auth(peer: Peer) -> None:
    peer.answer = serves(ONE)
    jwks = RemoteJwks(f"{peer.url}/.well-known/other.json", retry_seconds=60)
    for _ in range(20):
        jwks.for_token(signed_by(tokens.new_key()))
    assert [asked.path for asked in peer.asked] == ["/.well-known/other.json"]


def test_known_keys_serve_on_while_auth_is_away_but_not_for_ever(peer: Peer) -> None:
    peer.answer = serves(ONE)
    jwks = RemoteJwks(peer.url, fresh_seconds=0, stale_seconds=3600, retry_seconds=0)
    jwks.for_token(signed_by(ONE))
    peer.answer = lambda _: (503, b"")
    assert jwks.for_token(signed_by(ONE)).get(ONE.kid) is not None
    jwks._stale = 0
    with pytest.raises(PeerUnavailable):
        jwks.for_token(signed_by(ONE))


def test_old_keys_are_renewed_beside_the_request_that_needs_them(peer: Peer) -> None:
    """Auth waits for the very request that would ask it for keys: that request must not wait for auth."""
    peer.answer = serves(ONE)
    jwks = RemoteJwks(peer.url, fresh_seconds=0, retry_seconds=0)
    jwks.for_token(signed_by(ONE))
    asked, answered = threading.Event(), threading.Event()

    def slowly(_: Any) -> Answer:
        asked.set()
        assert answered.wait(20)
        return as_json({"keys": [tokens.public_jwk(ONE), tokens.public_jwk(TWO)]})

    peer.answer = slowly
    for _ in range(20):
        assert jwks.for_token(signed_by(ONE)).get(ONE.kid) is not None
    assert asked.wait(20)
    answered.set()
    assert jwks.for_token(signed_by(TWO)).get(TWO.kid) is not None


def test_warm_asks_until_auth_has_answered(peer: Peer) -> None:
    answers = iter([(503, b""), (200, b"{}")])
    have_keys = threading.Event()

    def late(_: Any) -> Answer:
        answer = next(answers, None)
        if answer is None:
            have_keys.set()
            return as_json({"keys": [tokens.public_jwk(ONE)]})
        return answer

    peer.answer = late
    jwks = RemoteJwks(peer.url, retry_seconds=3600)
    jwks.warm()
    assert have_keys.wait(20)
    assert jwks.for_token(signed_by(ONE)).get(ONE.kid) is not None
    assert len(peer.asked) == 3


@pytest.mark.parametrize("answer", [(200, b"[]"), (200, b"<html>"), (404, b"{}"), (200, b'{"keys": 1}')])
def test_an_answer_that_is_no_key_set_is_unavailable(peer: Peer, answer: Answer) -> None:
    peer.answer = lambda _: answer
    with pytest.raises(PeerUnavailable):
        RemoteJwks(peer.url).for_token(signed_by(ONE))


def test_a_base_url_may_have_a_path(peer: Peer) -> None:
    Connection("x", f"{peer.url}/base/", 5).send("GET", "/y")
    assert peer.asked[0].path == "/base/y"
