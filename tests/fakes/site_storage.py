"""A site's storage in memory, as strict as those that are tested beside it."""

import threading
from collections.abc import Iterable, Iterator

from services.compute.domain.errors import FilesUnavailable
from services.compute.domain.layout import is_plain_path
from services.compute.ports.site_storage import SiteEntry, SitePathMissing, SitePathUnusable


class MemorySite:
    """`files` by path; `away` is how often it does not answer first."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.folders: set[str] = set()
        self.away = 0
        self._lock = threading.RLock()

    def entries(self, path: str) -> Iterator[SiteEntry]:
        self._asked(path)
        with self._lock:
            if path in self.files:
                return iter([SiteEntry((), is_folder=False)])
            if path not in self.folders:
                raise SitePathMissing(path)
            names = sorted(name for name in self.folders | self.files.keys() if name.startswith(f"{path}/"))
            below = [
                SiteEntry(tuple(name.removeprefix(f"{path}/").split("/")), is_folder=name in self.folders)
                for name in names
            ]
            return iter([SiteEntry((), is_folder=True), *below])

    def open(self, path: str) -> Iterator[bytes]:
        self._asked(path)
        if path in self.folders:
            raise SitePathUnusable("a folder is there")
        if path not in self.files:
            raise SitePathMissing(path)
        content = self.files[path]
        return iter([content[at : at + 1000] for at in range(0, len(content), 1000)])

    def put(self, path: str, chunks: Iterable[bytes]) -> None:
        self._asked(path)
        content = b"".join(chunks)
        with self._lock:
            self._make_above(path)
            if path in self.folders:
                raise SitePathUnusable("a folder is there")
            self.files[path] = content

    def make_folder(self, path: str) -> None:
        self._asked(path)
        with self._lock:
            self._make_above(f"{path}/")

    def ping(self) -> None:
        self._asked("x")

    def _make_above(self, path: str) -> None:
        parts = path.split("/")[:-1]
        above = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
        if not self.files.keys().isdisjoint(above):
            raise SitePathUnusable("a file is there where a folder is needed")
        self.folders.update(above)

    def _asked(self, path: str) -> None:
        if self.away:
            self.away -= 1
            raise FilesUnavailable("the storage does not answer")
        if not is_plain_path(path):
            raise SitePathMissing(path)
