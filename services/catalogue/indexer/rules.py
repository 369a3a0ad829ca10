"""The least that a document must be for the index to carry it."""

from collections.abc import Mapping
from typing import Any


class StructuralRules:
    """DocumentRules that look at what projections read, and at nothing else."""

    def problems(self, document: Mapping[str, Any], *, chain_id: int, nft_address: str) -> Mapping[str, Any]:
        found: dict[str, str] = {}
        if not isinstance(document.get("version"), str):
            found["version"] = "no version provided for DDO."
        if not isinstance(document.get("metadata"), dict):
            found["metadata"] = "must be an object"
        services = document.get("services")
        if not isinstance(services, list):
            return found | {"services": "must be a list"}
        for number, service in enumerate(services):
            address = service.get("datatokenAddress") if isinstance(service, dict) else None
            if not isinstance(address, str):
                found[f"services.{number}.datatokenAddress"] = "must be an address"
        return found
