"""Takes jobs and goes through their steps: several jobs at a time, one step of each.

The loop's own thread claims, hears the owners' wishes and wakes what paused; steps run in a pool; a watcher
per engine tells when a run has ended. A place that gets free is filled at once.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from services.compute.domain.errors import FencedOff, StoreUnavailable
from services.compute.domain.ids import JobUid
from services.compute.domain.states import State
from services.compute.ports.errands import Errands
from services.compute.worker import meters
from services.compute.worker.errands import ErrandRunner
from services.compute.worker.feeder import Feeder
from services.compute.worker.gone import Strays
from services.compute.worker.hold import GivenUp, Hold
from services.compute.worker.keeper import Keeper
from services.compute.worker.nexts import Again, Done, Next, Pause, Watch
from services.compute.worker.steps import Steps
from services.compute.worker.tools import Tools
from services.compute.worker.watcher import Watcher

log = logging.getLogger(__name__)
MOST_THREADS = 64
CLAIM_LIMIT = 50
STRIKES = 5  # broken steps in a row, then the job waits for a person
FAULT_PAUSE_SECONDS = 2.0
FEED_SECONDS = 1.0  # between looks for workflows that somebody else has moved on
LONGEST_PAUSE_SECONDS = 30.0
_FIRST_PAUSE_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    worker: str  # who holds the leases
    lease_seconds: float = 30.0
    poll_seconds: float = 0.2


class Loop:
    def __init__(self, tools: Tools, pace: Pace, errands: Errands | None = None) -> None:
        self._tools = tools
        self._errands = None if errands is None else ErrandRunner(tools, errands)
        self._pace = pace
        self._steps = Steps(tools)
        self._feeder = Feeder(tools)
        self._has_ended = threading.Event()
        self._fed_at = -FEED_SECONDS
        self._strays = Strays(tools, pace.worker, pace.lease_seconds)
        self._places = {environment.id: environment.max_jobs for environment in tools.served()}
        self._lock = threading.Lock()
        self._held: dict[JobUid, Hold] = {}
        self._busy: set[Hold] = set()
        self._stirred: set[Hold] = set()  # while they were busy
        self._paused: list[tuple[float, int, Hold]] = []  # a heap by when they go on
        self._count = itertools.count()
        self._wake = threading.Event()
        self._pool = ThreadPoolExecutor(
            min(MOST_THREADS, max(2, sum(self._places.values()))), thread_name_prefix="step"
        )
        self._keeper = Keeper(tools.store, tools.clock, pace.lease_seconds, self.held)
        self._watchers = {
            name: Watcher(engine, tools.clock, pace.poll_seconds, self._stir)
            for name, engine in tools.engines.items()
        }
        self._failures = 0
        self._last_pass_at = tools.clock.now()

    def held(self) -> Sequence[Hold]:
        with self._lock:
            return tuple(self._held.values())

    def seconds_since_pass(self) -> float:
        """Since a pass last ended well."""
        return self._tools.clock.now() - self._last_pass_at

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    def run(self, stop: Callable[[], bool]) -> None:
        """Until `stop` says so; then jobs are given back as they are, and runs go on without us."""
        self._keeper.start()
        for watcher in self._watchers.values():
            watcher.start()
        while not stop():
            self._wake.clear()
            pause = self._safe_pass()
            if not stop():
                self._wake.wait(min(pause, self._until_next()))
        self._leave()

    # -- one pass ------------------------------------------------------------------------------------
    def _safe_pass(self) -> float:
        """How long to pause after it."""
        try:
            self._go_on()
            self._hear()
            self._feed()
            took = self._claim()
        except StoreUnavailable:
            return self._failed("the store is away")
        except Exception:  # the edge of the process: log, pause, and go on from what is stored
            log.exception("a pass met what nobody foresaw")
            return self._failed("a fault of ours")
        self._failures = 0
        self._last_pass_at = self._tools.clock.now()
        return 0.0 if took == CLAIM_LIMIT else self._pace.poll_seconds

    def _feed(self) -> None:
        """At once when a job of ours has ended; what others ended or cancelled is seen a little later."""
        now = time.monotonic()
        if self._has_ended.is_set() or now - self._fed_at >= FEED_SECONDS:
            self._has_ended.clear()
            self._fed_at = now
            self._feeder.look()

    def _claim(self) -> int:
        claimed = self._tools.store.claim(
            self._pace.worker, self._places, self._tools.clock.now(), self._pace.lease_seconds, CLAIM_LIMIT
        )
        for found in (*claimed, *self._strays.claim()):
            hold = Hold(found)
            if self._errands is not None and hold.job.state is State.RUNNING:
                self._errands.inherit(hold.uid)
            with self._lock:
                before = self._held.get(hold.uid)
                self._held[hold.uid] = hold
            if before is not None:
                before.give_up()  # its lease ran out under us
            self._stir(hold)
        meters.CLAIMED.inc(len(claimed))
        meters.HELD.set(len(self._held))
        return len(claimed)

    def _hear(self) -> None:
        if self._errands is not None:
            self._errands.look(self.held())
        holds = {hold.uid: hold for hold in self.held() if not hold.is_unwanted}
        if not holds:
            return
        for uid, wish in self._tools.store.wishes(list(holds)).items():
            if holds[uid].hear(wish):
                self._stir(holds[uid])

    def _go_on(self) -> None:
        now = time.monotonic()
        due = []
        with self._lock:
            while self._paused and self._paused[0][0] <= now:
                due.append(heapq.heappop(self._paused)[2])
        for hold in due:
            self._stir(hold)

    def _until_next(self) -> float:
        with self._lock:
            return max(0.0, self._paused[0][0] - time.monotonic()) if self._paused else LONGEST_PAUSE_SECONDS

    def _failed(self, what: str) -> float:
        self._failures += 1
        pause = min(_FIRST_PAUSE_SECONDS * 2 ** min(self._failures, 10), LONGEST_PAUSE_SECONDS)
        log.warning("a pass failed", extra={"what": what, "pause_seconds": pause})
        return float(pause)

    # -- one job -------------------------------------------------------------------------------------
    def _stir(self, hold: Hold) -> None:
        """Its next step, now or as soon as the one at work has ended."""
        for watcher in self._watchers.values():
            watcher.forget(hold)
        with self._lock:
            if hold in self._busy:
                self._stirred.add(hold)
                return
            self._busy.add(hold)
        try:
            self._pool.submit(self._work, hold)
        except RuntimeError:  # the pool is closed: we are leaving
            with self._lock:
                self._busy.discard(hold)

    def _work(self, hold: Hold) -> None:
        following: Next = Again()
        while isinstance(following, Again):
            following = self._guarded(hold)
        with self._lock:
            self._busy.discard(hold)
            is_stirred = hold in self._stirred
            self._stirred.discard(hold)
            if isinstance(following, Done):
                if self._held.get(hold.uid) is hold:
                    del self._held[hold.uid]
            elif isinstance(following, Pause) and not is_stirred:
                heapq.heappush(self._paused, (time.monotonic() + following.seconds, next(self._count), hold))
        if isinstance(following, Done):
            self._has_ended.set()
            hold.give_up()
            self._steps.leave(hold)
            self._wake.set()  # a place may be free
        elif is_stirred:
            self._stir(hold)
        elif isinstance(following, Watch):
            self._watchers[following.engine].watch(hold, following)
        else:
            self._wake.set()  # the pause may end before the next pass would

    def _guarded(self, hold: Hold) -> Next:
        """The edge of a step: whatever happens, the job goes on from what is stored."""
        try:
            with meters.STEPS.labels(hold.job.state.value).time():
                following = self._steps.advance(hold)
        except (GivenUp, FencedOff):
            return Done()
        except StoreUnavailable:
            return self._refreshed(hold)
        except Exception as error:  # a fault of ours: counted, tried again, in the end left to a person
            log.exception("a step broke", extra={"job": hold.uid, "state": hold.job.state.value})
            return self._struck(hold, error)
        if not isinstance(following, Pause):
            hold.troubles = 0
        return following

    def _refreshed(self, hold: Hold) -> Next:
        """How far the step came is known to the store alone."""
        pause = Pause(min(_FIRST_PAUSE_SECONDS * 2**hold.troubles, LONGEST_PAUSE_SECONDS))
        hold.troubles = min(hold.troubles + 1, 16)
        try:
            hold.refresh(self._tools.store.read(hold.lease))
            if hold.job.state is State.QUEUED:
                self._tools.store.release([hold.lease])
                return Done()
        except StoreUnavailable:
            if hold.is_given_up:
                return Done()
        except FencedOff:
            return Done()
        return pause

    def _struck(self, hold: Hold, error: Exception) -> Next:
        """The text names the fault's kind only: what it says may hold what nobody should read."""
        meters.FAULTS.inc()
        text = f"{type(error).__name__} while {hold.job.state.value}"
        store, now = self._tools.store, self._tools.clock.now()
        try:
            strikes = store.fail_step(hold.lease, text, now, now + FAULT_PAUSE_SECONDS)
            if strikes >= STRIKES:
                store.bury(hold.lease, text, now)
                meters.BURIED.inc()
                log.error("a job was given up and waits for a person", extra={"job": hold.uid})
        except (FencedOff, StoreUnavailable):
            log.warning("a fault could not be noted", extra={"job": hold.uid})
        return Done()

    def _leave(self) -> None:
        holds = self.held()
        for hold in holds:
            hold.give_up()
        for watcher in self._watchers.values():
            watcher.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._steps.stop()
        if self._errands is not None:
            self._errands.leave()
        self._keeper.stop()
        try:
            self._tools.store.release([hold.lease for hold in holds])
        except StoreUnavailable:
            log.warning("leases run out by themselves")
        meters.HELD.set(0)
