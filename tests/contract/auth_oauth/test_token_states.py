"""Revocation, introspection, ID tokens, userinfo, metadata and the list of whom one let in."""

import base64
import hashlib
import json
from typing import Any

import pytest

from libs.signing import tokens as jwts
from services.auth.domain.people import PersonState
from services.auth.usecases.access_tokens import TokenRequest
from tests.fakes.auth_world import ISSUER
from tests.fakes.oauth_apps import ALICE, SECRET, Tokens

pytestmark = pytest.mark.clause("dirac 1.6")


def revoke(tokens: Tokens, token: str | None, client_id: str = "native", **more: str | None) -> Any:
    return tokens.post({"token": token, "client_id": client_id, **more}, "/oauth2/revoke")


def introspect(tokens: Tokens, token: str | None, client_id: str = "looker") -> Any:
    return tokens.post({"token": token}, "/oauth2/introspect", auth=(client_id, SECRET))


def test_revoked_access_token_ends_alone(tokens: Tokens) -> None:
    got = tokens.granted()
    answer = revoke(tokens, got["access_token"])
    assert (answer.status_code, answer.get_json()) == (200, {})
    tokens.world.people.stamps.move(ALICE.subject)  # which the real store does in the same transaction
    assert not tokens.works(got["access_token"])
    assert tokens.refresh(got["refresh_token"]).status_code == 200


def test_revoked_refresh_token_ends_the_whole_grant(tokens: Tokens) -> None:
    got = tokens.granted()
    assert revoke(tokens, got["refresh_token"], token_type_hint="access_token").status_code == 200
    assert not tokens.works(got["access_token"])
    assert tokens.refresh(got["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert revoke(tokens, got["refresh_token"]).status_code == 200


@pytest.mark.parametrize("text", ["x", "x" * 43, "a.b.c", "\u00e4", "x" * 9000])
def test_unknown_token_is_revoked_already(tokens: Tokens, text: str) -> None:
    assert revoke(tokens, text).get_json() == {}
    assert revoke(tokens, text, token_type_hint="no_such").status_code == 200


def test_only_its_client_revokes_a_token(tokens: Tokens) -> None:
    got = tokens.granted()
    for token in (got["access_token"], got["refresh_token"]):
        assert revoke(tokens, token, "tool").get_json()["error"] == "invalid_grant"
        assert revoke(tokens, token, "app").status_code == 401
        assert revoke(tokens, token, "nobody").status_code == 401
    assert revoke(tokens, None).get_json()["error"] == "invalid_request"
    assert tokens.works(got["access_token"])


def test_trusted_client_looks_at_tokens(tokens: Tokens) -> None:
    got = tokens.granted()
    seen = introspect(tokens, got["access_token"]).get_json()
    assert seen["active"] is True
    assert (seen["sub"], seen["username"], seen["client_id"]) == (ALICE.subject, "alice", "native")
    assert set(seen["scope"].split()) == {"openid", "profile", "job:read"}
    assert seen["exp"] - seen["iat"] == 43_200
    seen = introspect(tokens, got["refresh_token"]).get_json()
    assert (seen["active"], seen["sub"]) == (True, ALICE.subject)


def test_what_does_not_count_is_inactive_and_nothing_more(tokens: Tokens) -> None:
    got = tokens.granted()
    replaced = got["refresh_token"]
    tokens.refresh(replaced)
    revoked = tokens.granted()
    revoke(tokens, revoked["refresh_token"])
    for text in ("x", "a.b.c", got["id_token"], replaced, revoked["access_token"], revoked["refresh_token"]):
        assert introspect(tokens, text).get_json() == {"active": False}
    tokens.world.people.change(ALICE.id, state=PersonState.DISABLED)
    assert introspect(tokens, got["access_token"]).get_json() == {"active": False}


def test_introspection_is_for_trusted_clients(tokens: Tokens) -> None:
    got = tokens.granted()
    answer = introspect(tokens, got["access_token"], "app")
    assert (answer.status_code, answer.get_json()["error"]) == (403, "unauthorized_client")
    anybody = tokens.post({"token": got["access_token"], "client_id": "native"}, "/oauth2/introspect")
    assert anybody.status_code == 403
    assert tokens.post({"token": got["access_token"]}, "/oauth2/introspect").status_code == 401
    assert introspect(tokens, None).get_json()["error"] == "invalid_request"


def test_id_token_says_who_signed_in_and_how(tokens: Tokens) -> None:
    got = tokens.granted(scope="openid profile email groups")
    claims = jwts.verify(got["id_token"], tokens.world.keyring.current().verifying, "JWT")
    digest = hashlib.sha256(got["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, "native", ALICE.subject)
    assert (claims["nonce"], claims["amr"]) == ("n-1", ["pwd"])
    assert (claims["preferred_username"], claims["email"]) == ("alice", "alice@example.org")
    assert claims["groups"] == []
    assert claims["auth_time"] == int(tokens.world.clock.now())


def test_without_openid_there_is_no_id_token_and_no_userinfo(tokens: Tokens) -> None:
    got = tokens.granted(scope="job:read")
    assert "id_token" not in got
    headers = {"Authorization": f"Bearer {got['access_token']}"}
    answer = tokens.client.get("/oauth2/userinfo", headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (403, "insufficient_scope")


def test_userinfo_shows_what_was_agreed_and_no_more(tokens: Tokens) -> None:
    for scope, expected in (
        ("openid", {"sub"}),
        ("openid email", {"sub", "email"}),
        ("openid profile groups", {"sub", "preferred_username", "name", "wallets", "groups"}),
    ):
        headers = {"Authorization": f"Bearer {tokens.granted(scope=scope)['access_token']}"}
        for method in ("GET", "POST"):
            answer = tokens.client.open("/oauth2/userinfo", method=method, headers=headers)
            assert set(answer.get_json()) == expected


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Bearer a.b.c", "Basic eDp5", "Bearer " + "x" * 9000]
)
def test_userinfo_of_nobody(tokens: Tokens, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    answer = tokens.client.get("/oauth2/userinfo", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_metadata_names_what_is_there(tokens: Tokens) -> None:
    first = tokens.client.get("/.well-known/oauth-authorization-server")
    second = tokens.client.get("/.well-known/openid-configuration")
    assert first.data == second.data
    document = json.loads(first.data)
    assert document["issuer"] == ISSUER
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert {"authorization_code", "refresh_token", "client_credentials"} <= set(
        document["grant_types_supported"]
    )
    assert "password" not in document["grant_types_supported"]
    assert "private_key_jwt" in document["token_endpoint_auth_methods_supported"]
    assert "admin" not in document["scopes_supported"]
    known = {rule.rule for rule in tokens.client.application.url_map.iter_rules()}
    for name, value in document.items():
        if name.endswith(("_endpoint", "_uri")):
            assert value.startswith(ISSUER + "/")
            assert value.removeprefix(ISSUER) in known, name


def owner(tokens: Tokens) -> dict[str, str]:
    """A credential that may look after itself, which no application gets by registering itself."""
    request = TokenRequest(subject=ALICE.subject, client_id="app", scopes=("keys",))
    return {"Authorization": f"Bearer {tokens.world.oauth.access_tokens.issue(request).text}"}


def test_person_lists_and_ends_what_was_agreed(tokens: Tokens) -> None:
    got = tokens.granted()
    headers = owner(tokens)
    listed = tokens.client.get("/oauth2/tokens", headers=headers).get_json()["tokens"]
    assert [(one["client_id"], one["flow"]) for one in listed] == [("native", "code")]
    ended = tokens.client.delete(f"/oauth2/tokens/{listed[0]['id']}", headers=headers)
    assert ended.get_json() == {"id": listed[0]["id"], "revoked": True}
    assert not tokens.works(got["access_token"])
    assert tokens.client.get("/oauth2/tokens", headers=headers).get_json() == {"tokens": []}
    assert tokens.client.delete(f"/oauth2/tokens/{listed[0]['id']}", headers=headers).status_code == 404


def test_application_does_not_see_the_others(tokens: Tokens) -> None:
    headers = {"Authorization": f"Bearer {tokens.granted()['access_token']}"}
    assert tokens.client.get("/oauth2/tokens", headers=headers).status_code == 403
    assert tokens.client.delete("/oauth2/tokens/x", headers=headers).status_code == 403
