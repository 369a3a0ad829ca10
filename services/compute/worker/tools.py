"""What the steps of jobs work with: ports and places, put together by assembly."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.quotas import Quotas
from services.compute.ports import Clock
from services.compute.ports.engines import Engine
from services.compute.ports.files import ObjectFiles
from services.compute.ports.lfns import LogicalFiles
from services.compute.ports.objects import ObjectBook
from services.compute.ports.outside import Outside
from services.compute.ports.people import People
from services.compute.ports.provider import Provider
from services.compute.ports.sheets import JobSheets
from services.compute.ports.site_storage import SiteStorage
from services.compute.ports.slices import SliceStore
from services.compute.ports.store import JobStore
from services.compute.ports.workflows import WorkflowStore

SANDBOX_KEEP_SECONDS: Final = 30 * 86400.0  # of an upload that nothing waits for


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    store: JobStore
    workflows: WorkflowStore
    engines: Mapping[str, Engine]  # by the name that environments use
    files: ObjectFiles
    site: SiteStorage
    provider: Provider
    objects: ObjectBook
    outside: Outside
    sheets: JobSheets
    catalogue: LogicalFiles
    book: EnvironmentBook
    clock: Clock
    work: Path  # shared with the service, which reads logs there
    sandbox_keep_seconds: float = SANDBOX_KEEP_SECONDS
    quotas: Quotas = field(default_factory=Quotas)  # of the jobs that workflows make
    people: People | None = None  # None: nobody leaves
    dice: Callable[[], float] = random.random
    slices: SliceStore | None = None  # where no job is sliced

    def served(self) -> list[Environment]:
        """The environments whose engine this worker has."""
        return [environment for environment in self.book.all() if environment.engine in self.engines]

    def engine_of(self, environment: Environment) -> Engine:
        return self.engines[environment.engine]
