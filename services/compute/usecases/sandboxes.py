"""Files that an owner uploads before they submit jobs that use them."""

from collections.abc import Iterable, Iterator, Mapping

from services.compute.domain.errors import OutputNotFound, QuotaExceeded
from services.compute.domain.layout import is_sandbox_name, sandboxes, stored_sandbox
from services.compute.ports.files import Kept, ObjectFiles
from services.compute.usecases.results import started

MAX_FILES = 1000


class Sandboxes:
    """Each owner has names of their own. `file_bytes` bounds one upload, `owner_bytes` all of one owner (two
    uploads at once may cross it by one file). All raise FilesUnavailable.
    """

    def __init__(self, files: ObjectFiles, file_bytes: int, owner_bytes: int) -> None:
        self._files = files
        self.file_bytes = file_bytes
        self._owner_bytes = owner_bytes

    def put(self, owner: str, name: str, chunks: Iterable[bytes]) -> Kept:
        """Whole or not at all; an older one of the name is replaced.

        Raises OutputNotFound (a name that cannot be one), QuotaExceeded, Refused (output_too_large).
        """
        path = _path(owner, name)
        others = {other: size for other, size in self.list(owner).items() if other != name}
        if len(others) >= MAX_FILES:
            raise QuotaExceeded("sandboxes", MAX_FILES, "You")
        left = self._owner_bytes - sum(others.values())
        if left <= 0:
            raise QuotaExceeded("bytes of sandboxes", self._owner_bytes, "You")
        return self._files.put(path, chunks, min(self.file_bytes, left))

    def list(self, owner: str) -> Mapping[str, int]:
        """Bytes by name."""
        return self._files.sizes(sandboxes(owner))

    def size(self, owner: str, name: str) -> int:
        """Raises OutputNotFound."""
        return self._files.size(_path(owner, name))

    def open(self, owner: str, name: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Raises OutputNotFound."""
        return started(self._files.open(_path(owner, name), start, length))

    def remove(self, owner: str, name: str) -> None:
        """Raises OutputNotFound. A job that was submitted with it and has not begun fails then."""
        path = _path(owner, name)
        self._files.size(path)
        self._files.remove(path)


def _path(owner: str, name: str) -> str:
    if not is_sandbox_name(name):
        raise OutputNotFound(name[:64])
    return stored_sandbox(owner, name)
