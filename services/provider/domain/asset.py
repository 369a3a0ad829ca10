"""What the provider reads of an asset's DDO; knows nothing of where the document came from.

Source: Ocean DDO 4.x, contract section 7.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Service:
    """One service of an asset; `index` is its position in the DDO, which is what orders carry."""

    id: str
    type: str  # "access" | "compute" | whatever the publisher wrote
    index: int
    files: str  # 0x-hex of the ECIES blob of the files object
    datatoken: str  # checksummed address
    endpoint: str
    timeout_seconds: int  # 0: an order never expires
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asset:
    """A DDO whose `id` was recomputed from NFT address and chain id and found equal."""

    did: str
    version: str
    chain_id: int
    nft_address: str  # checksummed
    nft_state: int | None  # as the catalogue reports it
    nft_owner: str | None
    metadata: Mapping[str, Any]
    credentials: Mapping[str, Any]
    services: tuple[Service, ...]
