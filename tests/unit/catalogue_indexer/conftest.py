from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.indexing import Publication, Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.stop()


@pytest.fixture
def alpha() -> Publication:
    return Publication("alpha")


@pytest.fixture
def beta() -> Publication:
    return Publication("beta")
