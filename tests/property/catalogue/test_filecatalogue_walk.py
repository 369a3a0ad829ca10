"""Random walks through the file catalogue: the store says what the model says."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from libs.sql.engine import Database
from services.catalogue.adapters.files_sql import metadata_compatible, metadata_files, metadata_sets
from services.catalogue.adapters.files_sql.store import MIGRATIONS, SqlFiles, new_files_store
from tests.migrated import upgrade
from tests.property.catalogue.filecatalogue_walk import Walk

STEPS = 200
# What a store does with few directories, and with what takes another way in a large one.
SCALES: dict[str, dict[tuple[Any, str], int]] = {
    "small": {},
    "large": {
        (metadata_compatible, "FEW"): 0,
        (metadata_compatible, "FEW_WITH_FILES"): 0,
        (metadata_compatible, "TRIED"): 1,
        (metadata_compatible, "SECOND_ROUND"): 2,
        (metadata_compatible, "SETTLED"): 1,
        (metadata_sets, "SMALL"): 0,
        (metadata_files, "MANY"): 0,
    },
    "larger": {
        (metadata_compatible, "FEW"): 0,
        (metadata_compatible, "FEW_WITH_FILES"): 0,
        (metadata_compatible, "WALKED"): 2,
        (metadata_sets, "SMALL"): 0,
        (metadata_sets, "UPWARD"): 0,
        (metadata_sets, "MANY"): 2,
        (metadata_sets, "WEIGHED"): 1,
    },
}
WALKS = ((1, "small"), (2, "large"), (3, "larger"))


@pytest.fixture
def store(database_url: str) -> Iterator[SqlFiles]:
    database = Database.open(database_url)
    upgrade(database.engine, MIGRATIONS)
    opened = new_files_store(database)
    yield opened
    opened.close()


@pytest.mark.parametrize(("seed", "scale"), WALKS)
def test_the_store_says_what_the_model_says(
    store: SqlFiles, monkeypatch: pytest.MonkeyPatch, seed: int, scale: str
) -> None:
    for (module, name), value in SCALES[scale].items():
        monkeypatch.setattr(module, name, value)
    walk = Walk(store, Random(seed))
    for _ in range(STEPS):
        walk.step()
    # It went somewhere, and what it found is not nothing.
    assert len(walk.directories) > 20
    assert min(walk.found.values()) > 8, walk.found
