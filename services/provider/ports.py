"""What the provider needs from the outside, as Protocols; adapters implement them, wiring chooses."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from libs.chain.types import NftMetadata, Receipt
from libs.signing.keys import PrivateKey
from services.provider.domain.asset import Asset


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch, UTC."""


class NonceLedger(Protocol):
    """One row per (scope, checksummed address): the highest nonce ever accepted."""

    def last(self, scope: str, address: str) -> str | None:
        """The stored literal text, or None for an unknown address. Never writes."""

    def consume(self, scope: str, address: str, nonce: str) -> None:
        """Store `nonce` if it is higher than the stored one, in one atomic statement.

        Raises NonceTooLow (carrying the stored text) for every other caller.
        """


class AssetSource(Protocol):
    def find(self, did: str) -> Asset | None:
        """The current DDO from the catalogue. Raises CatalogueUnavailable, MalformedAsset."""


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """Whom an accepted AuthToken speaks for; chain_id is set for smart-account tokens only."""

    address: str
    chain_id: int | None = None


class AuthTokens(Protocol):
    def holder(self, token: str) -> TokenHolder:
        """Check signature, expiry and revocation. Raises TokenRefused, AuthUnavailable (never says yes)."""


@dataclass(frozen=True, slots=True)
class OriginRequest:
    """One outbound fetch, fully described; never logged, never returned to a caller."""

    method: str  # GET | POST
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str | None = None
    fallback_name: str | None = None  # file name when the origin and URL give none


class OriginReply(Protocol):
    """An open origin response whose body has not been read."""

    status: int
    headers: Mapping[str, str]  # lower-case names
    url: str  # the final URL after redirects

    def chunks(self, size: int = ...) -> Iterator[bytes]: ...
    def close(self) -> None: ...


class Origins(Protocol):
    """The guarded fetcher: refuses private addresses, pins what it resolved, checks every redirect."""

    def open(self, request: OriginRequest, extra_headers: Mapping[str, str] | None = None) -> OriginReply:
        """Raises OriginRefused (guard), OriginUnavailable (network, time-out, too many redirects)."""


class Chain(Protocol):
    """Reads of one chain that decide about access; each raises libs.chain.errors.ChainError on trouble."""

    @property
    def chain_id(self) -> int: ...

    def receipt(self, tx_hash: str) -> Receipt | None: ...

    def nft_metadata(self, nft: str) -> NftMetadata: ...

    def is_factory_nft(self, nft: str) -> bool: ...

    def is_valid_contract_signature(self, address: str, digest: bytes, signature: bytes) -> bool:
        """EIP-1271; False for an address without code."""


class Chains(Protocol):
    def get(self, chain_id: int) -> Chain:
        """Raises libs.chain.errors.UnknownChain."""

    def ids(self) -> Sequence[int]: ...


class Keys(Protocol):
    """The provider's own keys: one for all chains, or one per chain."""

    def for_chain(self, chain_id: int) -> PrivateKey:
        """Raises UnsupportedChain."""
