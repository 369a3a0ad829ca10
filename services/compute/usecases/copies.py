"""A job once more, as it was described, whatever became of the first."""

from services.compute.domain.errors import NotRepeatable
from services.compute.domain.job import Job, NewJob
from services.compute.ports.store import JobStore, Key, Submitted
from services.compute.usecases.repeat import ORDERED
from services.compute.usecases.submit import Submit


class Copies:
    """Whose the job is, is asked before. Raises NotRepeatable, and what Submit raises."""

    def __init__(self, submit: Submit, store: JobStore) -> None:
        self._submit = submit
        self._store = store

    def __call__(self, job: Job, dialect: str, groups: tuple[str, ...], key: Key | None = None) -> Submitted:
        """Of the same owner, for whom `groups` count now. What another window knows of it stays there."""
        if job.spec.has_grants:
            raise NotRepeatable(ORDERED)
        kept = job.facts if job.dialect == dialect else {}
        facts = {name: value for name, value in kept.items() if name not in ("retry_of", "clone_of")}
        return self._submit(
            NewJob(
                owner=job.owner,
                dialect=dialect,
                spec=job.spec,
                name=job.name,
                labels=job.labels,
                groups=groups,
                facts={**facts, "clone_of": job.uid},
                lingers=job.lingers,
                notices=tuple(self._store.notices(job.uid)),
            ),
            key,
        )
