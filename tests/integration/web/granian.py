"""Starts an app under granian as in production, on a free port, and ends it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

WAIT_SECONDS = 60


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Ask until it holds; fails after a minute."""
    until = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.02)


@contextmanager
def granian(app: str, folder: Path, *options: str, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """The base URL of `app` once it is live; its stderr goes to `folder`/stderr."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--no-access-log", "--blocking-threads", "4", *options, app,
    ]  # fmt: skip
    with (folder / "stderr").open("ab") as stderr, (folder / "stdout").open("ab") as stdout:
        process = subprocess.Popen(
            command,
            stderr=stderr,
            stdout=stdout,
            env={**os.environ, "PYTHONPATH": os.getcwd(), **(environ or {})},
        )
    try:
        wait_for(lambda: process.poll() is not None or _is_live(base), f"{app} to be live")
        assert process.poll() is None, (folder / "stderr").read_text() + (folder / "stdout").read_text()
        yield base
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_live(base: str) -> bool:
    try:
        return requests.get(f"{base}/health/live", timeout=2).status_code == 200
    except requests.RequestException:
        return False
