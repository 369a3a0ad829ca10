"""Reads zip archives; sizes and places that they claim are never believed."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from typing import IO, Any, Final

from services.compute.domain.archives.members import CHUNK, MAX_MEMBERS, BadArchive, Kind, Member, parts_of

MAX_DIRECTORY: Final = 16 * 1024 * 1024  # bytes of the list of members, which is read at once
_MAX_LINK: Final = 4096
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others hold too much of what strangers sent
_ENCRYPTED: Final = 0x1
_UNIX: Final = 3
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, RuntimeError, KeyError,
    NotImplementedError, OverflowError, IndexError,
)  # fmt: skip


def members(file: IO[bytes]) -> Iterator[Member]:
    """Raises BadArchive."""
    try:
        archive = zipfile.ZipFile(_Bounded(file))
    except _BROKEN as error:
        raise BadArchive("it is no zip archive, or it is broken") from error
    with archive:
        if len(archive.infolist()) > MAX_MEMBERS:
            raise BadArchive(f"it holds more than {MAX_MEMBERS} entries")
        for info in archive.infolist():
            yield _member(archive, info)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
    parts = parts_of(info.filename)
    if info.filename.endswith("/"):  # is_dir() of an empty name is an error of Python's
        return Member(parts, Kind.FOLDER)
    if not parts:
        raise BadArchive("it holds a file without a name")
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
        raise BadArchive("it is encrypted, or packed in a way that is not read here")
    content = _content(archive, info)
    if stat.S_ISLNK(mode):
        return Member(parts, Kind.LINK, target=_target(content))
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise BadArchive("it holds something else than plain files, folders and links")
    return Member(parts, Kind.FILE, content, executable=bool(mode & 0o111))


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(info) as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except _BROKEN as error:
        raise BadArchive("it is broken") from error


def _target(content: Iterator[bytes]) -> str:
    found = b""
    for chunk in content:
        found += chunk
        if len(found) > _MAX_LINK:
            raise BadArchive("a link in it is too long")
    return found.decode("utf-8", "surrogateescape")


class _Bounded(BufferedIOBase):
    """The list of members is read in one piece, of a size that the archive chooses."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0 or size > MAX_DIRECTORY:
            found = self._file.read(MAX_DIRECTORY + 1)
            if len(found) > MAX_DIRECTORY:
                raise BadArchive("its list of members is too long")
            return found
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
