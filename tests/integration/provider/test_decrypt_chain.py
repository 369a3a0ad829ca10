"""Decrypt against the real contracts: flags, states, factories, look-alike events, smart accounts."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from eth_abi import encode

from libs.chain.events import TOPICS
from libs.signing import ecies
from libs.signing.keccak import keccak256
from libs.signing.keys import PrivateKey
from libs.signing.messages import Decrypt
from libs.signing.personal import digest, message_hash
from scripts.chain.assets import compact_json
from scripts.chain.metadata import set_state
from scripts.chain.publish import Published
from tests.assembly import emitter, smart_account
from tests.fakes.provider import PROVIDER_KEY
from tests.fixtures_chain import CHAIN_ID, DevChain
from tests.granian import Granian
from tests.integration.provider.conftest import publish_sample
from tests.integration.provider.test_simultaneous_use import INDEXER, decrypt_request
from tests.provider_server import provider_server

pytestmark = pytest.mark.clause("ocean 2.3", "ocean 5.3")


@pytest.fixture(scope="module")
def server(dev_chain: DevChain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Granian]:
    folder: Path = tmp_path_factory.mktemp("provider")
    with provider_server(
        folder,
        workers=2,
        PROVIDER_DATABASE_URL=f"sqlite:///{folder}/provider.db",
        NETWORK_URL=dev_chain.rpc_url,  # plain: the node is asked for its chain id at start
        ADDRESS_FILE=str(dev_chain.address_file),
    ) as running:
        yield running


_nonces = iter(range(10, 10_000))


def decrypt(server: Granian, published: Published, **changes: Any) -> requests.Response:
    body = {**decrypt_request(published, str(next(_nonces))), **changes}
    return requests.post(f"{server.url}/api/services/decrypt", json=body, timeout=30)


def test_plain_network_url_takes_the_nodes_chain_id(server: Granian) -> None:
    assert requests.get(server.url, timeout=30).json()["chainIds"] == [CHAIN_ID]


@pytest.mark.parametrize("flags", [0, 1, 2, 3])
def test_published_documents_open_whatever_their_flags(
    server: Granian, dev_chain: DevChain, flags: int
) -> None:
    published = publish_sample(dev_chain, flags=flags, count=flags)
    answer = decrypt(server, published)
    assert (answer.status_code, answer.content) == (201, compact_json(published.ddo))


def test_state_changes_count_with_the_next_block(server: Granian, dev_chain: DevChain) -> None:
    published = publish_sample(dev_chain, count=10)
    for state, status in ((0, 201), (3, 403), (5, 201), (1, 403), (4, 201), (2, 403)):
        set_state(dev_chain.wallet(1), published.nft, state)
        assert decrypt(server, published).status_code == status, state


@pytest.mark.clause("ocean 8.1")
def test_metadata_events_of_look_alike_contracts_do_not_count(
    server: Granian, dev_chain: DevChain, published: Published
) -> None:
    wallet = dev_chain.wallet(3)
    contract = wallet.deploy_code(emitter())
    document = b'{"id":"did:op:forged"}'
    blob = ecies.encrypt(PrivateKey(PROVIDER_KEY).public_key64, document)
    topics = [TOPICS["MetadataCreated"], "0x" + "00" * 12 + wallet.address[2:], "0x" + "00" * 32]
    data = encode(
        ["uint8", "string", "bytes", "bytes", "bytes32", "uint256", "uint256"],
        [0, "http://p", b"\x02", blob, hashlib.sha256(document).digest(), 1, 1],
    )
    payload = b"".join(bytes.fromhex(topic[2:]) for topic in topics) + data
    w3 = wallet.w3
    sent = w3.eth.send_transaction({"from": wallet.address, "to": contract, "data": payload})
    receipt = w3.eth.wait_for_transaction_receipt(sent)
    assert len(receipt["logs"]) == 1
    forged = Published(published.did, published.nft, published.datatokens, "0x" + bytes(sent).hex(), {})
    answer = decrypt(server, forged)
    assert (answer.status_code, answer.json()) == (400, {"error": "Failed to process transaction id."})
    not_ours = decrypt(server, Published("", contract, (), forged.tx_hash, {}))
    text = {"error": "Asset not deployed by the data NFT factory."}
    assert (not_ours.status_code, not_ours.json()) == (400, text)


def test_another_assets_transaction_does_not_open_this_nft(
    server: Granian, dev_chain: DevChain, published: Published
) -> None:
    other = publish_sample(dev_chain, count=11)
    mixed = Published(published.did, published.nft, published.datatokens, other.tx_hash, {})
    assert decrypt(server, mixed).json() == {"error": "Failed to process transaction id."}


def test_files_blobs_of_an_asset_are_not_handed_out(server: Granian, published: Published) -> None:
    service = published.ddo["services"][0]
    files = {
        "datatokenAddress": published.datatokens[0],
        "nftAddress": published.nft,
        "files": [{"type": "url", "url": "https://example.org/data.csv", "method": "GET"}],
    }
    nonce = str(next(_nonces))
    message = Decrypt(published.nft, INDEXER.address, str(CHAIN_ID), nonce).text()
    body = {
        **decrypt_request(published, nonce),
        "encryptedDocument": service["files"],
        "flags": 2,
        "documentHash": hashlib.sha256(compact_json(files)).hexdigest(),
        "signature": _signed(message, INDEXER),
    }
    body.pop("transactionId")
    answer = requests.post(f"{server.url}/api/services/decrypt", json=body, timeout=30)
    assert answer.status_code == 400
    assert "example.org" not in answer.text


def test_smart_accounts_sign_with_their_owners_key(
    server: Granian, dev_chain: DevChain, published: Published
) -> None:
    owner, stranger = PrivateKey("0x" + "22" * 32), PrivateKey("0x" + "33" * 32)
    account = dev_chain.wallet(3).deploy_code(smart_account(owner.address))
    for key, status in ((stranger, 400), (owner, 201)):
        nonce = str(next(_nonces))
        message = Decrypt(published.tx_hash, account, str(CHAIN_ID), nonce).text()
        answer = decrypt(
            server, published, decrypterAddress=account, nonce=nonce, signature=_signed(message, key)
        )
        assert answer.status_code == status, answer.text


def test_metadata_of_a_made_up_transaction_answers_at_once(server: Granian, published: Published) -> None:
    made_up = "0x" + keccak256(b"nothing").hex()
    unknown = Published(published.did, published.nft, published.datatokens, made_up, {})
    answer = decrypt(server, unknown)
    assert answer.json() == {"error": "Failed to process transaction id."}
    assert answer.elapsed.total_seconds() < 2


def _signed(message: str, key: PrivateKey) -> str:
    raw = key.native.sign_recoverable(digest(message_hash(message)), hasher=None)
    return "0x" + (raw[:64] + bytes([raw[64] + 27])).hex()


def test_readiness_names_what_is_down(dev_chain: DevChain, new_chain: Any, tmp_path: Path) -> None:
    chain = new_chain()
    with provider_server(
        tmp_path,
        workers=1,
        PROVIDER_DATABASE_URL=f"sqlite:///{tmp_path}/provider.db",
        NETWORK_URL=json.dumps({str(CHAIN_ID): chain.rpc_url}),
        ADDRESS_FILE=str(chain.address_file),
    ) as server:
        assert requests.get(f"{server.url}/health/ready", timeout=30).status_code == 200
        chain.stop()
        answer = requests.get(f"{server.url}/health/ready", timeout=30)
        assert answer.status_code == 503
        assert answer.json()["checks"]["database"] == "ok"
        assert answer.json()["checks"]["chain"] != "ok"
        assert requests.get(server.url, timeout=30).status_code == 200
        nonce = requests.get(f"{server.url}/api/services/nonce", {"userAddress": INDEXER.address}, timeout=30)
        assert nonce.json() == {"nonce": 1}
