"""The object store by its fsspec URL: a folder of this machine (adapters/files_local.py), S3, memory, ..."""

import contextlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import fsspec

from services.compute.adapters.files_local import (
    LocalFiles,
    Tally,
    checked,
    file_chunks,
    readable,
    reading,
    unavailable,
)
from services.compute.domain.errors import OutputNotFound
from services.compute.ports.files import Kept, ObjectFiles

_PIECE_BYTES: Final = 4 * 1024 * 1024  # of one question for a part of a file
_PARTS: Final = ".parts"
# Where a file appears when it is complete and not before; elsewhere it is written aside and moved.
_WHOLE_BY_NATURE: Final = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "az"})


def open_files(url: str) -> ObjectFiles:
    """Of COMPUTE_FILES_URL. Raises ValueError for what fsspec does not know, FilesUnavailable."""
    try:
        system, root = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise ValueError(f"the object store's kind needs a package that is not installed: {error}") from None
    if "file" in protocols(system):
        return LocalFiles(Path(root))
    return FsspecFiles(system, root)


class FsspecFiles:
    """Files below `root` of an fsspec file system."""

    def __init__(self, system: Any, root: str) -> None:
        self._system = system
        self._root = root.rstrip("/")
        self._is_whole_by_nature = is_whole_by_nature(system)

    def put(self, path: str, chunks: Iterable[bytes], limit: int | None = None) -> Kept:
        target = f"{self._root}/{checked(path)}"
        tally = Tally(limit)
        with unavailable():
            if self._is_whole_by_nature:
                self._upload(target, chunks, tally)
            else:
                self._move_in(target, chunks, tally)
        return tally.kept()

    def put_file(self, path: str, source: Path) -> Kept:
        return self.put(path, file_chunks(source))

    def open(self, path: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        left = max(0, self.size(path) - start)
        return self._pieces(path, start, left if length is None else min(left, length))

    def size(self, path: str) -> int:
        with reading(path):
            found = self._system.info(f"{self._root}/{readable(path)}")
        if found["type"] != "file":
            raise OutputNotFound(path)
        return int(found["size"])

    def sizes(self, folder: str) -> Mapping[str, int]:
        with unavailable():
            try:
                found = self._system.ls(f"{self._root}/{readable(folder)}", detail=True)
            except (FileNotFoundError, NotADirectoryError):
                return {}
        files = (entry for entry in found if entry["type"] == "file")
        return {str(entry["name"]).rpartition("/")[2]: int(entry["size"]) for entry in files}

    def unchanged_since(self, folder: str, moment: float) -> Iterator[str]:
        with unavailable():
            self._system.invalidate_cache()
            top = len(self._system._strip_protocol(self._root)) + 1
            for path in self._system.find(f"{self._root}/{readable(folder)}"):
                with contextlib.suppress(FileNotFoundError):
                    if self._system.modified(path).timestamp() < moment:
                        yield str(path)[top:]

    def remove(self, path: str) -> None:
        with unavailable(), contextlib.suppress(FileNotFoundError):
            self._system.rm(f"{self._root}/{checked(path)}", recursive=True)

    def ping(self) -> None:
        with unavailable(), contextlib.suppress(FileNotFoundError):
            self._system.ls(self._root)

    def _upload(self, target: str, chunks: Iterable[bytes], tally: Tally) -> None:
        file = self._system.open(target, "wb", autocommit=False)
        try:
            for chunk in chunks:
                file.write(tally.add(chunk))
            file.close()
        except BaseException:
            file.discard()
            raise
        file.commit()

    def _move_in(self, target: str, chunks: Iterable[bytes], tally: Tally) -> None:
        part = f"{self._root}/{_PARTS}/{uuid.uuid4().hex}"
        self._system.makedirs(f"{self._root}/{_PARTS}", exist_ok=True)
        try:
            with self._system.open(part, "wb") as file:
                for chunk in chunks:
                    file.write(tally.add(chunk))
            self._system.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._system.mv(part, target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                self._system.rm(part)
            raise

    def _pieces(self, path: str, start: int, left: int) -> Iterator[bytes]:
        while left > 0:
            with reading(path):
                piece = self._system.cat_file(
                    f"{self._root}/{path}", start=start, end=start + min(left, _PIECE_BYTES)
                )
            if not piece:
                return
            yield piece
            start += len(piece)
            left -= len(piece)


def protocols(system: Any) -> frozenset[str]:
    """By which an fsspec file system goes."""
    kind = system.protocol
    return frozenset({kind} if isinstance(kind, str) else kind)


def is_whole_by_nature(system: Any) -> bool:
    """A file of it appears when it is complete; folders are names alone."""
    return bool(protocols(system) & _WHOLE_BY_NATURE)
