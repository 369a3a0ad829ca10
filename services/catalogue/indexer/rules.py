"""The schema and identity rules as the indexer's DocumentRules."""

from collections.abc import Mapping
from typing import Any

from services.catalogue.domain.ddo_rules import problems_of


class DdoRules:
    def problems(self, document: Mapping[str, Any], *, chain_id: int, nft_address: str) -> Mapping[str, Any]:
        if not document.get("version"):
            return {"version": "no version provided for DDO."}
        return problems_of(document, chain_id=chain_id, nft_address=nft_address)
