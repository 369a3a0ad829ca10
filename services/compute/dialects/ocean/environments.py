"""`GET /api/services/computeEnvironments`: where jobs may run (contract 1.4, 2.13)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from flask import Blueprint, Response

from libs.web.gate import public
from libs.web.ocean_shapes import json_response
from services.compute.dialects.ocean.parts import OceanParts
from services.compute.usecases.ocean_environments import Offer

GIB: Final = 1 << 30
HOUR: Final = 3600


def add(room: Blueprint, parts: OceanParts) -> None:
    @room.get("/api/services/computeEnvironments")
    @public
    def compute_environments() -> Response:
        now = parts.environments.now()
        chains = {
            str(chain_id): [view(offer, now) for offer in offers]
            for chain_id, offers in parts.environments.offers().items()
        }
        if parts.bare_environments:
            return json_response(next(iter(chains.values()), []))
        return json_response(chains)


def view(offer: Offer, now: float) -> Mapping[str, Any]:
    """`nCPU` and `nGPU` are the seed's names of the same. `storageExpiry` is in hours."""
    environment = offer.environment
    return {
        "id": environment.id,
        "cpuNumber": _number(environment.cpus),
        "cpuType": environment.cpu_type,
        "gpuNumber": environment.gpus,
        "gpuType": environment.gpu_type,
        "ramGB": _number(environment.memory_bytes / GIB),
        "diskGB": _number(environment.disk_bytes / GIB),
        "priceMin": _price(environment.price_per_minute),
        "desc": environment.description,
        "currentJobs": offer.running,
        "maxJobs": environment.max_jobs,
        "consumerAddress": environment.consumer_address,
        "storageExpiry": max(1, round(environment.storage_seconds / HOUR)),
        "maxJobDuration": environment.max_job_seconds,
        "lastSeen": str(int(now)),
        "feeToken": offer.fee_token,
        "nCPU": _number(environment.cpus),
        "nGPU": environment.gpus,
        **({"allowedChainId": list(environment.chain_ids)} if environment.chain_ids else {}),
    }


def _number(value: float) -> float:
    """Whole ones without a fraction."""
    return int(value) if value == int(value) else round(value, 3)


def _price(price: Decimal) -> float:
    """Clients read a number; what is charged is reckoned from the exact text."""
    return _number(float(price)) if price == int(price) else float(price)
