"""People who were removed: what they had under way is stopped; what they had stays as it is written."""

import logging
from typing import Final

from services.compute.domain.job import Wish
from services.compute.domain.reasons import Reason
from services.compute.domain.states import FINAL, State
from services.compute.ports.people import People
from services.compute.ports.store import Filter, JobStore

log = logging.getLogger(__name__)
ASKED: Final = 200  # owners at a time
_UNFINISHED: Final = frozenset(State) - FINAL
_REASON: Final = Reason("cancelled", "Its owner's account was removed.")
BY: Final = "worker"


def stop_departed(store: JobStore, people: People, now: float) -> int:
    """How many jobs were told to stop. Raises StoreUnavailable, PeopleUnavailable."""
    owners = sorted(store.busy_owners())
    stopped = 0
    for start in range(0, len(owners), ASKED):
        for owner in people.removed(owners[start : start + ASKED]):
            stopped += _stop(store, owner, now)
    return stopped


def _stop(store: JobStore, owner: str, now: float) -> int:
    heads = store.heads(Filter(owners={owner}, states=_UNFINISHED, deleted=True))
    wanted = [job for job in store.jobs([head.id for head in heads]) if job.wish is not Wish.CANCEL]
    for job in wanted:
        store.wish(job.uid, Wish.CANCEL, BY, _REASON, now)
    if wanted:
        log.info("jobs of a removed person are stopped", extra={"owner": owner, "jobs": len(wanted)})
    return len(wanted)
