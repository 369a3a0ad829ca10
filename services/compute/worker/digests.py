"""Whether what came is the file that the catalogue knows: its size, and its checksum of whichever kind."""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from services.compute.domain.lfns import LogicalFile


class Mismatch(Exception):
    """It is another file; the sentence says by what."""


class _Digest(Protocol):
    def update(self, data: bytes, /) -> object: ...
    def hexdigest(self) -> str: ...


class _Adler32:
    def __init__(self) -> None:
        self._value = 1

    def update(self, data: bytes) -> None:
        self._value = zlib.adler32(data, self._value)

    def hexdigest(self) -> str:
        return f"{self._value:08x}"


_DIGESTS: Final[dict[str, Callable[[], _Digest]]] = {
    "Adler32": _Adler32,
    "MD5": lambda: hashlib.md5(usedforsecurity=False),
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
}


def checked(pieces: Iterator[bytes], file: LogicalFile) -> Iterator[bytes]:
    """The same; raises Mismatch when it is not the file: at the end, or as soon as it is too long."""
    digest = _DIGESTS[file.checksum_type]() if file.checksum else None
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > file.size:
            raise Mismatch(f"more than the {file.size} bytes that the catalogue says")
        if digest is not None:
            digest.update(piece)
        yield piece
    if size != file.size:
        raise Mismatch(f"{size} bytes, the catalogue says {file.size}")
    if digest is not None and digest.hexdigest() != file.checksum:
        raise Mismatch(f"{file.checksum_type} {digest.hexdigest()}, the catalogue says {file.checksum}")
