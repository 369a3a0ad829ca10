"""The files that come with a request for jobs: checked, and packed into one archive of its own name."""

import gzip
import hashlib
import io
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final

from werkzeug.datastructures import FileStorage

from libs.web.params import BadParams, TooLarge

ENDING: Final = "tar.gz"
MAX_NAME_BYTES: Final = 255
IN_MEMORY: Final = 1 << 20
PIECE: Final = 256 * 1024
_LEVEL: Final = 6


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: IO[bytes]
    size: int


@dataclass(frozen=True, slots=True)
class Archive:
    """`digest`: SHA-256 in hex of all of it."""

    content: IO[bytes]
    digest: str

    def pieces(self) -> Iterator[bytes]:
        self.content.seek(0)
        while piece := self.content.read(PIECE):
            yield piece


def files_of(parts: Sequence[FileStorage], most_bytes: int) -> list[File]:
    """By base name; whatever path a client sent is no matter. Raises BadParams, TooLarge."""
    found: dict[str, File] = {}
    total = 0
    for part in parts:
        name = _base_name(part.filename or "")
        if name in found:
            raise BadParams("files", f"Two files are called {_shown(name)}.")
        size = part.stream.seek(0, io.SEEK_END)
        part.stream.seek(0)
        total += size
        if total > most_bytes:
            raise TooLarge("files", f"Files of one request have {most_bytes} bytes at most.")
        found[name] = File(name, part.stream, size)
    return list(found.values())


@contextmanager
def packed(files: Sequence[File]) -> Iterator[Archive]:
    """The same files make the same archive, in whatever order they came. All may be run: which of them are
    programs, the jobs say.
    """
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as target:
        with (
            gzip.GzipFile(fileobj=target, mode="wb", compresslevel=_LEVEL, mtime=0, filename="") as outer,
            tarfile.open(fileobj=outer, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for file in sorted(files, key=lambda file: file.name):
                entry = tarfile.TarInfo(file.name)
                entry.size, entry.mode = file.size, 0o755
                file.content.seek(0)
                tar.addfile(entry, file.content)
        digest = hashlib.sha256()
        target.seek(0)
        while piece := target.read(PIECE):
            digest.update(piece)
        yield Archive(target, digest.hexdigest())


def digest_of(file: File) -> str:
    digest = hashlib.sha256()
    file.content.seek(0)
    while piece := file.content.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _base_name(sent: str) -> str:
    """Raises BadParams."""
    name = sent.replace("\\", "/").rpartition("/")[2]
    if name in ("", ".", "..") or not name.isprintable() or len(name.encode()) > MAX_NAME_BYTES:
        raise BadParams("files", f"{_shown(sent)} cannot be the name of a file.")
    return name


def _shown(name: str) -> str:
    return ascii(name[:100])
