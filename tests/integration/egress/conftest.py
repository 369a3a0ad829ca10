"""The egress process as it is deployed: gunicorn from its own command line, on a free port."""

import http.client
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.provider.domain.origins import OriginRequest
from services.provider.egress.ticket import HEADER, SealedTickets
from tests.fakes.origin import Origin
from tests.waiting import PATIENCE_SECONDS

KEY = "egress-key-of-the-tests"
ROOT = Path(__file__).parents[3]
START_SECONDS = 60


@dataclass
class Answer:
    """A response read to its end; `broken` when the body ended before it was complete."""

    status: int
    headers: dict[str, str]
    body: bytes
    broken: bool


class Egress:
    later = False  # whether each connection has had an answer before it is asked for a file

    def __init__(self, folder: Path, origin_port: int, **environ: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        self.log_path = folder / "egress.log"
        settings = {
            "EGRESS_KEY": KEY,
            "EGRESS_BIND": f"127.0.0.1:{self.port}",
            "EGRESS_THREADS": "32",
            "EGRESS_ORIGIN_IDLE_SECONDS": "1",
            "REQUEST_TIMEOUT": "1",
            "FETCH_ALLOW": f"127.0.0.1:{origin_port}",
        }
        command = [sys.executable, "-m", "gunicorn", "-c", "services/provider/egress/gunicorn_conf.py",
                   "services.provider.egress.wsgi:app"]  # fmt: skip
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=log, env={**os.environ, **settings, **environ}
            )
        self._await_start()

    def _await_start(self) -> None:
        if not until(self._answers_or_died, START_SECONDS) or self.process.poll() is not None:
            self.process.kill()
            self.process.wait()
            raise AssertionError(self.log())

    def _answers_or_died(self) -> bool:
        try:
            return self.get("/health/live", ticket=None).status == 200
        except OSError:
            return self.process.poll() is not None

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        if self.later:
            assert self.get("/health/live", ticket=None, connection=connection).status == 200
        return connection

    def get(
        self,
        path: str = "/",
        *,
        ticket: str | None,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        connection: http.client.HTTPConnection | None = None,
    ) -> Answer:
        used = connection or self.connect()
        sent = {**(headers or {}), **({} if ticket is None else {HEADER: ticket})}
        used.request(method, path, headers=sent)
        response = used.getresponse()
        broken = False
        try:
            body = response.read()
        except (http.client.IncompleteRead, ConnectionError) as error:
            body, broken = getattr(error, "partial", b""), True
        finally:
            if connection is None:
                used.close()
        shown = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, shown, body, broken)

    def file(self, url: str, **more: object) -> Answer:
        """A download of `url` with a fresh ticket."""
        return self.get(ticket=ticket(OriginRequest("GET", url)), **more)  # type: ignore[arg-type]

    def worker_pid(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children.split()[0])

    def log(self) -> str:
        return self.log_path.read_text()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE_SECONDS)
        finally:
            self.process.kill()


def until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> bool:
    """Wait for a condition to come true; whether it did in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        select.select([], [], [], 0.02)
    return True


def ticket(plan: OriginRequest) -> str:
    sealed = SealedTickets(KEY).seal(plan)
    assert sealed is not None
    return sealed


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


@pytest.fixture(scope="module")
def egress(origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Egress]:
    running = Egress(tmp_path_factory.mktemp("egress"), origin.port)
    yield running
    running.stop()
