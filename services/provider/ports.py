"""What the provider needs from the outside, as Protocols; adapters implement them, wiring chooses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

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
