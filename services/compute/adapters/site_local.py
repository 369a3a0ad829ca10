"""The site's storage in a folder of this machine, which may be one of a shared file system: others write in
it too, so every way is gone folder by folder, and never through a link.
"""

import contextlib
import errno
import os
import stat
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from services.compute.adapters.files_local import Reading, unavailable
from services.compute.domain.errors import FilesUnavailable
from services.compute.domain.layout import is_plain_path
from services.compute.ports.site_storage import SiteEntry, SitePathMissing, SitePathUnusable

PARTS: Final = ".parts"  # what is being written
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MISSING: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG})
_UNUSABLE: Final = {
    errno.ELOOP: "a link is there",
    errno.EACCES: "the service may not use it",
    errno.EPERM: "the service may not use it",
    errno.EISDIR: "a folder is there",
    errno.ENOTEMPTY: "a folder is there",
    errno.EEXIST: "something else is there",
}
NO_PLAIN_FILE: Final = "it is neither a plain file nor a folder"


class LocalSite:
    """`root` is made when missing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        with unavailable():
            (root / PARTS).mkdir(parents=True, exist_ok=True, mode=0o700)

    def entries(self, path: str) -> Iterator[SiteEntry]:
        with _told():
            above, name = self._above(path)
            try:
                found = os.stat(name, dir_fd=above, follow_symlinks=False)
                if not stat.S_ISDIR(found.st_mode):
                    yield _entry((), found)
                    return
                yield SiteEntry((), is_folder=True)
                yield from _below(name, above)
            finally:
                os.close(above)

    def open(self, path: str) -> Iterator[bytes]:
        with _told():
            above, name = self._above(path)
            try:
                opened = os.open(name, _FILE, dir_fd=above)
            finally:
                os.close(above)
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                os.close(opened)
                raise SitePathUnusable(NO_PLAIN_FILE)
            return Reading(os.fdopen(opened, "rb"), None)

    def put(self, path: str, chunks: Iterable[bytes]) -> None:
        part = uuid.uuid4().hex
        with unavailable():
            aside = os.open(self._root / PARTS, _FOLDER)
        try:
            self._write(aside, part, chunks)
            with _told(writing=True):
                above, name = self._above(path, makes=True)
                try:
                    os.replace(part, name, src_dir_fd=aside, dst_dir_fd=above)
                finally:
                    os.close(above)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part, dir_fd=aside)
            raise
        finally:
            os.close(aside)

    def make_folder(self, path: str) -> None:
        with _told(writing=True):
            above, name = self._above(path, makes=True)
            try:
                os.close(_enter(above, name, makes=True))
            finally:
                os.close(above)

    def ping(self) -> None:
        if not os.access(self._root / PARTS, os.W_OK | os.X_OK):
            raise FilesUnavailable("the site's storage cannot be written")

    def _write(self, aside: int, part: str, chunks: Iterable[bytes]) -> None:
        with unavailable():
            opened = os.open(part, _NEW, 0o644, dir_fd=aside)
        with os.fdopen(opened, "wb") as file:
            for chunk in chunks:  # whose own trouble is not the storage's
                with unavailable():
                    file.write(chunk)
            with unavailable():
                file.flush()
                os.fsync(file.fileno())

    def _above(self, path: str, *, makes: bool = False) -> tuple[int, str]:
        """A descriptor of the folder that holds it, for the caller to close, and its name there."""
        if not is_plain_path(path) or path.split("/")[0] == PARTS:
            raise SitePathMissing(path[:200])
        *folders, name = path.split("/")
        at = os.open(self._root, _FOLDER)
        try:
            for folder in folders:
                below = _enter(at, folder, makes)
                os.close(at)
                at = below
        except BaseException:
            os.close(at)
            raise
        return at, name


def _enter(at: int, folder: str, makes: bool) -> int:
    if makes:
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o755, dir_fd=at)
    return os.open(folder, _FOLDER, dir_fd=at)


def _below(name: str, above: int) -> Iterator[SiteEntry]:
    for place, folders, files, at in os.fwalk(name, dir_fd=above, onerror=_raise, follow_symlinks=False):
        parts = tuple(place.split("/")[1:])
        folders.sort()
        for each in sorted([*folders, *files]):
            yield _entry((*parts, each), os.stat(each, dir_fd=at, follow_symlinks=False))


def _entry(parts: tuple[str, ...], found: os.stat_result) -> SiteEntry:
    if parts and not is_plain_path(parts[-1]):
        raise SitePathUnusable("a name in it is none that may be used")
    if stat.S_ISLNK(found.st_mode):
        raise SitePathUnusable(_UNUSABLE[errno.ELOOP])
    if stat.S_ISDIR(found.st_mode):
        return SiteEntry(parts, is_folder=True)
    if not stat.S_ISREG(found.st_mode):
        raise SitePathUnusable(NO_PLAIN_FILE)
    return SiteEntry(parts, is_folder=False, executable=bool(found.st_mode & stat.S_IXUSR))


def _raise(error: OSError) -> None:
    raise error


@contextlib.contextmanager
def _told(*, writing: bool = False) -> Iterator[None]:
    """Trouble of the machine as the port's facts; no text holds a path."""
    try:
        yield
    except UnicodeEncodeError:
        raise SitePathMissing from None
    except OSError as error:
        if error.errno == errno.ENOTDIR and writing:
            raise SitePathUnusable("a file is there where a folder is needed") from error
        if error.errno in _MISSING:
            raise SitePathMissing from error
        if error.errno in _UNUSABLE:
            raise SitePathUnusable(_UNUSABLE[error.errno]) from error
        raise FilesUnavailable(
            f"the site's storage failed: {error.strerror or type(error).__name__}"
        ) from error
