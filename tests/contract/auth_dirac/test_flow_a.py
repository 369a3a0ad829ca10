"""Flow A of DIRAC's seed: a token for a client certificate (contract 1.1, 1.2)."""

from datetime import timedelta

import pytest

from services.auth.app import create_app
from services.auth.domain.credentials import CredentialRefused
from services.auth.domain.people import Group, PersonState
from tests.contract.auth_dirac.conftest import ALICE, FLOW_A, Site, told
from tests.fakes.certificates import Authority

pytestmark = pytest.mark.clause("dirac 1.1", "dirac 1.2")

SEED = f"{FLOW_A}&group=vo_user&setup=Production"


def test_the_seeds_request(site: Site) -> None:
    answer = site.get(SEED, site.certificate())
    assert answer.status_code == 200
    body = answer.get_json()
    assert body == {
        "access_token": body["token"],
        "token": body["token"],
        "token_type": "Bearer",
        "expires_in": 86400,
        "scope": "vo:vo group:vo_user accounts:read file:read file:write job:read job:write",
        "group": "vo_user",
        "setup": "Production",
    }
    assert len(body["token"]) == 43
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert answer.headers["Deprecation"] == "@1735689600"


def test_the_same_by_post_is_not_deprecated(site: Site) -> None:
    answer = site.post("/oauth2/token", site.certificate(), grant_type="client_credentials", group="vo_user")
    assert (answer.status_code, answer.get_json()["group"]) == (200, "vo_user")
    assert len(answer.get_json()["token"]) == 43
    assert "Deprecation" not in answer.headers


def test_the_token_is_alice_in_her_group(site: Site) -> None:
    token = site.get(FLOW_A, site.certificate()).get_json()["token"]
    principal = site.world.principals.resolve("bearer", token, "peer").principal
    assert principal.subject == site.alice.subject
    assert (principal.name, principal.credential) == ("alice", "reference")
    assert (principal.vo, principal.group, principal.setup) == ("vo", "vo_user", "Production")
    assert principal.properties == ("NormalUser",)
    assert principal.may("job:read", "job:write", "file:write")
    assert not principal.may("keys")
    assert principal.expires_at == int(site.world.clock.now()) + 86400


def test_only_the_hash_of_a_token_is_kept(site: Site) -> None:
    token = site.get(FLOW_A, site.certificate()).get_json()["token"]
    [kept] = site.world.reference_tokens.tokens.values()
    assert token not in repr(kept)


def test_fewer_rights_may_be_asked_for(site: Site) -> None:
    body = site.get(f"{FLOW_A}&scope=job:read%20group:vo_user", site.certificate()).get_json()
    assert body["scope"] == "vo:vo group:vo_user job:read"


@pytest.mark.parametrize(
    ("groups", "query", "status", "code", "text"),
    [
        ([], "", 400, "invalid_request", "You are in none."),
        (["vo_user", "vo_admin"], "", 400, "invalid_request", "Yours: vo_admin, vo_user."),
        (["vo_user"], "&group=vo_admin", 403, "access_denied", "Yours: vo_user."),
        (["vo_user"], "&group=no_such", 403, "access_denied", "Yours: vo_user."),
        (["vo_user"], "&setup=Nope", 400, "invalid_request", "There is no such setup."),
        (["vo_user"], "&scope=vo:other", 403, "access_denied", "VO"),
        (["vo_user"], "&scope=property:JobAdministrator", 400, "invalid_scope", "property"),
        (["vo_user"], "&scope=nonsense", 400, "invalid_scope", "no such scope"),
    ],
)
def test_what_cannot_be_had(
    site: Site, groups: list[str], query: str, status: int, code: str, text: str
) -> None:
    site.world.people.set_groups(site.alice.id, groups)
    answer = site.get(FLOW_A + query, site.certificate())
    body = answer.get_json()
    assert (answer.status_code, body["error"], body["status"]) == (status, code, status)
    assert text in body["error_description"]
    assert body["detail"] == body["error_description"]
    assert not site.world.reference_tokens.tokens


def test_several_setups_must_be_chosen_among(site: Site) -> None:
    site.world.oauth.dirac.setups = ("A", "B")
    assert site.get(FLOW_A, site.certificate()).get_json()["error"] == "invalid_request"
    assert site.get(f"{FLOW_A}&setup=B", site.certificate()).get_json()["setup"] == "B"


def assert_refused(answer: object, text: str) -> None:
    body = answer.get_json()  # type: ignore[attr-defined]
    assert (answer.status_code, body["error"]) == (401, "invalid_client")  # type: ignore[attr-defined]
    assert text in body["detail"]


@pytest.mark.parametrize("path", [SEED, "/oauth2/groups"])
def test_certificates_that_do_not_count(site: Site, path: str) -> None:
    assert_refused(site.get(path), "certificate is needed")
    assert_refused(site.get(path, site.certificate("Mallory")), "Nobody is registered")
    assert_refused(site.get(path, site.certificate(days=(-9, -1))), "has expired")
    assert_refused(site.get(path, site.certificate(days=(1, 9))), "not valid yet")
    failed = told(site.certificate(), "FAILED:certificate revoked")
    assert_refused(site.client.get(path, headers=failed), "certificate revoked")
    forged = told(site.certificate(), secret="a guess")
    assert_refused(site.client.get(path, headers=forged), "certificate is needed")
    torn = {**told(site.certificate()), "X-SSL-Client-Cert": "-----BEGIN CERTIFICATE-----"}
    assert_refused(site.client.get(path, headers=torn), "cannot be read")
    proxy = Authority("Alice").issue("x", now=site.now)
    assert_refused(site.get(path, proxy), "Nobody is registered")


def test_an_issuer_that_was_registered_is_the_only_one(site: Site) -> None:
    site.world.people.unlink_certificate(site.alice.id, ALICE)
    site.world.people.link_certificate(site.alice.id, ALICE, "/DC=org/DC=test/CN=Grid CA")
    assert site.get(SEED, site.certificate()).status_code == 200
    assert_refused(site.get(SEED, Authority("Other CA").issue("Alice", now=site.now)), "Nobody is registered")


@pytest.mark.parametrize("state", [PersonState.DISABLED, PersonState.REMOVED])
def test_a_disabled_person_is_nobody_and_tokens_end_at_once(site: Site, state: PersonState) -> None:
    token = site.get(SEED, site.certificate()).get_json()["token"]
    assert site.world.principals.resolve("bearer", token, "peer")
    site.world.people.change(site.alice.id, state=state)
    assert_refused(site.get(SEED, site.certificate()), "Nobody is registered")
    with pytest.raises(CredentialRefused):
        site.world.principals.resolve("bearer", token, "peer")
    refused = [event for event in site.world.audit.events if event.outcome == "refused"]
    assert [event.event for event in refused] == ["login.certificate"]


def test_a_token_ends_with_its_day_its_grant_and_its_group(site: Site) -> None:
    def counts(token: str) -> bool:
        try:
            return site.world.principals.resolve("bearer", token, "peer") is not None
        except CredentialRefused:
            return False

    first, second = (site.get(SEED, site.certificate()).get_json()["token"] for _ in range(2))
    assert counts(first)
    assert counts(second)
    gid = site.world.oauth.references.read(first).grant_id
    assert gid is not None
    site.world.grants.revoke(gid, "test")
    assert not counts(first)
    assert counts(second)
    site.world.people.set_groups(site.alice.id, [])
    assert not counts(second)
    site.world.people.set_groups(site.alice.id, ["vo_user"])
    assert counts(second)
    site.world.clock.time += timedelta(days=1).total_seconds()
    assert not counts(second)


def test_a_group_that_loses_a_property_takes_it_from_tokens(site: Site) -> None:
    token = site.get(SEED, site.certificate()).get_json()["token"]
    site.world.people.put_group(Group(name="vo_user", vo="vo", properties=()))
    assert site.world.principals.resolve("bearer", token, "peer").principal.properties == ()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "invalid_request"),
        ("?grant_type=password", "invalid_request"),
        ("?grant_type=refresh_token&refresh_token=x", "invalid_request"),
        ("?grant_type=client_credentials&client_secret=x", "invalid_request"),
        ("?grant_type=client_credentials&group=a&group=b", "invalid_request"),
        ("?grant_type=client_credentials&group=%ff", "invalid_request"),
        ("?grant_type=client_credentials&group=%00", "invalid_request"),
        ("?grant_type=authorization_code&code=x", "invalid_client"),
        ("?grant_type=authorization_code&code=x&client_id=nobody", "invalid_client"),
        ("?grant_type=client_credentials&client_id=nobody", "invalid_client"),
    ],
)
def test_requests_that_are_wrong(site: Site, query: str, code: str) -> None:
    answer = site.get(f"/oauth2/token{query}", site.certificate())
    assert answer.status_code == (401 if code == "invalid_client" else 400)
    assert answer.get_json()["error"] == code
    assert answer.headers["Deprecation"]


def test_tokens_by_get_can_be_switched_off(site: Site) -> None:
    site.world.switch_legacy_get_off()
    client = create_app(site.world.deps()).test_client()
    answer = client.get(SEED, headers=told(site.certificate()))
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert answer.get_json()["error"] == "invalid_request"
    again = client.post(
        "/oauth2/token", data={"grant_type": "client_credentials"}, headers=told(site.certificate())
    )
    assert again.status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_groups_and_setups(site: Site, method: str) -> None:
    site.world.people.set_groups(site.alice.id, ["vo_user", "other_user"])
    ask = getattr(site.client, method)
    answer = ask("/oauth2/groups", headers=told(site.certificate()))
    assert (answer.status_code, answer.get_json()) == (200, {"groups": ["other_user", "vo_user"]})
    answer = ask("/oauth2/setups")
    assert (answer.status_code, answer.get_json()) == (200, {"setups": ["Production"]})
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_certificate_in_a_request_of_a_client_is_the_clients(site: Site) -> None:
    """Who names a client is never taken for the person."""
    answer = site.post(
        "/oauth2/token",
        site.certificate(),
        grant_type="client_credentials",
        client_id="dirac-certificate",
    )
    assert answer.status_code in (400, 401)
