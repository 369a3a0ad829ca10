"""The provider under its real server, several workers, on a free port, for tests of whole requests."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.provider import environment
from tests.processes import end_group

REPO = Path(__file__).resolve().parents[1]
START_SECONDS = 60


@dataclass(slots=True)
class ProviderServer:
    url: str
    log: Path
    process: "subprocess.Popen[bytes]" = field(repr=False)

    def log_lines(self) -> list[dict[str, object]]:
        """What the service itself logged (the server's own lines are no JSON)."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@contextlib.contextmanager
def provider_server(folder: Path, workers: int = 3, **variables: str) -> Iterator[ProviderServer]:
    """Starts it, waits until it is live, stops it. `variables` are settings beside the smallest set."""
    port = _free_port()
    log = folder / "provider.log"
    passed = {name: value for name in ("PATH", "HOME", "LANG") if (value := os.environ.get(name)) is not None}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "granian",
                    "--interface",
                    "wsgi",
                    "--http",
                    "1",
                    "--no-ws",
                    "--workers-kill-timeout",
                    "5",
                ),
                *("--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)),
                *("--blocking-threads", "8", "--no-access-log", "services.provider.wsgi:app"),
            ],
            cwd=REPO,
            env={**passed, "PYTHONPATH": str(REPO), **environment(**variables)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = ProviderServer(f"http://127.0.0.1:{port}", log, process)
    try:
        _wait_until_live(server)
        yield server
    finally:
        end_group(process)


def _wait_until_live(server: ProviderServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{server.url}/health/live", timeout=2).close()
            return
        except (OSError, urllib.error.URLError):
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(
                    f"the provider did not start: {server.log.read_text()[-3000:]}"
                ) from None
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
