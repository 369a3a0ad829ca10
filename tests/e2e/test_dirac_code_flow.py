"""Flow B of DIRAC's seed: by curl as printed there, by Authlib's client and by requests-oauthlib."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from requests_oauthlib import OAuth2Session

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
from tests.e2e.browser import Browser
from tests.e2e.dirac_site import PASSWORD, DiracSite, dirac_site

pytestmark = pytest.mark.clause("dirac 1.3", "dirac 5.1")

REDIRECT = "http://127.0.0.1:9/callback"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiracSite]:
    with dirac_site(tmp_path_factory.mktemp("code")) as started:
        started.clients.add(application("portal", legacy_no_pkce=True))
        started.clients.add(application("modern", grant_types=(CODE, REFRESH)))
        started.clients.add(
            application(
                "robot",
                auth_method=TLS,
                grant_types=(CLIENT_CREDENTIALS,),
                tls_subject_dn="CN=Robot,DC=test,DC=org",
                binds_certificates=True,
            )
        )
        yield started


def application(client_id: str, **more: Any) -> Client:
    values: dict[str, Any] = {
        "client_id": client_id,
        "origin": ClientOrigin.ADMIN,
        "name": client_id.title(),
        "redirect_uris": (REDIRECT,),
        "auth_method": PUBLIC,
        "scopes": DEFAULT_SCOPES,
    }
    return Client(**{**values, **more})


@pytest.fixture(scope="module")
def browser(site: DiracSite) -> Browser:
    browser = Browser(site.plain)
    browser.sign_in("alice", PASSWORD)
    return browser


def agreed(site: DiracSite, browser: Browser, url: str, **values: str) -> str:
    """Where the browser goes when Alice agrees to what stands at `url`."""
    page = browser.get(url.removeprefix(site.plain))
    assert page.status_code == 200, page.text
    return browser.answer("/oauth2/auth", **{"decision": "allow", "group": "vo_user", "hours": "8", **values})


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def seed_url(site: DiracSite, **more: str) -> str:
    asked = {"response_type": "code", "client_id": "portal", "redirect_uri": REDIRECT, "state": "s t/ä"}
    return f"{site.plain}/oauth2/auth?{urlencode({**asked, **more})}"


def is_about(expires_in: int, seconds: int) -> bool:
    """Counted from the consent, and the exchange comes a moment later."""
    return seconds - 60 < expires_in <= seconds


def whoami(site: DiracSite, token: str) -> dict[str, Any]:
    answer = requests.get(
        f"{site.plain}/dirac/api/auth/userinfo", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    return {"status": answer.status_code, **answer.json()}


def test_the_seeds_steps_by_curl(site: DiracSite, browser: Browser) -> None:
    led = agreed(site, browser, seed_url(site))
    assert led.startswith(REDIRECT + "?")
    found = query_of(led)
    assert (found["state"], found["iss"]) == ("s t/ä", site.plain)
    query = urlencode(
        {
            "grant_type": "authorization_code",
            "code": found["code"],
            "redirect_uri": REDIRECT,
            "client_id": "portal",
        }
    )
    body, status = site.curl(f"{site.plain}/oauth2/token?{query}").rsplit("\n", 1)
    assert status == "200", body
    answer = json.loads(body)
    assert answer["access_token"] == answer["token"]
    assert (len(answer["token"]), answer["token_type"]) == (43, "Bearer")
    assert is_about(answer["expires_in"], 8 * 3600)
    who = whoami(site, answer["token"])
    assert (who["preferred_username"], who["dirac_group"], who["vo"]) == ("alice", "vo_user", "vo")
    # Somebody uses the code again: it was copied, and what was issued for it ends.
    body, status = site.curl(f"{site.plain}/oauth2/token?{query}").rsplit("\n", 1)
    assert (status, json.loads(body)["error"]) == ("400", "invalid_grant")
    assert whoami(site, answer["token"])["status"] == 401


@pytest.mark.parametrize(("hours", "seconds"), [("1", 3600), ("24", 86400), ("168", 86400)])
def test_the_hours_that_a_person_chose_bound_the_token(
    site: DiracSite, browser: Browser, hours: str, seconds: int
) -> None:
    code = query_of(agreed(site, browser, seed_url(site), hours=hours))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "client_id": "portal"}
    answer = requests.post(f"{site.plain}/oauth2/token", data=form, timeout=10).json()
    assert is_about(answer["expires_in"], seconds)
    assert len(answer["access_token"]) == 43


def test_a_no_goes_back_with_its_state(site: DiracSite, browser: Browser) -> None:
    found = query_of(agreed(site, browser, seed_url(site), decision="deny"))
    assert (found["error"], found["state"]) == ("access_denied", "s t/ä")


def test_the_redirect_is_needed_in_the_exchange_when_it_was_sent(site: DiracSite, browser: Browser) -> None:
    code = query_of(agreed(site, browser, seed_url(site)))["code"]
    query = urlencode({"grant_type": "authorization_code", "code": code, "client_id": "portal"})
    assert site.curl(f"{site.plain}/oauth2/token?{query}").endswith("\n400")


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "http://127.0.0.1:9/other"},
        {"redirect_uri": "https://evil.example/callback"},
        {"client_id": "nobody"},
    ],
)
def test_nobody_is_led_elsewhere(site: DiracSite, browser: Browser, change: dict[str, str]) -> None:
    page = browser.get(seed_url(site, **change).removeprefix(site.plain))
    assert page.status_code == 400
    assert not page.history


def test_through_authlibs_client(site: DiracSite, browser: Browser) -> None:
    session = AuthlibSession(
        "modern", redirect_uri=REDIRECT, scope="job:read group:vo_user", code_challenge_method="S256"
    )
    verifier = "v" * 50
    url, state = session.create_authorization_url(f"{site.plain}/oauth2/auth", code_verifier=verifier)
    led = agreed(site, browser, url)
    token = session.fetch_token(
        f"{site.plain}/oauth2/token", authorization_response=led, code_verifier=verifier, state=state
    )
    assert token["access_token"].count(".") == 2  # a standard client gets a standard token
    assert whoami(site, token["access_token"])["dirac_group"] == "vo_user"
    fresh = session.refresh_token(f"{site.plain}/oauth2/token", refresh_token=token["refresh_token"])
    assert fresh["refresh_token"] != token["refresh_token"]


def test_through_requests_oauthlib(
    site: DiracSite, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # it wants https; the test's gateway has http
    session = OAuth2Session("portal", redirect_uri=REDIRECT)
    url, _ = session.authorization_url(f"{site.plain}/oauth2/auth")
    led = agreed(site, browser, url)
    for method in ("POST", "GET"):
        token = session.fetch_token(
            f"{site.plain}/oauth2/token",
            authorization_response=led,
            include_client_id=True,
            method=method,
        )
        assert whoami(site, token["access_token"])["preferred_username"] == "alice"
        url, _ = session.authorization_url(f"{site.plain}/oauth2/auth")
        led = agreed(site, browser, url)


def test_an_application_proves_itself_by_its_certificate(site: DiracSite) -> None:
    """RFC 8705: its token is bound to the certificate it showed."""
    robot, alice = site.authority.issue("Robot"), site.authority.issue("Alice")
    form = {"grant_type": "client_credentials", "client_id": "robot"}

    def ask(issued: Any) -> requests.Response:
        cert = None if issued is None else site.files(issued)
        return requests.post(
            f"{site.tls}/oauth2/token", data=form, cert=cert, verify=site.server_ca, timeout=10
        )

    for other in (None, alice):
        assert (ask(other).status_code, ask(other).json()["error"]) == (401, "invalid_client")
    answer = ask(robot)
    assert answer.status_code == 200, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def use(base: str, issued: Any) -> int:
        cert = None if issued is None else site.files(issued)
        url = f"{base}/dirac/api/auth/userinfo"
        return requests.get(url, headers=headers, cert=cert, verify=site.server_ca, timeout=10).status_code

    assert use(site.tls, robot) == 200
    assert use(site.tls, alice) == 401
    assert use(site.tls, None) == 401
    assert use(site.plain, None) == 401
