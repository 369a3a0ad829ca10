"""A chain that changes its mind, loses blocks or goes away: what the caches must notice."""

from collections.abc import Callable

import pytest

from libs.chain.client import build_chains
from libs.chain.errors import RpcUnavailable, WrongChain
from scripts.chain.metadata import set_state
from scripts.chain.order import order
from tests.chain_kit import publish_asset, quotes, service
from tests.fixtures_chain import CHAIN_ID, DevChain
from tests.order_facts import order_facts

NewChain = Callable[[], DevChain]


def test_an_order_that_a_reorganisation_removed_is_not_served_again(new_chain: NewChain) -> None:
    dev = new_chain()
    consumer = dev.wallet(2)
    asset = publish_asset(dev, dev.wallet(1), service(mint_to=[consumer.address]))
    [datatoken] = asset.datatokens
    tx = order(consumer, dev.entries, datatoken, 0, quotes(dev).fee(datatoken))
    chain = dev.chain()
    before = chain.head()
    assert order_facts(chain, tx, datatoken).started
    dev.rpc("anvil_reorg", 1, [])
    after = chain.head()
    assert after.number == before.number
    assert after.hash != before.hash
    assert chain.receipt(tx) is None
    assert chain.block(before.hash) is None


def test_a_state_change_that_a_reorganisation_removed_is_undone(new_chain: NewChain) -> None:
    dev = new_chain()
    publisher = dev.wallet(1)
    asset = publish_asset(dev, publisher)
    chain = dev.chain()
    assert chain.nft_metadata(asset.nft).state == 0
    set_state(publisher, asset.nft, 3)
    assert chain.nft_metadata(asset.nft).state == 3
    dev.rpc("anvil_reorg", 1, [])
    assert chain.nft_metadata(asset.nft).state == 0


def test_an_nft_that_a_reorganisation_removed_is_no_factory_nft(new_chain: NewChain) -> None:
    dev = new_chain()
    first = int(dev.rpc("eth_blockNumber"), 16)
    asset = publish_asset(dev, dev.wallet(1))
    chain = dev.chain()
    assert chain.is_factory_nft(asset.nft)
    dev.rpc("anvil_reorg", int(dev.rpc("eth_blockNumber"), 16) - first, [])
    assert not chain.is_factory_nft(asset.nft)
    assert not chain.is_deployed(asset.nft, asset.datatokens[0])


def test_deep_facts_cost_no_call_any_more(new_chain: NewChain) -> None:
    dev = new_chain()
    asset = publish_asset(dev, dev.wallet(1))
    dev.mine(12)
    chain = dev.chain(finality_blocks=10)
    receipt = chain.receipt(asset.tx_hash)
    assert receipt is not None
    assert chain.is_factory_nft(asset.nft)
    assert chain.is_deployed(asset.nft, asset.datatokens[0])
    head = chain.head()
    dev.stop()
    assert chain.receipt(asset.tx_hash) is receipt
    assert chain.is_factory_nft(asset.nft, head)
    assert chain.is_deployed(asset.nft, asset.datatokens[0], head)
    with pytest.raises(RpcUnavailable):
        chain.head()


def test_a_node_that_fell_behind_is_passed_over(new_chain: NewChain) -> None:
    """Both nodes start equal; one mines on. Whatever the order, the newest head is believed."""
    behind, current = new_chain(), new_chain()
    current.mine(3)
    chains = build_chains(f"{current.rpc_url},{behind.rpc_url}", current.address_file, chain_id=CHAIN_ID)
    chain = chains.default()
    newest = chain.head()
    chain._pool._endpoints.reverse()  # as after a failure of the first
    for position, endpoint in enumerate(chain._pool._endpoints):
        endpoint.position = position
    assert chain.head() == newest


def test_a_node_of_another_chain_is_not_believed(new_chain: NewChain) -> None:
    dev = new_chain()
    dev.rpc("anvil_setChainId", 1)
    with pytest.raises(WrongChain):
        dev.chain().head()
