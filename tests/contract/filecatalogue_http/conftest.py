"""The file catalogue's HTTP API over a real store, empty for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.filecatalogue_room import FileRoom


@pytest.fixture
def room(tmp_path: Path) -> Iterator[FileRoom]:
    opened = FileRoom(tmp_path)
    yield opened
    opened.close()
