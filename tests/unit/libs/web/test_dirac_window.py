"""Where RESTDIRAC's clients may put a token: every combination of header, query and body."""

from typing import Any

import pytest
from flask import Blueprint, Flask, g

from libs.web.credentials import Credential
from libs.web.dirac_window import legacy_window
from libs.web.gate import Gate, Refused, add_window, install_gate, needs
from libs.web.principal import Principal

pytestmark = pytest.mark.clause("dirac 0.2", "dirac 1.4")

TOKEN, OTHER = "T" * 43, "O" * 43


class Source:
    """Knows two tokens."""

    def principal(self, credential: Credential, *_: Any, **__: Any) -> Principal:
        if credential.value not in (TOKEN, OTHER):
            raise Refused
        name = credential.value[:1]
        return Principal(subject="person:" + name, name=name, display_name=name, credential="reference")


def client() -> Any:
    app = Flask("dirac", static_folder=None)
    room = Blueprint("dirac", __name__)
    add_window(app, room, legacy_window())

    @room.route("/jobs", methods=["GET", "POST", "DELETE"])
    @needs()
    def jobs() -> str:
        return str(g.principal.name)

    app.register_blueprint(room)
    install_gate(app, Gate(Source()))
    return app.test_client()


HEADERS = {
    "none": None,
    "bearer": f"Bearer {TOKEN}",
    "lower": f"bearer {TOKEN}",
    "reversed": f"{TOKEN} Bearer",
    "reversed lower": f"{TOKEN}   bearer",
}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("where", ["nowhere", "query", "form", "multipart", "both"])
def test_one_token_however_it_is_brought(method: str, header: str | None, where: str) -> None:
    query = {"access_token": TOKEN} if where in ("query", "both") else None
    data: Any = {"access_token": TOKEN} if where in ("form", "both", "multipart") else None
    kind = "multipart/form-data" if where == "multipart" else None
    answer = client().open(
        "/jobs",
        method=method,
        query_string=query,
        data=data,
        content_type=kind,
        headers={"Authorization": header} if header else {},
    )
    is_unread = where == "nowhere" or (method == "GET" and where in ("form", "multipart"))
    if header is None and is_unread:
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="dirac"'
        assert set(answer.get_json()) == {"error", "error_description", "detail", "status"}
    else:
        assert (answer.status_code, answer.text) == (200, "T")


@pytest.mark.parametrize("header", [f"Bearer {OTHER}", f"{OTHER} Bearer"])
@pytest.mark.parametrize("where", ["query", "form"])
def test_two_different_tokens_are_refused(header: str, where: str) -> None:
    given = {"access_token": TOKEN}
    sent: dict[str, Any] = {"query_string": given} if where == "query" else {"data": given}
    answer = client().post("/jobs", headers={"Authorization": header}, **sent)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
    assert TOKEN not in answer.text
    assert OTHER not in answer.text


def test_two_parameters_that_differ_are_refused() -> None:
    answer = client().post("/jobs", query_string={"access_token": TOKEN}, data={"access_token": OTHER})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer a b", "Basic Og==", "token x", f"{TOKEN}", f"{TOKEN} Basic", "Bearer ü", "x " * 9],
)
def test_other_headers_are_no_token(header: str) -> None:
    answer = client().get("/jobs", headers={"Authorization": header})
    assert answer.status_code == 401


@pytest.mark.parametrize("token", ["x" * 43, "ü", "a b", "\x00", "T" * 9000])
def test_what_is_no_token_of_ours_is_401(token: str) -> None:
    answer = client().get("/jobs", query_string={"access_token": token})
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert token not in answer.text
