"""How tar archives are packed, by the ending of their names. What readers raise becomes BadArchive."""

import bz2
import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, Final

import zstandard

from services.compute.domain.archives.members import CHUNK, BadArchive
from services.compute.domain.archives.tars import Readable

MAX_ZSTD_WINDOW: Final = 128 << 20
"""Bytes that a stranger's archive makes us hold; `zstd --long` asks for as many."""

_BROKEN: Final = (EOFError, zlib.error, ValueError, zstandard.ZstdError)


class Unpacked:
    """Bytes as a packer's reader gives them, its troubles in our words."""

    def __init__(self, file: Readable) -> None:
        self._file = file

    def read(self, size: int, /) -> bytes:
        """Fewer bytes only at the end. Raises BadArchive, OSError."""
        pieces, missing = [], size
        try:
            while missing and (piece := self._file.read(missing)):
                pieces.append(piece)
                missing -= len(piece)
        except _BROKEN as error:
            raise BadArchive("it is broken") from error
        except OSError as error:
            if error.errno is not None:  # the disk's; the readers' own have no number
                raise
            raise BadArchive("it is not packed as its name says, or it is broken") from error
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def chunks(self) -> Iterator[bytes]:
        while chunk := self.read(CHUNK):
            yield chunk


Opener = Callable[[IO[bytes]], Readable]


def gunzipped(file: IO[bytes]) -> Readable:
    return gzip.GzipFile(fileobj=file, mode="rb")


def unbzipped(file: IO[bytes]) -> Readable:
    return bz2.BZ2File(file, mode="rb")


def _unzstd(file: IO[bytes]) -> Readable:
    reader: Any = zstandard.ZstdDecompressor(max_window_size=MAX_ZSTD_WINDOW)
    found: Readable = reader.stream_reader(file, read_across_frames=True)
    return found


def _as_it_is(file: IO[bytes]) -> Readable:
    return file


TARS: Final[Mapping[str, Opener]] = {
    ".tar": _as_it_is, ".tar.gz": gunzipped, ".tgz": gunzipped, ".tar.bz2": unbzipped, ".tbz2": unbzipped,
    ".tar.zst": _unzstd,
}  # fmt: skip
