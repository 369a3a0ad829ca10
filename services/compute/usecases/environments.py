"""How busy each environment is."""

from collections.abc import Mapping

from services.compute.domain.environments import EnvironmentBook
from services.compute.ports.store import JobStore


class RunningJobs:
    def __init__(self, store: JobStore, environments: EnvironmentBook) -> None:
        self._store = store
        self._environments = environments

    def __call__(self) -> Mapping[str, int]:
        """Active jobs by environment; every environment is there. Raises StoreUnavailable."""
        names = [environment.id for environment in self._environments.all()]
        found = self._store.running_in(names)
        return {name: found.get(name, 0) for name in names}
