"""A whole native stack on free ports in a folder of its own, for tests that need every part for real."""

import contextlib
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from scripts.stack import processes
from scripts.stack import up as stack
from scripts.stack.config import REPO, StackConfig
from scripts.stack.free_ports import free_ports
from scripts.stack.processes import find, tail
from tests import guardian, nursery

OCEANJS = REPO / "tests" / "e2e" / "oceanjs"


@dataclass(slots=True)
class Stack:
    """A running stack; `content` is its stack.json."""

    config: StackConfig
    content: dict[str, object] = field(default_factory=dict)

    @property
    def gateway(self) -> str:
        return self.config.gateway_url

    def publish_file(self, name: str, data: bytes) -> dict[str, object]:
        """Put a file on the sample origin; returns what a test needs to recognise it."""
        (self.config.run_dir / "sample" / "files" / name).write_bytes(data)
        url = f"{self.config.sample_origin}/{name}"
        return {"url": url, "name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    def client_environment(self) -> dict[str, str]:
        """Environment of a third-party client's process."""
        config = self.config
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/tmp"),
            "GATEWAY": config.gateway_url,
            "RPC": config.rpc_url,
            "CHAIN_ID": str(config.chain_id),
            "MNEMONIC": str(self.content["mnemonic"]),
            "ADDRESS_FILE": str(self.content["address_file"]),
        }

    def assert_all_was_known(self) -> None:
        """Whatever was sent: each answer was one that the code knows."""
        for log in sorted((self.config.run_dir / "logs").iterdir()):
            text = log.read_text(errors="replace")
            assert "uncaught exception" not in text, f"{log.name}\n{text[text.index('uncaught') :][:3000]}"

    def log_tails(self) -> str:
        parts = []
        for name in stack.ORDER:
            process = find(self.config.run_dir, name)
            parts.append(f"--- {name}\n{tail(process.log, 15) if process else '(not running)'}")
        return "\n".join(parts)


@contextlib.contextmanager
def running(
    run_dir: Path, environment: Mapping[str, str] | None = None, **changes: object
) -> Iterator[Stack]:
    """Start a stack, yield it, stop every process it started."""
    config = StackConfig(run_dir=run_dir, ports=free_ports(), environment=dict(environment or {}))
    config = replace(config, **changes)  # type: ignore[arg-type]
    processes.start_with(nursery.spawn)
    guard = guardian.watch(run_dir)
    try:
        yield Stack(config, stack.up(config))
    finally:
        stack.down(config)
        guardian.dismiss(guard)


def run_node(
    script: str, stack_: Stack, environment: Mapping[str, str], seconds: float = 240
) -> list[dict[str, object]]:
    """Run a Node script of tests/e2e/oceanjs; returns its JSON lines. Fails with both sides' output."""
    done = subprocess.run(
        ["node", str(OCEANJS / script)],
        env=stack_.client_environment() | dict(environment),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{done.stderr[-3000:]}\n{done.stdout[-2000:]}\n{stack_.log_tails()}"
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
