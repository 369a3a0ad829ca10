"""The Ocean room of compute, new for each test."""

from pathlib import Path

import pytest

from tests.fakes.compute_ocean import OceanRoom


@pytest.fixture
def room(tmp_path: Path) -> OceanRoom:
    return OceanRoom(tmp_path)
