"""A caller's jobs: found, listed, stopped, deleted. What is not theirs is not there."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.compute.domain.errors import JobNotFound
from services.compute.domain.ids import is_uid
from services.compute.domain.job import Event, Job, Page, Run, StoredFile, Wish
from services.compute.domain.quotas import Held
from services.compute.domain.reasons import Reason
from services.compute.ports import Clock
from services.compute.ports.store import Filter, Head, JobStore, Revision
from services.compute.usecases.viewers import Viewer

MAX_ID_DIGITS = 18
STOPPED = "The owner stopped the job."


class Jobs:
    """All methods that take `ref` (an integer id, a uid, or the text of either) raise JobNotFound; all raise
    StoreUnavailable.
    """

    def __init__(self, store: JobStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def find(self, ref: int | str, viewer: Viewer) -> Job:
        return self._store.find(_reference(ref), viewer.owners)

    def revision(self, ref: int | str, viewer: Viewer) -> Revision:
        return self._store.revision(_reference(ref), viewer.owners)

    def page(self, viewer: Viewer, wanted: Filter, limit: int, cursor: str | None = None) -> Page:
        """Whatever owners `wanted` names, only the viewer's jobs. A cursor that is none raises ValueError."""
        return self._store.page(_narrowed(wanted, viewer), limit, cursor)

    def count(self, viewer: Viewer, wanted: Filter) -> int:
        return self._store.count(_narrowed(wanted, viewer))

    def heads(self, viewer: Viewer, wanted: Filter, limit: int | None = None) -> Sequence[Head]:
        """Newest first: what tells whether each of them is known already. As `page`, only the viewer's."""
        return self._store.heads(_narrowed(wanted, viewer), limit)

    def listed(self, heads: Sequence[Head]) -> Sequence[Job]:
        """In this order; those that are gone are left out."""
        return self._store.jobs([head.id for head in heads])

    def of_ids(self, ids: Sequence[int]) -> Sequence[Job]:
        """In this order; those that are gone are left out. Whose they are was asked before."""
        return self._store.jobs(ids)

    def put_away(self, ref: int | str, viewer: Viewer) -> Job:
        """It lingers no longer among the active ones. Raises NotFinished, AlreadyFinished (it did not)."""
        return self._store.put_away(self.find(ref, viewer).uid, self._clock.now())

    def cancel(self, ref: int | str, viewer: Viewer, by: str, sentence: str = STOPPED) -> Job:
        """The job as it is then; one that ended stays as it is."""
        job = self.find(ref, viewer)
        if job.is_final:
            return job
        reason = Reason("cancelled", sentence)
        return self._store.wish(job.uid, Wish.CANCEL, by, reason, self._clock.now())

    def delete(self, ref: int | str, viewer: Viewer, by: str) -> Job:
        """Gone from every window but the native one, and stopped. Twice is once."""
        job = self.find(ref, viewer)
        return self._store.delete(job.uid, by, self._clock.now())

    def events(self, ref: int | str, viewer: Viewer, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        return self._store.events(self.find(ref, viewer).uid, after, limit)

    def runs(self, ref: int | str, viewer: Viewer, attempt: int | None = None) -> Sequence[Run]:
        return self._store.runs(self.find(ref, viewer).uid, attempt)

    def runs_of(self, job: Job) -> Sequence[Run]:
        """Of a job that was found; of all its attempts."""
        return self._store.runs(job.uid)

    def events_of(self, job: Job) -> Sequence[Event]:
        """Of a job that was found."""
        return self._store.events(job.uid)

    def files(self, ref: int | str, viewer: Viewer) -> Sequence[StoredFile]:
        return self._store.files(self.find(ref, viewer).uid)

    def held(self, owner: str, groups: Sequence[str] = ()) -> Mapping[str, Held]:
        return self._store.held(owner, groups)


def _reference(ref: int | str) -> int | str:
    if isinstance(ref, int) or is_uid(ref):
        return ref
    if ref.isascii() and ref.isdigit() and len(ref) <= MAX_ID_DIGITS:
        return int(ref)
    raise JobNotFound(ref[:64])


def _narrowed(wanted: Filter, viewer: Viewer) -> Filter:
    if viewer.owners is None:
        return wanted
    owners = viewer.owners if wanted.owners is None else viewer.owners.intersection(wanted.owners)
    return replace(wanted, owners=owners)
