"""Auth and provider as real processes: nonces, service tokens and keys go over real connections."""

import contextlib
import secrets
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import text

from libs.signing import tokens
from libs.signing.keys import PrivateKey
from libs.signing.personal import sign_text
from libs.sql.engine import make_engine
from tests.auth_server import (
    ISSUER,
    AuthPair,
    auth_environment,
    auth_starting,
)
from tests.fixtures_chain import CHAIN_ID, DevChain

USES = 50
SECONDS = 60


# Any signature is fine: return 0x1626ba7e, the magic value of EIP-1271, padded to a word.
SAYS_YES = "0x631626ba7e60e01b60005260206000f3"
SAYS_NO = "0x600060005260206000f3"


def params(wallet: PrivateKey, nonce: str, **changes: Any) -> dict[str, Any]:
    expiration = str(int(time.time()) + 3600)
    signature = sign_text(wallet.address + nonce, wallet)
    return {
        "address": wallet.address,
        "expiration": expiration,
        "nonce": nonce,
        "signature": signature,
        **changes,
    }


def create(pair: AuthPair, wallet: PrivateKey, nonce: str) -> str:
    answer = requests.get(
        f"{pair.auth.url}/api/services/createAuthToken", params(wallet, nonce), timeout=SECONDS
    )
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["token"]
    return token


def test_token_is_made_used_and_deleted(pair: AuthPair, wallet: PrivateKey) -> None:
    token = create(pair, wallet, "1")
    keys = requests.get(f"{pair.auth.url}/.well-known/jwks.json", timeout=SECONDS).json()
    assert tokens.verify(token, keys)["iss"] == ISSUER
    nonce = requests.get(
        f"{pair.provider.url}/api/services/nonce", {"userAddress": wallet.address}, timeout=SECONDS
    )
    assert nonce.json() == {"nonce": 1}
    gone = requests.delete(
        f"{pair.auth.url}/api/services/deleteAuthToken",
        params=params(wallet, "2", token=token),
        timeout=SECONDS,
    )
    assert gone.json() == {"success": "Token has been deactivated."}
    again = requests.delete(
        f"{pair.auth.url}/api/services/deleteAuthToken",
        params=params(wallet, "3", token=token),
        timeout=SECONDS,
    )
    assert (again.status_code, again.json()) == (400, {"error": "Token is deleted."})


def test_fifty_simultaneous_uses_of_one_request_make_one_token(pair: AuthPair, wallet: PrivateKey) -> None:
    request = params(wallet, "7")
    answers: list[requests.Response] = []
    barrier = threading.Barrier(USES)

    def use() -> None:
        with requests.Session() as session:
            session.get(f"{pair.auth.url}/health/live", timeout=SECONDS)  # connected before the signal
            barrier.wait()
            url = f"{pair.auth.url}/api/services/createAuthToken"
            answers.append(session.get(url, params=request, timeout=SECONDS))

    threads = [threading.Thread(target=use) for _ in range(USES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: USES - 1}
    refused = {answer.json()["errors"]["signature"] for answer in answers if answer.status_code == 400}
    assert refused == {"Invalid signature expected nonce (7) > current nonce (7)."}


def test_contract_wallets_are_asked_on_the_chain(
    pair: AuthPair, wallet: PrivateKey, dev_chain: DevChain
) -> None:
    yes_wallet, no_wallet, no_code = (f"0x{secrets.token_hex(20)}" for _ in range(3))
    dev_chain.rpc("anvil_setCode", yes_wallet, SAYS_YES)
    dev_chain.rpc("anvil_setCode", no_wallet, SAYS_NO)
    url = f"{pair.auth.url}/api/services/createAuthToken"
    answer = requests.get(url, params(wallet, "1", address=yes_wallet, chainId=CHAIN_ID), timeout=SECONDS)
    assert answer.status_code == 200, answer.text
    keys = requests.get(f"{pair.auth.url}/.well-known/jwks.json", timeout=SECONDS).json()
    claims = tokens.verify(answer.json()["token"], keys)
    assert (claims["address"], claims["chain_id"]) == (yes_wallet, CHAIN_ID)
    again = requests.get(url, params(wallet, "1", address=yes_wallet), timeout=SECONDS)
    assert again.json()["errors"]["signature"].startswith("Invalid signature expected nonce (1)")
    for address in (no_wallet, no_code):
        refused = requests.get(url, params(wallet, "1", address=address), timeout=SECONDS)
        assert refused.status_code == 400
        assert refused.json()["errors"]["signature"].startswith("Invalid signature for ethereum address")
    unknown = requests.get(url, params(wallet, "2", address=yes_wallet, chainId=1), timeout=SECONDS)
    assert unknown.json()["errors"] == {"chainId": ["Unsupported chain ID 1"]}


def test_logs_hold_no_signature_token_or_secret(pair: AuthPair, wallet: PrivateKey) -> None:
    token = create(pair, wallet, "1")
    requests.delete(
        f"{pair.auth.url}/api/services/deleteAuthToken",
        params=params(wallet, "2", token=token),
        timeout=SECONDS,
    )
    written = pair.auth.log_text() + pair.provider.log_text()
    for nonce in "12":
        assert sign_text(wallet.address + nonce, wallet)[2:] not in written
    assert token not in written
    assert "a secret" not in written


def test_workers_and_replicas_that_start_at_once_sign_with_one_key(database_url: str, tmp_path: Path) -> None:
    """Replicas of several workers on an empty database: migrated once, one key, one key set."""
    variables = auth_environment(database_url, "http://127.0.0.1:1")
    with contextlib.ExitStack() as stack:
        replicas = [stack.enter_context(auth_starting(tmp_path, variables, workers=2)) for _ in range(2)]
        for replica in replicas:
            replica.wait_until_live()
        documents = {
            requests.get(f"{replica.url}/.well-known/jwks.json", timeout=SECONDS).text
            for replica in replicas
            for _ in range(12)
        }
        assert len(documents) == 1
    engine = make_engine(database_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT private_sealed FROM signing_keys")).all()
    engine.dispose()
    assert len(rows) == 1
    assert rows[0][0].startswith("v1.")


def test_another_key_secret_does_not_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/auth.db"
    with auth_starting(tmp_path, auth_environment(url, "http://127.0.0.1:1"), 1) as first:
        first.wait_until_live()
    other = auth_environment(url, "http://127.0.0.1:1", AUTH_KEY_SECRET="another secret for keys")
    with auth_starting(tmp_path, other, 1) as second:
        second.process.wait(SECONDS)
        assert "cannot be opened with this AUTH_KEY_SECRET" in second.log_text()
        assert "another secret" not in second.log_text()
