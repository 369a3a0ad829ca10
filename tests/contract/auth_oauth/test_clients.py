"""How clients prove themselves at the token endpoint, and how they do not."""

import base64
import hmac
import logging
from typing import Any

import pytest
from joserfc.jwk import ECKey

from libs.signing import tokens as jwts
from tests.fakes.auth_world import ISSUER
from tests.fakes.oauth_apps import (
    ASSERTION_TYPE,
    KEY,
    RSA,
    SECRET,
    TOKEN_URL,
    Tokens,
    app_of,
    assertion,
)

pytestmark = pytest.mark.clause("dirac 1.6")

OWN = {"grant_type": "client_credentials"}


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()}


def test_client_acts_for_itself(tokens: Tokens) -> None:
    answer = tokens.post(OWN, headers=basic(f"app:{SECRET}"))
    got = answer.get_json()
    assert answer.status_code == 200
    assert "refresh_token" not in got
    claims = jwts.verify(got["access_token"], tokens.world.keyring.current().verifying, "at+jwt")
    assert (claims["sub"], claims["client_id"], claims["iss"]) == ("client:app", "app", ISSUER)
    assert claims["scope"] == got["scope"]
    assert "openid" not in got["scope"].split()


def test_secret_in_the_body_is_for_clients_that_registered_it(tokens: Tokens) -> None:
    form = {**OWN, "client_id": "app", "client_secret": SECRET}
    assert tokens.post(form).status_code == 401
    tokens.world.clients.change(app_of("app", auth_method="client_secret_post"))
    assert tokens.post(form).status_code == 200
    assert tokens.post(OWN, headers=basic(f"app:{SECRET}")).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        basic("app:wrong"),
        basic("app:"),
        basic(":"),
        basic("app"),
        basic("nobody:" + SECRET),
        basic("app:\0"),
        basic("native:"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode()},
    ],
)
def test_wrong_basic_is_challenged_with_one_text(tokens: Tokens, header: dict[str, str]) -> None:
    answer = tokens.post(OWN, headers=header)
    assert answer.status_code == 401
    assert answer.get_json()["error"] == "invalid_client"
    assert answer.get_json()["error_description"] == "The client is unknown or did not prove itself."
    if header["Authorization"] != "Basic":
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="tidegate"'


def test_two_ways_at_once_are_refused(tokens: Tokens) -> None:
    form = {**OWN, "client_id": "app", "client_secret": SECRET}
    answer = tokens.post(form, headers=basic(f"app:{SECRET}"))
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_stale_bearer_token_beside_the_form_is_not_looked_at(tokens: Tokens) -> None:
    got = tokens.granted()
    form = {"grant_type": "refresh_token", "client_id": "native", "refresh_token": got["refresh_token"]}
    assert tokens.post(form, headers={"Authorization": "Bearer stale"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"grant_type=client_credentials&grant_type=client_credentials", "application/x-www-form-urlencoded"),
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"grant_type=%ff", "application/x-www-form-urlencoded"),
        (b"grant_type=%00", "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % number for number in range(300)), "application/x-www-form-urlencoded"),
        (b"", ""),
    ],
)
def test_body_of_another_shape_is_an_invalid_request(tokens: Tokens, body: bytes, kind: str) -> None:
    answer = tokens.client.post("/oauth2/token", data=body, content_type=kind)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
    assert answer.headers["Cache-Control"] == "no-store"


def test_parameters_in_the_query_of_a_post_do_not_count(tokens: Tokens) -> None:
    url = f"/oauth2/token?grant_type=client_credentials&client_id=app&client_secret={SECRET}"
    assert tokens.client.post(url).get_json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("client_id", "form", "error"),
    [
        ("native", {"grant_type": "client_credentials", "client_id": "native"}, "unauthorized_client"),
        ("app", {**OWN, "scope": "admin"}, "invalid_scope"),
        ("app", {**OWN, "scope": "no:such"}, "invalid_scope"),
    ],
)
def test_client_does_not_get_more_than_it_registered(
    tokens: Tokens, client_id: str, form: dict[str, Any], error: str
) -> None:
    headers = {} if client_id == "native" else basic(f"{client_id}:{SECRET}")
    answer = tokens.post(form, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (400, error)


def test_disabled_client_gets_nothing_and_its_tokens_end(tokens: Tokens) -> None:
    got = tokens.granted()
    tokens.world.clients.change(app_of("native", auth_method="none", secret_hash=None, is_disabled=True))
    tokens.world.people.stamps.move_all()
    assert not tokens.works(got["access_token"])
    assert tokens.refresh(got["refresh_token"]).get_json()["error"] == "invalid_client"


def test_secret_ends_when_its_time_is_over(tokens: Tokens) -> None:
    tokens.world.clients.change(app_of("app", secret_expires_at=tokens.world.clock.now() + 10))
    assert tokens.post(OWN, headers=basic(f"app:{SECRET}")).status_code == 200
    tokens.world.clock.time += 10
    assert tokens.post(OWN, headers=basic(f"app:{SECRET}")).status_code == 401


# private_key_jwt


def prove(tokens: Tokens, text: str, **more: str) -> int:
    form = {**OWN, "client_assertion_type": ASSERTION_TYPE, "client_assertion": text, **more}
    answer = tokens.post(form)
    assert answer.status_code in (200, 401), answer.get_json()
    assert text not in answer.get_data(as_text=True)
    return int(answer.status_code)


@pytest.mark.parametrize("key", [KEY, RSA])
@pytest.mark.parametrize("audience", [TOKEN_URL, ISSUER, [ISSUER, "else"]])
def test_key_proves_a_client(tokens: Tokens, key: Any, audience: Any) -> None:
    assert prove(tokens, assertion(tokens.world, key, aud=audience)) == 200


def test_assertion_that_says_an_hour_counts_for_five_minutes(tokens: Tokens) -> None:
    hour = int(tokens.world.clock.now()) + 3600
    text = assertion(tokens.world, exp=hour, jti="other")
    assert prove(tokens, assertion(tokens.world, exp=hour)) == 200
    tokens.world.clock.time += 331
    assert prove(tokens, text) == 401


def test_assertion_counts_once(tokens: Tokens) -> None:
    text = assertion(tokens.world)
    assert prove(tokens, text) == 200
    assert prove(tokens, text) == 401
    assert prove(tokens, assertion(tokens.world, jti="j2")) == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "app"},
        {"sub": "app"},
        {"iss": None},
        {"sub": None},
        {"sub": 5, "iss": 5},
        {"aud": "https://else.example"},
        {"aud": None},
        {"aud": {"a": 1}},
        {"exp": None},
        {"exp": 1},
        {"exp": "soon"},
        {"exp": 1_700_000_000 + 10_000, "iat": None},
        {"exp": 1_700_000_000 + 10_000, "iat": 1_700_000_000 - 400},
        {"exp": 1e300, "iat": None},
        {"exp": float("nan")},
        {"iat": float("nan")},
        {"nbf": 1_700_000_000 + 100},
        {"iat": 1_700_000_000 + 100},
        {"jti": None},
        {"jti": ""},
        {"jti": ["j"]},
        {"jti": "j" * 256},
    ],
)
def test_assertion_that_claims_something_else_proves_nothing(tokens: Tokens, changes: dict[str, Any]) -> None:
    assert prove(tokens, assertion(tokens.world, **changes)) == 401


def forged(tokens: Tokens) -> list[str]:
    """The same claims under keys and algorithms that are not the client's."""
    good = assertion(tokens.world).split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    confused = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"ec"}').rstrip(b"=").decode()
    mac = hmac.digest(KEY.as_pem(private=False), f"{confused}.{good[1]}".encode(), "sha256")
    return [
        f"{none}.{good[1]}.",
        f"{none}.{good[1]}.{good[2]}",
        f"{good[0]}.{good[1]}.",
        f"{good[0]}.{good[1]}",
        f"{good[0]}.{good[1]}.{good[2][:-4]}AAAA",
        f"{confused}.{good[1]}." + base64.urlsafe_b64encode(mac).rstrip(b"=").decode(),
        assertion(tokens.world, ECKey.generate_key("P-256", auto_kid=False)),
        assertion(tokens.world, KEY, {"alg": "ES256", "kid": "unknown"}),
        assertion(tokens.world, RSA, {"alg": "PS256", "kid": "rsa"}),
        assertion(tokens.world, RSA, {"alg": "RS512", "kid": "rsa"}),
        base64.urlsafe_b64encode(b"[" * 5000).decode() + "." + good[1] + "." + good[2],
        good[0] + "." + base64.urlsafe_b64encode(b"[" * 20_000).decode() + "." + good[2],
        good[0] + "." + base64.urlsafe_b64encode(b"[]").decode() + "." + good[2],
        "\u00e4.b.c",
        "x",
        "...",
    ]


def test_forged_assertions_prove_nothing(tokens: Tokens) -> None:
    for text in forged(tokens):
        assert prove(tokens, text) == 401, text[:40]


def test_assertion_of_another_client_than_the_named_one_proves_nothing(tokens: Tokens) -> None:
    assert prove(tokens, assertion(tokens.world), client_id="app") == 401
    assert prove(tokens, assertion(tokens.world), client_assertion_type="urn:else") == 401


def test_nothing_secret_is_logged(tokens: Tokens, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    got = tokens.granted()
    text = assertion(tokens.world)
    prove(tokens, text)
    tokens.refresh(got["refresh_token"])
    tokens.post(OWN, headers=basic(f"app:{SECRET}"))
    for secret in (SECRET, got["refresh_token"], got["access_token"], text):
        assert secret not in caplog.text
