"""Reads tar archives as a stream: headers of bounded size, no seeking, nothing held.

The standard library's reader keeps whole headers and maps of strangers in memory; here a header is parsed by
it, one block at a time, and whatever follows is counted.
"""

import tarfile
from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from services.compute.domain.archives.members import CHUNK, MAX_MEMBERS, BadArchive, Kind, Member, parts_of

MAX_HEADER: Final = 64 * 1024  # of names and attributes before one member
_BLOCK: Final = tarfile.BLOCKSIZE
_NAMES: Final = {tarfile.GNUTYPE_LONGNAME: "path", tarfile.GNUTYPE_LONGLINK: "linkpath"}
_ATTRIBUTES: Final = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_KINDS: Final[Mapping[bytes, Kind]] = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.CONTTYPE: Kind.FILE,
    tarfile.DIRTYPE: Kind.FOLDER,
    tarfile.SYMTYPE: Kind.LINK,
    tarfile.LNKTYPE: Kind.SAME,
}


class Readable(Protocol):
    def read(self, size: int, /) -> bytes:
        """Fewer bytes only at the end. Raises BadArchive."""


def members(file: Readable) -> Iterator[Member]:
    """Raises BadArchive."""
    before: dict[str, str] = {}
    for number in range(MAX_MEMBERS):
        block = file.read(_BLOCK)
        if block == bytes(_BLOCK) or (not block and number):
            return
        head = _head(block)
        if head.type in _NAMES:
            before[_NAMES[head.type]] = _text(_meta(file, head).rstrip(b"\0"))
        elif head.type in _ATTRIBUTES:
            before |= _attributes(_meta(file, head))
        elif head.type == tarfile.XGLTYPE:
            _meta(file, head)
        else:
            yield from _member(file, head, before)
            before = {}
    raise BadArchive(f"it holds more than {MAX_MEMBERS} entries")


def _member(file: Readable, head: tarfile.TarInfo, before: Mapping[str, str]) -> Iterator[Member]:
    kind = _KINDS.get(head.type)
    if kind is None or any(name.startswith("GNU.sparse.") for name in before):
        raise BadArchive("it holds something else than plain files, folders and links")
    size = _size(before["size"]) if "size" in before else head.size
    target = before.get("linkpath", head.linkname)
    rest = _Content(file, size if kind is Kind.FILE else 0)
    name = before.get("path", head.name)
    yield Member(parts_of(name), kind, rest.chunks(), target, bool(head.mode & 0o111), size)
    rest.skip()


class _Content:
    """A member's bytes, and what fills its last block."""

    def __init__(self, file: Readable, size: int) -> None:
        self._file = file
        self._left = size
        self._filling = -size % _BLOCK

    def chunks(self) -> Iterator[bytes]:
        while self._left > 0:
            chunk = self._file.read(min(self._left, CHUNK))
            if not chunk:
                raise BadArchive("it ends too early")
            self._left -= len(chunk)
            yield chunk

    def skip(self) -> None:
        for _ in self.chunks():
            continue
        self._file.read(self._filling)


def _head(block: bytes) -> tarfile.TarInfo:
    try:
        head = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError) as error:
        raise BadArchive("it is no tar archive, or it is broken") from error
    if head.size < 0:
        raise BadArchive("a size in it is none")
    return head


def _meta(file: Readable, head: tarfile.TarInfo) -> bytes:
    if head.size > MAX_HEADER:
        raise BadArchive("a header in it is too long")
    data = file.read(head.size)
    if len(data) < head.size:
        raise BadArchive("it ends too early")
    file.read(-head.size % _BLOCK)
    return data


def _attributes(data: bytes) -> dict[str, str]:
    """Of a pax header: records `<length> <name>=<value>\\n`."""
    found: dict[str, str] = {}
    while data.strip(b"\0"):
        digits, space, _ = data[:24].partition(b" ")
        length = _size(_text(digits)) if space else 0
        record, data = data[:length], data[length:]
        name, sign, value = record[len(digits) + 1 : -1].partition(b"=")
        if not sign or record[-1:] != b"\n" or len(record) != length:
            raise BadArchive("an extended header in it cannot be read")
        found[_text(name)] = _text(value)
    return found


def _size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise BadArchive("a size in it is none")
    return int(text)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
