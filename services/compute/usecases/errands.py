"""Small work on a running job, asked for and waited for: a command inside of it, a copy of a part of it.

The worker that holds the job does it; whoever asked looks at the store until it is done.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from threading import BoundedSemaphore
from typing import Final

from services.compute.domain.errands import (
    EXEC_BYTES,
    EXEC_SECONDS,
    SNAPSHOT_SECONDS,
    Errand,
    ErrandKind,
    ErrandState,
)
from services.compute.domain.errors import (
    AlreadyFinished,
    ComputeError,
    JobNotFound,
    NotRunning,
    OutputNotFound,
)
from services.compute.domain.job import Job
from services.compute.domain.layout import stored_errand
from services.compute.domain.states import State
from services.compute.ports import Clock
from services.compute.ports.errands import Errands
from services.compute.ports.files import ObjectFiles
from services.compute.usecases.results import started

BEGIN_SECONDS: Final = 20.0  # for the worker to take it
SPARE_SECONDS: Final = 5.0  # for what is around the work itself
FIRST_LOOK_SECONDS: Final = 0.02
LAST_LOOK_SECONDS: Final = 0.5


class TooManyErrands(ComputeError):
    """As many callers wait for errands in this process as may."""


class ClosedJob(ComputeError):
    """Its inputs were granted to the job alone: its owner may have what it makes of them, not them."""


class ErrandFailed(ComputeError):
    """It was not done, or not in time; the sentence says why."""


class Ask:
    """Whose the job is, is asked before. `most` callers may wait at a time: each holds a thread of this
    process. All raise StoreUnavailable or FilesUnavailable.
    """

    def __init__(
        self,
        errands: Errands,
        files: ObjectFiles,
        clock: Clock,
        most: int,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._errands = errands
        self._files = files
        self._clock = clock
        self._places = BoundedSemaphore(most)
        self._pause = pause

    def execute(self, job: Job, line: str, by: str) -> Errand:
        """A shell line, run inside. Raises NotRunning, ClosedJob, ErrandFailed, QuotaExceeded,
        TooManyErrands.
        """
        return self._done(job, ErrandKind.EXEC, line, by, EXEC_SECONDS)

    def snapshot(self, job: Job, path: str, by: str) -> Errand:
        """What is at the absolute path inside, kept as .tgz. Raises as `execute`."""
        return self._done(job, ErrandKind.SNAPSHOT, path, by, SNAPSHOT_SECONDS)

    def output(self, errand: Errand) -> bytes:
        """What a command wrote."""
        return b"".join(self.open(errand))[:EXEC_BYTES]

    def open(self, errand: Errand, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """What it brought. Raises OutputNotFound."""
        if errand.state is not ErrandState.DONE or errand.size is None:
            raise OutputNotFound(errand.uid)
        return started(self._files.open(stored_errand(errand.job, errand.uid), start, length))

    def last_snapshot(self, job: Job) -> Errand:
        """Raises OutputNotFound: none was made."""
        done = [
            errand
            for errand in self._errands.errands(job.uid, ErrandKind.SNAPSHOT)
            if errand.state is ErrandState.DONE
        ]
        if not done:
            raise OutputNotFound(job.uid)
        return done[-1]

    def find(self, uid: str) -> Errand:
        """Raises OutputNotFound."""
        try:
            return self._errands.errand(uid)
        except JobNotFound:
            raise OutputNotFound(uid[:64]) from None

    def commands(self, job: Job) -> Sequence[Errand]:
        """Every command that was ever asked for, oldest first."""
        return self._errands.errands(job.uid, ErrandKind.EXEC)

    def _done(self, job: Job, kind: ErrandKind, argument: str, by: str, seconds: float) -> Errand:
        if job.spec.has_grants:
            raise ClosedJob
        if job.state is not State.RUNNING:
            raise NotRunning
        if not self._places.acquire(blocking=False):
            raise TooManyErrands
        try:
            now = self._clock.now()
            asked = self._errands.ask(job.uid, kind, argument, by, now, now + BEGIN_SECONDS)
            return self._awaited(asked, now + BEGIN_SECONDS + seconds + SPARE_SECONDS)
        except AlreadyFinished:
            raise NotRunning from None
        finally:
            self._places.release()

    def _awaited(self, asked: Errand, until: float) -> Errand:
        look = FIRST_LOOK_SECONDS
        while self._clock.now() < until:
            self._pause(look)
            look = min(look * 1.5, LAST_LOOK_SECONDS)
            errand = self._errands.errand(asked.uid)
            if errand.state is ErrandState.FAILED:
                raise ErrandFailed(errand.sentence)
            if errand.has_ended:
                return errand
            if errand.state is ErrandState.ASKED and self._clock.now() > errand.until:
                break  # nobody begins it any more
        raise ErrandFailed("It was not done in time.")
