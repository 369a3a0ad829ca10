"""The indexer over anvil and the real contracts: what is served, and that forks and rewinds are followed."""

import gzip
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from scripts.chain import anvil
from scripts.chain.accounts import MNEMONIC
from scripts.chain.assets import AssetSpec, ServiceSpec
from scripts.chain.metadata import set_metadata, set_state
from scripts.chain.order import Fee, order
from scripts.chain.publish import Published, publish
from scripts.chain.wallet import Wallet
from tests.fakes.decrypting_origin import StubDecryptor
from tests.fixtures_chain import CHAIN_ID, DevChain
from tests.integration.catalogue_indexer.conftest import Served, fresh_index, running
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.clause("ocean C2.5")

FILES = [{"type": "url", "url": "http://files.test/a.csv", "method": "GET"}]
ZERO = "0x" + "0" * 40


def spec(name: str, flags: int = 2, **service: Any) -> AssetSpec:
    return AssetSpec(services=[ServiceSpec(files=FILES, **service)], name=name, flags=flags)


def put(node: DevChain, decryptor: StubDecryptor, wanted: AssetSpec, account: int = 1) -> Published:
    return publish(node.wallet(account), node.entries, decryptor.provider, wanted)


def has(*dids: str) -> Any:
    return lambda served: set(dids) == set(served)


def place_order(wallet: Wallet, node: DevChain, asset: Published, decryptor: StubDecryptor) -> str:
    from libs.signing.fees import FeeQuote, sign_fee

    quote = FeeQuote(b"{}", decryptor.key.address, ZERO, 0, 0)
    signed = sign_fee(quote, decryptor.key)
    r, s = (bytes.fromhex(part[2:]) if isinstance(part, str) else part for part in (signed.r, signed.s))
    fee = Fee(decryptor.key.address, ZERO, 0, signed.v, r, s, 0, b"{}")
    return order(wallet, node.entries, asset.datatokens[0], 0, fee)


@pytest.mark.parametrize("flags", [0, 1, 2, 3])
def test_documents_of_every_flag_are_served(
    node: DevChain, decryptor: StubDecryptor, variables: dict[str, str], flags: int
) -> None:
    with running(variables) as indexer:
        asset = put(node, decryptor, spec(f"flags {flags}", flags))
        found = indexer.wait_for(lambda served: served.get(asset.did), "the asset is served")
    assert {key: found[key] for key in asset.ddo} == asset.ddo
    assert found["event"]["txid"] == asset.tx_hash
    assert decryptor.asked == (1 if flags & 2 else 0)


def test_enrichment_agrees_with_the_contracts(
    node: DevChain, decryptor: StubDecryptor, variables: dict[str, str]
) -> None:
    publisher, buyer = node.wallet(1), node.wallet(2)
    with running(variables) as indexer:
        free = put(node, decryptor, spec("free", mint_to=[buyer.address]))
        sold = put(node, decryptor, spec("sold", pricing="fixed", price="2.5"))
        given = put(node, decryptor, spec("given", pricing="dispenser"))
        order_tx = place_order(buyer, node, free, decryptor)
        assert order_tx
        nft = publisher.contract("ERC721Template", sold.nft)
        publisher.send(nft.functions.transferFrom(publisher.address, buyer.address, 1))
        indexer.wait_for(
            lambda served: (
                len(served) == 3
                and served[free.did]["stats"]["orders"] == 1
                and served[sold.did]["nft"]["owner"] == buyer.address
            ),
            "orders and transfers are counted",
        )
        found = indexer.served()
    one = found[free.did]
    block = node.chain().block(one["event"]["block"])
    assert block is not None
    assert one["event"]["from"] == publisher.address
    assert one["event"]["contract"] == free.nft
    assert one["event"]["datetime"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(block.timestamp))
    assert one["nft"]["name"] == nft.functions.name().call()
    assert one["nft"]["owner"] == publisher.address
    token = publisher.contract("ERC20Template", free.datatokens[0])
    assert one["datatokens"][0]["name"] == token.functions.name().call()
    assert one["datatokens"][0]["symbol"] == token.functions.symbol().call()
    assert found[sold.did]["stats"]["price"] == {
        "value": 2.5,
        "tokenAddress": node.entries["Ocean"],
        "tokenSymbol": "OCEAN",
    }
    assert found[given.did]["stats"]["price"] == {"value": 0}


def test_a_published_asset_is_visible_within_two_seconds(
    node: DevChain, decryptor: StubDecryptor, variables: dict[str, str]
) -> None:
    with running(variables) as indexer:
        put(node, decryptor, spec("warm up"))
        indexer.wait_for(lambda served: len(served) == 1, "the first asset is served")
        asset = put(node, decryptor, spec("quick"))
        began = time.monotonic()
        indexer.wait_for(lambda served: served.get(asset.did), "the asset is served")
        assert time.monotonic() - began < 2.0


def test_updates_and_states_are_followed(
    node: DevChain, decryptor: StubDecryptor, variables: dict[str, str]
) -> None:
    wallet = node.wallet(1)
    with running(variables) as indexer:
        asset = put(node, decryptor, spec("first"))
        indexer.wait_for(has(asset.did), "the asset is served")
        renamed = asset.ddo | {"metadata": asset.ddo["metadata"] | {"name": "second"}}
        update_tx = set_metadata(wallet, renamed, decryptor.provider)
        indexer.wait_for(lambda served: served[asset.did]["metadata"]["name"] == "second", "the update")
        assert indexer.served()[asset.did]["event"]["txid"] == update_tx
        set_state(wallet, asset.nft, 3)
        indexer.wait_for(lambda served: "metadata" not in served[asset.did], "the revocation")
        set_state(wallet, asset.nft, 0)
        indexer.wait_for(lambda served: served[asset.did].get("metadata"), "the way back")


def test_a_reorg_of_the_real_node_is_followed(
    node: DevChain, decryptor: StubDecryptor, variables: dict[str, str], tmp_path: Path
) -> None:
    with running(variables) as indexer:
        kept = put(node, decryptor, spec("kept"))
        gone = put(node, decryptor, spec("gone"))
        indexer.wait_for(has(kept.did, gone.did), "both are served")
        published_in = indexer.served()[gone.did]["event"]["block"]
        depth = int(node.rpc("eth_blockNumber"), 16) - published_in + 1
        node.rpc("anvil_reorg", depth, [])
        indexer.wait_for(has(kept.did), "the replaced document is gone")
        again = put(node, decryptor, spec("again"))
        indexer.wait_for(has(kept.did, again.did), "the chain goes on")
        result = indexer.served()
    assert result == fresh_index(variables, tmp_path, has(kept.did, again.did))


def test_a_node_that_is_set_back_is_followed(
    node: DevChain, decryptor: StubDecryptor, variables: dict[str, str], tmp_path: Path
) -> None:
    with running(variables) as indexer:
        kept = put(node, decryptor, spec("kept"))
        indexer.wait_for(has(kept.did), "it is served")
        snapshot = node.rpc("evm_snapshot")
        gone = put(node, decryptor, spec("gone"))
        indexer.wait_for(has(kept.did, gone.did), "both are served")
        node.rpc("evm_revert", snapshot)
        indexer.wait_for(has(kept.did), "what was undone is gone")
        result = indexer.served()
    assert result == fresh_index(variables, tmp_path, has(kept.did))


def test_a_chain_that_starts_again_from_an_older_state_is_indexed_anew(
    node: DevChain,
    new_chain: Any,
    decryptor: StubDecryptor,
    variables: dict[str, str],
    tmp_path: Path,
) -> None:
    with running(variables) as indexer:
        gone = put(node, decryptor, spec("gone"))
        indexer.wait_for(has(gone.did), "it is served")
    other = new_chain()
    variables = variables | {"NETWORK_URL": f'{{"{CHAIN_ID}": "{other.rpc_url}"}}'}
    decryptor.rpc_url = other.rpc_url
    with running(variables) as indexer:
        indexer.wait_for(has(), "the old chain's asset is gone")
        asset = put(other, decryptor, spec("new"))
        indexer.wait_for(lambda served: asset.did in served, "the new one is served")
        result: Served = indexer.served()
    assert result == fresh_index(variables, tmp_path, has(asset.did))


def test_a_decryptor_that_fails_is_asked_again(
    node: DevChain, decryptor: StubDecryptor, variables: dict[str, str]
) -> None:
    decryptor.failures = [500, 503]
    with running(variables) as indexer:
        asset = put(node, decryptor, spec("patience"))
        indexer.wait_for(has(asset.did), "the asset is served in the end")
    assert decryptor.asked == 3


def test_a_stranger_on_a_private_address_is_never_asked(
    node: DevChain, decryptor: StubDecryptor, variables: dict[str, str]
) -> None:
    with StubDecryptor(node.rpc_url) as stranger, running(variables) as indexer:
        put(node, stranger, spec("inside job"))
        asset = put(node, decryptor, spec("honest"))
        indexer.wait_for(has(asset.did), "our own asset is served")
        assert stranger.asked == 0
    with StubDecryptor(node.rpc_url) as stranger:
        allowed = variables | {"FETCH_ALLOW": stranger.url.removeprefix("http://")}
        with running(allowed) as indexer:
            other = put(node, stranger, spec("a friend"))
            indexer.wait_for(lambda served: other.did in served, "an allowed stranger is asked")


def test_a_node_that_comes_back_with_its_saved_state_changes_nothing(
    node: DevChain, decryptor: StubDecryptor, variables: dict[str, str], tmp_path: Path
) -> None:
    with running(variables) as indexer:
        asset = put(node, decryptor, spec("kept"))
        indexer.wait_for(has(asset.did), "it is served")
        before = indexer.served()
        state = tmp_path / "state.json"
        state.write_bytes(gzip.decompress(bytes.fromhex(node.rpc("anvil_dumpState")[2:])))
        node.stop()
        process = start_node(node, "--load-state", str(state))
        try:
            other = put(node, decryptor, spec("later"))
            indexer.wait_for(lambda served: other.did in served, "the chain goes on")
            after = indexer.served()
            assert after[asset.did] == before[asset.did]
            assert after == fresh_index(variables, tmp_path, has(asset.did, other.did))
        finally:
            process.kill()
            process.wait(PATIENCE_SECONDS)


def start_node(node: DevChain, *extra: str) -> "subprocess.Popen[bytes]":
    """Again on the port of a node that was stopped."""
    port = int(node.rpc_url.rpartition(":")[2])
    command = anvil.node_command(port=port, chain_id=CHAIN_ID, mnemonic=MNEMONIC)
    process = subprocess.Popen([*command, *extra])
    try:
        anvil.wait_until_answers(node.rpc_url, CHAIN_ID, process)
    except RuntimeError:
        process.kill()
        process.wait(PATIENCE_SECONDS)
        raise
    return process


def test_the_chain_killed_and_back_at_an_older_state_is_followed(
    node: DevChain,
    deployed_state: Path,
    decryptor: StubDecryptor,
    variables: dict[str, str],
    tmp_path: Path,
) -> None:
    with running(variables) as indexer:
        gone = put(node, decryptor, spec("gone"))
        indexer.wait_for(has(gone.did), "it is served")
        node.process.kill()
        node.process.wait(PATIENCE_SECONDS)
        process = start_node(node, "--load-state", str(deployed_state))
        try:
            asset = put(node, decryptor, spec("new"))
            assert asset.did == gone.did, "addresses repeat, so only the document tells them apart"
            indexer.wait_for(
                lambda served: [one["metadata"]["name"] for one in served.values()] == ["new"],
                "only the new one is served",
            )
            assert indexer.served() == fresh_index(variables, tmp_path, has(asset.did))
        finally:
            process.kill()
            process.wait(PATIENCE_SECONDS)


def test_postgresql_holds_the_same_index(
    node: DevChain, decryptor: StubDecryptor, variables: dict[str, str], postgres_url: str, tmp_path: Path
) -> None:
    with running(variables | {"CATALOGUE_DATABASE_URL": postgres_url}) as indexer:
        buyer = node.wallet(2)
        kept = put(node, decryptor, spec("kept", pricing="fixed", price="0.000001"))
        free = put(node, decryptor, spec("free", flags=1, mint_to=[buyer.address]))
        place_order(buyer, node, free, decryptor)
        gone = put(node, decryptor, spec("gone"))
        indexer.wait_for(has(kept.did, free.did, gone.did), "all are served")
        block = indexer.served()[gone.did]["event"]["block"]
        node.rpc("anvil_reorg", int(node.rpc("eth_blockNumber"), 16) - block + 1, [])
        indexer.wait_for(
            lambda served: set(served) == {kept.did, free.did} and served[free.did]["stats"]["orders"] == 1,
            "the fork is followed",
        )
        result = indexer.served()
    assert result == fresh_index(variables, tmp_path, has(kept.did, free.did))
