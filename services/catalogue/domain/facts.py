"""What the index keeps of a chain: events, checkpoints, documents, and what is computed from them.

Everything here is a plain value. Nothing carries a time of indexing: whatever is served must be the
same for an index built today and for one that has followed the chain since its first block.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any


class EventKind(StrEnum):
    """Kinds of chain events the catalogue keeps; the value is what the `events` table stores."""

    NFT_CREATED = "NFTCreated"
    NFT_TRANSFER = "Transfer"
    METADATA_CREATED = "MetadataCreated"
    METADATA_UPDATED = "MetadataUpdated"
    METADATA_STATE = "MetadataState"
    METADATA_VALIDATED = "MetadataValidated"
    TOKEN_URI_UPDATE = "TokenURIUpdate"  # noqa: S105 - the contract's event name
    TOKEN_CREATED = "TokenCreated"  # noqa: S105 - the contract's event name
    ORDER_STARTED = "OrderStarted"
    EXCHANGE_CREATED = "ExchangeCreated"
    EXCHANGE_RATE_CHANGED = "ExchangeRateChanged"
    DISPENSER_CREATED = "DispenserCreated"


@dataclass(frozen=True, slots=True, order=True)
class EventKey:
    """Where an event stands on its chain; the order of keys is the order of events."""

    chain_id: int
    block_number: int
    log_index: int


@dataclass(frozen=True, slots=True)
class EventFact:
    """One log, decoded. Hashes are 0x-lower-case hex, addresses checksummed.

    `subject` says whose story the event belongs to, lower-case: the NFT (NFT and metadata events), the
    datatoken (orders, ExchangeCreated, DispenserCreated, TokenCreated) or the exchange id
    (ExchangeRateChanged). `payload` is JSON: integers as integers, bytes as 0x-hex.
    """

    key: EventKey
    block_hash: str
    block_timestamp: int  # seconds since the epoch, from the block header
    tx_hash: str
    tx_from: str  # sender of the transaction, checksummed; known for metadata events, else empty
    kind: EventKind
    emitter: str
    subject: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A block whose events are stored in full, as are those of every block below it."""

    chain_id: int
    number: int
    hash: str  # 0x-lower-case hex


class OutcomeStatus(StrEnum):
    """What became of one metadata event's document."""

    STORED = "stored"
    REFUSED = "refused"  # for good: the reason is a fact of the chain or of the document
    PENDING = "pending"  # to be tried again; a row of the retry queue says when


@dataclass(frozen=True, slots=True)
class DocumentOutcome:
    """The document of one MetadataCreated/MetadataUpdated event, or why there is none."""

    key: EventKey
    nft_address: str  # lower-case
    status: OutcomeStatus
    document_hash: str | None = None  # sha256 hex of the plain document
    error: str | None = None  # a sentence for people; no secrets, no URLs


@dataclass(frozen=True, slots=True)
class AssetRecord:
    """One asset as it is served. `document` is the enriched DDO, or the short form of a revoked one."""

    did: str
    chain_id: int
    nft_address: str  # checksummed
    state: int  # 0 active .. 5 unlisted, contract 2.4
    datatokens: tuple[str, ...]  # lower-case, in the order of services
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DidState:
    """Whether the last metadata event of an NFT was taken, and if not, why (contract 2.1 /state/ddo)."""

    did: str
    chain_id: int
    nft_address: str  # checksummed
    tx_id: str
    valid: bool
    error: str | None = None


class RetryType(StrEnum):
    BLOCK = "block"
    EVENT = "event"
    TX = "tx"


def retry_id(type: RetryType, chain_id: int, *place: object) -> str:
    """64 hex digits made of what the work is about, so that the same work waits only once.

    `place` is the block number for BLOCK, block number and log index for EVENT, hash and log index for TX.
    """
    return sha256("|".join(map(str, (type.value, chain_id, *place))).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RetryEntry:
    """Work that failed or was asked for and waits for its time. `id` makes it unique (see retry_id)."""

    id: str
    type: RetryType
    chain_id: int
    next_at: float  # seconds since the epoch
    created_at: float
    block_number: int | None = None
    log_index: int | None = None
    tx_hash: str | None = None  # 0x-lower-case hex
    nft_address: str | None = None  # checksummed
    did: str | None = None
    attempts: int = 0
    error: str | None = None
    dead: bool = False  # given up after its age limit; kept for people, tried again only when asked for


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write one chain's index. `holder` is new for every start of a process."""

    name: str
    holder: str
