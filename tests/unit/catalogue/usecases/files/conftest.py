"""The use cases of the tree over one in memory."""

import pytest

from tests.fakes.file_cases import Cases


@pytest.fixture
def cases() -> Cases:
    return Cases()


@pytest.fixture
def closed() -> Cases:
    """Where reading inside a VO goes by modes too."""
    return Cases(global_read=False)
