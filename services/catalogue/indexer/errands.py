"""Waiting work that asks the chain: transactions somebody asked us to look at, and blocks passed over.

Runs on the thread that follows the chain, so that nothing else stores events at the same time.
"""

import logging
from collections.abc import Iterable
from dataclasses import replace

from services.catalogue.chain_ports import ChainSource
from services.catalogue.domain.errors import EventConflict
from services.catalogue.domain.facts import (
    Checkpoint,
    EventFact,
    Lease,
    OutcomeStatus,
    RetryEntry,
    RetryType,
)
from services.catalogue.domain.projection import METADATA_KINDS
from services.catalogue.domain.sightings import ChainMoved, NodeLags, RangeRefused
from services.catalogue.indexer.ingest import Ingest, document_work
from services.catalogue.indexer.projecting import project
from services.catalogue.indexer.settings import RetrySettings
from services.catalogue.ports import Clock, Index, IndexUnit

log = logging.getLogger(__name__)
_MOST_ATTEMPTS_FOR_A_STRANGERS_HASH = 5


class Errands:
    def __init__(
        self,
        source: ChainSource,
        index: Index,
        lease: Lease,
        ingest: Ingest,
        retry: RetrySettings,
        clock: Clock,
    ) -> None:
        self._source = source
        self._index = index
        self._lease = lease
        self._ingest = ingest
        self._retry = retry
        self._clock = clock

    def run(self, entries: Iterable[RetryEntry], at: Checkpoint | None) -> None:
        """Raises ChainUnavailable, LeaseLost."""
        for entry in entries:
            try:
                done = self._look_at_tx(entry, at) if entry.type is RetryType.TX else self._read_block(entry)
            except (ChainMoved, EventConflict, NodeLags, RangeRefused) as error:
                self._later(entry, str(error))
                continue
            if done:
                with self._index.unit(self._lease) as unit:
                    unit.drop(entry.id)

    def _look_at_tx(self, entry: RetryEntry, at: Checkpoint | None) -> bool:
        found = self._source.sightings_of(entry.tx_hash or "")
        if found is None:
            return self._give_up_or_wait(entry)
        sightings, block = found
        if at is None or block.number > at.number:
            self._later(entry, "The transaction's block is not indexed yet.")
            return False
        if block.number < self._source.contracts.start_block:
            return True
        self._ingest.store(sightings, {block.number: block})
        self._replay(entry)
        return True

    def _replay(self, entry: RetryEntry) -> None:
        """Every document of the transaction that we do not have becomes due now, dead letters too."""
        with self._index.unit(self._lease) as unit:
            for event in unit.events_of_tx(entry.chain_id, entry.tx_hash or ""):
                if event.kind in METADATA_KINDS and entry.log_index in (None, event.key.log_index):
                    self._revive(unit, event)

    def _revive(self, unit: IndexUnit, event: EventFact) -> None:
        outcomes = {outcome.key: outcome for outcome in unit.outcomes(event.key.chain_id, event.subject)}
        outcome = outcomes.get(event.key)
        if outcome is None or outcome.status is OutcomeStatus.STORED:
            return
        unit.set_outcome(replace(outcome, status=OutcomeStatus.PENDING, document_hash=None))
        work = document_work(event, self._clock.now())
        if not unit.enqueue(work):
            unit.reschedule(work.id, next_at=work.next_at, attempts=0, error=None)
        project(unit, event.key.chain_id, [event.subject])

    def _read_block(self, entry: RetryEntry) -> bool:
        number = entry.block_number or 0
        block = self._source.blocks([number])[0]
        if block is None:
            raise NodeLags(f"the node does not have block {number}")
        sightings, headers = self._source.read(number, block, None)
        self._ingest.store(sightings, headers)
        log.info("a queued block was read", extra={"chain": entry.chain_id, "block": number})
        return True

    def _give_up_or_wait(self, entry: RetryEntry) -> bool:
        if entry.attempts + 1 >= _MOST_ATTEMPTS_FOR_A_STRANGERS_HASH:
            log.info("no such transaction", extra={"chain": entry.chain_id, "tx": entry.tx_hash})
            return True
        self._later(entry, "No node knows the transaction.")
        return False

    def _later(self, entry: RetryEntry, reason: str) -> None:
        now = self._clock.now()
        delay = min(self._retry.first_delay_seconds * 2 ** min(entry.attempts, 30), 600.0)
        with self._index.unit(self._lease) as unit:
            unit.reschedule(
                entry.id,
                next_at=now + delay,
                attempts=entry.attempts + 1,
                error=reason,
                dead=now - entry.created_at >= self._retry.dead_after_seconds,
            )
