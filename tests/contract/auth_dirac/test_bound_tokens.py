"""RFC 8705: clients that prove themselves by certificate, and tokens bound to it in every flow."""

from typing import Any

import pytest

from services.auth.domain.certificates import parse_pem
from services.auth.domain.clients import (
    CLIENT_CREDENTIALS,
    CODE,
    DEFAULT_SCOPES,
    PUBLIC,
    REFRESH,
    TLS,
    Client,
    ClientOrigin,
)
from tests.contract.auth_dirac.conftest import Site, told
from tests.contract.auth_dirac.test_diracx import peek_claims
from tests.fakes.certificates import Authority

pytestmark = pytest.mark.clause("dirac 1.6", "dirac 1.8")

REDIRECT = "https://app.example/callback"


def application(site: Site, **more: Any) -> Client:
    values: dict[str, Any] = {
        "client_id": "robot",
        "origin": ClientOrigin.ADMIN,
        "name": "Robot",
        "redirect_uris": (REDIRECT,),
        "auth_method": TLS,
        "grant_types": (CLIENT_CREDENTIALS, CODE, REFRESH),
        "scopes": DEFAULT_SCOPES,
        "tls_subject_dn": "CN=Robot, DC=test, DC=org",
    }
    client = Client(**{**values, **more})
    site.world.clients.add(client)
    return client


def ask(site: Site, issued: Any, **form: str) -> Any:
    return site.post("/oauth2/token", issued, **{"grant_type": "client_credentials", **form})


def test_the_certificate_proves_the_client(site: Site) -> None:
    application(site)
    answer = ask(site, site.certificate("Robot"), client_id="robot")
    assert answer.status_code == 200, answer.text
    assert "cnf" not in peek_claims(answer.get_json()["access_token"])


@pytest.mark.parametrize(
    "more",
    [
        {"auth_method": PUBLIC},
        {"auth_method": "client_secret_basic"},
        {"tls_subject_dn": None},
        {"is_disabled": True},
    ],
)
def test_only_clients_registered_for_it_and_standing(site: Site, more: dict[str, Any]) -> None:
    application(site, **more)
    answer = ask(site, site.certificate("Robot"), client_id="robot")
    assert answer.status_code in (400, 401)


def test_certificates_that_prove_nothing(site: Site) -> None:
    application(site)
    certificates = [
        None,
        site.certificate("Alice"),
        site.certificate("Robot2"),
        site.certificate("Robot", days=(-9, -1)),
    ]
    for issued in certificates:
        answer = ask(site, issued, client_id="robot")
        assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")
    for headers in (
        told(site.certificate("Robot"), secret="a guess"),
        told(site.certificate("Robot"), "NONE"),
        told(site.certificate("Robot"), "FAILED:expired"),
    ):
        form = {"grant_type": "client_credentials", "client_id": "robot"}
        assert site.client.post("/oauth2/token", data=form, headers=headers).status_code == 401


def code_of(site: Site, client: Client) -> str:
    flows = site.world.oauth.flows
    grant = flows.new_grant(client, site.alice.subject, "code", scopes=("job:read",))
    return flows.start_code(grant, REDIRECT, redirect_uri_was_sent=True, code_challenge=None, nonce=None)


def test_tokens_of_every_flow_are_bound_when_the_client_wants_it(site: Site) -> None:
    client = application(site, binds_certificates=True)
    robot = site.certificate("Robot")
    thumbprint = parse_pem(robot.pem).thumbprint
    answers = [ask(site, robot, client_id="robot")]
    answers.append(
        ask(
            site,
            robot,
            client_id="robot",
            grant_type="authorization_code",
            code=code_of(site, client),
            redirect_uri=REDIRECT,
        )
    )
    refresh = answers[-1].get_json()["refresh_token"]
    answers.append(ask(site, robot, client_id="robot", grant_type="refresh_token", refresh_token=refresh))
    for answer in answers:
        token = answer.get_json()["access_token"]
        assert peek_claims(token)["cnf"] == {"x5t#S256": thumbprint}
        assert site.world.principals.resolve("bearer", token, "peer").bound_to == thumbprint
        headers = {"Authorization": f"Bearer {token}"}
        path = "/dirac/api/auth/userinfo"
        assert site.get(path, robot, headers).status_code == 200
        assert site.get(path, None, headers).status_code == 401
        assert site.get(path, site.certificate("Robot"), headers).status_code == 401  # another key
        forged = {**headers, **told(robot, secret="a guess")}
        assert site.client.get(path, headers=forged).status_code == 401


def test_a_client_that_wants_binding_must_show_a_certificate(site: Site) -> None:
    application(
        site,
        binds_certificates=True,
        auth_method="client_secret_post",
        secret_hash="f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7",  # of "hunter2"
    )
    answer = ask(site, None, client_id="robot", client_secret="hunter2")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
    any_certificate = Authority("Its own").issue("Whatever", now=site.now)
    answer = ask(site, any_certificate, client_id="robot", client_secret="hunter2")
    assert answer.status_code == 200
    assert peek_claims(answer.get_json()["access_token"])["cnf"]
