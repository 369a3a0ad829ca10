"""What diracx-cli relies on below /dirac, request by request (contract 5.4 and its traps)."""

import base64
import json
from typing import Any

import pytest

from services.auth.domain.device import user_hash
from services.auth.domain.dirac import asked_of
from services.auth.usecases.device import Approval
from tests.contract.auth_dirac.conftest import Site
from tests.fakes.auth_world import ISSUER

pytestmark = pytest.mark.clause("dirac 4", "dirac 5.4")

CLIENT = "myDIRACClientID"
DEVICE = "/dirac/api/auth/device"
TOKEN = "/dirac/api/auth/token"
STALE = {"Authorization": "Bearer eyJhbGciOiJFUzI1NiJ9.e30.AAAA"}


def peek_claims(token: str) -> dict[str, Any]:
    """As diracx-cli reads them: without a look at the signature."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def started(site: Site, scope: str = "vo:vo group:vo_user") -> dict[str, Any]:
    """As the command line asks: everything in the query, no body."""
    answer = site.client.post(DEVICE, query_string={"client_id": CLIENT, "scope": scope}, headers=STALE)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.get_json()
    return body


def approve(site: Site, user_code: str) -> None:
    devices = site.world.oauth.devices
    found = devices.find(user_code, "peer")
    person = site.world.people.by_id(site.alice.id)
    assert person is not None
    details = site.world.oauth.dirac.stand(person, asked_of(found.scopes)).as_details()
    devices.approve(user_code, "peer", Approval(subject=person.subject, scopes=found.scopes, details=details))


def poll(site: Site, device_code: str) -> Any:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": device_code,
        "client_id": CLIENT,
    }
    return site.client.post(TOKEN, data=form, headers=STALE)


def signed_in(site: Site) -> dict[str, Any]:
    begun = started(site)
    approve(site, begun["user_code"])
    answer = poll(site, begun["device_code"])
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.get_json()
    return body


def test_discovery(site: Site) -> None:
    body = site.client.get("/dirac/.well-known/openid-configuration", headers=STALE).get_json()
    assert body["issuer"] == ISSUER
    assert body["token_endpoint"] == f"{ISSUER}{TOKEN}"
    assert body["device_authorization_endpoint"] == f"{ISSUER}{DEVICE}"
    wanted = (
        *("userinfo_endpoint", "authorization_endpoint", "revocation_endpoint", "jwks_uri"),
        *("grant_types_supported", "scopes_supported", "response_types_supported"),
        *("token_endpoint_auth_signing_alg_values_supported", "token_endpoint_auth_methods_supported"),
        "code_challenge_methods_supported",
    )
    assert set(wanted) <= set(body)


def test_metadata(site: Site) -> None:
    body = site.client.get("/dirac/.well-known/dirac-metadata", headers=STALE).get_json()
    assert body["virtual_organizations"]["vo"] == {
        "groups": {
            "vo_admin": {"properties": ["JobAdministrator", "JobMonitor"]},
            "vo_user": {"properties": ["NormalUser"]},
        },
        "default_group": "vo_user",
        "support": {"message": "", "webpage": None, "email": None},
    }
    assert set(body["virtual_organizations"]) == {"vo", "other"}
    assert "alice" not in str(body)


def test_the_device_flow(site: Site) -> None:
    begun = started(site)
    assert begun["expires_in"] > 30
    assert begun["interval"] == 2
    assert begun["verification_uri_complete"].startswith(f"{ISSUER}/device?user_code=")
    pending = poll(site, begun["device_code"])
    assert (pending.status_code, pending.get_json()["error"]) == (400, "authorization_pending")
    for _ in range(5):  # whatever it polls, it is never told to slow down: it would give up
        assert poll(site, begun["device_code"]).get_json()["error"] == "authorization_pending"
    approve(site, begun["user_code"])
    body = poll(site, begun["device_code"]).get_json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 1200)
    claims = peek_claims(body["refresh_token"])
    assert claims["exp"] > site.world.clock.now() + 315
    assert poll(site, begun["device_code"]).get_json()["error"] == "invalid_grant"


def test_the_access_token_tells_what_dirac_reads(site: Site) -> None:
    claims = peek_claims(signed_in(site)["access_token"])
    assert claims["vo"] == "vo"
    assert claims["dirac_group"] == "vo_user"
    assert claims["dirac_properties"] == ["NormalUser"]
    assert claims["dirac_policies"] == {}
    assert claims["preferred_username"] == "alice"
    assert claims["setup"] == "Production"
    assert "job:write" in claims["scope"].split()


def test_userinfo(site: Site) -> None:
    token = signed_in(site)["access_token"]
    url = "/dirac/api/auth/userinfo"
    answer = site.client.get(url, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.get_json()) == (
        200,
        {
            "sub": site.alice.subject,
            "vo": "vo",
            "dirac_group": "vo_user",
            "policies": {},
            "properties": ["NormalUser"],
            "preferred_username": "alice",
        },
    )
    refused = [
        site.client.get(url),
        site.client.get(url, headers=STALE),
        site.client.get(url, query_string={"access_token": token}),  # a legacy habit, not here
        site.client.get(url, headers={"Authorization": f"{token} Bearer"}),
    ]
    for answer in refused:
        assert answer.status_code == 401
        assert answer.get_json()["detail"]
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="dirac"')


def refreshed(site: Site, token: str) -> Any:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT}
    return site.client.post(TOKEN, data=form, headers=STALE)


def test_refresh_rotates_and_failures_say_what_to_do(site: Site) -> None:
    first = signed_in(site)["refresh_token"]
    answer = refreshed(site, first)
    assert answer.status_code == 200
    second = answer.get_json()["refresh_token"]
    assert second != first
    assert peek_claims(second)["exp"]
    site.world.clock.time += 60
    copied = refreshed(site, first)
    assert (copied.status_code, copied.get_json()["error"]) == (400, "invalid_grant")
    assert "dirac logout" in copied.get_json()["detail"]
    assert refreshed(site, second).status_code == 400  # the copy ended everything


def test_a_refresh_token_is_no_access_token(site: Site) -> None:
    token = signed_in(site)["refresh_token"]
    answer = site.client.get("/dirac/api/auth/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_revocation_ends_both_tokens_and_answers_with_a_text(site: Site) -> None:
    tokens = signed_in(site)
    form = {
        "token": tokens["refresh_token"],
        "client_id": CLIENT,
        "token_type_hint": "refresh_token",
    }
    answer = site.client.post("/dirac/api/auth/revoke", data=form, headers=STALE)
    assert answer.status_code == 200
    assert isinstance(answer.get_json(), str)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert site.client.get("/dirac/api/auth/userinfo", headers=headers).status_code == 401
    assert refreshed(site, tokens["refresh_token"]).status_code == 400
    unknown = site.client.post("/dirac/api/auth/revoke", data={**form, "token": "unknown"})
    assert unknown.status_code == 200


def test_the_page_for_a_code(site: Site) -> None:
    code = started(site)["user_code"]
    answer = site.client.get(DEVICE, query_string={"user_code": code})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{ISSUER}/device?user_code={code}")
    for odd in ("", "x", "https://evil.example", "A" * 900):
        answer = site.client.get(DEVICE, query_string={"user_code": odd})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{ISSUER}/device")


@pytest.mark.parametrize(
    ("method", "path", "form", "status"),
    [
        ("POST", DEVICE, {}, 401),
        ("POST", DEVICE, {"client_id": "nobody"}, 401),
        ("POST", DEVICE, {"client_id": CLIENT, "scope": "nonsense"}, 400),
        ("POST", DEVICE, {"client_id": CLIENT, "scope": "x" * 2000}, 400),
        ("POST", TOKEN, {}, 400),
        ("POST", TOKEN, {"grant_type": "refresh_token", "client_id": CLIENT}, 400),
        ("POST", TOKEN, {"grant_type": "nonsense", "client_id": CLIENT}, 400),
        ("POST", TOKEN, {"grant_type": "client_credentials", "client_id": CLIENT}, 400),
        ("POST", "/dirac/api/auth/revoke", {"client_id": CLIENT}, 400),
        ("GET", TOKEN, {}, 405),
        ("GET", "/dirac/api/auth/nope", {}, 404),
    ],
)
def test_every_refusal_has_a_detail(site: Site, method: str, path: str, form: Any, status: int) -> None:
    answer = site.client.open(path, method=method, data=form, headers=STALE)
    assert answer.status_code == status, answer.text
    body = answer.get_json()
    assert body["detail"]
    assert body["error"]
    assert "WWW-Authenticate" not in answer.headers or status == 401


def test_a_code_is_kept_as_a_hash(site: Site) -> None:
    code = started(site)["user_code"].replace("-", "")
    assert code not in str(site.world.device_requests.__dict__)
    assert user_hash(code)
