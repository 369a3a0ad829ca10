"""One site for each test."""

from pathlib import Path

import pytest

from tests.fakes.compute_site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)
