"""Jobs by the names that their window's users gave them."""

import hashlib
from typing import Final

from services.compute.domain.errors import JobNotFound
from services.compute.domain.job import Handle, Job
from services.compute.domain.site_paths import WINDOW
from services.compute.ports import Clock
from services.compute.ports.store import JobStore, Key
from services.compute.usecases.repeat import Repeat
from services.compute.usecases.viewers import Viewer

RETRY_OF: Final = "retry_of"  # a fact: the uid of the job that this one is another try of


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
        However often it is asked of one job, it is done once.

        Raises JobNotFound (it was deleted meanwhile), NotFinished, AlreadyFinished (it went well),
        KeyInFlight (somebody else starts it this moment), NotRepeatable and what Submit raises.
        """
        again = self._repeat.retry(job.uid, Viewer(None), groups, by, _once(job)).job
        now = self._clock.now()
        self._store.delete(job.uid, by, now)
        if job.dialect == WINDOW and not self._store.handles([again.id]):
            # Whoever deleted it had freed the name before it could be handed on.
            self._store.delete(again.uid, by, now)
            raise JobNotFound
        return again

    def remove(self, handle: Handle, job: Job, by: str) -> None:
        """The job, stopped, and what somebody started it again as while it was being deleted. Raises
        JobNotFound.
        """
        self._store.delete(job.uid, by, self._clock.now())
        try:
            following = self.find(handle)
        except JobNotFound:
            return
        if following.facts.get(RETRY_OF) == job.uid:
            self.remove(handle, following, by)


def _once(job: Job) -> Key:
    text = f"start {job.uid}"
    fingerprint = hashlib.sha256(text.encode()).hexdigest()
    return Key(owner=job.owner, dialect=WINDOW, key=text, fingerprint=fingerprint)
