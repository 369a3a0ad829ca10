"""Shapes that hold for every Ocean route: E3, CORS, preflight, HEAD, slashes. Source: contract 0.3-0.5."""

import json

import pytest

from libs.chain.errors import RpcTimeout, RpcUnavailable
from libs.web.ocean_shapes import STRIPPED_URL, edge_error, refusal, safe_text
from services.provider.dialects.internal import refusals
from services.provider.dialects.internal.errors import RESPONSES as INTERNAL
from services.provider.dialects.ocean.errors import (
    FIELD_RESPONSES,
    REASONS,
    RESPONSES,
    render,
)
from services.provider.domain.compute import ItemRefused, UseRefused
from services.provider.domain.errors import ProviderError
from services.provider.domain.order_errors import OrderError
from services.provider.domain.trust import NotTrusted
from tests.fakes.provider_app import Provider

pytestmark = pytest.mark.clause("ocean 0.3", "ocean 0.4", "ocean 0.5")

ADDRESS = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
ROUTES = {
    "/api/services/nonce": {"GET", "POST"},
    "/api/services/encrypt": {"GET", "POST"},
    "/api/services/decrypt": {"POST"},
    "/api/services/fileinfo": {"POST"},
    "/api/services/initialize": {"GET", "POST"},
    "/api/services/download": {"GET", "POST"},
}
OF_JOBS = {f"services.provider.domain.{name}" for name in ("compute", "grants", "trust")}
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("method", METHODS)
def test_only_the_published_methods_answer(provider: Provider, path: str, method: str) -> None:
    answer = provider.client().open(path, method=method)
    if method in ROUTES[path]:
        assert answer.status_code == 400
    else:
        assert answer.status_code == 405
        body = json.loads(answer.data)
        assert list(body) == ["error", "context"]
        assert body["context"] is None
        assert set(answer.headers["Allow"].split(", ")) >= ROUTES[path]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", [*ROUTES, "/", "/nothing/here"])
def test_preflight_is_answered_on_every_path(provider: Provider, path: str) -> None:
    headers = {
        "Origin": "https://dapp.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "content-type, x-more",
    }
    answer = provider.client().options(path, headers=headers)
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://dapp.example"
    allowed = {name.strip().lower() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert allowed >= {"content-type", "authtoken", "range", "authorization", "x-more"}
    methods = answer.headers["Access-Control-Allow-Methods"]
    assert all(method in methods for method in ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"))


@pytest.mark.parametrize("path", ROUTES)
def test_a_trailing_slash_is_404_and_no_redirect(provider: Provider, path: str) -> None:
    answer = provider.client().get(path + "/")
    assert answer.status_code == 404
    assert list(json.loads(answer.data)) == ["error", "context"]


@pytest.mark.parametrize("prefix", ["/", "//", "///"])
def test_doubled_leading_slashes_work_without_redirect(provider: Provider, prefix: str) -> None:
    environ = {"PATH_INFO": f"{prefix}/api/services/nonce"}
    answer = provider.client().get(f"/x?userAddress={ADDRESS}", environ_overrides=environ)
    assert (answer.status_code, answer.data) == (200, b'{"nonce":1}')


def test_head_validates_like_get_and_has_no_body(provider: Provider) -> None:
    client = provider.client()
    missing = client.head("/api/services/nonce")
    assert (missing.status_code, missing.data) == (400, b"")
    fine = client.head(f"/api/services/nonce?userAddress={ADDRESS}")
    assert (fine.status_code, fine.data) == (200, b"")
    assert client.head("/").headers["Content-Length"] == str(len(client.get("/").data))


def test_exposed_headers_let_browsers_read_downloads(provider: Provider) -> None:
    exposed = provider.client().get("/").headers["Access-Control-Expose-Headers"]
    names = {name.strip() for name in exposed.split(",")}
    assert names >= {"Content-Disposition", "Content-Length", "Content-Range", "Accept-Ranges", "ETag"}


def test_unknown_paths_never_echo_the_request(provider: Provider) -> None:
    answer = provider.client().get("/api/services/none/0xsecret?signature=0xsecret")
    assert answer.status_code == 404
    assert b"secret" not in answer.data


def test_a_bug_of_ours_is_500_and_says_nothing_of_itself(provider: Provider) -> None:
    provider.app.config["PROPAGATE_EXCEPTIONS"] = False
    provider.ledger.last = None  # not callable: a bug
    answer = provider.client().get(f"/api/services/nonce?userAddress={ADDRESS}")
    assert answer.status_code == 500
    body = json.loads(answer.data)
    assert list(body) == ["error", "context"]
    assert "NoneType" not in body["error"]


def test_error_stands_first_in_every_refusal() -> None:
    assert edge_error("x", 404).data.startswith(b'{"error":')
    assert refusal("x").data == b'{"error":"x"}'


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a  b\n\tc", "a b c"),
        ("see https://example.org/secret?x=1 now", f"see {STRIPPED_URL} now"),
        ("see (ipfs://Qm123) now", f"see {STRIPPED_URL} now"),
        ("HTTP://EXAMPLE.org", STRIPPED_URL),
        ("http://[::1", STRIPPED_URL),
        ("a://b", STRIPPED_URL),
        ("did:op:abc", "did:op:abc"),
    ],
)
def test_urls_are_stripped_and_whitespace_collapsed(text: str, safe: str) -> None:
    assert safe_text(text) == safe


def _subclasses(root: type[Exception]) -> set[type[Exception]]:
    found = set(root.__subclasses__())
    return found.union(*(_subclasses(child) for child in found))


def test_every_domain_error_has_an_answer() -> None:
    known = {*RESPONSES, *FIELD_RESPONSES}
    of_jobs = {*INTERNAL, *refusals.OF_REQUEST, UseRefused, ItemRefused}  # asked in the internal room alone
    missing = [
        error.__name__
        for error in _subclasses(ProviderError)
        if not error.__subclasses__()
        and error.__module__.startswith("services.provider.domain")
        and not issubclass(error, OrderError | NotTrusted)  # always inside an OrderRefused, a UseRefused
        and not (of_jobs if error.__module__ in OF_JOBS else known).intersection(error.__mro__)
    ]
    assert missing == [], "add a row to RESPONSES or FIELD_RESPONSES"
    assert set(REASONS) <= {*RESPONSES, *FIELD_RESPONSES}


def test_an_error_nobody_named_is_a_bug_not_an_answer() -> None:
    with pytest.raises(KeyError):
        render(ValueError("x"))


@pytest.mark.parametrize(("error", "status"), [(RpcTimeout("x"), 504), (RpcUnavailable("x"), 502)])
def test_chain_trouble_is_a_gateway_status(error: Exception, status: int) -> None:
    answer = render(error)
    assert answer.status_code == status
    assert list(json.loads(answer.data)) == ["error"]
