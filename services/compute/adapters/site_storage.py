"""The site's storage by its fsspec URL: a folder of this machine (adapters/site_local.py), S3, HDFS, ..."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import fsspec

from services.compute.adapters.files_fsspec import FsspecFiles, is_whole_by_nature, protocols
from services.compute.adapters.files_local import unavailable
from services.compute.adapters.site_local import LocalSite
from services.compute.domain.errors import OutputNotFound
from services.compute.domain.layout import is_plain_path
from services.compute.ports.site_storage import SiteEntry, SitePathMissing, SitePathUnusable, SiteStorage


def open_site(url: str) -> SiteStorage:
    """Of COMPUTE_OPENPAI_STORAGE_URL. Raises ValueError for what fsspec does not know, FilesUnavailable."""
    try:
        system, root = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise ValueError(f"the storage's kind needs a package that is not installed: {error}") from None
    if "file" in protocols(system):
        return LocalSite(Path(root))
    return FsspecSite(system, root)


class FsspecSite:
    """What is below `root` of an fsspec file system."""

    def __init__(self, system: Any, root: str) -> None:
        self._system = system
        self._root = root.rstrip("/")
        self._files = FsspecFiles(system, root)

    def entries(self, path: str) -> Iterator[SiteEntry]:
        with _told():
            self._system.invalidate_cache()
            found = self._system.info(self._place(path))
            if found["type"] != "directory":
                yield SiteEntry((), is_folder=False)
                return
            below = self._system.find(self._place(path), withdirs=True, detail=True)
        yield SiteEntry((), is_folder=True)
        top = str(found["name"]).strip("/")
        for name in sorted(below):
            parts = str(name).strip("/").removeprefix(top).strip("/")
            if not parts:
                continue
            if not is_plain_path(parts):
                raise SitePathUnusable("a name in it is none that may be used")
            yield SiteEntry(tuple(parts.split("/")), is_folder=below[name]["type"] == "directory")

    def open(self, path: str) -> Iterator[bytes]:
        try:
            yield from self._files.open(path)
        except OutputNotFound:
            raise SitePathMissing(path[:200]) from None

    def put(self, path: str, chunks: Iterable[bytes]) -> None:
        with _told():
            # A file system would say so only after the bytes, an object store not at all.
            if self._kind(path) == "directory":
                raise SitePathUnusable("a folder is there")
            self._files.put(path, chunks)

    def make_folder(self, path: str) -> None:
        with _told():
            if self._kind(path) == "file":
                raise SitePathUnusable("a file is there")
            if not is_whole_by_nature(self._system):  # there a name with slashes is all there is to one
                self._system.makedirs(self._place(path), exist_ok=True)

    def ping(self) -> None:
        self._files.ping()

    def _place(self, path: str) -> str:
        if not is_plain_path(path):
            raise SitePathMissing(path[:200])
        return f"{self._root}/{path}"

    def _kind(self, path: str) -> str | None:
        """None for what is not there."""
        try:
            return str(self._system.info(self._place(path))["type"])
        except FileNotFoundError:
            return None


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Trouble of the storage as the port's facts."""
    with unavailable():
        try:
            yield
        except FileNotFoundError:
            raise SitePathMissing from None
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise SitePathUnusable("something else is there") from error
        except PermissionError as error:
            raise SitePathUnusable("the service may not use it") from error
