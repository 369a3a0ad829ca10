"""The object store in a folder of this machine: whole files by rename, synced before they count."""

import contextlib
import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from services.compute.domain.errors import FilesUnavailable, OutputNotFound, Refused
from services.compute.domain.layout import is_plain_path
from services.compute.domain.reasons import Reason
from services.compute.ports.files import Kept

CHUNK_BYTES = 256 * 1024
_PARTS = ".parts"
_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP})


class LocalFiles:
    """`root` is made when missing; nobody else may write in it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._parts = root / _PARTS
        with unavailable():
            self._parts.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, path: str, chunks: Iterable[bytes], limit: int | None = None) -> Kept:
        target = self._root / checked(path)
        part = self._parts / uuid.uuid4().hex
        tally = Tally(limit)
        try:
            with unavailable(), part.open("xb") as file:
                for chunk in chunks:
                    file.write(tally.add(chunk))
                file.flush()
                os.fsync(file.fileno())
            with unavailable():
                target.parent.mkdir(parents=True, exist_ok=True)
                part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return tally.kept()

    def put_file(self, path: str, source: Path) -> Kept:
        return self.put(path, file_chunks(source))

    def open(self, path: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        with reading(path):
            file = (self._root / readable(path)).open("rb")
            file.seek(start)
        return Reading(file, length)

    def size(self, path: str) -> int:
        with reading(path):
            found = (self._root / readable(path)).stat()
        if not os.path.isfile(self._root / path):
            raise OutputNotFound(path)
        return found.st_size

    def sizes(self, folder: str) -> Mapping[str, int]:
        with unavailable():
            try:
                with os.scandir(self._root / readable(folder)) as entries:
                    return {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}
            except (FileNotFoundError, NotADirectoryError):
                return {}

    def unchanged_since(self, folder: str, moment: float) -> Iterator[str]:
        with unavailable():
            for place, _, names in os.walk(self._root / readable(folder)):
                for name in names:
                    path = Path(place, name)
                    with contextlib.suppress(FileNotFoundError):
                        if path.stat().st_mtime < moment:
                            yield path.relative_to(self._root).as_posix()

    def remove(self, path: str) -> None:
        """It leaves by a rename first: what was half removed is not half there."""
        doomed = self._parts / uuid.uuid4().hex
        with unavailable():
            try:
                (self._root / checked(path)).rename(doomed)
            except (FileNotFoundError, NotADirectoryError):
                return
            if doomed.is_dir():
                shutil.rmtree(doomed, ignore_errors=True)
            else:
                doomed.unlink(missing_ok=True)

    def ping(self) -> None:
        if not os.access(self._parts, os.W_OK | os.X_OK):
            raise FilesUnavailable("the object store's folder cannot be written")


class Tally:
    """Counts and digests what passes. Raises Refused (output_too_large) past `limit` bytes."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._size = 0
        self._digest = hashlib.sha256()

    def add(self, chunk: bytes) -> bytes:
        self._size += len(chunk)
        if self._limit is not None and self._size > self._limit:
            raise Refused(Reason("output_too_large", f"More than the {self._limit} bytes that may be kept."))
        self._digest.update(chunk)
        return chunk

    def kept(self) -> Kept:
        return Kept(self._size, self._digest.hexdigest())


class Reading:
    """A file's bytes in pieces. It closes itself at the end, or when it is dropped half way."""

    def __init__(self, file: BinaryIO, length: int | None) -> None:
        self._file = file
        self._left = length

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        wanted = CHUNK_BYTES if self._left is None else min(self._left, CHUNK_BYTES)
        with unavailable():
            chunk = b"" if self._file.closed else self._file.read(wanted)
        if not chunk:
            self.close()
            raise StopIteration
        if self._left is not None:
            self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        self._file.close()

    def __del__(self) -> None:
        self._file.close()


def file_chunks(source: Path) -> Iterator[bytes]:
    """Of a plain file, which is not followed when it is a link."""
    with unavailable():
        opened = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(opened, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def checked(path: str) -> str:
    """A path to write at; one that leaves the store is a fault of ours."""
    if not is_plain_path(path) or path.startswith(_PARTS):
        raise ValueError("not a path of the object store")
    return path


def readable(path: str) -> str:
    """A path that somebody asks for. Raises OutputNotFound."""
    if not is_plain_path(path) or path.startswith(_PARTS):
        raise OutputNotFound(path)
    return path


@contextlib.contextmanager
def unavailable() -> Iterator[None]:
    """Trouble of the machine as the port's fact; the text holds no path."""
    try:
        yield
    except OSError as error:
        raise FilesUnavailable(
            f"the object store failed: {error.strerror or type(error).__name__}"
        ) from error


@contextlib.contextmanager
def reading(path: str) -> Iterator[None]:
    with unavailable():
        try:
            yield
        except UnicodeEncodeError:
            raise OutputNotFound(path) from None
        except OSError as error:
            if error.errno in _NOT_THERE or isinstance(error, FileNotFoundError):
                raise OutputNotFound(path) from None
            raise
