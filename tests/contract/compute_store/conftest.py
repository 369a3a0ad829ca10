"""The store under test: in memory, in SQLite, in PostgreSQL."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from libs.sql.engine import Database
from libs.sql.migrate import upgrade
from services.compute.adapters.store_sql.store import MIGRATIONS, open_store
from services.compute.adapters.store_sql.tables import metadata
from services.compute.ports.store import JobStore
from tests.fakes.compute_store import MemoryJobStore
from tests.fixtures_postgres import PostgresServer


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables and nothing in them; migrating one for every test would take longer."""
    path = tmp_path_factory.mktemp("compute") / "empty.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def one_database(postgres_server: PostgresServer) -> str:
    url = postgres_server.new_database()
    open_store(url).close()
    return url


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Makes a database of the kind (sqlite, postgres) with empty tables: its URL."""
    return lambda kind: _url(request, tmp_path, kind)


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with empty tables."""
    return _url(request, tmp_path, request.param)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JobStore]:
    if request.param == "memory":
        yield MemoryJobStore()
        return
    opened = open_store(_url(request, tmp_path, request.param))
    yield opened
    opened.close()


def _url(request: pytest.FixtureRequest, folder: Path, kind: str) -> str:
    """Of a database with empty tables."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("empty_file"), folder / "compute.db")
        return f"sqlite:///{folder}/compute.db"
    url: str = request.getfixturevalue("one_database")
    database = Database.open(url)
    upgrade(database.engine, MIGRATIONS)  # a test that stops the server may have cost it the tables
    with database.write() as connection:
        names = ", ".join(table.name for table in metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    database.dispose()
    return url
