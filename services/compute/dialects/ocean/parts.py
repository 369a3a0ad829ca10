"""What the room works with; wiring fills it."""

from dataclasses import dataclass

from services.compute.usecases.ocean_environments import OceanEnvironments
from services.compute.usecases.ocean_jobs import OceanJobs
from services.compute.usecases.ocean_start import OceanStart
from services.compute.usecases.wallet_requests import WalletRequests


@dataclass(frozen=True, slots=True, kw_only=True)
class OceanParts:
    """`bare_environments`: computeEnvironments as a list instead of a map by chain."""

    requests: WalletRequests
    start: OceanStart
    jobs: OceanJobs
    environments: OceanEnvironments
    bare_environments: bool = False
