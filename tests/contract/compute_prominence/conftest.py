"""The PROMINENCE room alone, over fakes."""

from pathlib import Path

import pytest

from tests.fakes.compute_prominence import Prominence


@pytest.fixture
def room(tmp_path: Path) -> Prominence:
    return Prominence(tmp_path)
