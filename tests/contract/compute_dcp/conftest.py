"""The DCP room over both stores."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.compute.adapters.store_sql.store import open_store
from tests.fakes.compute_dcp import Room
from tests.fakes.compute_store import MemoryJobStore


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables and nothing in them."""
    path = tmp_path_factory.mktemp("dcp") / "empty.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["memory", "sqlite"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Room]]:
    """Makes a room; with other settings where some are given."""
    opened: list[Any] = []

    def new(**more: Any) -> Room:
        if request.param == "memory":
            return Room(store=MemoryJobStore(), **more)
        path = tmp_path / f"{len(opened)}.db"
        shutil.copy(request.getfixturevalue("empty_file"), path)
        opened.append(open_store(f"sqlite:///{path}"))
        return Room(store=opened[-1], **more)

    yield new
    for store in opened:
        store.close()


@pytest.fixture
def room(make: Callable[..., Room]) -> Room:
    return make()
