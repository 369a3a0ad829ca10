"""The process engine keeps the port's promises, in real sandboxes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.compute.adapters.engines.process.engine import ProcessEngine
from tests.contract.engines.gathering_suite import GatheringSuite, name
from tests.contract.engines.suite import EngineSuite
from tests.engine_hostile import HostileSuite
from tests.engine_rig import Rig

__all__ = ["name"]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, lambda: ProcessEngine(tmp_path / "engine"))
    yield rig
    rig.close()


class TestProcess(EngineSuite):
    pass


class TestGathering(GatheringSuite):
    pass


class TestHostile(HostileSuite):
    pass
