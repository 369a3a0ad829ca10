"""What a job left: its kept outputs one by one or all in one archive. Streamed; nothing is held in memory."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from services.compute.domain.archives.packing import FORMS, Packed, pack
from services.compute.domain.errors import OutputNotFound
from services.compute.domain.job import Job, Stored, StoredFile
from services.compute.domain.layout import stored_output
from services.compute.ports.files import Logs, ObjectFiles
from services.compute.ports.store import JobStore


class Results:
    """Whose the job is, is asked before: these take jobs that were found. All raise StoreUnavailable or
    FilesUnavailable.
    """

    def __init__(self, store: JobStore, files: ObjectFiles, logs: Logs) -> None:
        self._store = store
        self._files = files
        self._logs = logs

    def list(self, job: Job, kind: Stored | None = None) -> Sequence[StoredFile]:
        """In the order they are shown; of one kind, or all."""
        return [file for file in self._store.files(job.uid) if kind in (None, file.kind)]

    def find(self, job: Job, kind: Stored, path: str) -> StoredFile:
        """Raises OutputNotFound."""
        for file in self.list(job, kind):
            if file.path == path:
                return file
        raise OutputNotFound(path[:200])

    def open(
        self, job: Job, kind: Stored, path: str, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """The bytes from `start`; the first piece is at hand when this returns. Raises OutputNotFound."""
        self.find(job, kind, path)
        return started(self._pieces(job, kind, path, start, length))

    def archive(self, job: Job, kind: Stored = Stored.OUTPUT) -> Iterator[bytes]:
        """All files of the kind as one zip, in pieces as they are read."""
        return started(pack(self.packed(job, self.list(job, kind)), FORMS["zip"]))

    def packed(self, job: Job, files: Iterable[StoredFile]) -> Iterator[Packed]:
        """As archives take them, under their own paths."""
        for file in files:
            pieces = partial(self._pieces, job, file.kind, file.path, 0, None)
            yield Packed(file.path, file.size, pieces)

    def _pieces(self, job: Job, kind: Stored, path: str, start: int, length: int | None) -> Iterator[bytes]:
        if kind is Stored.LOG:
            return self._logs.chunks(job.uid, job.attempt, path, start, length)
        return self._files.open(stored_output(job.uid, path), start, length)


def started(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """`pieces`, with the first one read now: what cannot be opened says so before any header is sent."""
    first = next(pieces, b"")
    return _from(first, pieces)


def _from(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
