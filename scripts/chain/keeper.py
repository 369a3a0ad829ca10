"""Runs anvil and saves its chain, so that a restart (after kill -9 too) continues where it was.

What a kill -9 loses: the blocks of the last half second (on a long chain up to ten times what a save takes,
three seconds at most), pending transactions, and contract state as of blocks before the restart; blocks,
transactions, receipts and logs of all saved blocks stay. A graceful stop loses nothing but that old
state. The file is replaced in one step, so a kill during a save leaves the one before. A crash of the
whole machine is not provided for: that would need a sync per save.
Knows the standard library only: it is a process of its own and should stay small.
"""

import argparse
import ctypes
import gzip
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.chain import anvil

SAVE_SECONDS = 0.5
SAVE_SHARE = 0.1  # of the node's time, roughly: a long chain takes a while to save
LONGEST_PAUSE_SECONDS = 3.0
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """In the child: a node must not outlive its keeper, whose pid is the one that is known."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Keeper:
    """One node and its state file."""

    def __init__(self, argv: Sequence[str], rpc_url: str, state_file: Path) -> None:
        self._rpc_url = rpc_url
        self._state_file = state_file
        self._saved_head: str | None = None
        state_file.parent.mkdir(parents=True, exist_ok=True)
        load = ["--load-state", str(state_file)] if state_file.exists() else []
        self._node = subprocess.Popen([*argv, *load], preexec_fn=_die_with_parent)

    def run(self, stopping: threading.Event) -> int:
        """Save until told to stop or the node ends; the exit code."""
        pause = SAVE_SECONDS
        while self._node.poll() is None:
            if stopping.wait(pause):
                self.save()
                self._node.terminate()
                self._node.wait(timeout=10)
                return 0
            started = time.monotonic()
            self.save()
            taken = time.monotonic() - started
            pause = min(max(SAVE_SECONDS, taken / SAVE_SHARE), LONGEST_PAUSE_SECONDS)
        return 1

    def save(self) -> None:
        """Write the chain if its head changed; a node that does not answer yet is left alone."""
        try:
            head = str(anvil.rpc(self._rpc_url, "eth_getBlockByNumber", ("latest", False))["hash"])
            if head == self._saved_head:
                return
            packed = anvil.rpc(self._rpc_url, "anvil_dumpState")
        except (OSError, ValueError):
            return
        temporary = self._state_file.with_suffix(".tmp")
        temporary.write_bytes(gzip.decompress(bytes.fromhex(packed[2:])))
        temporary.replace(self._state_file)
        self._saved_head = head


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.chain.keeper", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8545)
    parser.add_argument("--chain-id", type=int, default=anvil.CHAIN_ID)
    parser.add_argument("--mnemonic", required=True)
    parser.add_argument("--state-file", type=Path, required=True)
    given = parser.parse_args(argv)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    node = anvil.node_command(
        host=given.host, port=given.port, chain_id=given.chain_id, mnemonic=given.mnemonic
    )
    keeper = Keeper(node, f"http://{given.host}:{given.port}", given.state_file)
    return keeper.run(stopping)


if __name__ == "__main__":
    sys.exit(main())
