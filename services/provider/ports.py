"""What the provider needs from the outside, as Protocols; adapters implement them, wiring chooses."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from libs.chain.types import Head, NftMetadata, Receipt
from libs.signing.keys import PrivateKey
from services.provider.domain.asset import Asset
from services.provider.domain.grants import Grant
from services.provider.domain.origins import ContractCall, OriginRequest


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


class OriginReply(Protocol):
    """An open origin response whose body has not been read."""

    status: int
    headers: Mapping[str, str]  # lower-case names
    url: str  # the final URL after redirects

    def chunks(self, size: int = ...) -> Iterator[bytes]:
        """The body exactly as sent. Raises OriginUnavailable when it breaks off or stalls."""

    def discard(self) -> None:
        """Done with it; a small unread rest is read to save the connection."""

    def close(self) -> None:
        """Hang up at once, unless the body was read to its end."""


class Origins(Protocol):
    """The guarded fetcher: refuses private addresses, pins what it resolved, checks every redirect."""

    def open(self, request: OriginRequest, extra_headers: Mapping[str, str] | None = None) -> OriginReply:
        """Raises OriginRefused (guard), OriginUnavailable (network, time-out, too many redirects)."""


class ContractReader(Protocol):
    """Reads view functions of contracts that publishers name as files."""

    def read(self, call: ContractCall) -> bytes:
        """The function's answer as JSON text. Raises ContractReadFailed."""


@dataclass(frozen=True, slots=True)
class RelayReply:
    """A response to hand on as it is; whoever takes it iterates `body` and calls `close`."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: Iterator[bytes]  # raises ConnectionResetError when the origin breaks off: the client must see it
    close: Callable[[], None]


class Relay(Protocol):
    """Carries a file's bytes through this process, for callers that come without our gateway."""

    def open(
        self, plan: OriginRequest, request_headers: Mapping[str, str], method: str = "GET"
    ) -> RelayReply:
        """Range and If-Range are taken from `request_headers`, any case. Raises what Origins.open raises."""


class Tickets(Protocol):
    """Seals a plan so that the gateway can carry it to the egress process."""

    def seal(self, plan: OriginRequest) -> str | None:
        """Short-lived header text; None for a plan too large to travel in a header."""


class Chain(Protocol):
    """Reads of one chain that decide about access; each raises libs.chain.errors.ChainError on trouble."""

    @property
    def chain_id(self) -> int: ...

    def head(self) -> Head:
        """The newest block, one light call; what may change is read as of the head it is given."""

    def receipt(self, tx_hash: str, head: Head | None = None) -> Receipt | None: ...

    def nft_metadata(self, nft: str, head: Head | None = None) -> NftMetadata: ...

    def is_factory_nft(self, nft: str, head: Head | None = None) -> bool: ...

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


class AccessChain(Chain, Protocol):
    """What orders and quotes need beside; a request reads the head once and hands it to the other reads."""

    def head(self) -> Head: ...

    def nft_metadata(self, nft: str, head: Head | None = None) -> NftMetadata:
        """Raises CallReverted for an address that is no data NFT."""

    def receipt(self, tx_hash: str, head: Head | None = None) -> Receipt | None: ...

    def is_deployed(self, nft: str, datatoken: str, head: Head | None = None) -> bool:
        """Whether the NFT deployed the datatoken; False for an address that is no data NFT."""

    def wait_receipt(self, tx_hash: str, seconds: float) -> Receipt | None:
        """The receipt as soon as there is one, None when it does not come within `seconds`."""

    def decimals(self, token: str) -> int: ...

    def address_of(self, name: str) -> str | None:
        """Of a contract in the address file."""


class AccessChains(Protocol):
    def get(self, chain_id: int) -> AccessChain:
        """Raises libs.chain.errors.UnknownChain."""


@dataclass(frozen=True, slots=True)
class ComputeEnvironment:
    """A place to run jobs, as far as its fee is concerned; price in whole fee tokens."""

    id: str
    consumer_address: str
    price_per_minute: Decimal
    fee_token: str | None = None  # the chain's fee token when None


class ComputeEnvironments(Protocol):
    """Both raise EnvironmentsUnavailable."""

    def find(self, chain_id: int, environment_id: str) -> ComputeEnvironment | None: ...

    def consumer_addresses(self, chain_id: int) -> frozenset[str]:
        """Checksummed accounts that jobs download their inputs with."""


class GrantStore(Protocol):
    """Grants by the hash of their handle. All raise GrantsUnavailable."""

    def add(self, grants: Mapping[str, Grant], now: float) -> None:
        """All or none; grants whose time is over go at the same time."""

    def find(self, handle_hash: str) -> Grant | None:
        """None when there is none, or it was ended."""

    def end(self, job: str, now: float) -> int:
        """How many grants of the job ended now."""


@dataclass(frozen=True, slots=True)
class AccessQuestion:
    """What an access control server is asked, contract 7.4; assets as (did, service id).

    `algorithms` and `additional` datasets belong to compute alone; a raw algorithm is none.
    """

    event: str  # initialize | access | compute
    caller: str
    dids: Sequence[tuple[str, str]]
    algorithms: Sequence[tuple[str, str]] = ()
    additional: Sequence[tuple[str, str]] = ()


class AccessControl(Protocol):
    def allows(self, question: AccessQuestion) -> bool:
        """Raises AccessControlUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofOfDownload:
    """What a served download leaves behind, contract 8.7; an AuthToken leaves no consumer signature."""

    chain_id: int
    datatoken: str
    order_tx_id: str
    provider_data: str  # compact JSON
    consumer_data: str
    consumer_signature: str
    consumer_address: str


class Proofs(Protocol):
    def record(self, proof: ProofOfDownload) -> None:
        """Hand over and return at once; never raises, never blocks a response."""
