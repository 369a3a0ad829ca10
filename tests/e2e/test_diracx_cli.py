"""The unmodified diracx-cli: `dirac login`, `whoami`, `logout`, against the real gateway and auth service."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.browser import Browser
from tests.e2e.dirac_site import PASSWORD, DiracSite, dirac_site
from tests.e2e.diracx_line import Dirac

pytestmark = pytest.mark.clause("dirac 5.4")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiracSite]:
    with dirac_site(tmp_path_factory.mktemp("diracx")) as started:
        yield started


@pytest.fixture
def browser(site: DiracSite) -> Browser:
    browser = Browser(site.plain)
    browser.sign_in("alice", PASSWORD)
    return browser


@pytest.fixture
def dirac(site: DiracSite, tmp_path: Path) -> Dirac:
    return Dirac(site.plain, tmp_path)


def test_login_whoami_logout(site: DiracSite, dirac: Dirac, browser: Browser) -> None:
    code, printed = dirac.login(browser, "vo", "--group", "vo_user")
    assert code == 0, printed
    assert dirac.credentials.stat().st_mode & 0o777 == 0o600
    shown = dirac.whoami()
    assert shown.returncode == 0, shown.stdout + shown.stderr
    who = json.loads(shown.stdout)
    assert who["sub"] == site.alice.subject
    assert (who["vo"], who["dirac_group"], who["preferred_username"]) == ("vo", "vo_user", "alice")
    assert who["properties"] == ["NormalUser"]
    out = dirac.run("logout")
    assert out.returncode == 0, out.stdout + out.stderr
    assert not dirac.credentials.exists()
    assert "You are not authenticated" in dirac.whoami().stdout


def signed_in(dirac: Dirac, browser: Browser) -> dict[str, Any]:
    code, printed = dirac.login(browser, "vo")  # without a group the page asks for one
    assert code == 0, printed
    return dirac.stored()


def test_a_token_near_its_end_is_renewed_and_the_refresh_token_replaced(
    dirac: Dirac, browser: Browser
) -> None:
    before = signed_in(dirac, browser)
    dirac.store({**before, "expires_on": int(time.time()) + 60})
    assert json.loads(dirac.whoami().stdout)["preferred_username"] == "alice"
    after = dirac.stored()
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]
    assert after["expires_on"] > time.time() + 900


def test_logging_out_ends_every_token_at_once(site: DiracSite, dirac: Dirac, browser: Browser) -> None:
    stored = signed_in(dirac, browser)
    headers = {"Authorization": f"Bearer {stored['access_token']}"}
    url = f"{site.plain}/dirac/api/auth/userinfo"
    assert requests.get(url, headers=headers, timeout=10).status_code == 200
    assert dirac.run("logout").returncode == 0
    assert requests.get(url, headers=headers, timeout=10).status_code == 401


def test_a_login_that_was_ended_elsewhere_says_what_to_do(
    site: DiracSite, dirac: Dirac, browser: Browser
) -> None:
    stored = signed_in(dirac, browser)
    form = {"token": stored["refresh_token"], "client_id": "myDIRACClientID"}
    assert requests.post(f"{site.plain}/dirac/api/auth/revoke", data=form, timeout=10).status_code == 200
    dirac.store({**stored, "expires_on": int(time.time()) + 60})
    done = dirac.whoami()
    assert "dirac logout" in done.stdout + done.stderr
    assert dirac.run("logout").returncode == 0
    assert signed_in(dirac, browser)


def test_a_stale_token_is_no_obstacle_to_another_login(dirac: Dirac, browser: Browser) -> None:
    """It is sent along to the device endpoint and to discovery."""
    stored = signed_in(dirac, browser)
    dirac.store({**stored, "access_token": stored["access_token"][:-8] + "AAAAAAAA"})
    assert signed_in(dirac, browser)["access_token"] != stored["access_token"]


def test_a_no_is_a_no(dirac: Dirac, browser: Browser) -> None:
    code, printed = dirac.login(browser, "vo", decision="deny")
    assert code != 0, printed
    assert not dirac.credentials.exists()


def test_an_unknown_vo_is_told(dirac: Dirac) -> None:
    done = dirac.run("login", "nope")
    assert done.returncode != 0
    assert "nope" in done.stdout + done.stderr
