"""kill -9 of any part at any time: afterwards the catalogue equals a fresh index of the chain."""

import json
import os
import signal
from pathlib import Path

import pytest

from scripts.chain.accounts import development_accounts
from scripts.chain.anvil import rpc
from scripts.chain.assets import AssetSpec, Provider, ServiceSpec
from scripts.chain.metadata import set_state
from scripts.chain.provider_client import ProviderClient
from scripts.chain.publish import Published, publish
from scripts.chain.wallet import Wallet, connect
from scripts.stack import up as stack_commands
from scripts.stack.processes import find
from tests.fault.catalogues import fresh_index, wait_until_equal
from tests.stack import Stack


class Publisher:
    """Publishes small assets through the gateway of a stack."""

    def __init__(self, stack: Stack, account: int = 3) -> None:
        config = stack.config
        self._client = ProviderClient(config.gateway_url)
        self._entries = json.loads(stack_commands.address_file(config).read_text())[config.network]
        self._url = config.gateway_url
        self._provider_address = self._client.provider_address(config.chain_id)
        self.file = stack.publish_file("fault.csv", b"a,b\n1,2\n")
        self.wallet = Wallet(connect(config.rpc_url), development_accounts()[account].key)

    def publish(self, name: str) -> Published:
        service = ServiceSpec(files=[{"type": "url", "url": self.file["url"], "method": "GET"}])
        provider = Provider(self._url, self._provider_address, self._client)
        return publish(self.wallet, self._entries, provider, AssetSpec(name=name, services=[service]))


def kill(stack: Stack, name: str) -> None:
    process = find(stack.config.run_dir, name)
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)


def assert_equals_fresh_index(stack: Stack, folder: Path, at_least: int) -> None:
    with fresh_index(stack, folder) as reference:
        wait_until_equal(stack.config.service_url("catalogue"), reference, at_least)


def test_killed_indexer_loses_and_doubles_nothing(stack: Stack, tmp_path: Path) -> None:
    publisher = Publisher(stack)
    for number in range(6):
        publisher.publish(f"Killed indexer {number}")
        kill(stack, "indexer")  # in the middle of whatever it does with what was just published
        stack_commands.restart(stack.config, "indexer")
    assert_equals_fresh_index(stack, tmp_path / "fresh", 6)


def test_killed_provider_delays_the_index_and_no_more(stack: Stack, tmp_path: Path) -> None:
    publisher = Publisher(stack)
    first = publisher.publish("Before the provider is killed")
    kill(stack, "provider")
    set_state(publisher.wallet, first.nft, 4)
    stack_commands.restart(stack.config, "provider")
    publisher.publish("After the provider was killed")
    assert_equals_fresh_index(stack, tmp_path / "fresh", 2)


def test_killed_chain_is_followed_wherever_it_comes_back(stack: Stack, tmp_path: Path) -> None:
    publisher = Publisher(stack)
    publisher.publish("Before the chain is killed")
    kill(stack, "chain")  # the last blocks may be gone afterwards: the index must follow
    stack_commands.restart(stack.config, "chain")
    publisher = Publisher(stack)
    publisher.publish("After the chain was killed")
    assert_equals_fresh_index(stack, tmp_path / "fresh", 1)


@pytest.mark.parametrize("depth", [1, 5])
def test_reorganised_chain_is_followed(stack: Stack, tmp_path: Path, depth: int) -> None:
    publisher = Publisher(stack)
    kept = publisher.publish("Kept")
    client = ProviderClient(stack.gateway)
    client.wait_for_ddo(kept.did, kept.tx_hash)
    lost = publisher.publish("Lost in the reorganisation")
    client.wait_for_ddo(lost.did, lost.tx_hash)
    rpc(stack.config.rpc_url, "anvil_reorg", [depth, []])
    assert_equals_fresh_index(stack, tmp_path / "fresh", 1)
