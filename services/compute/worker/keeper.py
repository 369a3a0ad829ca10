"""Keeps the leases of all jobs that this worker holds, from a thread of its own: no step may hold that up."""

import logging
import threading
from collections.abc import Callable, Sequence

from services.compute.domain.errors import StoreUnavailable
from services.compute.ports import Clock
from services.compute.ports.store import JobStore
from services.compute.worker import meters
from services.compute.worker.hold import Hold

log = logging.getLogger(__name__)
_SHARE = 3.0  # of a lease's time passes between renewals


class Keeper:
    def __init__(
        self, store: JobStore, clock: Clock, lease_seconds: float, held: Callable[[], Sequence[Hold]]
    ) -> None:
        self._store = store
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._held = held
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def renew(self) -> None:
        """Once. Raises StoreUnavailable."""
        holds = [hold for hold in self._held() if not (hold.is_given_up or hold.is_leaving)]
        if not holds:
            return
        kept = {
            (lease.uid, lease.fence): lease
            for lease in self._store.renew(
                [hold.lease for hold in holds], self._clock.now(), self._lease_seconds
            )
        }
        for hold in holds:
            lease = kept.get((hold.lease.uid, hold.lease.fence))
            if lease is not None:
                hold.prolong(lease)
            elif not hold.is_leaving:
                meters.LOST.inc()
                log.warning("another worker has the job now", extra={"job": hold.uid})
                hold.give_up()

    def _run(self) -> None:
        pause = self._lease_seconds / _SHARE
        while not self._stop.wait(pause):
            try:
                self.renew()
                pause = self._lease_seconds / _SHARE
            except StoreUnavailable:
                log.warning("leases cannot be renewed now")
                pause = self._lease_seconds / _SHARE / 4
            except Exception:  # the edge of a thread: without renewals every job would be lost
                log.exception("renewing leases failed")
