"""Brings the purgatory lists into the index: first the lists as a fact, then every asset projected again.

Dying in between is noticed at the next pass, because the note that all is projected comes last.
"""

import logging
from collections.abc import Callable

from services.catalogue.domain.facts import Lease
from services.catalogue.domain.purgatory import Purgatory, purgatory_of
from services.catalogue.indexer.projecting import NOBODY, PURGATORY, project
from services.catalogue.ports import Index

log = logging.getLogger(__name__)
_PROJECTED = "purgatory projected"
_NFTS_AT_ONCE = 50


class Shunning:
    def __init__(
        self, chain_id: int, index: Index, lease: Lease, lists: Callable[[], Purgatory | None]
    ) -> None:
        self._chain_id = chain_id
        self._index = index
        self._lease = lease
        self._lists = lists
        self._applied: Purgatory | None = None

    def forget(self) -> None:
        """Look into the database again: another process may have written, or the index began anew."""
        self._applied = None

    def apply(self) -> None:
        """Does nothing while the lists are unchanged or not known. Raises LeaseLost."""
        lists = self._lists()
        if lists is None or lists == self._applied:
            return
        if not self._is_projected(lists):
            self._project(lists)
        self._applied = lists

    def _is_projected(self, lists: Purgatory) -> bool:
        with self._index.unit() as unit:
            return bool(unit.contract_fact(self._chain_id, NOBODY, _PROJECTED) == lists.digest())

    def _project(self, lists: Purgatory) -> None:
        with self._index.unit(self._lease) as unit:
            before = purgatory_of(unit.contract_fact(self._chain_id, NOBODY, PURGATORY))
            unit.put_contract_fact(self._chain_id, NOBODY, PURGATORY, lists.as_json())
            nfts = unit.nfts(self._chain_id)
        for start in range(0, len(nfts), _NFTS_AT_ONCE):
            with self._index.unit(self._lease) as unit:
                project(unit, self._chain_id, nfts[start : start + _NFTS_AT_ONCE])
        with self._index.unit(self._lease) as unit:
            unit.put_contract_fact(self._chain_id, NOBODY, _PROJECTED, lists.digest())
        if before != lists:
            log.info(
                "purgatory lists changed",
                extra={
                    "chain": self._chain_id,
                    "assets": len(lists.assets),
                    "accounts": len(lists.accounts),
                },
            )
