"""One chain's loop: hold the lease, follow the head, share out waiting work, pause, again.

Everything it does may be cut short at any point and done again; the database says where to go on.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from libs.sql.errors import SqlError
from services.catalogue.domain.errors import LeaseLost
from services.catalogue.domain.facts import Lease, RetryType
from services.catalogue.domain.sightings import ChainUnavailable, NodeLags
from services.catalogue.indexer import meters
from services.catalogue.indexer.errands import Errands
from services.catalogue.indexer.follower import Follower
from services.catalogue.indexer.ingest import Ingest
from services.catalogue.indexer.lanes import Lanes
from services.catalogue.indexer.settings import LoopSettings
from services.catalogue.indexer.shunning import Shunning
from services.catalogue.ports import Clock, Index

log = logging.getLogger(__name__)
_FIRST_PAUSE_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class ChainParts:
    """The workers of one chain, put together by assembly."""

    chain_id: int
    index: Index
    lease: Lease
    ingest: Ingest
    follower: Follower
    errands: Errands
    lanes: Lanes
    shunning: Shunning
    scope: str  # what is indexed: contracts and first block


class ChainLoop:
    def __init__(
        self,
        parts: ChainParts,
        settings: LoopSettings,
        *,
        clock: Clock,
        wake: Event,
        version: str,
        page: int = 200,
    ) -> None:
        self._parts = parts
        self._settings = settings
        self._clock = clock
        self._wake = wake
        self._version = version
        self._page = page
        self._chain = str(parts.chain_id)
        self._leads = False
        self._renew_at = 0.0
        self._failures = 0
        self._last_pass_at = clock.now()
        meters.show(parts.chain_id)

    def seconds_since_pass(self) -> float:
        """Since a pass last ended well, whether leading or standing by."""
        return self._clock.now() - self._last_pass_at

    @property
    def leads(self) -> bool:
        return self._leads

    def run(self, stop: Callable[[], bool]) -> None:
        """Until `stop` says so; `wake` cuts a pause short."""
        while not stop():
            self._wake.clear()
            pause = self.safe_pass()
            if pause > 0 and not stop():
                self._wake.wait(pause)
        self._hand_back()

    def safe_pass(self) -> float:
        """One pass; how many seconds to pause before the next."""
        try:
            busy = self.one_pass()
        except LeaseLost:
            self._step_down()
            return self._settings.poll_seconds
        except (ChainUnavailable, NodeLags) as error:
            return self._failed("chain", str(error))
        except SqlError as error:
            return self._failed("database", str(error))
        except Exception as error:  # the edge of the process: log, pause, and go on from what is stored
            log.exception("a pass met what nobody foresaw", extra={"chain": self._chain})
            return self._failed("other", type(error).__name__)
        self._failures = 0
        self._last_pass_at = self._clock.now()
        return 0.0 if busy else self._settings.poll_seconds

    def one_pass(self) -> bool:
        """True when there is more to do at once."""
        if not self._hold_lease():
            return False
        moved = self._parts.follower.step()
        self._parts.shunning.apply()
        self._share_out()
        return moved

    def _hold_lease(self) -> bool:
        now = self._clock.now()
        if self._leads and now < self._renew_at:
            return True
        lease, seconds = self._parts.lease, self._settings.lease_seconds
        if not self._parts.index.claim(lease.name, lease.holder, now=now, seconds=seconds):
            if self._leads:
                self._step_down()
            return False
        self._renew_at = now + seconds / 3
        if not self._leads:
            self._begin()
        return True

    def _begin(self) -> None:
        parts = self._parts
        parts.index.set_chain(parts.chain_id, self._version)
        parts.ingest.adopt(parts.scope)
        parts.follower.resume()
        parts.shunning.forget()
        self._leads = True
        meters.LEADER.labels(self._chain).set(1)
        at = parts.follower.checkpoint
        log.info("indexing", extra={"chain": parts.chain_id, "checkpoint": at.number if at else None})

    def _share_out(self) -> None:
        parts = self._parts
        with parts.index.unit() as unit:
            due = unit.due(parts.chain_id, self._clock.now(), self._page)
            waiting, dead = unit.queue_sizes(parts.chain_id)
        meters.WAITING.labels(self._chain).set(waiting)
        meters.DEAD.labels(self._chain).set(dead)
        parts.lanes.share_out([entry for entry in due if entry.type is RetryType.EVENT])
        errands = [entry for entry in due if entry.type is not RetryType.EVENT]
        if errands:
            parts.errands.run(errands, parts.follower.checkpoint)
            self._wake.set()  # what they found is due now

    def _failed(self, part: str, reason: str) -> float:
        self._failures += 1
        meters.FAILURES.labels(self._chain, part).inc()
        longest = self._settings.longest_pause_seconds
        pause = min(_FIRST_PAUSE_SECONDS * 2 ** min(self._failures, 16), longest)
        log.warning(
            "a pass failed",
            extra={"chain": self._chain, "part": part, "reason": reason, "pause_seconds": pause},
        )
        return float(max(pause, min(self._settings.poll_seconds, longest)))

    def _step_down(self) -> None:
        if self._leads:
            log.warning("another process indexes the chain now", extra={"chain": self._chain})
        self._leads = False
        meters.LEADER.labels(self._chain).set(0)

    def _hand_back(self) -> None:
        """Finish what is begun, then let another process take over at once."""
        self._parts.lanes.stop()
        lease = self._parts.lease
        try:
            if self._leads:
                self._parts.index.release(lease.name, lease.holder)
        except SqlError as error:
            log.warning("the lease runs out by itself", extra={"chain": self._chain, "reason": str(error)})
        self._leads = False
        meters.LEADER.labels(self._chain).set(0)
