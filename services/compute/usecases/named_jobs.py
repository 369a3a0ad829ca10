"""Jobs by the names that their window's users gave them."""

from services.compute.domain.errors import JobNotFound
from services.compute.domain.job import Handle, Job
from services.compute.ports import Clock
from services.compute.ports.store import JobStore
from services.compute.usecases.repeat import Repeat
from services.compute.usecases.viewers import Viewer


class NamedJobs:
    """Whose a job is, its window asks. All raise StoreUnavailable."""

    def __init__(self, store: JobStore, repeat: Repeat, clock: Clock) -> None:
        self._store = store
        self._repeat = repeat
        self._clock = clock

    def find(self, handle: Handle) -> Job:
        """Raises JobNotFound, also for one that was deleted."""
        job = self._store.by_handle(handle)
        if job.deleted_at is not None:
            raise JobNotFound(handle.name)
        return job

    def start_again(self, job: Job, groups: tuple[str, ...], by: str) -> Job:
        """Of one that ended badly: the name leads to the new job, and the old one is gone from its window.

        Raises NotFinished, AlreadyFinished (it went well), NotRepeatable and what Submit raises.
        """
        again = self._repeat.retry(job.uid, Viewer(None), groups, by, None).job
        self._store.delete(job.uid, by, self._clock.now())
        return again
