"""Keeps the instances of one sliced job in work: hands slices out, takes results in, says when it is enough.

Nothing here is kept beyond the worker's life: what is in hand is known to the store, what came back lies in
the exchange folders. Whoever holds the job next reads those from their beginning, and the store notes each
slice once.
"""

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Final

from services.compute.domain.ids import Tag
from services.compute.domain.job import Run, RunState
from services.compute.domain.reasons import Reason
from services.compute.domain.slices import Batch, Piece, SliceCounts, SliceState
from services.compute.ports.slices import SliceStore
from services.compute.slicework.protocol import Over
from services.compute.worker import meters
from services.compute.worker.exchange import exchange_of
from services.compute.worker.hold import Hold
from services.compute.worker.slice_fetch import fetched
from services.compute.worker.slice_lanes import Fetched, SliceLane
from services.compute.worker.tools import Tools
from services.compute.worker.workplace import Workplace

log = logging.getLogger(__name__)
QUICK_SECONDS: Final = 0.02
QUICK_FOR: Final = 1.0  # after something moved
SLOWER_SECONDS: Final = 0.05
SLOW_SECONDS: Final = 0.25
SLOW_AFTER: Final = 5.0
COUNT_SECONDS: Final = 0.25  # between looks for slices that somebody added
IDLE_SECONDS: Final = 5.0  # without anything to do, then the instances are ended
TAKEN_AT_ONCE: Final = 1000
TAKEN_CHARS: Final = 8 << 20
# Why a sandbox ended that no slice brought about.
NO_SLICES_FAULT: Final = frozenset({"cancelled", "deleted", "run_timeout"})
BROKEN = Reason(
    "command_failed", "The folder through which slices come and go was broken from inside the job."
)


class Feed:
    """`trouble`: why everything that runs is to end. Its methods may be called from several threads."""

    def __init__(self, tools: Tools, hold: Hold, fetching: Executor) -> None:
        assert tools.slices is not None
        assert hold.job.spec.slices is not None
        self.trouble: Reason | None = None
        self._tools = tools
        self._slices: SliceStore = tools.slices
        self._hold = hold
        self._fetching = fetching
        self._most_errors = hold.job.spec.slices.errors
        self._role = hold.job.spec.roles[0]
        place = Workplace(tools.work, hold.uid, hold.job.attempt)
        self._lanes = [
            SliceLane(index, exchange_of(hold.job.spec, index, place), is_careful=hold.job.attempt > 1)
            for index in range(self._role.count)
        ]
        self._lock = threading.Lock()
        self._over: list[Over] = []  # read, not noted
        self._gone: set[Tag] = set()  # runs that get nothing any more
        self._counts = SliceCounts()
        self._counted_at = -COUNT_SECONDS
        self._moved_at = time.monotonic()
        self._is_enough = False  # the instances were told so

    # -- for the steps of the job --------------------------------------------------------------------
    def adopt(self) -> None:
        """What is in hand by now: at the beginning, or from a worker before this one. Raises FencedOff,
        StoreUnavailable.
        """
        with self._lock:
            alive = {run.index for run in self._alive()}
            for batch in self._slices.in_hand(self._hold.lease):
                if batch.attempt != self._hold.job.attempt or batch.lane >= len(self._lanes):
                    self._give_back(batch, None)
                else:
                    self._lanes[batch.lane].inherit(batch)
            for lane in self._lanes:
                try:
                    lane.exchange.make()
                    if lane.index in alive:
                        self._leave_what_never_came(lane)
                except OSError as error:
                    self._break(error)
                if lane.index not in alive:
                    self._leave(lane, is_lost=False)

    def ended(self, run: Run) -> None:
        """The run is over: what came back is noted, the rest is for others. Before the next run of its
        instance is started. Raises FencedOff, StoreUnavailable.
        """
        with self._lock:
            if run.role == self._role.name and run.tag not in self._gone:
                self._gone.add(run.tag)
                is_own = run.reason is not None and run.reason.code not in NO_SLICES_FAULT
                self._leave(self._lanes[run.index], is_lost=is_own and self.trouble is None)

    # -- round by round ------------------------------------------------------------------------------
    def tick(self) -> float:
        """One round; the seconds until the next. Raises GivenUp, FencedOff, StoreUnavailable."""
        with self._lock:
            self._hold.require(self._tools.clock.now())
            try:
                runs = self._alive()
                alive = [self._lanes[run.index] for run in runs]
                for lane in alive:
                    self._over += lane.read()
                self._take_in()
                # One that waits for its place on the engine would keep slices from those that run.
                started = [self._lanes[run.index] for run in runs if run.started_at is not None]
                self._hand_out(started, len(alive))
                self._end_if_enough(alive)
            except OSError as error:
                self._break(error)
            return self._pause()

    def _take_in(self) -> None:
        while self._over:
            some = _first(self._over)
            results = [over.result for over in some]
            lines = [line for over in some for line in over.lines]
            self._slices.take_in(self._hold.lease, results, lines, self._tools.clock.now())
            del self._over[: len(some)]
            self._moved_at = time.monotonic()
            self._counted_at = min(self._counted_at, self._moved_at - COUNT_SECONDS / 2)
            for state in SliceState:
                meters.SLICES.labels(state.value).inc(sum(result.state is state for result in results))
            if self._most_errors is not None and any(one.state is SliceState.FAILED for one in results):
                self._count()
            numbers = {result.number for result in results}
            for lane in self._lanes:
                lane.over(numbers)

    def _hand_out(self, lanes: Sequence[SliceLane], sharing: int) -> None:
        """In turns, so that the last slices are shared out among all of `sharing` instances."""
        if self._is_enough or self._hold.is_unwanted or self.trouble is not None:
            return
        is_more = True
        while is_more:
            is_more = False
            for lane in lanes:
                wanted = lane.wants
                if wanted and self._waiting() > 0:
                    fair = -(-self._counts.waiting // (2 * sharing))
                    is_more = self._hand(lane, max(1, min(wanted, fair))) or is_more

    def _hand(self, lane: SliceLane, most: int) -> bool:
        handed = self._slices.hand_out(self._hold.lease, lane.index, most, self._tools.clock.now())
        if handed is None:
            self._counted_at = time.monotonic()
            self._counts = _less(self._counts, self._counts.waiting)
            return False
        batch, pieces = handed
        self._counts = _less(self._counts, len(pieces))
        self._moved_at = time.monotonic()
        if any(piece.is_url for piece in pieces):
            lane.await_data(batch, [self._fetching.submit(self._fetched, piece) for piece in pieces])
        else:
            lane.take(batch, pieces)
        return True

    def _end_if_enough(self, alive: Sequence[SliceLane]) -> None:
        has_work = any(lane.batches for lane in self._lanes)
        if self._is_enough or has_work or self._waiting() > 0:
            return
        is_idle = time.monotonic() - self._moved_at >= IDLE_SECONDS
        if not is_idle and not self._counts.is_closed:
            return
        self._count()
        if self._counts.waiting > 0 or self.trouble is not None:
            return
        for lane in alive:
            lane.exchange.stop()
        self._is_enough = bool(alive)

    def _fetched(self, piece: Piece) -> Fetched:
        return fetched(self._tools.outside, piece) if piece.is_url else piece

    # -- what is known of the job --------------------------------------------------------------------
    def _alive(self) -> list[Run]:
        """Runs of the job's instances that are with the engine."""
        return [
            run
            for run in tuple(self._hold.runs.values())
            if run.role == self._role.name and run.state is RunState.SUBMITTED and run.tag not in self._gone
        ]

    def _waiting(self) -> int:
        if time.monotonic() - self._counted_at >= COUNT_SECONDS:
            self._count()
        return self._counts.waiting

    def _count(self) -> None:
        job_id = self._hold.job.id
        self._counts = self._slices.counts([job_id]).get(job_id, SliceCounts(is_closed=True))
        self._counted_at = time.monotonic()
        if self._most_errors is not None and self._counts.failed >= self._most_errors:
            sentence = f"{self._counts.failed} of its slices failed."
            self._stop(Reason("too_many_errors", sentence))

    def _pause(self) -> float:
        since = time.monotonic() - self._moved_at
        if since < QUICK_FOR:
            return QUICK_SECONDS
        return SLOWER_SECONDS if since < SLOW_AFTER else SLOW_SECONDS

    # -- what is lost --------------------------------------------------------------------------------
    def _leave(self, lane: SliceLane, *, is_lost: bool) -> None:
        """Nothing works there any more. `is_lost`: the slice that was at work may be the cause."""
        try:
            self._over += lane.read()
        except OSError as error:
            log.warning("results cannot be read", extra={"job": self._hold.uid, "reason": error.strerror})
        self._take_in_of_the_gone()
        for hand in list(lane.batches.values()):
            self._give_back(hand.batch, lane.suspect(hand) if is_lost else None)
        lane.start_again()
        try:
            lane.exchange.clear()
        except OSError as error:
            self._break(error)

    def _take_in_of_the_gone(self) -> None:
        try:
            self._take_in()
        except OSError as error:  # what was noted could not be removed: that is about to be done anyway
            log.info("a batch cannot be removed", extra={"job": self._hold.uid, "reason": error.strerror})

    def _leave_what_never_came(self, lane: SliceLane) -> None:
        """Handed out, and then the worker ended before the instance got it. Raises OSError."""
        for seq, hand in list(lane.batches.items()):
            if not lane.exchange.has(seq):
                self._give_back(hand.batch, None)
                del lane.batches[seq]

    def _give_back(self, batch: Batch, at_work: int | None) -> None:
        self._slices.give_back(self._hold.lease, batch, at_work, self._tools.clock.now())
        self._counted_at = -COUNT_SECONDS

    def _break(self, error: OSError) -> None:
        log.warning("an exchange folder is broken", extra={"job": self._hold.uid, "reason": error.strerror})
        self._stop(BROKEN)

    def _stop(self, reason: Reason) -> None:
        if self.trouble is None:
            self.trouble = reason
            self._hold.nudge()


def _first(over: Sequence[Over]) -> list[Over]:
    """As many as go into one transaction: one at least."""
    found: list[Over] = []
    chars = 0
    for each in over[:TAKEN_AT_ONCE]:
        chars += len(each.result.body)
        if found and chars > TAKEN_CHARS:
            break
        found.append(each)
    return found


def _less(counts: SliceCounts, handed: int) -> SliceCounts:
    return SliceCounts(
        total=counts.total,
        distributed=counts.distributed,
        active=counts.active + handed,
        done=counts.done,
        failed=counts.failed,
        cpu_seconds=counts.cpu_seconds,
        is_closed=counts.is_closed,
    )
