"""Computes every asset again when other rules computed them: the code changed, the stored facts did not.

Whoever is cut short goes on where it was, in whatever process leads next.
"""

import logging

from services.catalogue.domain.facts import Lease
from services.catalogue.indexer.projecting import NOBODY, PROJECTED, PROJECTION, project_anew
from services.catalogue.ports import Index, IndexUnit

log = logging.getLogger(__name__)
_NFTS_AT_ONCE = 50  # in one transaction: other writers wait for no more than that


def renew_projections(index: Index, lease: Lease, chain_id: int) -> None:
    """Does nothing when today's rules computed what is stored. Raises LeaseLost."""
    with index.unit(lease) as unit:
        after = _unfinished(unit.contract_fact(chain_id, NOBODY, PROJECTED) or {})
        if after is None:
            return
        waiting = [nft for nft in unit.nfts(chain_id) if nft > after]
    if waiting:
        log.info("projecting anew", extra={"chain": chain_id, "nfts": len(waiting)})
    for start in range(0, len(waiting), _NFTS_AT_ONCE):
        chosen = waiting[start : start + _NFTS_AT_ONCE]
        with index.unit(lease) as unit:
            project_anew(unit, chain_id, chosen)
            _note(unit, chain_id, after=chosen[-1], done=False)
    with index.unit(lease) as unit:
        _note(unit, chain_id, after="", done=True)


def _unfinished(note: dict[str, object]) -> str | None:
    """The NFT after which to go on; None when all is done."""
    if note.get("rules") != PROJECTION:
        return ""
    return None if note["done"] else str(note["after"])


def _note(unit: IndexUnit, chain_id: int, *, after: str, done: bool) -> None:
    note = {"rules": PROJECTION, "after": after, "done": done}
    unit.put_contract_fact(chain_id, NOBODY, PROJECTED, note)
