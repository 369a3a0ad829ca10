"""What a chain tells us, as frozen values. Hashes are lower-case 0x hex, addresses checksummed."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Head:
    """A block header, as far as we need one. `timestamp` is seconds since the epoch, UTC."""

    number: int
    hash: str
    timestamp: int
    parent_hash: str = ""


@dataclass(frozen=True, slots=True)
class Log:
    """One event log; `address` is the contract that emitted it."""

    address: str
    topics: tuple[str, ...]
    data: bytes
    block_number: int
    block_hash: str
    tx_hash: str
    log_index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction; `status` 1 succeeded, 0 reverted (then `logs` is empty)."""

    tx_hash: str
    status: int
    block_number: int
    block_hash: str
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction a node knows; `block_number` is None while it is pending."""

    hash: str
    sender: str
    to: str | None
    nonce: int
    block_number: int | None


@dataclass(frozen=True, slots=True)
class SendingTerms:
    """The sender's next nonce, pending ones counted; wei for one unit of gas; units the call would take."""

    nonce: int
    gas_price: int
    gas: int


@dataclass(frozen=True, slots=True)
class OrderStarted:
    """`amount` in base units of the datatoken; `timestamp` is the block's, in seconds."""

    consumer: str
    payer: str
    amount: int
    service_index: int
    timestamp: int
    market: str
    block_number: int
    log_index: int = 0


@dataclass(frozen=True, slots=True)
class OrderReused:
    """`order_tx_id` is whatever the caller named: nothing on chain checks it."""

    order_tx_id: str
    caller: str
    timestamp: int
    number: int
    log_index: int = 0


@dataclass(frozen=True, slots=True)
class ProviderFee:
    """A fee quote as it was paid; `valid_until` in seconds, 0 for none; `v` 27 or 28."""

    address: str
    token: str
    amount: int
    provider_data: bytes
    v: int
    r: bytes
    s: bytes
    valid_until: int
    log_index: int = 0


class MetadataKind(StrEnum):
    CREATED = "created"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class MetadataEvent:
    """`flags` is one byte on well-formed events: bit 0 LZMA, bit 1 ECIES; `metadata_hash` 32 bytes."""

    kind: MetadataKind
    updated_by: str
    state: int
    decryptor_url: str
    flags: bytes
    data: bytes
    metadata_hash: bytes
    timestamp: int
    block_number: int
    log_index: int = 0


@dataclass(frozen=True, slots=True)
class MetadataState:
    updated_by: str
    state: int
    timestamp: int
    block_number: int
    log_index: int = 0


@dataclass(frozen=True, slots=True)
class MetadataValidated:
    """`v`, `r`, `s` were checked on chain unless `validator` is the zero address."""

    validator: str
    metadata_hash: bytes
    v: int
    r: bytes
    s: bytes
    log_index: int = 0


@dataclass(frozen=True, slots=True)
class TokenUriUpdate:
    updated_by: str
    token_uri: str
    token_id: int
    timestamp: int
    block_number: int
    log_index: int = 0


@dataclass(frozen=True, slots=True)
class NftTransfer:
    """An ERC-721 Transfer; a mint comes from the zero address."""

    sender: str
    receiver: str
    token_id: int
    log_index: int = 0


@dataclass(frozen=True, slots=True)
class NftCreated:
    nft: str
    template: str
    name: str
    admin: str
    symbol: str
    token_uri: str
    transferable: bool
    creator: str
    log_index: int = 0


@dataclass(frozen=True, slots=True)
class TokenCreated:
    datatoken: str
    template: str
    name: str
    symbol: str
    cap: int
    creator: str
    log_index: int = 0


@dataclass(frozen=True, slots=True)
class ExchangeCreated:
    """`rate`: base tokens for one datatoken, 18 decimals whatever the base token's own."""

    exchange_id: str
    base_token: str
    datatoken: str
    owner: str
    rate: int
    log_index: int = 0


@dataclass(frozen=True, slots=True)
class ExchangeRateChanged:
    exchange_id: str
    owner: str
    rate: int
    log_index: int = 0


@dataclass(frozen=True, slots=True)
class DispenserCreated:
    datatoken: str
    owner: str
    max_tokens: int
    max_balance: int
    allowed_swapper: str
    log_index: int = 0


@dataclass(frozen=True, slots=True)
class NftMetadata:
    """ERC721Template.getMetaData(); both decryptor fields are free text.

    States: 0 active, 1 end of life, 2 deprecated, 3 revoked, 4 ordering disabled, 5 unlisted.
    """

    decryptor_url: str
    decryptor_address: str
    state: int
    has_metadata: bool
