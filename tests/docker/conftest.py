"""The docker engine on a real Docker Engine. `make test-docker` prepares it and runs these."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.rig import DockerRig
from tests.docker.runs import Runs


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    made = Runs(tmp_path)
    yield made
    made.remove_all()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[DockerRig]:
    made = DockerRig(tmp_path)
    yield made
    made.close()
