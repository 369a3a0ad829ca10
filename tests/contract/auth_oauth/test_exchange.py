"""Token exchange (RFC 8693) at /oauth2/token: what a wallet or a token gets, and every refusal."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.signing import tokens
from libs.signing.personal import sign_personal, sign_text
from services.auth.app import create_app
from services.auth.domain.clients import CODE, EXCHANGE, PUBLIC, REFRESH, Client, ClientOrigin
from services.auth.domain.people import Person, PersonState
from services.auth.usecases.access_tokens import TokenRequest
from tests.fakes.auth_siwe import changed
from tests.fakes.auth_world import ISSUER, OTHER_WALLET, WALLET, World, signed

pytestmark = pytest.mark.clause("dirac 1.6")

A = WALLET.address
CONTRACT = "0xBD558814eE914800EbfeF4a1cbE196F5161823d9"
SIWE = "urn:tidegate:params:oauth:token-type:siwe"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
BATCH = "accounts:read file:read file:write job:read job:write"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> FlaskClient:
    return create_app(world.deps()).test_client()


def subject_token(message: object, signature: object, **more: object) -> str:
    text = json.dumps({"message": message, "signature": signature, **more})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def challenge(client: FlaskClient, address: str = A, **query: str) -> str:
    answer = client.get("/tidegate/v1/siwe/challenge", query_string={"address": address, **query})
    assert answer.status_code == 200, answer.text
    message: str = answer.json["message"]
    return message


def siwe(client: FlaskClient) -> str:
    message = challenge(client)
    return subject_token(message, sign_personal(message, WALLET))


def exchange(client: FlaskClient, token: str | None, **changes: str | None) -> Any:
    form = {
        "grant_type": EXCHANGE,
        "client_id": "tidegate-dapp",
        "subject_token_type": SIWE,
        "subject_token": token,
        **changes,
    }
    return client.post("/oauth2/token", data={name: v for name, v in form.items() if v is not None})


def refused(answer: Any) -> tuple[int, str]:
    assert answer.json["error_description"]
    assert "access_token" not in answer.json
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json["error"]


def claims(world: World, answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return tokens.verify(answer.json["access_token"], world.keyring.current().verifying, "at+jwt")


def me(client: FlaskClient, token: str) -> Any:
    return client.get("/tidegate/v1/me", headers={"Authorization": f"Bearer {token}"})


def person(world: World, *wallets: str) -> Person:
    made = Person(
        id="a" * 32,
        username="ada",
        display_name="Ada",
        email=None,
        state=PersonState.ACTIVE,
        is_admin=False,
        version=1,
        created_at=0.0,
        wallets=wallets,
    )
    world.people.add(made, None)
    return made


def registered(world: World, client_id: str, **fields: Any) -> Client:
    values: dict[str, Any] = {
        "origin": ClientOrigin.ADMIN,
        "name": client_id,
        "auth_method": PUBLIC,
        "grant_types": (EXCHANGE,),
        "scopes": ("job:read", "job:write", "keys"),
        **fields,
    }
    made = Client(client_id=client_id, **values)
    world.clients.add(made)
    return made


def test_a_signature_for_a_token(world: World, client: FlaskClient) -> None:
    answer = exchange(client, siwe(client))
    found = claims(world, answer)
    assert answer.json["issued_token_type"] == ACCESS
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 12 * 3600)
    assert answer.json["scope"] == found["scope"] == BATCH
    assert answer.headers["Cache-Control"] == "no-store"
    assert "refresh_token" not in answer.json
    assert (found["sub"], found["client_id"], found["aud"]) == ("eip155:" + A, "tidegate-dapp", "tidegate")
    assert (found["amr"], found["auth_time"]) == (["siwe"], 1_700_000_000)
    assert me(client, answer.json["access_token"]).json["principal"]["wallets"] == [A]
    assert [event.event for event in world.audit.events] == ["token.exchange"]


def test_a_signature_counts_once(world: World, client: FlaskClient) -> None:
    token = siwe(client)
    assert exchange(client, token).status_code == 200
    assert refused(exchange(client, token)) == (400, "invalid_request")
    last = world.audit.events[-1]
    assert (last.event, last.outcome, last.details) == ("token.exchange", "refused", {"why": "NonceRefused"})


def test_a_linked_wallets_token_is_its_persons(world: World, client: FlaskClient) -> None:
    ada = person(world, A)
    token = exchange(client, siwe(client), scope="keys").json["access_token"]
    assert me(client, token).json["principal"]["subject"] == ada.subject
    world.people.unlink_wallet(ada.id, A)
    assert me(client, token).json["principal"]["subject"] == "eip155:" + A


def test_a_disabled_persons_wallet_gets_nothing(world: World, client: FlaskClient) -> None:
    ada = person(world, A)
    world.people.change(ada.id, state=PersonState.DISABLED)
    assert refused(exchange(client, siwe(client))) == (400, "invalid_request")


def test_scopes_as_asked_and_never_more_than_the_client_may_have(world: World, client: FlaskClient) -> None:
    assert claims(world, exchange(client, siwe(client), scope="keys job:read"))["scope"] == "keys job:read"
    for scope in ("admin", "offline_access", "everything", "job:read admin", "group:g", "x" * 2000):
        token = siwe(client)
        assert refused(exchange(client, token, scope=scope)) == (400, "invalid_scope")
        assert exchange(client, token).status_code == 200, "a wrong scope costs no nonce"


def test_a_page_that_the_operator_named_may_ask(world: World, client: FlaskClient) -> None:
    message = challenge(client, domain="dapp.example")
    assert message.startswith("dapp.example wants you")
    token = subject_token(message, sign_personal(message, WALLET))
    assert claims(world, exchange(client, token))["sub"] == "eip155:" + A


def test_a_smart_account(world: World, client: FlaskClient) -> None:
    message = challenge(client, CONTRACT)
    world.contracts.accepts_texts[CONTRACT.lower()] = {(message, "0x01")}
    assert claims(world, exchange(client, subject_token(message, "0x01")))["sub"] == "eip155:" + CONTRACT
    other = challenge(client, CONTRACT)
    world.contracts.is_down = True
    answer = exchange(client, subject_token(other, "0x01"))
    assert (answer.status_code, answer.json["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    "fields",
    [
        {"domain": "evil.example"}, {"uri": "https://evil.example"}, {"scheme": "https"}, {"chain_id": 5},
        {"nonce": "0" * 32}, {"issued_at": "2023-11-14T22:07:00Z"}, {"issued_at": "2023-11-15T22:07:00Z"},
        {"expiration_time": "2023-11-14T22:13:20Z"}, {"not_before": "2023-11-14T22:14:20Z"},
        {"uri": ISSUER + "/tidegate/v1/me/wallets"},
    ],
)  # fmt: skip
def test_texts_that_were_made_for_something_else(client: FlaskClient, fields: dict[str, Any]) -> None:
    message = changed(challenge(client), **fields)
    token = subject_token(message, sign_personal(message, WALLET))
    assert refused(exchange(client, token)) == (400, "invalid_request")


def test_signatures_of_somebody_else(client: FlaskClient) -> None:
    message = challenge(client)
    for signature in (sign_personal(message, OTHER_WALLET), sign_text(message, WALLET), "0x", ""):
        assert refused(exchange(client, subject_token(message, signature))) == (400, "invalid_request")


def test_a_text_for_linking_is_no_sign_in(world: World, client: FlaskClient) -> None:
    message = world.wallets.sign_in.link_challenge(person(world), A).text
    token = subject_token(message, sign_personal(message, WALLET))
    assert refused(exchange(client, token)) == (400, "invalid_request")


@pytest.mark.parametrize(
    "token",
    [
        "x", "!", "e30", "bnVsbA", "W10", "=", "-_-_", "\u00e9", "a" * 60_000, subject_token("m", None),
        subject_token(["m"], "0x"), subject_token("m", 7), subject_token("m", "0x", extra=1),
        subject_token("hello", "0x01"), subject_token("\ud800", "0x"), subject_token("\0", "0x"),
        base64.urlsafe_b64encode(b'{"message":"a","message":"b","signature":"c"}').decode(),
        base64.urlsafe_b64encode(b"[" * 5000).decode(), base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)  # fmt: skip
def test_subject_tokens_of_another_shape(client: FlaskClient, token: str) -> None:
    assert refused(exchange(client, token)) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"subject_token": None}, 400, "invalid_request"),
        ({"subject_token": ""}, 400, "invalid_request"),
        ({"subject_token_type": None}, 400, "invalid_request"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, 400, "invalid_request"),
        ({"subject_token_type": ACCESS}, 400, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, 400, "invalid_request"),
        ({"actor_token": "x", "actor_token_type": ACCESS}, 400, "invalid_request"),
        ({"audience": "somebody"}, 400, "invalid_target"),
        ({"resource": "https://evil.example/"}, 400, "invalid_target"),
        ({"resource": ISSUER + ".evil.example"}, 400, "invalid_target"),
        ({"client_id": None}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": "myDIRACClientID"}, 400, "unauthorized_client"),
        ({"grant_type": EXCHANGE + "s"}, 400, "unsupported_grant_type"),
    ],
)
def test_each_mistake_has_its_code(
    client: FlaskClient, changes: dict[str, str | None], status: int, code: str
) -> None:
    token = siwe(client)
    assert refused(exchange(client, token, **changes)) == (status, code)
    assert exchange(client, token).status_code == 200, "no nonce was used up"


@pytest.mark.parametrize(
    "changes",
    [
        {"requested_token_type": ACCESS},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:jwt"},
        {"audience": "tidegate"},
        {"audience": ISSUER},
        {"resource": ISSUER},
        {"resource": ISSUER + "/api/v1"},
    ],
)
def test_what_may_be_asked_for(client: FlaskClient, changes: dict[str, str]) -> None:
    assert exchange(client, siwe(client), **changes).status_code == 200


def test_a_client_with_refresh_tokens_gets_one(world: World, client: FlaskClient) -> None:
    registered(world, "market", grant_types=(EXCHANGE, REFRESH))
    answer = exchange(client, siwe(client), client_id="market")
    assert claims(world, answer)["scope"] == "job:read job:write"
    again = client.post(
        "/oauth2/token",
        data={
            "grant_type": REFRESH,
            "client_id": "market",
            "refresh_token": answer.json["refresh_token"],
        },
    )
    assert claims(world, again)["sub"] == "eip155:" + A


def auth_token(world: World, chain_id: int | None = None) -> str:
    if chain_id is None:
        return world.tokens.create(signed("7"), world.soon)
    request = replace(signed("7", address=CONTRACT), chain_id=chain_id)
    world.contracts.chain_id = chain_id
    world.contracts.accepts[CONTRACT.lower()] = {(CONTRACT + "7", request.signature)}
    return world.tokens.create(request, world.soon)


def test_an_auth_token_for_an_access_token(world: World, client: FlaskClient) -> None:
    token = auth_token(world)
    answer = exchange(client, token, subject_token_type=ACCESS)
    found = claims(world, answer)
    assert (found["sub"], found["scope"], found["exp"]) == (
        "eip155:" + A,
        "job:read job:write",
        int(world.soon),
    )
    narrow = exchange(client, token, subject_token_type=ACCESS, scope="job:read")
    assert claims(world, narrow)["scope"] == "job:read"
    wide = exchange(client, token, subject_token_type=ACCESS, scope="keys")
    assert refused(wide) == (400, "invalid_scope")


def test_auth_tokens_that_do_not_count(world: World, client: FlaskClient) -> None:
    token = auth_token(world)
    assert refused(exchange(client, token[:-3] + "AAA", subject_token_type=ACCESS))[1] == "invalid_request"
    world.tokens.delete(signed("8"), token)
    assert refused(exchange(client, token, subject_token_type=ACCESS)) == (400, "invalid_request")
    late = world.tokens.create(signed("9"), world.soon)
    world.clock.time += 3601
    assert refused(exchange(client, late, subject_token_type=ACCESS)) == (400, "invalid_request")


def test_auth_tokens_of_smart_accounts_are_good_on_their_chain(world: World, client: FlaskClient) -> None:
    home = exchange(client, auth_token(world, 8996), subject_token_type=ACCESS)
    assert claims(world, home)["sub"] == "eip155:" + CONTRACT
    world.ledger.stored.clear()
    away = exchange(client, auth_token(world, 1), subject_token_type=ACCESS)
    assert refused(away) == (400, "invalid_request")


def test_ones_own_token_for_a_narrower_one(world: World, client: FlaskClient) -> None:
    wide = exchange(client, siwe(client)).json["access_token"]
    world.clock.time += 60
    answer = exchange(client, wide, subject_token_type=ACCESS, scope="job:read")
    found, before = claims(world, answer), tokens.verify(wide, world.keyring.current().verifying, "at+jwt")
    assert (found["scope"], found["sub"], found["gid"]) == ("job:read", before["sub"], before["gid"])
    assert (found["exp"], found["auth_time"], found["amr"]) == (before["exp"], 1_700_000_000, ["siwe"])
    again = exchange(client, answer.json["access_token"], subject_token_type=ACCESS, scope="job:write")
    assert refused(again) == (400, "invalid_scope")
    same = exchange(client, answer.json["access_token"], subject_token_type=ACCESS)
    assert claims(world, same)["scope"] == "job:read"
    world.grants.revoke(before["gid"], "test")
    for token in (wide, answer.json["access_token"], same.json["access_token"]):
        assert refused(exchange(client, token, subject_token_type=ACCESS)) == (400, "invalid_request")


def test_other_clients_tokens_are_for_trusted_clients_alone(world: World, client: FlaskClient) -> None:
    registered(world, "market")
    registered(world, "portal", trusted=True)
    token = exchange(client, siwe(client)).json["access_token"]
    refusal = exchange(client, token, subject_token_type=ACCESS, client_id="market")
    assert refused(refusal) == (400, "invalid_request")
    answer = exchange(client, token, subject_token_type=ACCESS, client_id="portal")
    found = claims(world, answer)
    assert (found["client_id"], found["scope"]) == ("portal", "job:read job:write")


def test_tokens_with_nobody_behind_them_are_not_exchanged(world: World, client: FlaskClient) -> None:
    registered(world, "robot")
    for subject in ("client:robot", "eip155:" + A):
        issued = world.oauth.access_tokens.issue(
            TokenRequest(subject=subject, client_id="robot", scopes=["job:read"])
        )
        answer = exchange(client, issued.text, subject_token_type=ACCESS, client_id="robot")
        assert refused(answer) == (400, "invalid_request")


def test_a_client_without_the_grant_gets_nothing(world: World, client: FlaskClient) -> None:
    registered(world, "pages", grant_types=(CODE,))
    assert refused(exchange(client, siwe(client), client_id="pages")) == (400, "unauthorized_client")


def test_no_refusal_repeats_what_was_sent(client: FlaskClient) -> None:
    message = challenge(client)
    signature = sign_personal(message, OTHER_WALLET)
    answer = exchange(client, subject_token(message, signature))
    assert signature not in answer.text
    assert message.split("Nonce: ")[1][:32] not in answer.text


def test_the_grant_is_named_among_the_servers(client: FlaskClient) -> None:
    assert EXCHANGE in client.get("/.well-known/oauth-authorization-server").json["grant_types_supported"]


def test_a_linked_wallets_grant_is_its_persons_to_see_and_to_end(world: World, client: FlaskClient) -> None:
    ada = person(world, A)
    token = exchange(client, siwe(client)).json["access_token"]
    own = world.oauth.access_tokens.issue(
        TokenRequest(subject=ada.subject, client_id="tidegate-dapp", scopes=["keys"])
    )
    eve = world.oauth.access_tokens.issue(
        TokenRequest(subject="eip155:" + CONTRACT, client_id="tidegate-dapp", scopes=["keys"])
    )
    headers = {"Authorization": f"Bearer {own.text}"}
    [grant] = client.get("/oauth2/tokens", headers=headers).json["tokens"]
    assert (grant["client_id"], grant["flow"]) == ("tidegate-dapp", "exchange")
    path = f"/oauth2/tokens/{grant['id']}"
    foreign = client.delete(path, headers={"Authorization": f"Bearer {eve.text}"})
    assert foreign.status_code == 404
    assert me(client, token).status_code == 200
    assert client.delete(path, headers=headers).status_code == 200
    assert me(client, token).status_code == 401
