"""Files as one archive, in pieces as they are read: the same files make the same bytes.

Times, owners and rights are left out. `pieces` of a file are read once, in its turn; nothing is held.
"""

import bz2
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final, Protocol, cast

import zstandard

from services.compute.domain.archives.members import BadArchive, shown

_GZIP: Final = 31  # zlib's window with a gzip frame around, which it gives no time
_LEVEL: Final = 6
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)  # the format's first
_MODE: Final = 0o644
_PROGRAM: Final = 0o755


class SizeChanged(Exception):
    """A file had not the size it was said to have; the archive is void."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One file of an archive. `name` is relative, `/` between parts."""

    name: str
    size: int
    pieces: Callable[[], Iterable[bytes]]
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """`ending` of the file's name, without a dot before it; `media_type` as registered."""

    ending: str
    media_type: str


FORMS: Final[Mapping[str, Form]] = {
    form.ending: form
    for form in (
        Form("tar.gz", "application/gzip"),
        Form("tar.bz2", "application/x-bzip2"),
        Form("tar.zst", "application/zstd"),
        Form("tar", "application/x-tar"),
        Form("zip", "application/zip"),
    )
}


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


_COMPRESSORS: Final[Mapping[str, Callable[[], _Compressor]]] = {
    "tar.gz": lambda: zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP),
    "tar.bz2": bz2.BZ2Compressor,
    "tar.zst": lambda: cast(Any, zstandard.ZstdCompressor()).compressobj(),
}


def pack(files: Iterable[Packed], form: Form) -> Iterator[bytes]:
    """Raises SizeChanged, BadArchive (a name that the form cannot hold), and what the files' pieces raise."""
    if form.ending == "zip":
        yield from _zipped(files)
        return
    make = _COMPRESSORS.get(form.ending)
    if make is None:
        yield from _tar(files)
        return
    packer = make()
    for piece in _tar(files):
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def _tar(files: Iterable[Packed]) -> Iterator[bytes]:
    for file in files:
        head = tarfile.TarInfo(file.name)
        head.size, head.mode = file.size, _PROGRAM if file.executable else _MODE
        yield head.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        yield from _counted(file)
        yield bytes(-file.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _counted(file: Packed) -> Iterator[bytes]:
    count = 0
    for piece in file.pieces():
        count += len(piece)
        yield piece
    if count != file.size:
        raise SizeChanged(file.name)


def _zipped(files: Iterable[Packed]) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(cast(IO[bytes], sink), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in files:
            entry = zipfile.ZipInfo(_text(file.name), _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (_PROGRAM if file.executable else _MODE) << 16
            with archive.open(entry, "w", force_zip64=True) as member:
                for piece in _counted(file):
                    member.write(piece)
                    yield from sink.taken()
            yield from sink.taken()
    yield from sink.taken()


def _text(name: str) -> str:
    """Zip archives call files by texts, tar archives by whatever bytes. Raises BadArchive."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise BadArchive(f"{shown(name)} is no text, which a zip archive needs") from None
    return name


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
        if found := b"".join(pieces):
            yield found
