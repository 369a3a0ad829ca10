"""A published asset on a real chain, and the real provider in front of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.signing.keys import PrivateKey
from scripts.chain.assets import AssetSpec, Provider, ServiceSpec
from scripts.chain.provider_client import LocalEncryptor
from scripts.chain.publish import Published, publish
from tests.fakes.provider import PROVIDER_ADDRESS, PROVIDER_KEY
from tests.fixtures_chain import CHAIN_ID, DevChain
from tests.granian import Granian
from tests.provider_server import provider_server

FILES = [{"type": "url", "url": "https://example.org/data.csv", "method": "GET"}]


def publish_sample(dev_chain: DevChain, *, wallet: int = 1, flags: int = 2, count: int = 1) -> Published:
    encryptor = LocalEncryptor(PrivateKey(PROVIDER_KEY).public_key64)
    spec = AssetSpec(services=[ServiceSpec(files=FILES)], name=f"Sample {count}", flags=flags)
    provider = Provider("http://provider.example", PROVIDER_ADDRESS, encryptor)
    return publish(dev_chain.wallet(wallet), dev_chain.entries, provider, spec)


@pytest.fixture(scope="module")
def published(dev_chain: DevChain) -> Published:
    return publish_sample(dev_chain)


@pytest.fixture
def server(dev_chain: DevChain, database_url: str, tmp_path: Path) -> Iterator[Granian]:
    """Once over SQLite and once over PostgreSQL."""
    with provider_server(
        tmp_path,
        PROVIDER_DATABASE_URL=database_url,
        NETWORK_URL=json.dumps({str(CHAIN_ID): dev_chain.rpc_url}),
        ADDRESS_FILE=str(dev_chain.address_file),
    ) as running:
        yield running
