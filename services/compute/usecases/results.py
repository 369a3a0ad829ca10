"""What a job left: its kept outputs one by one or all in one archive. Streamed; nothing is held in memory."""

import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, cast

from services.compute.domain.errors import OutputNotFound
from services.compute.domain.job import Job, Stored, StoredFile
from services.compute.domain.layout import stored_output
from services.compute.ports.files import Logs, ObjectFiles
from services.compute.ports.store import JobStore

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the format's first: equal outputs make equal archives


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
        return started(self._zipped(job, self.list(job, kind)))

    def _pieces(self, job: Job, kind: Stored, path: str, start: int, length: int | None) -> Iterator[bytes]:
        if kind is Stored.LOG:
            return self._logs.chunks(job.uid, job.attempt, path, start, length)
        return self._files.open(stored_output(job.uid, path), start, length)

    def _zipped(self, job: Job, files: Sequence[StoredFile]) -> Iterator[bytes]:
        sink = _Sink()
        with zipfile.ZipFile(cast(IO[bytes], sink), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for file in files:
                entry = zipfile.ZipInfo(file.path, _ZIP_DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                with archive.open(entry, "w", force_zip64=True) as member:
                    for piece in self._pieces(job, file.kind, file.path, 0, None):
                        member.write(piece)
                        yield from sink.taken()
                yield from sink.taken()
        yield from sink.taken()


def started(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """`pieces`, with the first one read now: what cannot be opened says so before any header is sent."""
    first = next(pieces, b"")
    return _from(first, pieces)


def _from(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


class _Sink:
    """What zipfile writes to; it cannot seek, so that sizes follow each member."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None: ...

    def taken(self) -> Iterator[bytes]:
        pieces, self._pieces = self._pieces, []
        if pieces:
            yield b"".join(pieces)
