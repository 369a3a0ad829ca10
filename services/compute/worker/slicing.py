"""Sliced jobs while they run: a feed for each, in a thread of its own, beside the job's steps.

The steps start and end the instances and hear of their ends; the feed keeps them in work. A job that is not
sliced is none of its business.
"""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from services.compute.domain.errors import FencedOff, StoreUnavailable
from services.compute.domain.job import Run
from services.compute.domain.reasons import Reason
from services.compute.worker.hold import GivenUp, Hold
from services.compute.worker.slice_feed import Feed
from services.compute.worker.tools import Tools

log = logging.getLogger(__name__)
AWAY_SECONDS: Final = 1.0  # before another round when the store did not answer
FETCHERS: Final = 8
_FAULTS: Final = 5  # in a row
_FAULT = Reason("internal_error", "Its slices could not be handed on.")


class _Fed:
    """One job's feed, and the thread that goes round with it."""

    def __init__(self, feed: Feed, hold: Hold) -> None:
        self.feed = feed
        self.hold = hold
        self._left = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Twice is once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"slices-{self.hold.job.id}", daemon=True)
            self._thread.start()

    def leave(self) -> None:
        self._left.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        faults = 0
        pause = 0.0
        while not self._left.wait(pause) and not self.hold.is_given_up and faults < _FAULTS:
            try:
                pause = self.feed.tick()
                faults = 0
            except (GivenUp, FencedOff):
                return
            except StoreUnavailable:
                pause = AWAY_SECONDS
            except Exception:  # the edge of a thread: a few more rounds, then the attempt ends
                log.exception("handing slices on broke", extra={"job": self.hold.uid})
                faults, pause = faults + 1, AWAY_SECONDS
        if faults:
            self.feed.trouble = _FAULT
            self.hold.nudge()


class Slicing:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._fetching = ThreadPoolExecutor(FETCHERS, thread_name_prefix="slice-data")
        self._lock = threading.Lock()
        self._fed: dict[Hold, _Fed] = {}

    def follow(self, hold: Hold) -> None:
        """From the first step of a job that runs: safe to say again. Raises FencedOff, StoreUnavailable."""
        if hold.job.spec.slices is not None:
            self._of(hold).start()

    def ended(self, hold: Hold, run: Run) -> None:
        """The engine says so; before it is written down. Raises FencedOff, StoreUnavailable."""
        if hold.job.spec.slices is not None:
            self._of(hold).feed.ended(run)

    def trouble(self, hold: Hold) -> Reason | None:
        """Why everything that runs is to end."""
        fed = self._fed.get(hold)
        return None if fed is None else fed.feed.trouble

    def leave(self, hold: Hold) -> None:
        """The job runs no longer, or is no longer ours."""
        with self._lock:
            fed = self._fed.pop(hold, None)
        if fed is not None:
            fed.leave()

    def stop(self) -> None:
        """The worker goes; the jobs are others' from now on."""
        for hold in list(self._fed):
            self.leave(hold)
        self._fetching.shutdown(wait=False, cancel_futures=True)

    def _of(self, hold: Hold) -> _Fed:
        """Steps of one job come one at a time."""
        fed = self._fed.get(hold)
        if fed is None:
            feed = Feed(self._tools, hold, self._fetching)
            feed.adopt()
            fed = _Fed(feed, hold)
            with self._lock:
                self._fed[hold] = fed
        return fed
