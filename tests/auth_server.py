"""Auth and the provider under their real server, several workers each, on free ports."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.provider import environment as provider_environment
from tests.processes import end_group

REPO = Path(__file__).resolve().parents[1]
START_SECONDS = 60
SERVICE_SECRET = "a secret of the provider"
ISSUER = "http://gateway.test"


@dataclass(slots=True)
class Server:
    url: str
    log: Path
    process: "subprocess.Popen[bytes]" = field(repr=False)

    def log_text(self) -> str:
        return self.log.read_text()


@dataclass(frozen=True, slots=True)
class AuthPair:
    auth: Server
    provider: Server


def auth_environment(database_url: str, provider_url: str, **changes: str) -> dict[str, str]:
    """The smallest set of variables that auth starts with, and `changes`."""
    return {
        "AUTH_DATABASE_URL": database_url,
        "AUTH_ISSUER": ISSUER,
        "AUTH_KEY_SECRET": "a secret for keys at rest",
        "AUTH_SERVICE_CLIENTS": json.dumps({"provider": SERVICE_SECRET}),
        "PROVIDER_URL": provider_url,
        **changes,
    }


@contextlib.contextmanager
def auth_pair(
    folder: Path, auth_database: str, provider_database: str, workers: int = 2, **provider: str
) -> Iterator[AuthPair]:
    """Both services, knowing each other; `provider` are more settings of the provider."""
    ports = [free_port(), free_port()]
    auth_url, provider_url = (f"http://127.0.0.1:{port}" for port in ports)
    settings = {
        "auth": auth_environment(auth_database, provider_url),
        "provider": provider_environment(
            PROVIDER_DATABASE_URL=provider_database,
            AUTH_URL=auth_url,
            SERVICE_SECRET=SERVICE_SECRET,
            **provider,
        ),
    }
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(server(name, port, folder, settings[name], workers))
            for name, port in zip(("auth", "provider"), ports, strict=True)
        ]
        for running in servers:
            wait_until_live(running)
        yield AuthPair(*servers)


@contextlib.contextmanager
def server(
    name: str, port: int, folder: Path, variables: Mapping[str, str], workers: int, threads: int = 16
) -> Iterator[Server]:
    """Starts one service; does not wait for it. Stops it at the end."""
    log = folder / f"{name}-{port}.log"
    passed = {key: value for key in ("PATH", "HOME", "LANG") if (value := os.environ.get(key)) is not None}
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
                *("--blocking-threads", str(threads), "--no-access-log", f"services.{name}.wsgi:app"),
            ],
            cwd=REPO,
            env={**passed, "PYTHONPATH": str(REPO), **variables},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Server(f"http://127.0.0.1:{port}", log, process)
    finally:
        end_group(process)


def wait_until_live(running: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{running.url}/health/live", timeout=2).close()
            return
        except (OSError, urllib.error.URLError):
            if running.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"it did not start: {running.log_text()[-3000:]}") from None
            time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
