"""What directories carry of all below them never drifts, and all trees come to the same."""

import pytest

from services.catalogue.adapters.files_sql.store import SqlFiles
from tests.fakes.file_facts import check_sums
from tests.fakes.file_work import outcome, random_work, state
from tests.fakes.filecatalogue import MemoryTree


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_work_comes_to_the_same_everywhere(store: SqlFiles, seed: int) -> None:
    memory = MemoryTree()
    for step in range(120):
        number = seed * 1_000_000 + step
        assert outcome(random_work(store, number)) == outcome(random_work(memory, number)), number
        if step % 20 == 19:
            assert state(store) == state(memory)
    check_sums(store)
