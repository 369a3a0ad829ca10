"""The pages over real databases and real password hashes: one visit from the login to a token and back."""

import secrets
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from flask import Flask

from libs.sql.engine import Database
from services.auth.adapters.argon2 import Argon2Passwords
from services.auth.adapters.clock import SystemClock
from services.auth.adapters.store_sql.clients import SqlClients
from services.auth.adapters.store_sql.people import SqlPeople
from services.auth.app import create_app
from services.auth.domain.clients import CODE, PUBLIC, Client, ClientOrigin
from services.auth.domain.people import Person, PersonState
from services.auth.settings import load_settings
from services.auth.wiring import build
from tests.auth_server import ISSUER, auth_environment
from tests.fakes.auth_pages import PASSWORD, Browser, query_of

CALLBACK = "https://app.example/callback"
# RFC 7636 appendix B
VERIFIER, CHALLENGE = (
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
)
ASKING = "/oauth2/auth?" + urlencode(
    {
        "response_type": "code",
        "client_id": "app1",
        "redirect_uri": CALLBACK,
        "scope": "openid job:read",
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
)


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    deps = build(load_settings(auth_environment(database_url, "http://127.0.0.1:9")))
    app = create_app(deps)
    database, clock = Database.open(database_url), SystemClock()
    ann = Person(
        id=secrets.token_hex(16), username="ann", display_name="Ann", email=None,
        state=PersonState.ACTIVE, is_admin=False, version=1, created_at=clock.now(),
    )  # fmt: skip
    SqlPeople(database, clock).add(ann, Argon2Passwords().hash(PASSWORD))
    SqlClients(database, clock).add(
        Client(
            client_id="app1", origin=ClientOrigin.ADMIN, name="Plots", redirect_uris=(CALLBACK,),
            grant_types=(CODE,), auth_method=PUBLIC, scopes=("openid", "job:read"),
        )
    )  # fmt: skip
    yield app
    database.dispose()
    deps.checks["database"].__self__.dispose()  # a process keeps its connections to its end; a test does not


def test_from_the_login_to_a_token_and_back(app: Flask) -> None:
    browser = Browser(app.test_client(), ISSUER)
    browser.get(ASKING)
    browser.follow()
    assert browser.sign_in().status_code == 303
    assert "See your jobs and their results" in browser.follow().text
    found = query_of(browser.send("/oauth2/auth", decision="allow").headers["Location"])
    assert (found["state"], found["iss"]) == ("s1", ISSUER)
    sent = {
        "grant_type": "authorization_code",
        "code": found["code"],
        "client_id": "app1",
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    token = app.test_client().post("/oauth2/token", data=sent).get_json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/tidegate/v1/me", headers=headers).status_code == 200
    assert "Plots" in browser.get("/account").text
    fields = browser.fields("/account")
    assert browser.post("/account", fields).status_code == 303
    assert "cannot act for you any more" in browser.follow().text
    assert app.test_client().get("/tidegate/v1/me", headers=headers).status_code == 401
    copied = browser.client.get_cookie("tidegate-session", domain="gateway.test")
    assert copied is not None
    browser.send("/logout")
    browser.client.set_cookie("tidegate-session", copied.value, domain="gateway.test")
    assert browser.get("/account").headers["Location"].startswith("/login?next=")


@pytest.mark.parametrize("text", ["x" * 5000, "é" * 300, "' OR 1=1 --", "\u202e\U0001f4a9", "%", "\\"])
def test_any_text_reaches_the_database_as_text(app: Flask, text: str) -> None:
    browser = Browser(app.test_client(), ISSUER)
    assert browser.sign_in(text, PASSWORD).status_code in (403, 429)
    browser.client.set_cookie("tidegate-session", "s" * 43, domain="gateway.test")
    assert browser.get("/account").status_code == 303
    browser.get("/login")
    assert browser.sign_in().status_code == 303
    assert browser.get("/oauth2/auth", query_string={"client_id": text}).status_code == 400
    for what in ("grant", "key", "wallet"):
        browser.get("/account")
        fields = {**browser.fields("/account"), "what": what, "id": text}
        assert browser.post("/account", fields).status_code == 303
    browser.get("/device")
    assert browser.send("/device", user_code=text).status_code == 404
