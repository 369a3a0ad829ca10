"""Jobs of the Ocean window: found by job, document or order; stopped, deleted, and their results by position.

A deleted job is gone from here; somebody else's is not there either.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.compute.domain.errors import JobNotFound, OutputNotFound
from services.compute.domain.job import Job, Stored, StoredFile
from services.compute.domain.layout import PUBLISHING, STAGING
from services.compute.ports.store import Filter, JobStore
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.ocean_start import DIALECT, normal_agreement, owner_of
from services.compute.usecases.results import Results
from services.compute.usecases.viewers import Viewer

PAGE: Final = 100
STOPPED: Final = "The owner stopped the job through the Ocean API."


class Kind(StrEnum):
    """What a result is, in Ocean's words and Ocean's spelling."""

    OUTPUT = "output"
    ALGORITHM_LOG = "algorithmLog"
    CONFIGURATION_LOG = "configrationLog"
    PUBLISH_LOG = "publishLog"


_ORDER: Final = tuple(Kind)
_LOGS: Final = {
    STAGING: (Kind.CONFIGURATION_LOG, "configure.log"),
    PUBLISHING: (Kind.PUBLISH_LOG, "publish.log"),
}


@dataclass(frozen=True, slots=True)
class Result:
    """`name` is relative, `/` between parts; `file` is what is kept."""

    kind: Kind
    name: str
    file: StoredFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which jobs of one consumer (checksummed); empty texts do not narrow. `agreement_id`: a transaction in
    any spelling, or a document, which older clients pass in its place.
    """

    consumer: str
    job_id: str = ""
    document_id: str = ""
    agreement_id: str = ""


class OceanJobs:
    """All raise StoreUnavailable."""

    def __init__(self, store: JobStore, jobs: Jobs, results: Results) -> None:
        self._store = store
        self._jobs = jobs
        self._results = results

    def list(self, wanted: Wanted) -> Sequence[Job]:
        """Newest first, at most PAGE of them: whoever asks, each costs a look at its results. Empty when
        nothing fits.
        """
        if wanted.job_id:
            try:
                job = self._found(wanted)
            except JobNotFound:
                return []
            return [job] if all(job.facts.get(name) == value for name, value in _facts(wanted)) else []
        return self._store.page(_filter(wanted), PAGE).jobs

    def stop(self, wanted: Wanted) -> Sequence[Job]:
        """Raises JobNotFound for a job id that is none of the consumer's."""
        owner = owner_of(wanted.consumer)
        viewer = Viewer(frozenset({owner}))
        return [self._jobs.cancel(job.uid, viewer, owner, STOPPED) for job in self._targets(wanted)]

    def delete(self, wanted: Wanted) -> Sequence[Job]:
        """Stopped and gone. Raises JobNotFound for a job id that is none of the consumer's."""
        owner = owner_of(wanted.consumer)
        viewer = Viewer(frozenset({owner}))
        return [self._jobs.delete(job.uid, viewer, owner) for job in self._targets(wanted)]

    def results(self, job: Job) -> Sequence[Result]:
        """In the order of their indexes: outputs, the algorithm's log, the service's own logs."""
        if not job.is_final:
            return ()
        found = [_result(file) for file in self._results.list(job)]
        return sorted(found, key=lambda result: _ORDER.index(result.kind))

    def result(self, wanted: Wanted, index: int) -> tuple[Job, Result]:
        """Raises JobNotFound, OutputNotFound."""
        job = self._found(wanted)
        results = self.results(job)
        if not 0 <= index < len(results):
            raise OutputNotFound(str(index))
        return job, results[index]

    def open(self, job: Job, result: Result, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Raises OutputNotFound, FilesUnavailable."""
        return self._results.open(job, result.file.kind, result.file.path, start, length)

    def _targets(self, wanted: Wanted) -> Sequence[Job]:
        """Clients fill the other fields of a stop with this and that: a job id alone decides."""
        return [self._found(wanted)] if wanted.job_id else list(self._all(wanted))

    def _found(self, wanted: Wanted) -> Job:
        job = self._store.find(wanted.job_id, {owner_of(wanted.consumer)})
        if job.dialect != DIALECT or job.deleted_at is not None:
            raise JobNotFound(wanted.job_id)
        return job

    def _all(self, wanted: Wanted) -> Iterator[Job]:
        cursor: str | None = None
        while True:
            page = self._store.page(_filter(wanted), PAGE, cursor)
            yield from page.jobs
            cursor = page.next
            if cursor is None:
                return


def _filter(wanted: Wanted) -> Filter:
    return Filter(owners={owner_of(wanted.consumer)}, dialects=(DIALECT,), facts=dict(_facts(wanted)))


def _facts(wanted: Wanted) -> Sequence[tuple[str, str]]:
    found = []
    if wanted.document_id:
        found.append(("document_id", wanted.document_id))
    if wanted.agreement_id.startswith("did:"):
        found.append(("document_id", wanted.agreement_id))
    elif wanted.agreement_id:
        found.append(("agreement_id", normal_agreement(wanted.agreement_id)))
    return found


def _result(file: StoredFile) -> Result:
    if file.kind is Stored.OUTPUT:
        return Result(Kind.OUTPUT, file.path, file)
    kind, name = _LOGS.get(file.path, (Kind.ALGORITHM_LOG, "algorithm.log"))
    return Result(kind, name, file)
