"""A catalogue under test, with both of its ports: in memory, in SQLite, in PostgreSQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from libs.sql.engine import Database
from services.catalogue.adapters.files_sql.store import MIGRATIONS, new_files_store
from services.catalogue.domain.files.entries import Actor
from services.catalogue.file_ports import FileMetadata, FileTree
from services.catalogue.usecases.files.fields import Fields
from services.catalogue.usecases.files.metadata import Metadata
from services.catalogue.usecases.files.rights import Rights
from services.catalogue.usecases.files.searching import Searching
from tests.fakes.filecatalogue import MemoryTree
from tests.fakes.filecatalogue_metadata import MemoryMetadata
from tests.migrated import upgrade

ALICE = Actor(name="alice", group="vo_user", groups=("vo_user",), vo="vo")
CHIEF = Actor(name="chief", group="vo_admin", groups=("vo_admin",), vo="vo", is_manager=True)
MALLORY = Actor(name="mallory", group="evil_user", groups=("evil_user",), vo="evil", is_manager=True)


class FrozenClock:
    def now(self) -> float:
        return 1_700_000_000.0


@dataclass
class World:
    tree: FileTree
    store: FileMetadata

    def __post_init__(self) -> None:
        rights = Rights(self.tree)
        self.metadata = Metadata(self.store, rights, FrozenClock())
        self.fields = Fields(self.store, rights)
        self.searching = Searching(self.store, rights)

    def make(self, *paths: str, maker: Actor = ALICE) -> None:
        for path in paths:
            self.tree.make_directory(path, maker, 0o775, 1.0)

    def paths(self, path: str, *conditions: tuple[str, str]) -> list[str]:
        return [match.path for match in self.searching.directories(ALICE, path, conditions)[0]]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "memory":
        tree = MemoryTree()
        yield World(tree, MemoryMetadata(tree))
        return
    is_file = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/files.db" if is_file else request.getfixturevalue("postgres_url")
    database = Database.open(url)
    upgrade(database.engine, MIGRATIONS)
    store = new_files_store(database)
    yield World(store, store)
    store.close()
