"""An app under granian as in production: on a port held for it, ended with all its workers."""

import contextlib
import json
import os
import socket
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.nursery import REPO, Fork, fork
from tests.processes import end_group
from tests.waiting import wait_for

START_SECONDS = 120
KILL_SECONDS = 5  # after which a worker that does not end when told is killed


@dataclass(frozen=True, slots=True)
class Granian:
    """A server that runs, or is about to."""

    url: str
    log: Path
    process: Fork = field(repr=False)

    def wait_until_live(self, path: str = "/health/live") -> None:
        """Until one of its workers answers; AssertionError with the log when it ended instead."""
        wait_for(
            lambda: self.process.poll() is not None or self._answers(path), f"{self.url}{path}", START_SECONDS
        )
        assert self.process.poll() is None, f"it did not start: {self.log_text()[-3000:]}"

    def _answers(self, path: str) -> bool:
        try:
            urllib.request.urlopen(self.url + path, timeout=5).close()
        except OSError:
            return False
        return True

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def log_lines(self) -> list[dict[str, object]]:
        """What the app itself logged (the server's own lines are no JSON)."""
        return [json.loads(line) for line in self.log_text().splitlines() if line.startswith("{")]


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """A port for granian, and for nobody else while this lasts.

    granian binds with SO_REUSEPORT: two of them on one port would both start and share the requests. A socket
    that is bound so, and never listens, lets granian in and keeps the kernel from giving the port away.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextlib.contextmanager
def starting(
    app: str, folder: Path, *options: str, environ: Mapping[str, str], port: int | None = None
) -> Iterator[Granian]:
    """Starts `app` with `environ` and no more of ours than it takes; does not wait for it. Ends it.

    The log goes to `folder`. `port` is for services that must know each other's: one of `reserved_port`.
    """
    with contextlib.ExitStack() as stack:
        chosen = stack.enter_context(reserved_port()) if port is None else port
        passed = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        arguments = [
            *("--interface", "wsgi", "--http", "1", "--no-ws", "--host", "127.0.0.1", "--port", str(chosen)),
            *("--no-access-log", "--workers-kill-timeout", str(KILL_SECONDS), *options, app),
        ]
        log = folder / f"{app.partition(':')[0]}-{chosen}.log"
        process = fork("granian", arguments, {**passed, "PYTHONPATH": str(REPO), **environ}, log)
        stack.callback(end_group, process)
        yield Granian(f"http://127.0.0.1:{chosen}", log, process)


@contextlib.contextmanager
def serving(app: str, folder: Path, *options: str, environ: Mapping[str, str]) -> Iterator[Granian]:
    """As `starting`, once it is live."""
    with starting(app, folder, *options, environ=environ) as server:
        server.wait_until_live()
        yield server
