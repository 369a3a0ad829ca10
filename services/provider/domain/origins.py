"""What a file is fetched from, fully described, and how that fails; no socket, no URL in any error.

Kept free of every other module so that the egress process can load it without the rest of the provider.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.provider.domain.errors import ProviderError


@dataclass(frozen=True, slots=True, repr=False)
class OriginRequest:
    """One outbound fetch, fully described; never logged, never returned to a caller."""

    method: str  # GET | POST
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str | None = None
    fallback_name: str | None = None  # file name when the origin and URL give none
    shown_name: str | None = None  # what anybody is told it is called, where the URL's own name is a secret


@dataclass(frozen=True, slots=True, repr=False)
class ContractCall:
    """One read of a view function; the answer, as JSON, is the file."""

    address: str
    abi: Mapping[str, Any]  # one function's ABI entry
    arguments: tuple[Any, ...]  # in the order of the ABI's inputs, as the caller gave them
    chain_id: int | None = None  # None: the asset's chain, or the provider's first


Plan = OriginRequest | ContractCall
"""How the bytes of one file are obtained."""


class OriginRefused(ProviderError):
    """Our guard does not fetch from there, or what should be sent cannot be sent."""


class OriginUnavailable(ProviderError):
    """The origin cannot be reached, answers with an error, too slowly, or not in HTTP."""

    def __init__(self, reason: str, *, timed_out: bool = False, retryable: bool = False) -> None:
        super().__init__(reason)
        self.timed_out = timed_out
        self.retryable = retryable


class TooManyProbes(ProviderError):
    """As many files are being looked at as this process can afford; origins are slow right now."""


class ContractReadFailed(ProviderError):
    """The contract reverted, is not there, or does not fit the ABI and the arguments."""
