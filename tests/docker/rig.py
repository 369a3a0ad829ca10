"""The engines' shared suites on docker."""

from pathlib import Path

from services.compute.adapters.engines.docker.engine import DockerEngine
from tests.docker.runs import PYTHON, SHELL
from tests.engine_rig import Rig


class DockerRig(Rig):
    image = SHELL
    python = PYTHON

    def __init__(self, root: Path) -> None:
        self._engines: list[DockerEngine] = []
        super().__init__(root, self._new_engine)

    def _new_engine(self) -> DockerEngine:
        self._engines.append(DockerEngine(self.root))
        return self._engines[-1]

    def close(self) -> None:
        super().close()
        for engine in self._engines:
            engine.close()
