"""The tree under test: in memory, in SQLite, in PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from libs.sql.engine import Database
from services.catalogue.adapters.files_sql.store import SqlFiles, new_files_store, open_files_store
from services.catalogue.adapters.files_sql.tables import metadata
from services.catalogue.file_ports import FileTree
from tests.fakes.filecatalogue import MemoryTree
from tests.fixtures_postgres import PostgresServer


@pytest.fixture(scope="session")
def empty_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables; migrating one for every test would take longer."""
    path = tmp_path_factory.mktemp("files") / "empty.db"
    open_files_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def files_database(postgres_server: PostgresServer) -> str:
    url = postgres_server.new_database()
    open_files_store(url).close()
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlFiles]:
    opened = _open(request, tmp_path, request.param)
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FileTree]:
    if request.param == "memory":
        yield MemoryTree()
        return
    opened = _open(request, tmp_path, request.param)
    yield opened
    opened.close()


def _open(request: pytest.FixtureRequest, folder: Path, kind: str) -> SqlFiles:
    """Over a database with nothing but the root."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("empty_files"), folder / "files.db")
        return new_files_store(Database.open(f"sqlite:///{folder}/files.db"))
    database = Database.open(request.getfixturevalue("files_database"))
    with database.write() as connection:
        names = ", ".join(table.name for table in metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    return new_files_store(database)
