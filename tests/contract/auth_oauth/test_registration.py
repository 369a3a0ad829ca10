"""Applications register and look after themselves; what they may not say of themselves."""

from typing import Any

import pytest

from services.auth.domain.clients import ClientOrigin
from tests.fakes.auth_world import ISSUER
from tests.fakes.oauth_apps import KEY, REDIRECT, RSA, Tokens, public

pytestmark = pytest.mark.clause("dirac 1.6")

GOOD = {"client_name": "Plots", "redirect_uris": [REDIRECT], "client_uri": "https://app.example/"}
PEER = {"X-Real-IP": "192.0.2.1"}


def register(tokens: Tokens, document: Any, **headers: str) -> Any:
    return tokens.client.post("/oauth2/register", json=document, headers=PEER | headers)


def managed(tokens: Tokens, made: dict[str, Any], method: str, **more: Any) -> Any:
    path = f"/oauth2/register/{made['client_id']}"
    headers = {"Authorization": f"Bearer {made['registration_access_token']}"}
    return tokens.client.open(path, method=method, headers=headers, **more)


def test_application_registers_and_its_secret_works_once_shown(tokens: Tokens) -> None:
    answer = register(tokens, GOOD)
    made = answer.get_json()
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert made["client_name"] == "Plots"
    assert made["grant_types"] == ["authorization_code"]
    assert made["response_types"] == ["code"]
    assert made["token_endpoint_auth_method"] == "client_secret_basic"
    assert made["client_secret_expires_at"] == 0
    assert len(made["client_secret"]) == 43
    assert made["registration_client_uri"] == f"{ISSUER}/oauth2/register/{made['client_id']}"
    stored = tokens.world.clients.clients[made["client_id"]]
    assert stored.origin is ClientOrigin.DYNAMIC
    assert made["client_secret"] not in repr(stored)
    form = {"grant_type": "client_credentials"}
    answer = tokens.client.post("/oauth2/token", data=form, auth=(made["client_id"], made["client_secret"]))
    assert answer.get_json()["error"] == "unauthorized_client"


@pytest.mark.parametrize("key", [KEY, RSA])
def test_application_registers_keys(tokens: Tokens, key: Any) -> None:
    document = GOOD | {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [public(key)]}}
    made = register(tokens, document).get_json()
    assert "client_secret" not in made
    assert made["jwks"]["keys"][0]["kty"] in ("EC", "RSA")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": None}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://app.example/cb"}, "invalid_redirect_uri"),
        ({"redirect_uris": [5]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://app.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://app.example/cb#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://u:p@app.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://app.example\\@evil.example/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://app.example:99999/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://*.example/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["data:text/html,x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["myapp:/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["None/redirect_url"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://app.example/" + "x" * 2000]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://app.example/%zz"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://app.example/a b"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [REDIRECT + str(number) for number in range(21)]}, "invalid_redirect_uri"),
        ({"grant_types": ["password"]}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"grant_types": ["refresh_token"]}, "invalid_client_metadata"),
        ({"grant_types": "authorization_code"}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"scope": "admin"}, "invalid_client_metadata"),
        ({"scope": "keys"}, "invalid_client_metadata"),
        ({"scope": "no:such"}, "invalid_client_metadata"),
        ({"scope": ["openid"]}, "invalid_client_metadata"),
        ({"client_name": "x" * 256}, "invalid_client_metadata"),
        ({"client_name": "evil\u202egnp.exe"}, "invalid_client_metadata"),
        ({"client_name": 5}, "invalid_client_metadata"),
        ({"client_uri": "javascript:alert(1)"}, "invalid_client_metadata"),
        ({"logo_uri": "data:image/png,x"}, "invalid_client_metadata"),
        ({"logo_uri": 'https://a"><script>'}, "invalid_client_metadata"),
        ({"contacts": [{}]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "invalid_client_metadata"),
        ({"jwks_uri": "https://evil.example/"}, "invalid_client_metadata"),
        ({"jwks": {"keys": []}}, "invalid_client_metadata"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}, "invalid_client_metadata"),
        ({"jwks": {"keys": [dict(KEY.as_dict(private=True))]}}, "invalid_client_metadata"),
        ({"jwks": {"keys": [public(RSA) | {"n": "AQAB"}]}}, "invalid_client_metadata"),
        ({"jwks": {"keys": [public(KEY), public(RSA)]}}, "invalid_client_metadata"),
    ],
)
def test_what_applications_may_not_register(tokens: Tokens, changes: dict[str, Any], code: str) -> None:
    before = len(tokens.world.clients.clients)
    answer = register(tokens, GOOD | changes)
    assert (answer.status_code, answer.get_json()["error"]) == (400, code)
    assert len(tokens.world.clients.clients) == before


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example",
        "https://[2001:db8::1]:8443/cb?a=1&b=2",
        "http://127.0.0.1/cb",
        "http://[::1]:5000/cb",
        "http://localhost:8000/",
        "com.example.app:/cb",
    ],
)
def test_redirect_uris_that_may_be_registered(tokens: Tokens, uri: str) -> None:
    assert register(tokens, GOOD | {"redirect_uris": [uri]}).get_json()["redirect_uris"] == [uri]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"a":' * 50, b"\xff", b'{"a":1,"a":2}'])
def test_body_that_is_no_metadata(tokens: Tokens, body: bytes) -> None:
    answer = tokens.client.post("/oauth2/register", data=body, content_type="application/json")
    assert answer.status_code == 400


def test_flags_of_administrators_are_ignored_from_others(tokens: Tokens) -> None:
    made = register(tokens, GOOD | {"trusted": True, "legacy_no_pkce": True}).get_json()
    stored = tokens.world.clients.clients[made["client_id"]]
    assert not stored.trusted
    assert not stored.legacy_no_pkce


def test_one_address_registers_a_few_and_others_are_not_stopped(tokens: Tokens) -> None:
    answers = [register(tokens, GOOD) for _ in range(60)]
    assert [answer.status_code for answer in answers[:50]] == [201] * 50
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert register(tokens, GOOD, **{"X-Real-IP": "192.0.2.2"}).status_code == 201


def test_signed_in_person_registers_a_client_that_acts_for_itself(tokens: Tokens) -> None:
    refused = tokens.granted()["access_token"]
    answer = register(tokens, GOOD, Authorization=f"Bearer {refused}")
    assert answer.status_code == 403
    assert register(tokens, GOOD, Authorization="Bearer nonsense").status_code == 401


def test_registration_is_read_changed_and_removed_with_its_token(tokens: Tokens) -> None:
    made = register(tokens, GOOD).get_json()
    read = managed(tokens, made, "GET")
    assert read.status_code == 200
    assert "client_secret" not in read.get_json()
    changed = managed(tokens, made, "PUT", json=GOOD | {"client_id": made["client_id"], "client_name": "New"})
    assert changed.get_json()["client_name"] == "New"
    assert managed(tokens, made, "PUT", json=GOOD).status_code == 400
    assert managed(tokens, made, "PUT", json=GOOD | {"client_id": "app"}).status_code == 400
    assert managed(tokens, made, "DELETE").status_code == 204
    assert managed(tokens, made, "GET").status_code == 401


def test_registration_is_nobody_elses(tokens: Tokens) -> None:
    made, other = register(tokens, GOOD).get_json(), register(tokens, GOOD).get_json()
    crossed = made | {"registration_access_token": other["registration_access_token"]}
    for method in ("GET", "PUT", "DELETE"):
        assert managed(tokens, crossed, method, json={}).status_code == 401
        assert tokens.client.open(f"/oauth2/register/{made['client_id']}", method=method).status_code == 401
    path = "/oauth2/register/app"  # was registered without such a token
    assert tokens.client.get(path, headers={"Authorization": "Bearer x"}).status_code == 401


def test_removed_client_ends_its_grants(tokens: Tokens) -> None:
    document = GOOD | {
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
    }
    made = register(tokens, document).get_json()
    got = tokens.granted(made["client_id"])
    assert tokens.works(got["access_token"])
    managed(tokens, made, "DELETE")
    tokens.world.people.stamps.move_all()  # which the real store does in the same transaction
    assert not tokens.works(got["access_token"])
    assert tokens.refresh(got["refresh_token"], made["client_id"]).get_json()["error"] == "invalid_client"
