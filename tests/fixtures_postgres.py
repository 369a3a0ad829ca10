"""A real PostgreSQL for the session, on a free port in a temporary folder.

`postgres_server` starts it on first use; `postgres_url` is the URL of an empty database for one test.
Load it from tests/conftest.py. A machine without PostgreSQL fails the test and says what to install.
"""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

START_SECONDS = 60
_names = itertools.count(1)


class PostgresMissing(Exception):
    """No usable PostgreSQL on this machine."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"{problem} Install PostgreSQL with scripts/setup/postgres.sh "
            "(Debian and Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server)."
        )


@dataclass(slots=True)
class PostgresServer:
    """A server that this session owns. stop() and start() are for tests of what happens when it goes away."""

    programs: Path
    folder: Path
    port: int
    user: str | None  # whom to run as; None is ourselves
    process: subprocess.Popen[bytes] | None = None
    emptied: list[str] = field(default_factory=list)  # databases that another test is done with

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://tidegate@127.0.0.1:{self.port}/{database}"

    @classmethod
    def create(cls) -> "PostgresServer":
        """A running server with nothing in it; remove() it when done. Raises PostgresMissing."""
        programs, user = _programs(), _user()
        folder = Path(tempfile.mkdtemp(prefix="tidegate-postgres-"))
        server = cls(programs, folder, _free_port(), user)
        try:
            if user is not None:
                shutil.chown(folder, user)
            server.initialise()
            server.start()
        except BaseException:
            server.remove()
            raise
        return server

    def new_database(self) -> str:
        """The URL of a fresh database."""
        name = f"t{next(_names)}_{os.getpid()}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)

    @contextlib.contextmanager
    def lent_database(self) -> Iterator[str]:
        """The URL of an empty database that may be one emptied: making one costs more."""
        url = self.emptied.pop() if self.emptied else self.new_database()
        yield url
        with contextlib.suppress(
            psycopg.OperationalError
        ):  # the test stopped the server, or tore the database
            self._empty(url)
            self.emptied.append(url)

    def _empty(self, url: str) -> None:
        name = url.rpartition("/")[2]
        with psycopg.connect(self.url(), autocommit=True) as connection:
            held = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(held, (name,))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

    def start(self) -> None:
        """Returns when it answers. fsync is off: the data need not outlive the test."""
        options = {
            "port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder,
            "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": 200,
            "shared_buffers": "32MB",
        }  # fmt: skip
        arguments = [f"--{name}={value}" for name, value in options.items()]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self._as_user(str(self.programs / "postgres"), "-D", str(self.folder / "data"), *arguments),
                stdout=log,
                stderr=log,
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Immediate stop: clients see their connections break. Does nothing when it is not running."""
        self.emptied.clear()  # a crash may undo what was committed last
        if self.process is None:
            return
        self.process.send_signal(signal.SIGQUIT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def remove(self) -> None:
        """Stop it and delete its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def initialise(self) -> None:
        data = self.folder / "data"
        command = self._as_user(
            str(self.programs / "initdb"), "-D", str(data), "-U", "tidegate", "-A", "trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder)
        if done.returncode != 0:
            raise PostgresMissing(f"initdb failed: {done.stderr.strip()}")

    def _as_user(self, *command: str) -> list[str]:
        if self.user is None:
            return list(command)
        account = pwd.getpwnam(self.user)
        setpriv = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        return [*setpriv, *command]

    def _wait_until_it_answers(self) -> None:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
                return
            except psycopg.OperationalError as error:
                ended = self.process is None or self.process.poll() is not None
                if ended or time.monotonic() > until:
                    log = (self.folder / "log").read_text(errors="replace")[-2000:]
                    raise PostgresMissing(f"PostgreSQL did not start: {log}") from error
                time.sleep(0.05)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer.create()
    yield server
    server.remove()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """`postgresql://...` of an empty database that nobody else uses."""
    with postgres_server.lent_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Both kinds of database, one after the other: a fresh SQLite file and an empty PostgreSQL database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/test.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


def _programs() -> Path:
    """The folder with initdb and postgres; PATH may hold a link to one of them only."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    with contextlib.suppress(OSError):
        versions = sorted(Path("/usr/lib/postgresql").iterdir(), key=_version, reverse=True)
        folders += [version / "bin" for version in versions]
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresMissing("initdb was found neither on PATH nor under /usr/lib/postgresql.")


def _version(folder: Path) -> float:
    try:
        return float(folder.name)
    except ValueError:
        return 0.0


def _user() -> str | None:
    """PostgreSQL refuses to run as root: take its own user there, else nobody."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            pwd.getpwnam(name)
            return name
    raise PostgresMissing("there is neither a user postgres nor a user nobody to run it as.")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
