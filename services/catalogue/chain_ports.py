"""What the indexer needs beyond its database: a chain to follow and somebody who opens documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from libs.chain.types import Head
from services.catalogue.domain.facts import Checkpoint
from services.catalogue.domain.sightings import Contracts, NftIdentity, Sighting, TokenIdentity


class ChainSource(Protocol):
    """One chain, asked at one node at a time. Every method may raise ChainUnavailable."""

    @property
    def chain_id(self) -> int: ...

    @property
    def contracts(self) -> Contracts: ...

    def head(self) -> Head:
        """The newest block: one light call."""

    def blocks(self, numbers: Sequence[int]) -> list[Head | None]:
        """Canonical headers, None where the node has none, in one exchange."""

    def read(
        self, first: int, last: Head, anchor: Checkpoint | None
    ) -> tuple[list[Sighting], dict[int, Head]]:
        """All watched logs of blocks `first` to `last` in chain order, and the headers of their blocks.

        Believed only if the node has `last` under the same hash before and after, `anchor` is still
        canonical, and every log carries the hash of its canonical block.
        Raises ChainMoved, NodeLags, RangeRefused.
        """

    def senders(self, tx_hashes: Sequence[str]) -> Mapping[str, str]:
        """Checksummed senders by transaction hash. Raises NodeLags when one is unknown to the node."""

    def sightings_of(self, tx_hash: str) -> tuple[list[Sighting], Head] | None:
        """Watched logs of one mined transaction and its canonical block; None when no node knows it."""

    def nft_identity(self, nft: str) -> NftIdentity | None:
        """None unless the factory lists this NFT."""

    def token_identity(self, datatoken: str) -> TokenIdentity | None:
        """None unless an NFT of the factory deployed this datatoken."""

    def token_symbol(self, token: str) -> str:
        """The symbol of any ERC-20, empty when it has none."""


@dataclass(frozen=True, slots=True)
class SealedDocument:
    """What a decryptor is asked to open. Addresses checksummed, hashes 0x-hex.

    `alone` says that the transaction holds no other metadata event of this NFT, so that naming the
    transaction is enough; otherwise the ciphertext is sent along.
    """

    decryptor_url: str
    chain_id: int
    nft_address: str
    tx_hash: str
    alone: bool
    flags: int
    data: str
    document_hash: str


class Decryptor(Protocol):
    def lane(self, decryptor_url: str) -> str | None:
        """Who would be asked: requests of one lane run one after the other. None means our own provider."""

    def open(self, sealed: SealedDocument) -> bytes:
        """The plain document, unchecked. Raises DecryptionRefused (for good), DecryptionFailed (for now)."""


class DocumentRules(Protocol):
    def problems(self, document: Mapping[str, Any], *, chain_id: int, nft_address: str) -> Mapping[str, Any]:
        """What the schema and the identity rules find wrong, by path; empty when nothing."""
