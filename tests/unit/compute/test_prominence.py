"""PROMINENCE's API on a gateway that runs no jobs yet."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from libs.web.credentials import Caller, Credential
from libs.web.gate import Gate, Refused, TooManyTries, install_gate
from libs.web.http import PeerUnavailable
from libs.web.principal import Principal
from services.compute.app import create_app
from services.compute.deps import Deps
from services.compute.dialects import prominence
from services.compute.dialects.prominence.off import NOT_ENABLED
from tests.fakes.compute import SETTINGS

BASES = ("/prominence/v1", "/api/v1")
READER = "reads"


class Source:
    """Knows two tokens; others raise what `raises` says."""

    def __init__(self) -> None:
        self.raises: Exception = Refused()
        self.asked: list[tuple[Credential, str]] = []

    def principal(self, credential: Credential, caller: Caller) -> Principal:
        self.asked.append((credential, caller.window))
        scopes = {READER: frozenset({"job:read"}), "other": frozenset({"openid"})}
        if credential.value not in scopes:
            raise self.raises
        return Principal(
            subject="person:1",
            name="ada",
            display_name="Ada",
            scopes=scopes[credential.value],
            credential="token",
        )


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def client(source: Source) -> FlaskClient:
    app = Flask(__name__, static_folder=None)
    prominence.mount(app)
    install_gate(app, Gate(source))
    return app.test_client()


def bearer(token: str = READER, scheme: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"{scheme} {token}"}


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("path", ["/jobs", "/jobs?num=1", "/jobs/7", "/workflows", "/workflows/7?all=true"])
def test_there_are_no_jobs(client: FlaskClient, base: str, path: str) -> None:
    answer = client.get(base + path, headers=bearer())
    assert (answer.status_code, answer.data, answer.mimetype) == (200, b"[]", "application/json")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "token", "Token", "TOKEN"])
def test_both_schemes_are_read(client: FlaskClient, source: Source, scheme: str) -> None:
    assert client.get("/prominence/v1/jobs", headers=bearer(scheme=scheme)).status_code == 200
    assert source.asked == [(Credential("bearer", READER), "prominence")]


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/jobs"), ("DELETE", "/jobs/1"), ("GET", "/jobs/1/stdout"), ("PUT", "/jobs/1/remove"),
        ("POST", "/jobs/1/exec?command=ls"), ("POST", "/workflows"), ("PUT", "/workflows/1"),
        ("GET", "/kv/a"), ("GET", "/data"), ("POST", "/data/upload"), ("GET", "/resources"),
        ("GET", "/accounting"), ("GET", "/jobs/x"), ("GET", "/jobs/-1"),
    ],
)  # fmt: skip
def test_everything_else_says_in_one_sentence_that_it_is_not_enabled(
    client: FlaskClient, base: str, method: str, path: str
) -> None:
    answer = client.open(base + path, method=method, headers=bearer(), data=b"\xff")
    assert (answer.status_code, answer.get_json()) == (400, {"error": NOT_ENABLED})


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("path", ["/jobs", "/jobs/1", "/workflows", "/kv/a", "/data/upload"])
@pytest.mark.parametrize(
    "headers", [{}, bearer("unknown"), {"Authorization": "Basic eDp5"}, bearer("a b"), bearer("")]
)
def test_who_proves_nothing_gets_401_with_an_error(
    client: FlaskClient, base: str, path: str, headers: dict[str, str]
) -> None:
    answer = client.get(base + path, headers=headers)
    assert answer.status_code == 401
    assert answer.mimetype == "application/json"
    assert isinstance(answer.get_json()["error"], str)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "unknown" not in answer.get_data(as_text=True)


def test_a_token_without_the_scope_gets_403(client: FlaskClient) -> None:
    answer = client.get("/api/v1/jobs", headers=bearer("other"))
    assert (answer.status_code, answer.get_json()) == (403, {"error": "This needs the scope job:read."})


@pytest.mark.parametrize(
    ("error", "status"), [(PeerUnavailable("auth", "gone"), 503), (TooManyTries(9), 429)]
)
def test_what_cannot_be_checked_is_not_let_in(
    client: FlaskClient, source: Source, error: Exception, status: int
) -> None:
    source.raises = error
    answer = client.get("/api/v1/jobs", headers=bearer("any"))
    assert answer.status_code == status
    assert isinstance(answer.get_json()["error"], str)
    assert answer.headers["Retry-After"] == ("9" if status == 429 else "1")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("PATCH", "/prominence/v1/jobs", 405), ("GET", "/prominence/v1", 404), ("PATCH", "/api/v1/jobs", 405)],
)
def test_routing_mistakes_have_the_rooms_shape(method: str, path: str, status: int) -> None:
    answer = create_app(SETTINGS, Deps()).test_client().open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    assert list(answer.get_json()) == ["error"]


def test_a_path_that_only_begins_like_the_rooms_is_not_its_own() -> None:
    assert prominence.owns("/api/v1/jobs")
    assert not prominence.owns("/api/v1x")
    assert not prominence.owns("/api/services/compute")
