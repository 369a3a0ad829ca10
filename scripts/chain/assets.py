"""What a sample asset looks like, and the DDO it becomes. Source: companion contract 2.3."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from libs.signing.keys import did_for

Pricing = Literal["free", "fixed", "dispenser"]


class Encryptor(Protocol):
    def encrypt(self, data: bytes, chain_id: int) -> str:
        """0x hex of the ECIES blob for the provider that will serve the asset."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Where the asset says it is served, whose key its documents are for, and who encrypts for that key."""

    url: str
    address: str
    encryptor: Encryptor


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """One service and its datatoken. `files` are file objects of contract section 6.

    `pricing`: "free" leaves minting to the publisher (see `mint_to`), "fixed" sells at `price` base tokens,
    "dispenser" gives tokens away. `template` 1 is the plain datatoken, 2 the enterprise one, which buys
    and orders in one transaction.
    """

    files: Sequence[Mapping[str, Any]]
    type: str = "access"
    id: str = "service-0"
    pricing: Pricing = "free"
    price: str = "1"
    base_token: str = "Ocean"  # noqa: S105 - a name of the address file, or an address
    template: int = 1
    timeout_seconds: int = 0
    mint_to: Sequence[str] = ()  # gets 100 datatokens each
    extra: Mapping[str, Any] = field(default_factory=dict)  # more keys of the DDO's service


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetSpec:
    """`flags`: bit 0 LZMA, bit 1 encrypted, as in the metadata event."""

    services: Sequence[ServiceSpec]
    name: str = "Sample asset"
    type: str = "dataset"
    flags: int = 2
    version: str = "4.1.0"
    metadata: Mapping[str, Any] = field(default_factory=dict)  # more keys of the DDO's metadata
    extra: Mapping[str, Any] = field(default_factory=dict)  # more top-level keys, e.g. credentials


def build_ddo(
    spec: AssetSpec, provider: Provider, *, nft: str, datatokens: Sequence[str], chain_id: int
) -> dict[str, Any]:
    """The document as a client publishes it; `datatokens` in the order of the services."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "@context": ["https://w3id.org/did/v1"],
        "id": did_for(nft, chain_id),
        "version": spec.version,
        "chainId": chain_id,
        "nftAddress": nft,
        "metadata": {
            "created": now,
            "updated": now,
            "type": spec.type,
            "name": spec.name,
            "description": f"{spec.name}, published for development",
            "author": "Tidegate",
            "license": "CC0-1.0",
            "tags": ["sample"],
            **spec.metadata,
        },
        "services": [
            _service(service, provider, nft, datatoken, chain_id)
            for service, datatoken in zip(spec.services, datatokens, strict=True)
        ],
        **spec.extra,
    }


def _service(
    service: ServiceSpec, provider: Provider, nft: str, datatoken: str, chain_id: int
) -> dict[str, Any]:
    files = {"datatokenAddress": datatoken, "nftAddress": nft, "files": list(service.files)}
    compute = {
        "allowRawAlgorithm": True,
        "allowNetworkAccess": False,
        "publisherTrustedAlgorithmPublishers": [],
        "publisherTrustedAlgorithms": [],
    }
    return {
        "id": service.id,
        "type": service.type,
        "name": f"{service.type} service",
        "description": f"{service.type} service of a sample asset",
        "files": provider.encryptor.encrypt(compact_json(files), chain_id),
        "datatokenAddress": datatoken,
        "serviceEndpoint": provider.url,
        "timeout": service.timeout_seconds,
        **({"compute": compute} if service.type == "compute" else {}),
        **service.extra,
    }


def compact_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
