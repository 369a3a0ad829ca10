"""What the provider does for compute: it owns orders, keys, assets' files and nonces. Bytes come by grants.

Wire: docs/architecture.md and services/provider/dialects/internal/compute.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.compute.domain.environments import Environment
from services.compute.domain.errors import ComputeError


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetUse:
    """One asset as a caller names it; texts as received, None for what was not sent."""

    document_id: str | None
    service_id: str | None = None
    transfer_tx_id: str | None = None
    userdata: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgorithmUse(AssetUse):
    """`meta` for a raw algorithm; `custom_data` is JSON text, handed to the algorithm as it is."""

    meta: Mapping[str, Any] | None = None
    custom_data: str = "null"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedFile:
    """`handle` opens the file's bytes once or more until the grant ends; it is no URL and tells nothing."""

    index: int
    handle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedAsset:
    did: str
    service_id: str
    ddo: Mapping[str, Any]  # the public document, files encrypted
    files: tuple[GrantedFile, ...]
    userdata: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """The provider says yes to a start. `agreement_id` is the transaction that carries the fee;
    `paid_seconds` is what was paid for, None without an end. `network` only if every dataset allows it;
    `pins_image`: some dataset holds the algorithm to a container checksum.
    """

    chain_id: int
    agreement_id: str
    paid_seconds: int | None
    valid_until: int
    datasets: tuple[GrantedAsset, ...]
    algorithm: GrantedAsset | None  # None for a raw one
    container: Mapping[str, Any]  # entrypoint, image, tag, checksum
    raw_code: str | None
    network: bool
    pins_image: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    consumer: str  # checksummed
    environment: Environment
    datasets: Sequence[AssetUse]
    algorithm: AlgorithmUse
    job: str  # the uid the grants will be bound to


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRequest:
    consumer: str
    environment: Environment
    valid_until: int
    datasets: Sequence[AssetUse]
    algorithm: AlgorithmUse


class UseRefused(ComputeError):
    """A refusal in Ocean's words: `resource` and `code` of contract 1.3 (2.9), or a plain text with no
    resource.
    """

    def __init__(self, resource: str | None, code: str, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{resource}: {code}" if resource else code)
        self.resource = resource
        self.code = code
        self.extra = dict(extra or {})


class ProviderUnavailable(ComputeError):
    """The provider, or the chain behind it, gives no answer; never taken for yes."""


class NonceTooLow(ComputeError):
    def __init__(self, stored: str, sent: str) -> None:
        super().__init__("nonce too low")
        self.stored = stored
        self.sent = sent


class GrantRefused(ComputeError):
    """The grant ended, was taken back, or is another job's."""


class Provider(Protocol):
    """All raise ProviderUnavailable."""

    def authorize(self, request: StartRequest) -> Authorized:
        """Check everything of contract 1.3 and make grants. Raises UseRefused."""

    def quote(self, request: QuoteRequest) -> Mapping[str, Any]:
        """The answer of initializeCompute. Raises UseRefused."""

    def open(self, job: str, handle: str) -> Iterator[bytes]:
        """A granted file's bytes as they come. Raises GrantRefused, InputUnavailable."""

    def end_grants(self, job: str) -> None:
        """Whatever was granted to the job ends now."""

    def consume_nonce(self, address: str, nonce: str) -> None:
        """Raises NonceTooLow, MalformedNonce of the signing rules as UseRefused."""

    def last_nonce(self, address: str) -> str:
        """What the public nonce endpoint reports."""

    def signed_message(self, address: str, messages: Sequence[str], signature: str) -> str | None:
        """Which message the smart account (EIP-1271) signed, on the first chain."""

    def fee_tokens(self) -> Mapping[int, str]:
        """Of every chain that it serves, the first one first; the zero address where fees are not asked."""


class InputUnavailable(ComputeError):
    """The origin did not give the file; the text names no origin."""
