"""Ask the indexer to look at a transaction again (contract 2.1 triggerCaching)."""

import re

from services.catalogue.domain.errors import CatalogueError
from services.catalogue.domain.facts import RetryEntry, RetryType, retry_id
from services.catalogue.ports import Catalogue, Clock

MAX_WAITING = 10_000
_TRANSACTION = re.compile(r"0x[0-9a-fA-F]{64}")
_MAX_LOG_INDEX = 2**31


class BadTrigger(CatalogueError):
    """The transaction, chain or log index is missing or malformed, or the chain is not indexed."""


class TriggerCaching:
    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def __call__(self, tx_hash: str, chain_id: int, log_index: int | None) -> bool:
        """Says whether it was queued now; the same request waits only once. Raises BadTrigger, QueueFull."""
        if _TRANSACTION.fullmatch(tx_hash) is None:
            raise BadTrigger
        if log_index is not None and not 0 <= log_index < _MAX_LOG_INDEX:
            raise BadTrigger
        if all(chain.chain_id != chain_id for chain in self._catalogue.chains()):
            raise BadTrigger
        now = self._clock.now()
        entry = RetryEntry(
            id=retry_id(RetryType.TX, chain_id, tx_hash.lower(), log_index),
            type=RetryType.TX,
            chain_id=chain_id,
            next_at=now,
            created_at=now,
            tx_hash=tx_hash.lower(),
            log_index=log_index,
        )
        return self._catalogue.enqueue(entry, MAX_WAITING)
