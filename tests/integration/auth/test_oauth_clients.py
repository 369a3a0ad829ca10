"""OAuth2 clients that others wrote, and many callers at once, against the real server on both databases."""

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session as OAuthlibSession

from libs.signing.keys import PrivateKey
from libs.sql.engine import Database
from services.auth.adapters.clock import SystemClock
from services.auth.adapters.store_sql.clients import SqlClients
from services.auth.adapters.store_sql.grants import SqlCodes, SqlGrants
from services.auth.domain.clients import CLIENT_CREDENTIALS, CODE, PRIVATE_KEY_JWT, PUBLIC, REFRESH, Client
from services.auth.domain.grants import AuthorizationCode, Grant
from services.auth.domain.secrets import hash_of, new_secret
from tests.auth_server import ISSUER, auth_environment, auth_starting
from tests.fakes.oauth_apps import CHALLENGE, KEY, REDIRECT, SECRET, VERIFIER, app_of, public
from tests.fixtures_postgres import PostgresServer

pytestmark = pytest.mark.clause("dirac 5.2")

AT_ONCE = 20


@dataclass(frozen=True)
class Site:
    """A server, the tables behind it and somebody who has nothing there yet."""

    url: str
    database: Database
    subject: str

    @property
    def token(self) -> str:
        return f"{self.url}/oauth2/token"

    def register(self, client: Client) -> None:
        SqlClients(self.database, SystemClock()).add(client)

    def code(self, client_id: str) -> str:
        """What a person's yes leaves behind: the pages have their own tests."""
        clock, code = SystemClock(), new_secret()
        grant = Grant(
            id=new_secret()[:32],
            client_id=client_id,
            subject=self.subject,
            flow="code",
            scopes=("openid", "job:read"),
            created_at=clock.now(),
            expires_at=clock.now() + 3600,
        )
        row = AuthorizationCode(
            code_hash=hash_of(code),
            grant_id=grant.id,
            redirect_uri=REDIRECT,
            redirect_uri_was_sent=True,
            code_challenge=CHALLENGE,
            nonce=None,
            expires_at=clock.now() + 60,
        )
        SqlCodes(self.database).add(grant, row)
        return code

    def grants(self) -> int:
        return len(SqlGrants(self.database, SystemClock()).of_subject(self.subject))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Its clients: `app` has a secret, `keyed` a key, `native` neither."""
    folder = tmp_path_factory.mktemp("oauth")
    url = f"sqlite:///{folder}/auth.db"
    if request.param == "postgres":
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        url = postgres.new_database()
    with auth_starting(folder, auth_environment(url, "http://127.0.0.1:9"), workers=2) as running:
        running.wait_until_live()
        site = Site(running.url, Database.open(url), "")
        site.register(app_of("app"))
        native = {"auth_method": PUBLIC, "secret_hash": None, "grant_types": (CODE, REFRESH)}
        site.register(app_of("native", **native))
        jwks = {"keys": [public(KEY)]}
        site.register(app_of("keyed", auth_method=PRIVATE_KEY_JWT, secret_hash=None, jwks=jwks))
        yield site
        site.database.dispose()


@pytest.fixture
def site(server: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # of the clients: TLS ends at the gateway
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    return replace(server, subject=f"eip155:{PrivateKey(secrets.token_bytes(32)).address}")


def works(site: Site, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{site.url}/oauth2/userinfo", headers=headers, timeout=30).status_code == 200


def test_authlibs_client_acts_for_itself_by_secret_and_by_key(site: Site) -> None:
    with OAuth2Session("app", SECRET) as session:
        assert session.fetch_token(site.token, grant_type=CLIENT_CREDENTIALS)["token_type"] == "Bearer"
    with OAuth2Session(
        "keyed", KEY, token_endpoint_auth_method=PrivateKeyJWT(f"{ISSUER}/oauth2/token", alg="ES256")
    ) as session:
        assert session.fetch_token(site.token, grant_type=CLIENT_CREDENTIALS)["expires_in"] == 43_200


def test_requests_oauthlib_acts_for_itself(site: Site) -> None:
    with OAuthlibSession(client=BackendApplicationClient("app")) as session:
        got = session.fetch_token(site.token, client_id="app", client_secret=SECRET, include_client_id=False)
    assert got["access_token"].count(".") == 2


def test_authlibs_client_exchanges_refreshes_and_revokes(site: Site) -> None:
    with OAuth2Session("native", token_endpoint_auth_method="none", redirect_uri=REDIRECT) as session:
        got = session.fetch_token(site.token, code=site.code("native"), code_verifier=VERIFIER)
        assert works(site, got["access_token"])
        new = session.refresh_token(site.token, refresh_token=got["refresh_token"])
        assert works(site, new["access_token"])
        answer = session.revoke_token(f"{site.url}/oauth2/revoke", token=new["refresh_token"])
    assert answer.status_code == 200, answer.text
    assert not works(site, new["access_token"])
    assert not works(site, got["access_token"])


def test_requests_oauthlib_exchanges_and_refreshes(site: Site) -> None:
    with OAuthlibSession("native", redirect_uri=REDIRECT, scope=["openid", "job:read"]) as session:
        got = session.fetch_token(
            site.token, code=site.code("native"), code_verifier=VERIFIER, include_client_id=True
        )
        new = session.refresh_token(site.token, refresh_token=got["refresh_token"], client_id="native")
    assert works(site, new["access_token"])


def at_once(work: Callable[[], requests.Response]) -> list[requests.Response]:
    answers: list[requests.Response] = []
    barrier = threading.Barrier(AT_ONCE)

    def run() -> None:
        barrier.wait()
        answers.append(work())

    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_twenty_simultaneous_exchanges_one_wins_and_its_tokens_end(site: Site) -> None:
    form: dict[str, Any] = {
        "grant_type": "authorization_code",
        "client_id": "native",
        "code": site.code("native"),
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    answers = at_once(lambda: requests.post(site.token, data=form, timeout=60))
    won = [answer.json() for answer in answers if answer.status_code == 200]
    lost = [answer.json()["error"] for answer in answers if answer.status_code == 400]
    assert len(won) <= 1
    assert lost == ["invalid_grant"] * (AT_ONCE - len(won))
    assert site.grants() == 0
    assert not any(works(site, got["access_token"]) for got in won)


def test_simultaneous_refreshes_all_succeed_within_the_grace(site: Site) -> None:
    form: dict[str, Any] = {
        "grant_type": "authorization_code",
        "client_id": "native",
        "code": site.code("native"),
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    got = requests.post(site.token, data=form, timeout=60).json()
    again = {"grant_type": "refresh_token", "client_id": "native", "refresh_token": got["refresh_token"]}
    answers = at_once(lambda: requests.post(site.token, data=again, timeout=60))
    assert [answer.status_code for answer in answers] == [200] * AT_ONCE
    assert len({answer.json()["refresh_token"] for answer in answers}) == AT_ONCE
    assert site.grants() == 1
