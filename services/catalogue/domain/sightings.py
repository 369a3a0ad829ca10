"""A decoded log before anybody has checked that its emitter is one of ours, and what else a chain tells.

Values only. What is ours becomes an EventFact; the rest is forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.catalogue.domain.errors import CatalogueError
from services.catalogue.domain.facts import EventKind


@dataclass(frozen=True, slots=True)
class Sighting:
    """One log of a kind we watch. `emitter` checksummed, `subject` and hashes lower-case (see EventFact)."""

    kind: EventKind
    emitter: str
    subject: str
    block_number: int
    block_hash: str
    tx_hash: str
    log_index: int
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contracts:
    """The deployment that is indexed: lower-case addresses from the address file."""

    factory: str
    exchanges: frozenset[str] = frozenset()
    dispensers: frozenset[str] = frozenset()
    start_block: int = 0


@dataclass(frozen=True, slots=True)
class NftIdentity:
    """What the contract says about itself, for an NFT whose creation lies before the indexed blocks."""

    name: str
    symbol: str
    token_uri: str
    owner: str


@dataclass(frozen=True, slots=True)
class TokenIdentity:
    """The same for a datatoken; `nft` is lower-case and confirmed by that NFT and by the factory."""

    nft: str
    name: str
    symbol: str


class ChainUnavailable(CatalogueError):
    """No node answers, or the answers cannot be used; asking again later may help."""


class ChainMoved(CatalogueError):
    """Two answers belong to different versions of the chain: look for the fork before going on."""


class NodeLags(CatalogueError):
    """The node does not have a block that it, or a node beside it, announced: its silence proves nothing."""


class RangeRefused(CatalogueError):
    """The node will not or cannot answer for so many blocks at once: ask for fewer."""
