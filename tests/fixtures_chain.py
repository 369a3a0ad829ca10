"""A real anvil with the real Ocean contracts, on free ports, for tests that need one.

Contracts are deployed once per session; further nodes start from the saved state in well under a second.
web3 is imported by the fixtures only: unit tests load this file too.
"""

import gzip
import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from libs.chain.client import Chain
    from scripts.chain.accounts import DevAccount
    from scripts.chain.wallet import Wallet

CHAIN_ID = 8996
NETWORK = "development"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class DevChain:
    """A running node. Accounts: 0 owns the contracts, 8 is the provider's."""

    rpc_url: str
    address_file: Path
    entries: dict[str, Any]
    process: "subprocess.Popen[bytes]" = field(repr=False)

    @property
    def accounts(self) -> "tuple[DevAccount, ...]":
        from scripts.chain.accounts import development_accounts

        return development_accounts()

    def wallet(self, index: int) -> "Wallet":
        from scripts.chain.wallet import Wallet, connect

        return Wallet(connect(self.rpc_url), self.accounts[index].key)

    def chain(self, **settings: Any) -> "Chain":
        """A client of libs.chain with empty caches."""
        from libs.chain.client import build_chains

        return build_chains(self.rpc_url, self.address_file, chain_id=CHAIN_ID, **settings).default()

    def rpc(self, method: str, *params: Any) -> Any:
        from scripts.chain import anvil

        return anvil.rpc(self.rpc_url, method, params)

    def mine(self, blocks: int = 1) -> None:
        self.rpc("anvil_mine", hex(blocks))

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)


def _start(*extra: str) -> tuple[str, "subprocess.Popen[bytes]"]:
    from scripts.chain import anvil
    from scripts.chain.accounts import MNEMONIC

    for _attempt in range(3):  # somebody else may take the free port first
        port = free_port()
        command = anvil.node_command(port=port, chain_id=CHAIN_ID, mnemonic=MNEMONIC)
        process = subprocess.Popen([*command, *extra])
        try:
            anvil.wait_until_answers(f"http://127.0.0.1:{port}", CHAIN_ID, process)
        except RuntimeError:
            process.kill()
            process.wait(PATIENCE_SECONDS)
            continue
        return f"http://127.0.0.1:{port}", process
    raise RuntimeError("anvil does not start")


@pytest.fixture(scope="session")
def dev_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevChain]:
    """One node with deployed contracts, shared by the session: publish your own assets, rewind nothing."""
    from scripts.chain import deploy

    folder = tmp_path_factory.mktemp("chain")
    rpc_url, process = _start()
    try:
        address_file = folder / "address.json"
        entries = deploy.ensure_contracts(rpc_url=rpc_url, network=NETWORK, address_file=address_file)
        yield DevChain(rpc_url, address_file, entries, process)
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)


@pytest.fixture(scope="session")
def deployed_state(dev_chain: DevChain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared node's state when first asked for, as a file for `--load-state`."""
    state = tmp_path_factory.mktemp("state") / "state.json"
    state.write_bytes(gzip.decompress(bytes.fromhex(dev_chain.rpc("anvil_dumpState")[2:])))
    return state


@pytest.fixture
def new_chain(dev_chain: DevChain, deployed_state: Path) -> Iterator[Callable[[], DevChain]]:
    """Starts nodes of the test's own, contracts included, for reorgs, rewinds and kills."""
    started: list[DevChain] = []

    def start() -> DevChain:
        rpc_url, process = _start("--load-state", str(deployed_state))
        entries = json.loads(dev_chain.address_file.read_text())[NETWORK]
        chain = DevChain(rpc_url, dev_chain.address_file, entries, process)
        started.append(chain)
        return chain

    yield start
    for chain in started:
        chain.stop()
