"""Follows the head of one chain: ranges forward, rollbacks to the fork when the chain changed its mind.

A checkpoint is only as good as its block: before anything is read on top of it, the source proves that it
is still canonical. Knows nothing of documents.
"""

import logging
from collections.abc import Sequence

from libs.chain.types import Head
from services.catalogue.chain_ports import ChainSource
from services.catalogue.domain.errors import EventConflict
from services.catalogue.domain.facts import Checkpoint, RetryEntry, RetryType, retry_id
from services.catalogue.domain.sightings import ChainMoved, ChainUnavailable, NodeLags, RangeRefused, Sighting
from services.catalogue.indexer import meters
from services.catalogue.indexer.ingest import Ingest
from services.catalogue.indexer.settings import ScanSettings
from services.catalogue.ports import Clock, Index

log = logging.getLogger(__name__)
_ALL = 1_000_000
_MOST_LOOKS_AT_ONCE = 3


class Follower:
    """`step` is called again and again by one thread; its state is only a shadow of the database."""

    def __init__(
        self, source: ChainSource, index: Index, ingest: Ingest, settings: ScanSettings, clock: Clock
    ) -> None:
        self._source = source
        self._index = index
        self._ingest = ingest
        self._settings = settings
        self._clock = clock
        self._chain = str(source.chain_id)
        self._span = settings.first_span
        self._checkpoint: Checkpoint | None = None
        self._short_since: float | None = None
        self._stuck_since: float | None = None
        self._moved_in_a_row = 0
        self.head_number: int | None = None

    @property
    def checkpoint(self) -> Checkpoint | None:
        return self._checkpoint

    def resume(self) -> None:
        """Take up what the database says; after a start and whenever another process may have written."""
        with self._index.unit() as unit:
            self._checkpoint = unit.last_checkpoint(self._source.chain_id)
        self._short_since = self._stuck_since = None

    def step(self) -> bool:
        """Look at the chain once; True when something was done and more may be waiting.

        Raises ChainUnavailable, NodeLags, LeaseLost.
        """
        head = self._source.head()
        self._show(head)
        at = self._checkpoint
        if at is not None and head.hash == at.hash:
            self._short_since = None
            return False
        if at is not None and head.number <= at.number:
            return self._shrink(head)
        self._short_since = None
        if head.number < self._settings.start_block:
            return False
        try:
            self._advance(head)
        except (ChainMoved, EventConflict):
            return self._rewind(head)
        except RangeRefused as refused:
            self._narrow(head, refused)
        self._show(head)
        return True

    # -- forward ----------------------------------------------------------------------------------

    def _advance(self, head: Head) -> None:
        at = self._checkpoint
        following = max(self._settings.start_block, at.number + 1 if at else 0)
        overlap = self._settings.overlap_blocks if self._span > self._settings.overlap_blocks else 0
        first = max(self._settings.start_block, following - overlap)
        last = self._end(head, following)
        sightings, headers = self._source.read(first, last, at)
        self._store(sightings, headers, last, following)
        self._stuck_since = None
        self._moved_in_a_row = 0
        self._span = min(self._span * 2, self._settings.largest_span)

    def _end(self, head: Head, following: int) -> Head:
        number = min(head.number, following + self._span - 1)
        if number == head.number:
            return head
        found = self._source.blocks([number])[0]
        if found is None:
            raise NodeLags(f"the node does not have block {number}")
        return found

    def _store(
        self, sightings: Sequence[Sighting], headers: dict[int, Head], last: Head, following: int
    ) -> None:
        chain_id = self._source.chain_id
        reached = Checkpoint(chain_id, last.number, last.hash)
        fresh = self._ingest.store(sightings, headers, reached)
        self._checkpoint = reached
        late = sum(fact.key.block_number < following for fact in fresh)
        if late:
            log.warning("a node kept events back", extra={"chain": chain_id, "events": late})
            meters.LATE.labels(self._chain).inc(late)
        meters.EVENTS.labels(self._chain).inc(len(fresh))

    def _narrow(self, head: Head, refused: RangeRefused) -> None:
        """Ask for fewer blocks; a single one that stays unreadable is queued at last and passed."""
        if self._span > 1:
            self._span = max(1, self._span // 2)
            return
        now = self._clock.now()
        self._stuck_since = self._stuck_since or now
        if now - self._stuck_since < self._settings.block_patience_seconds:
            raise ChainUnavailable(str(refused)) from refused
        self._pass_over(head, str(refused))

    def _pass_over(self, head: Head, reason: str) -> None:
        at = self._checkpoint
        number = max(self._settings.start_block, at.number + 1 if at else 0)
        block = head if number == head.number else self._source.blocks([number])[0]
        if block is None:
            raise NodeLags(f"the node does not have block {number}")
        now, chain_id = self._clock.now(), self._source.chain_id
        entry = RetryEntry(
            id=retry_id(RetryType.BLOCK, chain_id, number),
            type=RetryType.BLOCK,
            chain_id=chain_id,
            next_at=now + 60,
            created_at=now,
            block_number=number,
            error=reason,
        )
        reached = Checkpoint(chain_id, number, block.hash)
        self._ingest.store([], {}, reached, [entry])
        self._checkpoint = reached
        self._stuck_since = None
        log.error("a block cannot be read and was queued", extra={"chain": chain_id, "block": number})
        meters.SKIPPED.labels(self._chain).inc()

    # -- back -------------------------------------------------------------------------------------

    def _shrink(self, head: Head) -> bool:
        """The head is not above our checkpoint: a fork, a chain set back, or a node that lags."""
        below = [checkpoint for checkpoint in self._checkpoints() if checkpoint.number <= head.number]
        if below and not self._is_canonical(below[0]):
            return self._rewind(head)
        now = self._clock.now()
        self._short_since = self._short_since or now
        if now - self._short_since < self._settings.rewind_grace_seconds:
            return False
        self._roll_back(below[0] if below else None)
        return True

    def _rewind(self, head: Head) -> bool:
        """Roll back to the newest checkpoint that is still canonical, which may be the last one."""
        candidates = [checkpoint for checkpoint in self._checkpoints() if checkpoint.number <= head.number]
        # If a block is canonical, so are all below it: find the border by halving.
        low, high = 0, len(candidates)
        while low < high:
            middle = (low + high) // 2
            if self._is_canonical(candidates[middle]):
                high = middle
            else:
                low = middle + 1
        fork = candidates[low] if low < len(candidates) else None
        if fork == self._checkpoint:
            # Something moved above it while we read: look again, but do not spin on a node that flaps.
            self._moved_in_a_row += 1
            return self._moved_in_a_row <= _MOST_LOOKS_AT_ONCE
        self._roll_back(fork)
        return True

    def _roll_back(self, fork: Checkpoint | None) -> None:
        self._ingest.rollback(fork)
        self._checkpoint = fork
        self._short_since = None
        meters.REORGS.labels(self._chain).inc()
        log.warning(
            "the chain changed its mind",
            extra={"chain": self._source.chain_id, "fork_block": fork.number if fork else None},
        )

    def _checkpoints(self) -> list[Checkpoint]:
        with self._index.unit() as unit:
            return unit.checkpoints(self._source.chain_id, _ALL)

    def _is_canonical(self, checkpoint: Checkpoint) -> bool:
        block = self._source.blocks([checkpoint.number])[0]
        return block is not None and block.hash == checkpoint.hash

    def _show(self, head: Head) -> None:
        self.head_number = head.number
        meters.HEAD.labels(self._chain).set(head.number)
        if self._checkpoint is not None:
            meters.CHECKPOINT.labels(self._chain).set(self._checkpoint.number)
            meters.LAG.labels(self._chain).set(max(0, head.number - self._checkpoint.number))
