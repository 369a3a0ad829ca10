"""The DIRAC room alone, over fakes."""

from pathlib import Path

import pytest

from tests.fakes.compute_dirac import Dirac


@pytest.fixture
def room(tmp_path: Path) -> Dirac:
    return Dirac(tmp_path)
