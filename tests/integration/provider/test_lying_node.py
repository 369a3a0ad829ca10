"""A node that serves another chain than the one it is configured for, in front of the real provider."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from libs.signing.keys import PrivateKey
from libs.signing.messages import Decrypt
from libs.signing.personal import sign_text
from scripts.chain.publish import Published
from tests.fixtures_chain import CHAIN_ID, DevChain
from tests.granian import Granian
from tests.provider_server import provider_server

CLAIMED = 8997
KEY = PrivateKey("0x" + "51" * 32)


@pytest.fixture(scope="module")
def server(dev_chain: DevChain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Granian]:
    """The development node, said to be of chain 8997, with the very contracts of chain 8996."""
    folder: Path = tmp_path_factory.mktemp("lying")
    addresses = folder / "address.json"
    addresses.write_text(json.dumps({"second": {**dev_chain.entries, "chainId": CLAIMED}}))
    with provider_server(
        folder,
        workers=1,
        PROVIDER_DATABASE_URL=f"sqlite:///{folder}/provider.db",
        NETWORK_URL=json.dumps({str(CLAIMED): dev_chain.rpc_url}),
        ADDRESS_FILE=str(addresses),
    ) as running:
        yield running


def answer(request: urllib.request.Request | str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_node_of_another_chain_gives_nothing_away(server: Granian, published: Published) -> None:
    """The NFT, its document and its state are all there, on the wrong chain."""
    nonce = str(time.time_ns())
    text = Decrypt(published.tx_hash, KEY.address, str(CLAIMED), nonce).text()
    body = {
        "transactionId": published.tx_hash,
        "dataNftAddress": published.nft,
        "decrypterAddress": KEY.address,
        "chainId": CLAIMED,
        "nonce": nonce,
        "signature": sign_text(text, KEY),
    }
    request = urllib.request.Request(
        f"{server.url}/api/services/decrypt",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    assert answer(request) == (502, {"error": "The blockchain node cannot be used right now."})


def test_a_node_of_another_chain_makes_the_service_unready(server: Granian) -> None:
    status, _ = answer(f"{server.url}/health/ready")
    assert status == 503
    assert answer(f"{server.url}/")[1]["chainIds"] == [CLAIMED]  # discovery asks no node
    assert str(CHAIN_ID) not in answer(f"{server.url}/")[1]["providerAddresses"]
