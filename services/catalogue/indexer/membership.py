"""Tells our events from look-alikes: anyone may deploy a contract that emits the same topics.

An NFT is ours when the factory announced it or lists it, a datatoken when an NFT of ours deployed it,
an exchange or dispenser when the address file names it. What was learnt is kept for this process and
forgotten whenever the chain changes its mind.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from services.catalogue.chain_ports import ChainSource
from services.catalogue.domain.facts import EventKind
from services.catalogue.domain.projection import METADATA_KINDS
from services.catalogue.domain.sightings import Sighting
from services.catalogue.indexer.projecting import NFT_IDENTITY, TOKEN_IDENTITY
from services.catalogue.ports import Index, IndexUnit

_MOST_REMEMBERED = 50_000
_NFT_KINDS = METADATA_KINDS | {
    EventKind.METADATA_STATE,
    EventKind.METADATA_VALIDATED,
    EventKind.TOKEN_URI_UPDATE,
    EventKind.NFT_TRANSFER,
}
_FACTORY_KINDS = frozenset({EventKind.NFT_CREATED, EventKind.TOKEN_CREATED})


@dataclass(slots=True)
class Ours:
    """The sightings that are ours, and identities of contracts older than the indexed blocks."""

    sightings: list[Sighting] = field(default_factory=list)
    identities: list[tuple[str, str, Any]] = field(default_factory=list)  # address, name and value of a fact


class Membership:
    def __init__(self, source: ChainSource, index: Index) -> None:
        self._source = source
        self._index = index
        self._nfts: dict[str, bool] = {}
        self._tokens: dict[str, bool] = {}

    def forget(self) -> None:
        self._nfts.clear()
        self._tokens.clear()

    def ours(self, sightings: Sequence[Sighting]) -> Ours:
        """Raises ChainUnavailable."""
        found = Ours()
        if not sightings:
            return found
        with self._index.unit() as unit:
            self._learn(unit, sightings)
        for kinds, known, identify, name in (
            (_NFT_KINDS - {EventKind.NFT_TRANSFER}, self._nfts, self._source.nft_identity, NFT_IDENTITY),
            ({EventKind.ORDER_STARTED}, self._tokens, self._source.token_identity, TOKEN_IDENTITY),
        ):
            for subject in {seen.subject for seen in sightings if seen.kind in kinds} - known.keys():
                identity = identify(subject)
                known[subject] = identity is not None
                if identity is not None:
                    found.identities.append((subject, name, asdict(identity)))
        found.sightings = [seen for seen in sightings if self._is_ours(seen)]
        self._trim()
        return found

    def _learn(self, unit: IndexUnit, sightings: Sequence[Sighting]) -> None:
        """What these very logs or the stored ones say; no network."""
        for seen in sightings:
            if self._is_factory(seen):
                (self._nfts if seen.kind is EventKind.NFT_CREATED else self._tokens)[seen.subject] = True
        nfts = {seen.subject for seen in sightings if seen.kind in _NFT_KINDS} - self._nfts.keys()
        tokens = {
            seen.subject for seen in sightings if seen.kind is EventKind.ORDER_STARTED
        } - self._tokens.keys()
        self._nfts |= dict.fromkeys(self._stored(unit, EventKind.NFT_CREATED, NFT_IDENTITY, nfts), True)
        stored = self._stored(unit, EventKind.TOKEN_CREATED, TOKEN_IDENTITY, tokens)
        self._tokens |= dict.fromkeys(stored, True)

    def _stored(self, unit: IndexUnit, kind: EventKind, name: str, subjects: set[str]) -> set[str]:
        if not subjects:
            return set()
        chain_id = self._source.chain_id
        found = unit.known(chain_id, kind, subjects)
        return found | {
            subject for subject in subjects - found if unit.contract_fact(chain_id, subject, name) is not None
        }

    def _is_factory(self, seen: Sighting) -> bool:
        return seen.kind in _FACTORY_KINDS and seen.emitter.lower() == self._source.contracts.factory

    def _is_ours(self, seen: Sighting) -> bool:
        emitter, contracts = seen.emitter.lower(), self._source.contracts
        if seen.kind in _NFT_KINDS:
            return self._nfts.get(seen.subject, False)
        if seen.kind is EventKind.ORDER_STARTED:
            return self._tokens.get(seen.subject, False)
        if seen.kind in (EventKind.EXCHANGE_CREATED, EventKind.EXCHANGE_RATE_CHANGED):
            return emitter in contracts.exchanges
        if seen.kind is EventKind.DISPENSER_CREATED:
            return emitter in contracts.dispensers
        return self._is_factory(seen)

    def _trim(self) -> None:
        for known in (self._nfts, self._tokens):
            if len(known) > _MOST_REMEMBERED:
                known.clear()
