"""One job that this worker holds, and what may stop a phase of it half way.

A job's step runs in one thread at a time; flags and observations come from others.
"""

import threading
from collections.abc import Mapping

from services.compute.domain.errors import Refused
from services.compute.domain.ids import JobUid, Tag
from services.compute.domain.job import Job, Run, RunState, Wish
from services.compute.domain.reasons import Reason
from services.compute.ports import Clock
from services.compute.ports.engines import Activity, Handle, Observed
from services.compute.ports.store import Claimed, Lease
from services.compute.worker.gathering import Gathered


class GivenUp(Exception):
    """The job is no longer this worker's, or the worker stops: leave everything as it is."""


class Hold:
    def __init__(self, claimed: Claimed) -> None:
        self.job: Job = claimed.job
        self.runs: dict[Tag, Run] = {run.tag: run for run in claimed.runs}
        self.overdue = claimed.overdue
        self.gathered: Gathered | None = None  # None: it was not asked of the engine yet
        self.observed: dict[Handle, Observed] = {}
        self._heeded: dict[Handle, Observed] = {}  # what a step has dealt with
        self.away = ""  # what the operator has to do for the engine; empty while it answers
        # Whether the job's owner was told so.
        self.told_away = claimed.job.reason is not None and claimed.job.reason.code == "engine_away"
        self.troubles = 0  # how often in a row a neighbour was away
        self.is_leaving = False  # its lease is being given back
        self._is_nudged = False
        self._lease = claimed.lease
        self._wish = claimed.job.wish
        self._is_given_up = threading.Event()
        self._stir = threading.Event()

    @property
    def uid(self) -> JobUid:
        return self.job.uid

    @property
    def lease(self) -> Lease:
        return self._lease

    @property
    def is_given_up(self) -> bool:
        return self._is_given_up.is_set()

    @property
    def is_unwanted(self) -> bool:
        """Whether its owner wants it ended."""
        return self._wish is Wish.CANCEL

    def prolong(self, lease: Lease) -> None:
        self._lease = lease

    def give_up(self) -> None:
        """From any thread: no further effect."""
        self._is_given_up.set()
        self._stir.set()

    def hear(self, wish: Wish) -> bool:
        """The owner's wish by now; True when it is news."""
        if wish is self._wish:
            return False
        self._wish = wish
        self._stir.set()
        return True

    def refresh(self, claimed: Claimed) -> None:
        """What the store says, after a step of which it is not known how far it came."""
        self.job = claimed.job
        self.runs = {run.tag: run for run in claimed.runs}
        self.gathered = None
        self.is_leaving = False
        self._wish = claimed.job.wish

    def handles(self) -> tuple[Handle, ...]:
        """Of the runs that are with the engine."""
        return tuple(
            Handle(run.handle)
            for run in self.runs.values()
            if run.state is RunState.SUBMITTED and run.handle is not None
        )

    def see(self, seen: Mapping[Handle, Observed]) -> bool:
        """The engine's newest answer; True while a step has something to do with it."""
        mine = {handle: seen[handle] for handle in self.handles() if handle in seen}
        self.observed.update(mine)
        is_nudged, self._is_nudged = self._is_nudged, False
        return is_nudged or any(_kind(self._heeded.get(handle)) != _kind(now) for handle, now in mine.items())

    def nudge(self) -> None:
        """A step has something to do, whatever the engine says. From any thread."""
        self._is_nudged = True

    def heed(self, handle: Handle) -> Observed | None:
        """What is known of a run, for a step that now deals with it."""
        found = self.observed.get(handle)
        if found is not None:
            self._heeded[handle] = found
        return found

    def require(self, now: float) -> None:
        """Raises GivenUp when the job may be another worker's by now."""
        if self.is_given_up or now >= self._lease.expires_at:
            raise GivenUp

    def wait(self, seconds: float) -> None:
        """Until time is up, or something is to be heard."""
        self._stir.wait(max(0.0, seconds))
        self._stir.clear()


class Phase:
    """A phase's clock. Call `check` wherever it may be cut short."""

    def __init__(
        self, hold: Hold, clock: Clock, seconds: float, late: Reason, *, minds_owner: bool = True
    ) -> None:
        self._minds_owner = minds_owner
        self._hold = hold
        self._clock = clock
        self._until = hold.job.state_since + seconds
        self._late = late

    def left(self) -> float:
        return self._until - self._clock.now()

    def check(self) -> None:
        """Raises GivenUp, or Refused: the owner wants it ended, or time is over."""
        self._hold.require(self._clock.now())
        if self._minds_owner and self._hold.is_unwanted:
            raise Refused(unwanted(self._hold.job))
        if self.left() <= 0:
            raise Refused(self._late)

    def pause(self, seconds: float) -> None:
        """Before another try; raises as check does."""
        self._hold.wait(min(seconds, max(0.0, self.left())))
        self.check()


def unwanted(job: Job) -> Reason:
    """Why a job that its owner does not want ends."""
    if job.deleted_at is not None:
        return Reason("deleted", "It was deleted on request.")
    return Reason("cancelled", "It was stopped on request.")


def _kind(seen: Observed | None) -> tuple[Activity | None, bool]:
    return (seen.activity, seen.started_at is not None) if seen is not None else (None, False)
