"""Shares the due documents out: our own provider on one thread, strangers' decryptors on a few others.

One slow or dead stranger holds one thread and nobody else; our own documents never wait for it.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from services.catalogue.domain.errors import LeaseLost
from services.catalogue.domain.facts import RetryEntry
from services.catalogue.indexer import meters
from services.catalogue.indexer.opener import Opener
from services.catalogue.indexer.settings import RetrySettings

log = logging.getLogger(__name__)
_BUSY_SECONDS = 5.0
_FAULT_SECONDS = 60.0


class Lanes:
    def __init__(
        self, chain_id: int, opener: Opener, settings: RetrySettings, when_done: Callable[[], None]
    ) -> None:
        self._chain = str(chain_id)
        self._opener = opener
        self._settings = settings
        self._when_done = when_done
        self._own = ThreadPoolExecutor(1, thread_name_prefix=f"open-{chain_id}")
        self._strangers = ThreadPoolExecutor(settings.lanes, thread_name_prefix=f"ask-{chain_id}")
        self._busy: set[str | None] = set()
        self._taken: set[str] = set()
        self._lock = Lock()

    def share_out(self, entries: Sequence[RetryEntry]) -> None:
        """Returns at once. Raises LeaseLost."""
        with self._lock:
            waiting = [entry for entry in entries if entry.id not in self._taken]
        by_lane: dict[str | None, list[RetryEntry]] = {}
        for entry in waiting:
            by_lane.setdefault(self._opener.lane(entry), []).append(entry)
        for lane, group in by_lane.items():
            self._hand_over(lane, group)

    def stop(self) -> None:
        """Wait for what is being done; nothing more is begun."""
        for executor in (self._own, self._strangers):
            executor.shutdown(wait=False, cancel_futures=True)
        for executor in (self._own, self._strangers):
            executor.shutdown(wait=True)

    def is_idle(self) -> bool:
        with self._lock:
            return not self._busy

    def _hand_over(self, lane: str | None, group: Sequence[RetryEntry]) -> None:
        share = len(group) if lane is None else self._settings.lane_share
        with self._lock:
            is_free = lane not in self._busy
            mine, rest = (group[:share], group[share:]) if is_free else ([], group)
            if mine:
                self._busy.add(lane)
                self._taken |= {entry.id for entry in mine}
        if rest and lane is not None:
            # Out of the page of due entries, so that they do not crowd out everybody else's.
            self._opener.put_off(rest, _BUSY_SECONDS)
        if mine:
            (self._own if lane is None else self._strangers).submit(self._run, lane, mine)

    def _run(self, lane: str | None, entries: Sequence[RetryEntry]) -> None:
        try:
            self._work(entries)
        except LeaseLost:
            log.info("another process indexes the chain now", extra={"chain": self._chain})
        except Exception:  # the edge of a thread: the entries stay queued and are tried again
            log.exception("opening documents failed", extra={"chain": self._chain})
            meters.FAILURES.labels(self._chain, "other").inc()
        finally:
            with self._lock:
                self._busy.discard(lane)
                self._taken -= {entry.id for entry in entries}
            self._when_done()

    def _work(self, entries: Sequence[RetryEntry]) -> None:
        for number, entry in enumerate(entries, start=1):
            try:
                reachable = self._opener.work(entry)
            except LeaseLost:
                raise
            except Exception:  # one entry that we cannot digest must not hold up the others
                log.exception("a document could not be worked on", extra={"did": entry.did})
                meters.FAILURES.labels(self._chain, "other").inc()
                self._opener.put_off([entry], _FAULT_SECONDS)
                continue
            if not reachable and number < len(entries):
                self._opener.put_off(entries[number:], self._settings.first_delay_seconds)
                return
