"""Archives that are made of what a job took or left: made once, kept with the job, read in any part."""

from collections.abc import Callable, Iterable, Iterator

from services.compute.domain.errors import OutputNotFound
from services.compute.domain.layout import stored_archive
from services.compute.ports.files import ObjectFiles
from services.compute.usecases.results import started


class JobArchives:
    """`name` says what an archive holds: another content has another name. All raise FilesUnavailable."""

    def __init__(self, files: ObjectFiles) -> None:
        self._files = files

    def size(self, uid: str, name: str, make: Callable[[], Iterable[bytes]], limit: int) -> int:
        """In bytes; it is there then. Raises what `make` does, and Refused past `limit` bytes."""
        path = stored_archive(uid, name)
        try:
            return self._files.size(path)
        except OutputNotFound:
            return self._files.put(path, make(), limit).size

    def open(self, uid: str, name: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Raises OutputNotFound."""
        return started(self._files.open(stored_archive(uid, name), start, length))
