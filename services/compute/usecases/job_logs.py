"""A job's log streams as they stand, while it runs and after."""

from collections.abc import Iterator, Sequence

from services.compute.domain.errors import OutputNotFound
from services.compute.domain.job import Job
from services.compute.domain.layout import OUTPUT, PUBLISHING, STAGING, STDERR, STDOUT, stream
from services.compute.domain.spec import Spec
from services.compute.ports.files import Logs
from services.compute.usecases.results import started


class JobLogs:
    """Whose the job is, is asked before. All raise FilesUnavailable."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    def sizes(self, job: Job, attempt: int) -> Sequence[tuple[str, int]]:
        """Streams that exist so far, with their bytes so far, in the order staging, runs, publishing."""
        return [(name, self.size(job, attempt, name)) for name in self._logs.streams(job.uid, attempt)]

    def size(self, job: Job, attempt: int, name: str) -> int:
        """0 for what can come and has not begun. Raises OutputNotFound for what can never be."""
        _check(job, attempt, name)
        try:
            return self._logs.size(job.uid, attempt, name)
        except OutputNotFound:
            return 0

    def open(self, job: Job, attempt: int, name: str, start: int, length: int | None) -> Iterator[bytes]:
        """Raises OutputNotFound as `size` does."""
        _check(job, attempt, name)
        try:
            return started(self._logs.chunks(job.uid, attempt, name, start, length))
        except OutputNotFound:
            return iter(())


def main_stream(spec: Spec) -> str:
    """The one to show when none is named: what the first task of the first role says."""
    role = spec.roles[0]
    return stream(role.name, 0, 0, STDOUT if role.tasks[0].split_logs else OUTPUT)


def streams_of(spec: Spec) -> Iterator[str]:
    """Every stream that a job of this spec can have."""
    yield STAGING
    for role in spec.roles:
        for index in range(role.count):
            for number, task in enumerate(role.tasks):
                kinds = (STDOUT, STDERR) if task.split_logs else (OUTPUT,)
                yield from (stream(role.name, index, number, kind) for kind in kinds)
    yield PUBLISHING


def _check(job: Job, attempt: int, name: str) -> None:
    """Names from a request become file names: only those that the spec gives are let through."""
    if not 1 <= attempt <= max(job.attempt, 1) or name not in streams_of(job.spec):
        raise OutputNotFound(name[:64])
