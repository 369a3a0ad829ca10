"""The native room alone, over fakes."""

from pathlib import Path

import pytest

from tests.fakes.compute_room import Room


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)
