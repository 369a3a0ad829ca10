"""A real browser before the real stack: people sign in and agree, and applications get what was agreed."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from libs.signing.keys import PrivateKey
from tests.browser.application import Application
from tests.browser.chromium import Chromium
from tests.e2e.browser import add_person
from tests.stack import Stack

PASSWORD = "correct horse battery"
WALLET = PrivateKey("0x" + "5a" * 32)
# Routes that want a principal, of every service that has one.
PROTECTED = (
    *("/tidegate/v1/whoami", "/tidegate/v1/me", "/oauth2/userinfo", "/prominence/v1/jobs"),
    *(f"/tidegate/v1/whoami/{service}" for service in ("provider", "auth", "catalogue", "compute")),
)


@pytest.fixture(scope="session", autouse=True)
def people(stack: Stack) -> None:
    add_person(stack, "ann", PASSWORD)


def shot(browser: Chromium, pictures: Path | None, name: str) -> None:
    if pictures is not None:
        browser.picture(pictures / f"{name}.png")


def answers(stack: Stack, token: str) -> dict[str, int]:
    headers = {"Authorization": f"Bearer {token}"}
    return {
        path: requests.get(stack.gateway + path, headers=headers, timeout=30).status_code
        for path in PROTECTED
    }


def test_a_wallet_signs_in_and_agrees_and_the_token_works_everywhere(
    stack: Stack, browser: Chromium, app: Application, pictures: Path | None
) -> None:
    browser.add_wallet(WALLET, stack.config.chain_id)
    browser.open(app.address())
    assert browser.path == "/login"
    shot(browser, pictures, "login")
    browser.press("Sign in with a wallet")
    signed = browser.sign_when_asked(WALLET)
    assert f"{urlsplit(stack.gateway).netloc} wants you to sign in" in signed
    browser.wait_for_text("to act for you?")
    assert "Notebook <b>&</b> plots" in browser.text
    assert "See your jobs and their results" in browser.text
    shot(browser, pictures, "consent")
    browser.press("Allow")
    app.take(browser.wait_for_address(app.callback))
    token = app.session.token["access_token"]
    assert answers(stack, token) == dict.fromkeys(PROTECTED, 200)
    who = requests.get(
        stack.gateway + "/tidegate/v1/whoami", headers={"Authorization": f"Bearer {token}"}, timeout=30
    ).json()
    assert who["subject"] == f"eip155:{WALLET.address}"
    browser.open("/account")
    shot(browser, pictures, "account")
    browser.press("Revoke")
    browser.wait_for_text("cannot act for you any more")
    assert answers(stack, token) == dict.fromkeys(PROTECTED, 401)


def test_a_password_signs_in_and_no_is_an_answer(
    browser: Chromium, app: Application, pictures: Path | None
) -> None:
    browser.open(app.address())
    browser.sign_in("ann", "wrong")
    browser.wait_for_text("You are not signed in")
    shot(browser, pictures, "problem")
    # The console reports each answer of 400 and more as an error of its own.
    assert len(browser.complaints) == 1
    assert "403" in browser.complaints.pop()
    browser.sign_in("ann", PASSWORD)
    browser.wait_for_text("to act for you?")
    browser.press("Deny")
    found = parse_qs(urlsplit(browser.wait_for_address(app.callback)).query)
    assert found["error"] == ["access_denied"]
    assert found["state"] == [app.state]
    assert "code" not in found


def test_everything_works_without_a_script(
    stack: Stack, plain_browser: Chromium, app: Application, pictures: Path | None
) -> None:
    plain_browser.open("data:text/html,<main>off</main><script>document.body.textContent='on'</script>")
    assert plain_browser.text == "off"
    plain_browser.open(app.address())
    plain_browser.press("Sign in with a wallet")
    plain_browser.wait_for_text("Address of the wallet")
    shot(plain_browser, pictures, "wallet-address")
    plain_browser.open("/login")
    plain_browser.sign_in("ann", PASSWORD)
    plain_browser.wait_for_text("Your account")
    plain_browser.open(app.address())
    plain_browser.press("Allow")
    app.take(plain_browser.wait_for_address(app.callback))
    assert answers(stack, app.session.token["access_token"]) == dict.fromkeys(PROTECTED, 200)


def test_a_wallet_that_does_not_sign_leaves_the_page_usable(stack: Stack, browser: Chromium) -> None:
    browser.add_wallet(WALLET, stack.config.chain_id)
    browser.open("/login")
    browser.press("Sign in with a wallet")
    browser.refuse_when_asked()
    browser.wait_for_text("The wallet did not sign")
    browser.sign_in("ann", PASSWORD)
    browser.wait_for_text("Your account")


def test_a_device_is_connected(
    stack: Stack, browser: Chromium, app: Application, pictures: Path | None
) -> None:
    asked = {
        "client_name": "A command line",
        "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"],
        "token_endpoint_auth_method": "none",
        "scope": "openid job:read",
    }
    client = requests.post(app.metadata["registration_endpoint"], json=asked, timeout=30).json()
    named = {"client_id": client["client_id"]}
    endpoint = app.metadata["device_authorization_endpoint"]
    started = requests.post(endpoint, data={**named, "scope": "openid job:read"}, timeout=30).json()
    browser.open(started["verification_uri_complete"])
    browser.sign_in("ann", PASSWORD)
    browser.wait_for_text("The code that it shows")
    shot(browser, pictures, "device")
    browser.press("Go on")
    browser.wait_for_text("A command line")
    shot(browser, pictures, "device-question")
    browser.press("Allow")
    browser.wait_for_text("You are connected")
    shot(browser, pictures, "done")
    poll = {**named, "grant_type": asked["grant_types"][0], "device_code": started["device_code"]}
    token = requests.post(app.metadata["token_endpoint"], data=poll, timeout=30).json()
    assert answers(stack, token["access_token"])["/tidegate/v1/whoami"] == 200


def test_nobody_frames_the_pages(stack: Stack, browser: Chromium, app: Application) -> None:
    """A page elsewhere that puts ours under its own buttons shows an empty frame."""
    browser.open(app.callback)
    browser.driver.execute_script(
        "const f = document.createElement('iframe'); f.src = arguments[0]; document.body.append(f)",
        f"{stack.gateway}/login",
    )
    browser.wait_for_text("<iframe")
    browser.driver.switch_to.frame(0)
    assert "Password" not in browser.driver.page_source
    browser.driver.switch_to.default_content()
    browser.listen()
    stopped = [line for line in browser.complaints if "frame-ancestors" in line or "X-Frame-Options" in line]
    assert stopped
    browser.complaints.clear()


@pytest.mark.parametrize("look", ["light", "dark"])
def test_pages_fit_on_a_phone(stack: Stack, browser: Chromium, pictures: Path | None, look: str) -> None:
    size = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": look}]
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.add_wallet(WALLET, stack.config.chain_id)
    browser.open("/login")
    browser.press("Sign in with a wallet")
    browser.sign_when_asked(WALLET)
    browser.wait_for_text("Your account")
    for path in ("/account", "/device", "/login/wallet"):
        browser.open(path)
        shot(browser, pictures, f"phone-{look}-{path.rpartition('/')[2]}")
        wide = browser.driver.execute_script("return document.documentElement.scrollWidth")
        assert wide <= 360
