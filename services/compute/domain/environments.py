"""Where jobs may run: an engine, its limits and its price, as the operator's file says
(domain/environment_file.py reads it).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from services.compute.domain.errors import EnvironmentUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """`limits` are of one job; `max_jobs` counts jobs at once. An environment without a price is free.

    `consumer_address` stands in orders as their consumer (Ocean contract 1.4); nobody holds its key here.
    """

    id: str
    engine: str  # process | docker | slurm
    description: str = ""
    cpus: float = 1.0
    memory_bytes: int = 1 << 30
    disk_bytes: int = 1 << 30
    gpus: int = 0
    cpu_type: str = ""
    gpu_type: str = ""
    max_jobs: int = 2
    max_job_seconds: int = 3600
    max_processes: int = 256
    log_bytes: int = 1 << 30
    image: str | None = None  # of jobs that name none
    network: bool = False  # whether jobs may ask for it
    price_per_minute: Decimal = Decimal(0)  # whole fee tokens
    fee_token: str | None = None  # the chain's fee token when None
    consumer_address: str = "0x0000000000000000000000000000000000000000"
    chain_ids: tuple[int, ...] = ()  # empty: all
    storage_seconds: int = 7 * 86400  # outputs and logs are kept this long after the finish
    queue_seconds: float = 7 * 86400
    stage_in_seconds: float = 3600
    pull_seconds: float = 1800
    publish_seconds: float = 3600
    unpinned: bool = False  # development: take jobs that pin an image digest although the engine honours none
    options: Mapping[str, str] = field(default_factory=dict)  # the engine's own

    def facts(self) -> dict[str, Any]:
        """What the provider has to know to price and check orders. The price is exact text."""
        return {
            "id": self.id,
            "consumer_address": self.consumer_address,
            "price_per_minute": format(self.price_per_minute, "f"),
            "fee_token": self.fee_token,
            "max_job_seconds": self.max_job_seconds,
            "chain_ids": list(self.chain_ids),
        }


class EnvironmentBook:
    """All environments, in the order of the operator's file."""

    def __init__(self, environments: Iterable[Environment] = ()) -> None:
        self._known = {environment.id: environment for environment in environments}

    def all(self) -> Sequence[Environment]:
        return tuple(self._known.values())

    def find(self, name: str) -> Environment:
        """Raises EnvironmentUnknown."""
        if name not in self._known:
            raise EnvironmentUnknown(name)
        return self._known[name]
