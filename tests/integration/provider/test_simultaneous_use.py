"""Fifty simultaneous uses of one signed request, several workers, both databases: one is accepted."""

import json
import threading
from collections import Counter
from typing import Any

import requests

from libs.signing.keys import PrivateKey
from libs.signing.messages import Decrypt
from libs.signing.personal import sign_text
from scripts.chain.assets import compact_json
from scripts.chain.publish import Published
from tests.fixtures_chain import CHAIN_ID
from tests.granian import Granian

USES = 50
INDEXER = PrivateKey("0x5d75837394b078ce97bc289fa8d75e21000573520bfa7784a9d28ccaae602bf8")


def decrypt_request(published: Published, nonce: str, key: PrivateKey = INDEXER) -> dict[str, Any]:
    message = Decrypt(published.tx_hash, key.address, str(CHAIN_ID), nonce)
    return {
        "transactionId": published.tx_hash,
        "decrypterAddress": key.address,
        "chainId": CHAIN_ID,
        "dataNftAddress": published.nft,
        "nonce": nonce,
        "signature": sign_text(message.text(), key),
    }


def at_once(url: str, body: dict[str, Any], uses: int) -> list[requests.Response]:
    """The same request on so many connections of its own, released together."""
    answers: list[requests.Response] = []
    barrier = threading.Barrier(uses)

    def use() -> None:
        with requests.Session() as session:
            session.get(f"{url}/health/live", timeout=30)  # connected before the start signal
            barrier.wait()
            answers.append(session.post(f"{url}/api/services/decrypt", json=body, timeout=60))

    threads = [threading.Thread(target=use) for _ in range(uses)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_fifty_simultaneous_decrypts_exactly_one_is_accepted(
    server: Granian, published: Published
) -> None:
    body = decrypt_request(published, "1795295486993079057")
    answers = at_once(server.url, body, USES)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: USES - 1}
    winner = next(answer for answer in answers if answer.status_code == 201)
    assert winner.content == compact_json(published.ddo)
    refusals = {answer.text for answer in answers if answer.status_code == 400}
    sent = body["nonce"]
    assert refusals == {
        '{"errors":{"signature":"Invalid signature expected nonce '
        f'({sent}) > current nonce ({sent})."}},"message":"Validation error","success":false}}'
    }


def test_decrypt_nonces_never_touch_the_users_counter(server: Granian, published: Published) -> None:
    body = decrypt_request(published, "1795295486993079999")
    assert requests.post(f"{server.url}/api/services/decrypt", json=body, timeout=30).status_code == 201
    answer = requests.get(f"{server.url}/api/services/nonce", {"userAddress": INDEXER.address}, timeout=30)
    assert json.loads(answer.text) == {"nonce": 1}
