"""Stores what was read: events, checkpoint, work to do and new projections, all in one transaction."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from libs.chain.types import Head
from libs.signing.keys import checksum, did_for
from services.catalogue.chain_ports import ChainSource
from services.catalogue.domain.facts import (
    Checkpoint,
    DocumentOutcome,
    EventFact,
    EventKey,
    EventKind,
    Lease,
    OutcomeStatus,
    RetryEntry,
    RetryType,
    retry_id,
)
from services.catalogue.domain.projection import METADATA_KINDS
from services.catalogue.domain.sightings import Sighting
from services.catalogue.indexer.membership import Membership, Ours
from services.catalogue.indexer.projecting import (
    NOBODY,
    PROJECTED,
    PURGATORY,
    SCOPE,
    nfts_touched,
    project,
    with_documents,
)
from services.catalogue.indexer.renewal import renew_projections
from services.catalogue.ports import Clock, Index, IndexUnit

log = logging.getLogger(__name__)
_NOTES = (SCOPE, PURGATORY, PROJECTED)  # what stays true when the chain begins anew
_READABLE_STATES = frozenset({0, 4, 5})  # in which a provider opens documents (contract 2.4)


class Ingest:
    """Repeating an ingest changes nothing, so it may be repeated after every kind of failure."""

    def __init__(
        self, source: ChainSource, index: Index, lease: Lease, membership: Membership, clock: Clock
    ) -> None:
        self._source = source
        self._index = index
        self._lease = lease
        self._membership = membership
        self._clock = clock

    def store(
        self,
        sightings: Sequence[Sighting],
        headers: Mapping[int, Head],
        reached: Checkpoint | None = None,
        queued: Collection[RetryEntry] = (),
    ) -> list[EventFact]:
        """The events that were new. Raises ChainUnavailable, NodeLags, EventConflict, LeaseLost."""
        ours = self._membership.ours(sightings)
        facts = self._facts(ours, headers)
        with self._index.unit(self._lease) as unit:
            marks = self._marks(unit, facts, reached) if reached else []
            fresh = [fact for fact in facts if unit.event(fact.key) is None]
            unit.add_events(facts)
            for address, name, identity in ours.identities:
                unit.put_contract_fact(self._source.chain_id, address, name, identity)
            for fact in fresh:
                self._follow_up(unit, fact)
            self._project(unit, fresh)
            for entry in queued:
                unit.enqueue(entry)
            for checkpoint in marks:
                unit.add_checkpoint(checkpoint)
        return fresh

    def adopt(self, scope: str) -> None:
        """An index of another deployment on this chain is not ours: begin anew. What other rules computed is
        computed again. Raises LeaseLost."""
        chain_id = self._source.chain_id
        with self._index.unit(self._lease) as unit:
            found = unit.contract_fact(chain_id, NOBODY, SCOPE)
        if found != scope:
            if found is not None:
                log.warning("the indexed deployment changed, beginning anew", extra={"chain": chain_id})
                self.rollback(None)
            with self._index.unit(self._lease) as unit:
                unit.put_contract_fact(chain_id, NOBODY, SCOPE, scope)
        renew_projections(self._index, self._lease, chain_id)

    def rollback(self, fork: Checkpoint | None) -> None:
        """Forget everything above the fork, or everything when the chain began anew. Raises LeaseLost."""
        chain_id = self._source.chain_id
        with self._index.unit(self._lease) as unit:
            subjects = unit.rollback(chain_id, fork.number if fork else -1)
            tokens = self._tokens_of_exchanges(unit, subjects)
            if fork is None:
                notes = {name: unit.contract_fact(chain_id, NOBODY, name) for name in _NOTES}
                unit.forget_contract_facts(chain_id)
                for name, note in notes.items():
                    if note is not None:
                        unit.put_contract_fact(chain_id, NOBODY, name, note)
            project(unit, chain_id, nfts_touched(unit, chain_id, subjects, tokens))
        self._membership.forget()

    def _marks(self, unit: IndexUnit, facts: Sequence[EventFact], reached: Checkpoint) -> list[Checkpoint]:
        """Blocks with events make good checkpoints: between them a rollback has nothing to lose."""
        before = unit.last_checkpoint(reached.chain_id)
        floor = before.number if before else -1
        marks = {fact.key.block_number: fact.block_hash for fact in facts if fact.key.block_number > floor}
        marks[reached.number] = reached.hash
        return [Checkpoint(reached.chain_id, number, marks[number]) for number in sorted(marks)]

    # -- what follows from one event --------------------------------------------------------------

    def _follow_up(self, unit: IndexUnit, fact: EventFact) -> None:
        if fact.kind in METADATA_KINDS:
            outcome = DocumentOutcome(fact.key, fact.subject, OutcomeStatus.PENDING)
            unit.set_outcome(outcome)
            unit.enqueue(document_work(fact, self._clock.now()))
        elif fact.kind is EventKind.EXCHANGE_CREATED:
            place = str(fact.payload["exchangeId"])[2:]
            unit.put_contract_fact(fact.key.chain_id, fact.emitter.lower(), place, fact.subject)
        elif fact.kind is EventKind.METADATA_STATE and fact.payload["state"] in _READABLE_STATES:
            self._ask_again(unit, fact)

    def _ask_again(self, unit: IndexUnit, fact: EventFact) -> None:
        """Documents we were refused, perhaps because of the state that ends here, are worth another try."""
        for outcome in unit.outcomes(fact.key.chain_id, fact.subject):
            if outcome.status is OutcomeStatus.REFUSED and outcome.document_hash is None:
                event = unit.event(outcome.key)
                if event is not None:
                    unit.set_outcome(replace(outcome, status=OutcomeStatus.PENDING))
                    unit.enqueue(document_work(event, self._clock.now()))

    def _project(self, unit: IndexUnit, fresh: Sequence[EventFact]) -> None:
        subjects = {fact.subject for fact in fresh}
        tokens = self._tokens_of_exchanges(unit, subjects)
        chain_id = self._source.chain_id
        touched = nfts_touched(unit, chain_id, subjects, tokens)
        project(unit, chain_id, with_documents(unit, chain_id, touched))

    def _tokens_of_exchanges(self, unit: IndexUnit, subjects: Collection[str]) -> set[str]:
        exchanges = [subject for subject in subjects if len(subject) == 66]
        found = {
            unit.contract_fact(self._source.chain_id, contract, exchange[2:])
            for exchange in exchanges
            for contract in self._source.contracts.exchanges
        }
        return {str(token) for token in found if token is not None}

    # -- sightings to facts -----------------------------------------------------------------------

    def _facts(self, ours: Ours, headers: Mapping[int, Head]) -> list[EventFact]:
        wanted = {seen.tx_hash for seen in ours.sightings if seen.kind in METADATA_KINDS}
        senders = self._source.senders(sorted(wanted)) if wanted else {}
        return [
            EventFact(
                key=EventKey(self._source.chain_id, seen.block_number, seen.log_index),
                block_hash=seen.block_hash,
                block_timestamp=headers[seen.block_number].timestamp,
                tx_hash=seen.tx_hash,
                tx_from=senders.get(seen.tx_hash, ""),
                kind=seen.kind,
                emitter=seen.emitter,
                subject=seen.subject,
                payload=self._payload(seen),
            )
            for seen in ours.sightings
        ]

    def _payload(self, seen: Sighting) -> Mapping[str, object]:
        if seen.kind is EventKind.EXCHANGE_CREATED:
            symbol = self._source.token_symbol(str(seen.payload["baseToken"]))
            return {**seen.payload, "baseSymbol": symbol}
        return seen.payload


def document_work(event: EventFact, now: float) -> RetryEntry:
    """Opening this event's document, due at once."""
    key = event.key
    nft = checksum(event.subject)
    return RetryEntry(
        id=retry_id(RetryType.EVENT, key.chain_id, key.block_number, key.log_index),
        type=RetryType.EVENT,
        chain_id=key.chain_id,
        next_at=now,
        created_at=now,
        block_number=key.block_number,
        log_index=key.log_index,
        tx_hash=event.tx_hash,
        nft_address=nft,
        did=did_for(nft, key.chain_id),
    )
