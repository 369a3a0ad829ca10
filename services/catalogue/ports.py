"""What the catalogue needs from the outside, as Protocols; adapters implement them, wiring chooses.

`Index` and `IndexUnit` are the indexer's side: facts go in, projections come out of them. `Catalogue`
is the reading side of the API. Both look at one database; the API writes nothing but trigger requests.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from services.catalogue.domain.facts import (
    AssetRecord,
    Checkpoint,
    DidState,
    DocumentOutcome,
    EventFact,
    EventKey,
    EventKind,
    Lease,
    RetryEntry,
)
from services.catalogue.domain.query.nodes import Search


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch, UTC."""


class Nonces(Protocol):
    """The ledger of nonces that all services share."""

    def burn(self, address: str, nonce: str) -> None:
        """After this no service accepts `nonce` of `address`; one that none would have accepted is no error.

        Raises NoncesUnavailable.
        """


class IndexUnit(Protocol):
    """One transaction of the indexer. Leaving the context commits; an exception rolls all of it back.

    Every write may be repeated: adding an event, a document or a checkpoint that is there already
    changes nothing. Addresses and hashes used as look-up keys are compared lower-case.
    """

    # -- checkpoints
    def last_checkpoint(self, chain_id: int) -> Checkpoint | None: ...

    def checkpoints(self, chain_id: int, limit: int = 128) -> list[Checkpoint]:
        """Newest first: walk down until a hash agrees with the chain to find the fork block."""

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Also forgets old checkpoints far below the newest, keeping enough for deep reorgs."""

    def rollback(self, chain_id: int, fork_block: int) -> set[str]:
        """Delete events, outcomes and checkpoints above `fork_block` (and retry rows of those blocks).

        Returns the subjects of the deleted events; the caller projects the NFTs they touch again.
        """

    # -- events
    def add_events(self, events: Iterable[EventFact]) -> int:
        """Store events that are not there yet; returns how many were new.

        Raises EventConflict when a key is taken by an event of another block hash: roll back first.
        """

    def events(self, chain_id: int, subjects: Collection[str]) -> list[EventFact]:
        """All events of these subjects in chain order."""

    def event(self, key: EventKey) -> EventFact | None: ...

    def events_of_tx(self, chain_id: int, tx_hash: str) -> list[EventFact]: ...

    def known(self, chain_id: int, kind: EventKind, subjects: Collection[str]) -> set[str]:
        """Which of these subjects have an event of this kind (lower-case); reads no payloads."""

    # -- documents
    def put_document(self, body: bytes) -> str:
        """Store a plain document under its sha256 (hex, returned)."""

    def document(self, document_hash: str) -> bytes | None: ...

    def set_outcome(self, outcome: DocumentOutcome) -> None: ...

    def outcomes(self, chain_id: int, nft_address: str) -> list[DocumentOutcome]:
        """In chain order."""

    # -- projections
    def put_asset(self, asset: AssetRecord) -> None: ...

    def remove_asset(self, did: str) -> None: ...

    def nfts_of_datatokens(self, chain_id: int, datatokens: Collection[str]) -> set[str]:
        """Lower-case addresses of NFTs whose current assets name one of these datatokens."""

    def nfts(self, chain_id: int) -> list[str]:
        """Lower-case addresses of every NFT that has a metadata event, sorted: for a full re-projection."""

    def put_did_state(self, state: DidState) -> None: ...

    def remove_did_state(self, did: str) -> None: ...

    # -- immutable facts of contracts (token names, symbols, decimals, factory membership)
    def contract_fact(self, chain_id: int, address: str, name: str) -> Any | None: ...

    def put_contract_fact(self, chain_id: int, address: str, name: str, value: Any) -> None:
        """`value` is JSON. Only what can never change on the chain belongs here."""

    def forget_contract_facts(self, chain_id: int) -> None:
        """The chain began anew: the same addresses may hold other contracts now."""

    # -- retry queue and trigger requests
    def enqueue(self, entry: RetryEntry) -> bool:
        """Insert unless an entry with this id waits already; says whether it was inserted."""

    def due(self, chain_id: int, now: float, limit: int) -> list[RetryEntry]:
        """Entries whose time has come, oldest `next_at` first; dead letters never are."""

    def reschedule(
        self, entry_id: str, *, next_at: float, attempts: int, error: str | None, dead: bool = False
    ) -> None:
        """With `dead` the entry stays visible but is not tried again until rescheduled without it."""

    def queue_sizes(self, chain_id: int) -> tuple[int, int]:
        """How many entries wait, and how many are dead letters."""

    def drop(self, entry_id: str) -> None: ...


class Index(Protocol):
    """The indexer's database."""

    def unit(self, lease: Lease | None = None) -> AbstractContextManager[IndexUnit]:
        """With a lease, the transaction begins by locking its row, so writers of one chain take turns.

        Raises LeaseLost when another holder has it by now (fencing: a holder that slept writes nothing).
        """

    def claim(self, name: str, holder: str, *, now: float, seconds: float) -> bool:
        """Take or renew the lease `name`; False while another holder's lease runs. One indexer per chain."""

    def release(self, name: str, holder: str) -> None: ...

    def set_chain(self, chain_id: int, version: str) -> None:
        """Say that this chain is indexed (chains/list) and by which software version."""


@dataclass(frozen=True, slots=True)
class StoredAsset:
    """A served document, ready to send: JSON text as UTF-8 bytes and its strong entity tag (no quotes)."""

    etag: str
    body: bytes


@dataclass(frozen=True, slots=True)
class ChainStatus:
    chain_id: int
    version: str
    last_block: int | None


@dataclass(frozen=True, slots=True)
class Hit:
    """One found document: `score` when scores were worked out, `sort` when an order was asked for."""

    did: str
    body: bytes
    score: float | None
    sort: tuple[Any, ...] | None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """`hits` is read once and lazily; `aggregations` have the shape that clients read (contract 2.2)."""

    total: int
    max_score: float | None
    hits: Iterator[Hit]
    aggregations: Mapping[str, Any]


class Catalogue(Protocol):
    """Reads of the API."""

    def etag(self, did: str) -> str | None:
        """The entity tag alone: the cheap answer to If-None-Match."""

    def asset(self, did: str) -> StoredAsset | None: ...

    def revision(self) -> int:
        """Rises with every change of any asset: a search answered at one revision holds until the next."""

    def search(self, search: Search) -> SearchResult: ...

    def names(self, dids: Sequence[str]) -> Mapping[str, str]:
        """Names of those that exist and have one, in one look-up."""

    def did_state(
        self, *, did: str | None, nft: str | None, tx_id: str | None, chain_id: int | None
    ) -> DidState | None: ...

    def retries(
        self, *, chain_id: int | None, nft: str | None, did: str | None, type: str | None, limit: int
    ) -> tuple[int, list[RetryEntry]]:
        """How many match, and the first of them in the order in which they will be tried."""

    def chains(self) -> list[ChainStatus]: ...

    def enqueue(self, entry: RetryEntry, limit: int) -> bool:
        """Insert unless it waits already; a dead letter of the same id comes back to life.

        Says whether anything changed. Raises QueueFull when `limit` entries wait.
        """
