"""The local EVM node: where its binary is, how it is started, whether it answers.

anvil comes from npm (`@foundry-rs/anvil`); the platform package carries the binary, which is started
directly, so that the pid is the node's own and no Node.js process stands between.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[2]
CHAIN_ID = 8996


class AnvilMissing(Exception):
    """The npm package is not installed."""


def binary() -> Path:
    """The platform's anvil below node_modules. Raises AnvilMissing."""
    found = sorted((REPO / "node_modules" / "@foundry-rs").glob("anvil-*/bin/anvil*"))
    if not found:
        raise AnvilMissing("anvil is not installed: run `bash scripts/setup/node.sh` (npm ci) first")
    return found[0]


def node_command(*, port: int, chain_id: int, mnemonic: str, host: str = "127.0.0.1") -> list[str]:
    """The bare node, all in memory.

    A block per transaction, as client libraries' development configuration expects; `--order fifo` keeps
    transactions in the order they were sent. No `--state`: anvil truncates that file and writes it
    in place every interval, so that a kill in between leaves a chain that cannot start.
    """
    return [
        str(binary()),
        *("--host", host),
        *("--port", str(port)),
        *("--chain-id", str(chain_id)),
        *("--mnemonic", mnemonic),
        *("--order", "fifo"),
        "--quiet",
    ]


def command(
    *, port: int, chain_id: int, mnemonic: str, state_file: Path, host: str = "127.0.0.1"
) -> list[str]:
    """The node with a keeper that saves its state: what the development stack starts."""
    return [
        *(sys.executable, "-m", "scripts.chain.keeper"),
        *("--host", host),
        *("--port", str(port)),
        *("--chain-id", str(chain_id)),
        *("--mnemonic", mnemonic),
        *("--state-file", str(state_file)),
    ]


def rpc(url: str, method: str, params: Sequence[Any] = (), timeout_seconds: float = 30.0) -> Any:
    """One JSON-RPC call by the standard library. Raises OSError, ValueError."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout_seconds) as reply:
        answer = json.load(reply)
    if answer.get("error"):
        raise ValueError(f"{method}: {answer['error'].get('message')}")
    return answer["result"]


def answers(rpc_url: str, chain_id: int) -> bool:
    """Whether a node of that chain answers there."""
    try:
        return int(rpc(rpc_url, "eth_chainId", timeout_seconds=2.0), 16) == chain_id
    except (OSError, ValueError):
        return False


def wait_until_answers(rpc_url: str, chain_id: int, process: "subprocess.Popen[bytes]") -> None:
    """Raises RuntimeError when the process ends or 30 seconds pass."""
    deadline = time.monotonic() + 30
    while not answers(rpc_url, chain_id):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the node does not answer")
        time.sleep(0.02)


def main() -> None:
    """`python -m scripts.chain.anvil ARGUMENTS`: anvil itself, found and executed."""
    executable = str(binary())
    os.execv(executable, [executable, *sys.argv[1:]])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
