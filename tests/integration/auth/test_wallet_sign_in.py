"""Signing in with a wallet over real servers, databases and a chain: auth asks the provider, the provider the
chain, and of any number of simultaneous uses of one signed text one counts.
"""

import base64
import json
import secrets
import threading
import time
from collections import Counter
from typing import Any

import requests

from libs.signing import tokens
from libs.signing.keys import PrivateKey
from libs.signing.personal import sign_personal, sign_text, text_digest
from libs.signing.siwe import parse_siwe
from tests.auth_server import ISSUER, AuthPair
from tests.fakes.auth_siwe import changed
from tests.fixtures_chain import CHAIN_ID, DevChain

USES = 50
SECONDS = 60
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
SIWE = "urn:tidegate:params:oauth:token-type:siwe"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
# Any signature is fine: return 0x1626ba7e, the magic value of EIP-1271, padded to a word.
SAYS_YES = "0x631626ba7e60e01b60005260206000f3"
SAYS_NO = "0x600060005260206000f3"


def knows(text: str) -> str:
    """The code of an account that says yes for this text, signed as it stands, and for nothing else."""
    return f"0x631626ba7e60e01b7f{text_digest(text).hex()}600435140260005260206000f3"


def challenge(pair: AuthPair, address: str) -> str:
    url = f"{pair.auth.url}/tidegate/v1/siwe/challenge"
    answer = requests.get(url, {"address": address}, timeout=SECONDS)
    assert answer.status_code == 200, answer.text
    message: str = answer.json()["message"]
    return message


def exchange(
    pair: AuthPair, message: str, signature: str, session: requests.Session | None = None, **more: str
) -> requests.Response:
    subject = json.dumps({"message": message, "signature": signature}).encode()
    form = {
        "grant_type": EXCHANGE,
        "client_id": "tidegate-dapp",
        "subject_token_type": SIWE,
        "subject_token": base64.urlsafe_b64encode(subject).decode(),
        **more,
    }
    return (session or requests).post(f"{pair.auth.url}/oauth2/token", data=form, timeout=SECONDS)


def token_of(pair: AuthPair, wallet: PrivateKey, scope: str = "keys job:read") -> str:
    message = challenge(pair, wallet.address)
    answer = exchange(pair, message, sign_personal(message, wallet), scope=scope)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def call(pair: AuthPair, method: str, path: str, token: str, **options: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{pair.auth.url}/tidegate/v1{path}"
    return requests.request(method, url, headers=headers, timeout=SECONDS, **options)


def owner(pair: AuthPair, token: str) -> str:
    answer = call(pair, "GET", "/me", token)
    assert answer.status_code == 200, answer.text
    subject: str = answer.json()["principal"]["subject"]
    return subject


def auth_token(pair: AuthPair, wallet: PrivateKey, nonce: str) -> str:
    query = {
        "address": wallet.address,
        "expiration": str(int(time.time()) + 3600),
        "nonce": nonce,
        "signature": sign_text(wallet.address + nonce, wallet),
    }
    answer = requests.get(f"{pair.auth.url}/api/services/createAuthToken", query, timeout=SECONDS)
    token: str = answer.json()["token"]
    return token


def linked(pair: AuthPair, token: str, wallet: PrivateKey) -> requests.Response:
    asked = call(pair, "GET", "/me/wallets/challenge", token, params={"address": wallet.address})
    assert asked.status_code == 200, asked.text
    message = asked.json()["message"]
    body = {"message": message, "signature": sign_personal(message, wallet)}
    return call(pair, "POST", "/me/wallets", token, json=body)


def test_a_wallet_gets_a_standard_token(pair: AuthPair, wallet: PrivateKey) -> None:
    token = token_of(pair, wallet)
    keys = requests.get(f"{pair.auth.url}/.well-known/jwks.json", timeout=SECONDS).json()
    claims = tokens.verify(token, keys, "at+jwt")
    assert (claims["iss"], claims["sub"]) == (ISSUER, f"eip155:{wallet.address}")
    assert owner(pair, token) == f"eip155:{wallet.address}"


def test_one_account_for_a_wallet_another_one_and_tokens_made_before(
    pair: AuthPair, wallet: PrivateKey
) -> None:
    """The whole way of a dApp's user; credentials of both wallets, older ones too, become the person's."""
    second = PrivateKey(secrets.token_bytes(32))
    old = [auth_token(pair, wallet, "1"), auth_token(pair, second, "1"), token_of(pair, second)]
    token = token_of(pair, wallet)
    no_account = call(pair, "GET", "/me/wallets", token)
    assert (no_account.status_code, no_account.json()["error"]) == (409, "no_account")
    name = "u" + secrets.token_hex(6)
    made = call(pair, "POST", "/me", token, json={"username": name, "password": "a good one"})
    assert made.status_code == 201, made.text
    person = made.json()["subject"]
    assert [owner(pair, item) for item in old] == [
        person,
        f"eip155:{second.address}",
        f"eip155:{second.address}",
    ]
    answer = linked(pair, token, second)
    assert (answer.status_code, answer.json()) == (201, {"address": second.address})
    fresh = [auth_token(pair, wallet, "2"), auth_token(pair, second, "2"), token_of(pair, second)]
    assert {owner(pair, item) for item in [token, *old, *fresh]} == {person}
    gone = call(pair, "DELETE", f"/me/wallets/{second.address}", token)
    assert gone.json() == {"wallets": [wallet.address]}
    assert {owner(pair, item) for item in (old[1], old[2], fresh[1], fresh[2])} == {
        f"eip155:{second.address}"
    }
    assert {owner(pair, item) for item in (token, old[0], fresh[0])} == {person}


def test_a_wallet_is_at_most_one_persons(pair: AuthPair, wallet: PrivateKey) -> None:
    third = PrivateKey(secrets.token_bytes(32))
    people = [PrivateKey(secrets.token_bytes(32)) for _ in range(2)]
    held = [token_of(pair, key) for key in people]
    for token in held:
        name = "u" + secrets.token_hex(6)
        assert call(pair, "POST", "/me", token, json={"username": name}).status_code == 201
    assert [linked(pair, token, third).status_code for token in held] == [201, 409]
    assert linked(pair, held[0], third).status_code == 201


def test_fifty_simultaneous_uses_of_one_signed_text_give_one_token(
    pair: AuthPair, wallet: PrivateKey
) -> None:
    message = challenge(pair, wallet.address)
    signature = sign_personal(message, wallet)
    answers: list[requests.Response] = []
    barrier = threading.Barrier(USES)

    def use() -> None:
        with requests.Session() as session:
            session.get(f"{pair.auth.url}/health/live", timeout=SECONDS)  # connected before the signal
            barrier.wait()
            answers.append(exchange(pair, message, signature, session))

    threads = [threading.Thread(target=use) for _ in range(USES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: USES - 1}
    refusals = {answer.json()["error_description"] for answer in answers if answer.status_code == 400}
    assert refusals == {"The nonce is not ours, is over, or was used."}


def test_fifty_simultaneous_links_of_one_signed_text_link_once(pair: AuthPair, wallet: PrivateKey) -> None:
    token = token_of(pair, wallet)
    assert call(pair, "POST", "/me", token, json={"username": "u" + secrets.token_hex(6)}).status_code == 201
    other = PrivateKey(secrets.token_bytes(32))
    asked = call(pair, "GET", "/me/wallets/challenge", token, params={"address": other.address})
    body = {"message": asked.json()["message"], "signature": sign_personal(asked.json()["message"], other)}
    statuses: list[int] = []
    barrier = threading.Barrier(USES)

    def use() -> None:
        barrier.wait()
        statuses.append(call(pair, "POST", "/me/wallets", token, json=body).status_code)

    threads = [threading.Thread(target=use) for _ in range(USES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(statuses) == {201: 1, 400: USES - 1}


def test_smart_accounts_are_asked_on_the_chain(pair: AuthPair, dev_chain: DevChain) -> None:
    yes, no, no_code = (PrivateKey(secrets.token_bytes(32)).address for _ in range(3))
    dev_chain.rpc("anvil_setCode", yes, SAYS_YES)
    dev_chain.rpc("anvil_setCode", no, SAYS_NO)
    message = challenge(pair, yes)
    assert parse_siwe(message).chain_id == CHAIN_ID
    answer = exchange(pair, message, "0x0102")
    assert answer.status_code == 200, answer.text
    assert owner(pair, answer.json()["access_token"]) == f"eip155:{yes}"
    replay = exchange(pair, message, "0x0102")
    assert (replay.status_code, replay.json()["error"]) == (400, "invalid_request")
    for address in (no, no_code):
        refused = exchange(pair, challenge(pair, address), "0x0102")
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
        assert refused.json()["error_description"] == "The signature is not by this account."


def test_a_smart_account_is_asked_about_the_very_text(pair: AuthPair, dev_chain: DevChain) -> None:
    address = PrivateKey(secrets.token_bytes(32)).address
    message, other = challenge(pair, address), challenge(pair, address)
    dev_chain.rpc("anvil_setCode", address, knows(message))
    assert exchange(pair, other, "0x01").status_code == 400
    assert exchange(pair, message, "0x01").status_code == 200


def test_texts_made_elsewhere_prove_nothing(pair: AuthPair, wallet: PrivateKey) -> None:
    for fields in (
        {"domain": "evil.example"},
        {"uri": "https://evil.example"},
        {"chain_id": 1},
        {"nonce": "0" * 32},
        {"expiration_time": "2020-01-01T00:00:00Z"},
        {"issued_at": "2020-01-01T00:00:00Z"},
        {"not_before": "2100-01-01T00:00:00Z", "expiration_time": None},
    ):
        message = changed(challenge(pair, wallet.address), **fields)
        answer = exchange(pair, message, sign_personal(message, wallet))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), fields


def test_an_auth_token_gets_an_access_token(pair: AuthPair, wallet: PrivateKey) -> None:
    form = {
        "grant_type": EXCHANGE,
        "client_id": "tidegate-dapp",
        "subject_token_type": ACCESS,
        "subject_token": auth_token(pair, wallet, "1"),
    }
    answer = requests.post(f"{pair.auth.url}/oauth2/token", data=form, timeout=SECONDS)
    assert (answer.status_code, answer.json()["scope"]) == (200, "job:read job:write")
    assert owner(pair, answer.json()["access_token"]) == f"eip155:{wallet.address}"


def test_logs_hold_no_signature_nonce_or_token(pair: AuthPair, wallet: PrivateKey) -> None:
    message = challenge(pair, wallet.address)
    signature = sign_personal(message, wallet)
    token = exchange(pair, message, signature).json()["access_token"]
    exchange(pair, message, signature)
    owner(pair, token)
    written = pair.auth.log_text() + pair.provider.log_text()
    for secret in (signature, parse_siwe(message).nonce, token):
        assert secret.removeprefix("0x") not in written
