"""Which kind of archive a name promises, and bringing its contents to their place."""

import bz2
import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Final

from services.compute.worker.unpacking import tars, zips
from services.compute.worker.unpacking.landing import Landing
from services.compute.worker.unpacking.members import CHUNK, BadArchive, parts_of
from services.compute.worker.unpacking.tars import Readable

_BROKEN: Final = (EOFError, zlib.error, ValueError)


class _Stream:
    """Bytes as a packer's reader gives them, its troubles in our words."""

    def __init__(self, file: Readable) -> None:
        self._file = file

    def read(self, size: int, /) -> bytes:
        """Fewer bytes only at the end. Raises BadArchive, OSError."""
        try:
            return self._file.read(size)
        except _BROKEN as error:
            raise BadArchive("it is broken") from error
        except OSError as error:
            if error.errno is not None:  # the disk's; the readers' own have no number
                raise
            raise BadArchive("it is not packed as its name says, or it is broken") from error

    def chunks(self) -> Iterator[bytes]:
        while chunk := self.read(CHUNK):
            yield chunk


_Opener = Callable[[IO[bytes]], Readable]


def _gzip(file: IO[bytes]) -> Readable:
    return gzip.GzipFile(fileobj=file, mode="rb")


def _bzip(file: IO[bytes]) -> Readable:
    return bz2.BZ2File(file, mode="rb")


def _as_it_is(file: IO[bytes]) -> Readable:
    return file


_TARS: Final[Mapping[str, _Opener]] = {
    ".tar": _as_it_is, ".tar.gz": _gzip, ".tgz": _gzip, ".tar.bz2": _bzip, ".tbz2": _bzip,
}  # fmt: skip
_SINGLE: Final[Mapping[str, _Opener]] = {".gz": _gzip, ".bz2": _bzip}


def unpack(archive: Path, name: str, landing: Landing, *, executable: bool = False) -> None:
    """`name` is the archive's own, whose ending says what it is; a file that is packed alone loses it.

    Raises BadArchive, TooLarge, OSError, and what the landing's check does.
    """
    with archive.open("rb") as file:
        if name.lower().endswith(".zip"):
            landing.take(zips.members(file))
        elif ending := _ending(name, _TARS):
            landing.take(tars.members(_Stream(_TARS[ending](file))))
        elif ending := _ending(name, _SINGLE):
            parts = parts_of(name[: -len(ending)])
            if not parts:
                raise BadArchive("nothing of its name is left without the ending")
            landing.write(parts, _Stream(_SINGLE[ending](file)).chunks(), executable=executable)
        else:
            raise BadArchive("no archive has a name like its own")


def _ending(name: str, known: Mapping[str, _Opener]) -> str | None:
    return next((ending for ending in known if name.lower().endswith(ending)), None)
