"""The OpenPAI room alone, over fakes; and over a real database."""

from pathlib import Path

import pytest

from services.compute.adapters.store_sql.store import open_store
from tests.fakes.compute_openpai import OpenPai


@pytest.fixture
def room(tmp_path: Path) -> OpenPai:
    return OpenPai(tmp_path)


@pytest.fixture(params=["memory", "sqlite"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> OpenPai:
    if request.param == "memory":
        return OpenPai(tmp_path)
    return OpenPai(tmp_path, store=open_store(f"sqlite:///{tmp_path}/jobs.db"))
