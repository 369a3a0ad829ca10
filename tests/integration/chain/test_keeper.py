"""The development chain survives a kill: the keeper saves, the next start continues."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.chain import anvil, deploy
from scripts.chain.accounts import MNEMONIC, development_accounts
from tests.fixtures_chain import CHAIN_ID, free_port
from tests.waiting import PATIENCE_SECONDS, wait_for


class Kept:
    """A keeper on a fixed port, started as often as a test likes."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.state_file = folder / "chain" / "state.json"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = anvil.command(
            port=self.port, chain_id=CHAIN_ID, mnemonic=MNEMONIC, state_file=self.state_file
        )
        self.process = subprocess.Popen(command, cwd=anvil.REPO)
        anvil.wait_until_answers(self.url, CHAIN_ID, self.process)

    def end(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE_SECONDS)
        wait_for(lambda: not anvil.answers(self.url, CHAIN_ID), "the node to be gone")
        return code

    def head(self) -> str:
        return str(anvil.rpc(self.url, "eth_getBlockByNumber", ("latest", False))["hash"])

    def saved_blocks(self) -> int:
        try:
            return len(json.loads(self.state_file.read_text())["blocks"])
        except FileNotFoundError:
            return 0


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    chain = Kept(tmp_path)
    try:
        chain.start()
        yield chain
    finally:
        if chain.process is not None:
            chain.process.kill()
            chain.process.wait(PATIENCE_SECONDS)


def send(kept: Kept) -> str:
    """A mined transaction: the node answers with the hash before it has mined the block."""
    account = development_accounts()[0].address
    transaction = {"from": account, "to": account, "value": "0x1"}
    sent = str(anvil.rpc(kept.url, "eth_sendTransaction", (transaction,)))
    wait_for(lambda: anvil.rpc(kept.url, "eth_getTransactionReceipt", (sent,)) is not None, "its block")
    return sent


def test_after_a_kill_the_saved_blocks_and_their_receipts_are_there(kept: Kept) -> None:
    transactions = [send(kept) for _ in range(5)]
    receipt = anvil.rpc(kept.url, "eth_getTransactionReceipt", (transactions[2],))
    head = kept.head()
    wait_for(lambda: kept.saved_blocks() == 6, "six saved blocks")
    kept.end(signal.SIGKILL)
    kept.start()
    assert kept.head() == head
    assert anvil.rpc(kept.url, "eth_getTransactionReceipt", (transactions[2],)) == receipt
    send(kept)
    block = anvil.rpc(kept.url, "eth_getBlockByNumber", ("latest", False))
    assert (block["number"], block["parentHash"]) == ("0x6", head)


def test_a_graceful_stop_loses_nothing(kept: Kept) -> None:
    send(kept)
    head = kept.head()
    assert kept.end(signal.SIGTERM) == 0
    kept.start()
    assert kept.head() == head


def test_a_kill_in_the_middle_of_a_save_leaves_a_chain_that_starts(kept: Kept) -> None:
    """The half-written file is never the one that is loaded."""
    send(kept)
    wait_for(lambda: kept.saved_blocks() == 2, "two saved blocks")
    kept.end(signal.SIGKILL)
    kept.state_file.with_suffix(".tmp").write_bytes(kept.state_file.read_bytes()[:100])
    kept.start()
    assert int(anvil.rpc(kept.url, "eth_blockNumber"), 16) == 1


def test_the_keeper_ends_when_its_node_does(kept: Kept) -> None:
    assert kept.process is not None
    children = Path(f"/proc/{kept.process.pid}/task/{kept.process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    assert kept.process.wait(PATIENCE_SECONDS) == 1


@pytest.mark.clause("ocean C3.1")
def test_contracts_are_deployed_once_per_chain(kept: Kept, tmp_path: Path) -> None:
    address_file = tmp_path / "address.json"
    address_file.write_text('{"elsewhere": {"chainId": 5}}')
    first = deploy.ensure_contracts(rpc_url=kept.url, network="development", address_file=address_file)
    head = kept.head()
    again = deploy.ensure_contracts(rpc_url=kept.url, network="development", address_file=address_file)
    assert again == first
    assert kept.head() == head
    assert json.loads(address_file.read_text()) == {"elsewhere": {"chainId": 5}, "development": first}
    assert first["chainId"] == CHAIN_ID
    assert (
        int(anvil.rpc(kept.url, "eth_getBlockByNumber", (hex(first["startBlock"]), False))["number"], 16) > 0
    )
    kept.end(signal.SIGKILL)
    kept.state_file.unlink(missing_ok=True)
    kept.start()
    fresh = deploy.ensure_contracts(rpc_url=kept.url, network="development", address_file=address_file)
    assert fresh == first  # same mnemonic, same order: the same addresses on a new chain
