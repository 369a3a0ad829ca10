"""Jobs that the worker gave up on by our own fault: seen by administrators, given to the workers again."""

from collections.abc import Sequence

from services.compute.domain.job import Job
from services.compute.ports import Clock
from services.compute.ports.store import JobStore


class DeadLetters:
    def __init__(self, store: JobStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def list(self, limit: int) -> Sequence[tuple[Job, str]]:
        """With what broke, oldest first."""
        return self._store.dead(limit)

    def replay(self, ref: int | str, by: str) -> Job:
        """Raises JobNotFound, also for a job that is no dead letter."""
        job = self._store.find(ref, None)
        return self._store.replay(job.uid, by, self._clock.now())
