"""What the provider reads of an asset's DDO; knows nothing of where the document came from.

Source: Ocean DDO 4.x, contract section 7. Parsing is total: whatever the document is, the answer is an
Asset or MalformedAsset.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from libs.signing.errors import SigningError
from libs.signing.keys import checksum, did_for
from services.provider.domain.credentials import Credentials, MalformedCredentials, parse_credentials
from services.provider.domain.errors import ProviderError

ACCESS = "access"
COMPUTE = "compute"

_DID = re.compile(r"did:op:[0-9a-f]{64}")
_MAX_CHAIN_ID = 2**53 - 1  # what JSON numbers can carry exactly
_MAX_TIMEOUT_SECONDS = 2**63 - 1


class MalformedAsset(ProviderError):
    """The document cannot stand for the asset that was asked for; `reason` names the field."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AssetNotFound(ProviderError):
    """The catalogue knows no document of this DID."""

    def __init__(self, did: str) -> None:
        super().__init__(did)
        self.did = did


class CatalogueUnavailable(ProviderError):
    """The catalogue gave no usable answer, so nothing can be said about the asset."""

    def __init__(self, *, timed_out: bool = False) -> None:
        super().__init__("timed out" if timed_out else "unavailable")
        self.timed_out = timed_out


class ServiceNotFound(ProviderError):
    """The asset has no service of this id."""

    def __init__(self, service_id: str) -> None:
        super().__init__(service_id)
        self.service_id = service_id


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
    credentials: Credentials
    services: tuple[Service, ...]
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)  # the DDO as published

    def service(self, service_id: str) -> Service:
        """The first service of that id. Raises ServiceNotFound."""
        for service in self.services:
            if service.id == service_id:
                return service
        raise ServiceNotFound(service_id)


def is_did(text: str) -> bool:
    """Whether `text` can name an asset at all: `did:op:` and 64 lower-case hex digits."""
    return _DID.fullmatch(text) is not None


def parse_asset(document: object, did: str) -> Asset:
    """The asset `did` out of a catalogue's document. Raises MalformedAsset.

    The DID is recomputed from NFT address and chain id, so a catalogue cannot pass one asset's
    document for another's.
    """
    ddo = _mapping(document, "document")
    nft = _mapping(ddo.get("nft") or {}, "nft")
    nft_address = _nft_address(ddo, nft)
    chain_id = _integer(ddo.get("chainId"), "chainId", _MAX_CHAIN_ID)
    if did_for(nft_address, chain_id) != did or ddo.get("id", did) != did:
        raise MalformedAsset("id is not the DID of nftAddress and chainId")
    try:
        credentials = parse_credentials(ddo.get("credentials"))
    except MalformedCredentials as error:
        raise MalformedAsset(str(error)) from error
    return Asset(
        did=did,
        version=_text(ddo.get("version", ""), "version"),
        chain_id=chain_id,
        nft_address=nft_address,
        nft_state=_optional_state(nft.get("state")),
        nft_owner=_text_or_none(nft.get("owner")),
        metadata=_mapping(ddo.get("metadata") or {}, "metadata"),
        credentials=credentials,
        services=_services(ddo.get("services")),
        document=ddo,
    )


def _nft_address(ddo: Mapping[str, Any], nft: Mapping[str, Any]) -> str:
    stated = [
        _address(value, "nft.address") for value in (ddo.get("nftAddress"), nft.get("address")) if value
    ]
    if not stated:
        raise MalformedAsset("nft.address is missing")
    if stated[0] != stated[-1]:
        raise MalformedAsset("nftAddress and nft.address differ")
    return stated[0]


def _services(value: object) -> tuple[Service, ...]:
    """Documents of revoked assets have none; a list that holds nonsense is refused as a whole."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise MalformedAsset("services is not a list")
    return tuple(_service(entry, index) for index, entry in enumerate(value))


def _service(entry: object, index: int) -> Service:
    name = f"services[{index}]"
    raw = _mapping(entry, name)
    return Service(
        id=_id_text(raw.get("id"), f"{name}.id"),
        type=_text(raw.get("type"), f"{name}.type"),
        index=index,
        files=_text(raw.get("files"), f"{name}.files"),
        datatoken=_address(raw.get("datatokenAddress"), f"{name}.datatokenAddress"),
        endpoint=_text(raw.get("serviceEndpoint"), f"{name}.serviceEndpoint"),
        timeout_seconds=_integer(raw.get("timeout"), f"{name}.timeout", _MAX_TIMEOUT_SECONDS),
        raw=raw,
    )


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MalformedAsset(f"{name} is not an object")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise MalformedAsset(f"{name} is not a text")
    return value


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _id_text(value: object, name: str) -> str:
    """Service ids are compared as text; the oldest documents number them."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(value, name)


def _integer(value: object, name: str, highest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= highest:
        raise MalformedAsset(f"{name} is not a whole number")
    return value


def _optional_state(value: object) -> int | None:
    """An unreadable state stays unknown here, and unknown is not active (domain/consumable)."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _address(value: object, name: str) -> str:
    try:
        return checksum(_text(value, name))
    except SigningError as error:
        raise MalformedAsset(f"{name} is not an address") from error
