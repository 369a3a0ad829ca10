"""One shape for every refusal, and upstream's weaknesses by what they would bring here (contract 7, 9)."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.web.gate import TooManyTries
from libs.web.http import PeerUnavailable
from services.compute.dialects.dcp.operations import OPERATIONS
from tests.dcp_vectors import A
from tests.fakes.compute_dcp import BASIC_A, JOB, Room

pytestmark = pytest.mark.clause("dcp 7", "dcp 9")
Make = Callable[..., Room]
CHALLENGE = 'Basic realm="dcp", Bearer realm="dcp"'
READS = ["/jobs", "/jobs/count", "/accounts", "/job/x", "/job/x/status", "/job/x/result", "/job/x/console"]


def shape(answer: Any) -> dict[str, Any]:
    document = answer.get_json()
    assert document["error"] == document["message"] != ""
    assert document["code"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    return dict(document)


# -- who asks ---------------------------------------------------------------------------------------
@pytest.mark.clause("dcp 2.1", "dcp 2.4")
@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(
    ("auth", "text", "code"),
    [
        (None, "Authentication method not provided", "AuthenticationRequired"),
        ("", "Authentication method not provided", "AuthenticationRequired"),
        ("Digest x", "Authentication method not provided", "AuthenticationRequired"),
        ("Basic bm90aGluZw==", "Invalid identity keystore or password", "InvalidKeystore"),
        ("Basic", "Invalid identity keystore or password", "InvalidKeystore"),
        ("Bearer 0123456789abcdef0123.nothing", "Invalid API key", "InvalidApiKey"),
        ("Bearer no key", "Invalid API key", "InvalidApiKey"),
    ],
    ids=["none", "empty", "digest", "basic", "basic empty", "bearer", "bearer odd"],
)
def test_who_proves_nothing_is_told_in_dcp_rests_words(
    room: Room, path: str, auth: str | None, text: str, code: str
) -> None:
    answer = room.get(path, auth=auth)
    assert answer.status_code == 401
    document = shape(answer)
    assert (document["error"], document["code"]) == (text, code)
    assert answer.headers["WWW-Authenticate"] == CHALLENGE


def test_a_bearer_key_is_not_taken_for_a_keystore(room: Room) -> None:
    """Weakness 4: upstream reads a bearer's key and then asks the keystore's way."""
    assert room.get("/jobs", auth="Bearer key-of-a").status_code == 200
    credential, _ = room.principals.asked[-1]
    assert (credential.kind, credential.value) == ("bearer", "key-of-a")


@pytest.mark.parametrize(
    "text",
    [json.dumps(json.loads(A.keystore), indent=2) + ":x", '{"version":3}:x'],
    ids=["pretty", "bare"],
)
def test_a_keystore_that_freezes_upstream_is_answered(room: Room, text: str) -> None:
    """Weakness 2: a prompt on the server's terminal."""
    auth = "Basic " + base64.b64encode(text.encode()).decode()
    assert room.get("/jobs", auth=auth).status_code == 401
    assert room.get("/jobs").status_code == 200


@pytest.mark.parametrize("path", ["/job/nothex", "/job/nothex/status", "/job/nothex/result", "/job/%00"])
def test_an_id_that_ends_upstreams_process_is_a_refusal(room: Room, path: str) -> None:
    """Weakness 3."""
    assert room.get(path).status_code == 400
    assert room.call("DELETE", path.removesuffix("/status").removesuffix("/result")).status_code == 400
    assert room.get("/jobs").status_code == 200


def test_guesses_and_an_auth_that_is_away_are_told_apart(room: Room) -> None:
    room.principals.trouble = TooManyTries(17)
    guessed = room.get("/jobs")
    assert (guessed.status_code, guessed.headers["Retry-After"]) == (429, "17")
    shape(guessed)
    room.principals.trouble = PeerUnavailable("auth", "away")
    away = room.get("/jobs")
    assert away.status_code == 503
    assert shape(away)["code"] == "Unavailable"


# -- where there is nothing -------------------------------------------------------------------------
@pytest.mark.clause("dcp 1")
@pytest.mark.parametrize("path", ["/", "/nothing", "/job", "/job/x/y", "/jobs/x", "/result"])
def test_unknown_paths_are_404_and_wrong_methods_405(room: Room, path: str) -> None:
    """Weakness 7: upstream says `Internal Server Error` with each of them."""
    answer = room.get(path)
    assert answer.status_code == (405 if path == "/job" else 404)
    assert "Internal" not in shape(answer)["error"]
    assert ("Allow" in answer.headers) == (path == "/job")


def test_a_database_that_is_away_is_503_and_says_when_to_come_again() -> None:
    room = Room()
    job_id = room.deploy()
    room.store.away = True
    for path in ("/jobs", "/jobs/count", f"/job/{job_id}", f"/job/{job_id}/result"):
        answer = room.get(path)
        assert answer.status_code == 503, path
        assert answer.headers["Retry-After"]
        assert shape(answer)["code"] == "Unavailable"


def test_our_own_faults_show_a_request_id_and_no_more(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(type(room.parts.jobs), "heads", broken)
    answer = room.get("/jobs")
    document = shape(answer)
    assert (answer.status_code, document["code"]) == (500, "InternalError")
    assert document["requestId"] == answer.headers["X-Request-Id"]
    assert "secret" not in answer.get_data(as_text=True)


@pytest.mark.clause("dcp 1")
def test_browsers_of_any_origin_may_ask(room: Room) -> None:
    answer = room.call(
        "OPTIONS",
        "/job",
        auth=None,
        headers={"Origin": "https://app.example", "Access-Control-Request-Headers": "authorization"},
    )
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"].lower()


# -- the description --------------------------------------------------------------------------------
@pytest.mark.clause("dcp 1")
def test_the_description_is_yaml_for_anybody_and_holds_every_route(room: Room) -> None:
    """Weakness 9: upstream's contradicts its own README."""
    answer = room.get("/spec", auth=None)
    assert answer.status_code == 200
    assert answer.mimetype == "application/yaml"
    document = yaml.safe_load(answer.get_data(as_text=True))
    routes = {
        (method, path)
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    }
    described = {(method.lower(), each.path) for each in OPERATIONS for method in each.methods}
    assert routes == described
    security = document["paths"]["/api/v0/job"]["post"]["security"]
    assert security == [{"keystore": []}, {"accessToken": []}]
    assert document["paths"]["/api/v0/spec"]["get"]["security"] == []


# -- anything ---------------------------------------------------------------------------------------
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
documents = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
member = st.sampled_from(
    [
        *("slices", "work", "account", "args", "computeGroups", "slicePaymentOffer", "requirements"),
        *("packages", "public", "webHookUrls", "maxErrors", "sliceData", "reason"),
    ]
)
inner_member = st.sampled_from(
    [
        *("function", "language", "runtime", "pyimports", "address", "label", "json", "password"),
        *("start", "end", "step", "group", "ranges", "sparse", "joinKey", "name", "version", "marketValue"),
    ]
)
shaped = (
    st.dictionaries(member, documents | st.dictionaries(inner_member, documents, max_size=4), max_size=6)
    | documents
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=shaped, is_deploy=st.booleans())
def test_no_document_is_our_fault(body: Any, is_deploy: bool) -> None:
    room = Room()
    path = "/job" if is_deploy else f"/job/{room.deploy()}/slices"
    text = json.dumps({**JOB, **body} if isinstance(body, dict) and is_deploy else body)
    answer = room.call("POST", path, data=text)
    assert answer.status_code in (201, 400, 402, 403, 413, 422)
    if answer.status_code != 201:
        shape(answer)


@settings(max_examples=100)
@given(
    path=st.sampled_from(["/jobs", "/job/{}/result", "/job/{}/result/wait", "/job/{}/console", "/job/{}"]),
    pairs=st.lists(
        st.tuples(
            st.sampled_from(["range", "limit", "after", "timeout", "status", "startTime", "offset", "x"]),
            st.text(max_size=12) | st.sampled_from(["1-3", "0", "5", "running", "99999999999999999999"]),
        ),
        max_size=4,
    ),
)
def test_no_query_is_our_fault(path: str, pairs: list[tuple[str, str]]) -> None:
    room = Room()
    target = path.format(room.deploy())
    answer = room.get(target, query_string=[(name, value) for name, value in pairs], auth=BASIC_A)
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        shape(answer)
