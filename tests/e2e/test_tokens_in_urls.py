"""DIRAC's old clients put tokens, and codes, into URLs: none of them is found in any log of the stack."""

import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from libs.sql.engine import Database
from scripts.stack import up as stack_commands
from services.auth.adapters.clock import SystemClock
from services.auth.adapters.store_sql.clients import SqlClients
from services.auth.adapters.store_sql.people import SqlPeople
from services.auth.domain.clients import DEFAULT_SCOPES, PUBLIC, Client, ClientOrigin
from services.auth.domain.people import Group
from tests.e2e.browser import Browser, add_person
from tests.e2e.market import one, request
from tests.stack import Stack
from tests.waiting import wait_for

pytestmark = pytest.mark.clause("dirac 1.4", "dirac 6")

PASSWORD = "correct horse battery"
REDIRECT = "http://127.0.0.1:9/callback"


def portal(stack: Stack) -> Browser:
    """Somebody who is signed in, and a registered application of RESTDIRAC's days."""
    person = add_person(stack, "urla", PASSWORD)
    database = Database.open(stack.config.service_database("auth"))
    people = SqlPeople(database, SystemClock())
    people.put_group(Group(name="url_user", vo="url", properties=("NormalUser",)))
    people.set_groups(person.id, ["url_user"])
    SqlClients(database, SystemClock()).add(
        Client(
            client_id="url-portal",
            origin=ClientOrigin.ADMIN,
            name="Portal",
            redirect_uris=(REDIRECT,),
            auth_method=PUBLIC,
            scopes=DEFAULT_SCOPES,
            legacy_no_pkce=True,
        )
    )
    database.dispose()
    browser = Browser(stack.gateway)
    browser.sign_in("urla", PASSWORD)
    return browser


def code_for(browser: Browser) -> str:
    asked = {"response_type": "code", "client_id": "url-portal", "state": "x"}
    browser.get(f"/oauth2/auth?{urlencode(asked)}")
    led = browser.answer("/oauth2/auth", decision="allow", group="url_user", hours="1")
    return parse_qs(urlsplit(led).query)["code"][0]


def test_no_log_holds_a_token_or_a_code_from_a_url(stack: Stack) -> None:
    browser = portal(stack)
    code = code_for(browser)
    query = {"grant_type": "authorization_code", "client_id": "url-portal", "code": code}
    answer = requests.get(f"{stack.gateway}/oauth2/token", params=query, timeout=30)
    assert answer.status_code == 200, answer.text
    token = answer.json()["token"]
    secrets = [code, token]

    def use() -> None:
        for path in (
            *("/jobs", "/jobs/1", "/filecatalogue/metadata", "/oauth2/groups", "/oauth2/userinfo"),
            *("/dirac/api/auth/userinfo", "/tidegate/v1/whoami", "/api/services/download", "/nope"),
            "/api/aquarius/assets/names",
        ):
            for method in ("GET", "POST", "DELETE"):
                given = {"access_token": token, "code": code}
                requests.request(method, stack.gateway + path, params=given, timeout=30)
                requests.request(method, stack.gateway + path, data=given, timeout=30)
                for header in (f"Bearer {token}", f"{token} Bearer"):
                    headers = {"Authorization": header, "Referer": f"{stack.gateway}/?access_token={token}"}
                    requests.request(method, stack.gateway + path, headers=headers, timeout=30)
        one(stack.gateway, request("GET", f"/jobs?access_token={token}&x={'y' * 40_000}"))  # too long
        one(stack.gateway, request("GET", f"/jobs\x01?access_token={token}"))  # no HTTP
        for path in ("/jobs", "/oauth2/tokens", "/api/aquarius/assets/ddo"):  # in a path by mistake
            requests.delete(f"{stack.gateway}{path}/{token}", timeout=30)
            requests.get(f"{stack.gateway}{path}/{token}/x", timeout=30)

    use()
    stack_commands.stop(stack.config.run_dir, "auth")
    try:
        use()
    finally:
        stack_commands.restart(stack.config, "auth")
    last = f"flushed-{time.time_ns()}"
    one(stack.gateway, request("GET", "/", f"X-Request-Id: {last}"))
    logs = stack.config.run_dir / "logs"
    wait_for(lambda: last in (logs / "gateway.log").read_text(errors="replace"), "the gateway's log")
    names = {log.name for log in logs.iterdir()}
    assert {"gateway.log", "gateway-error.log", "auth.log", "provider.log", "egress.log"} <= names
    for log in sorted(logs.iterdir()):
        text = log.read_text(errors="replace")
        lines = [line[:400] for line in text.splitlines() if any(secret in line for secret in secrets)]
        assert not lines, f"{log.name}: {lines[:3]}"
