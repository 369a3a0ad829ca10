"""What the steps of jobs work with: ports and places, put together by assembly."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.ports import Clock
from services.compute.ports.engines import Engine
from services.compute.ports.files import ObjectFiles
from services.compute.ports.provider import Provider
from services.compute.ports.store import JobStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    store: JobStore
    engines: Mapping[str, Engine]  # by the name that environments use
    files: ObjectFiles
    provider: Provider
    book: EnvironmentBook
    clock: Clock
    work: Path  # shared with the service, which reads logs there
    dice: Callable[[], float] = random.random

    def served(self) -> list[Environment]:
        """The environments whose engine this worker has."""
        return [environment for environment in self.book.all() if environment.engine in self.engines]

    def engine_of(self, environment: Environment) -> Engine:
        return self.engines[environment.engine]
