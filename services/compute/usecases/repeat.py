"""A job again: another try of one that ended badly, or a copy of any. Always a new job; what ended stays."""

from services.compute.domain.errors import NotRepeatable
from services.compute.domain.job import Job, NewJob
from services.compute.domain.quotas import Quotas
from services.compute.domain.spec import Source
from services.compute.ports import Clock
from services.compute.ports.store import JobStore, Key, Submitted
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.submit import Submit
from services.compute.usecases.viewers import Viewer

ORDERED = "Its inputs were granted to this job alone: start it again through the window it came from."


class Repeat:
    """Both raise JobNotFound and NotRepeatable, and what Submit raises."""

    def __init__(self, store: JobStore, submit: Submit, quotas: Quotas, clock: Clock) -> None:
        self._store = store
        self._jobs = Jobs(store, clock)
        self._submit = submit
        self._quotas = quotas
        self._clock = clock

    def retry(
        self, ref: int | str, viewer: Viewer, groups: tuple[str, ...], by: str, key: Key | None
    ) -> Submitted:
        """Of a failed or cancelled job; `groups` are those that its owner is in by now. Raises NotFinished,
        AlreadyFinished (it went well).
        """
        job = self._repeatable(ref, viewer)
        objects = [given for given in job.spec.inputs if given.source is Source.OBJECT]
        if objects and self._submit.replayed(key) is None:
            self._submit.check_inputs(job.owner, groups, objects)
        return self._store.retry(job.uid, by, self._clock.now(), self._quotas, key)

    def clone(self, ref: int | str, viewer: Viewer, groups: tuple[str, ...], key: Key | None) -> Submitted:
        """Of any job, in whatever state, as a native one of the same owner."""
        job = self._repeatable(ref, viewer)
        return self._submit(
            NewJob(
                owner=job.owner,
                dialect="native",
                spec=job.spec,
                name=job.name,
                labels=job.labels,
                groups=groups,
                facts={"clone_of": job.uid},
                notices=tuple(self._store.notices(job.uid)),
            ),
            key,
        )

    def _repeatable(self, ref: int | str, viewer: Viewer) -> Job:
        job = self._jobs.find(ref, viewer)
        if job.spec.has_grants:
            raise NotRepeatable(ORDERED)
        return job
