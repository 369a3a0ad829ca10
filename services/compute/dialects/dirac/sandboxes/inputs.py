"""What the input sandbox of a job is: the archives that came with it, or that it named, as one."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, cast

from services.compute.dialects.dirac.errors import NoSandbox
from services.compute.dialects.dirac.kept import kept_of
from services.compute.dialects.dirac.sandboxes.references import name_of
from services.compute.domain.archives import tars
from services.compute.domain.archives.members import BadArchive, Kind
from services.compute.domain.archives.packers import TARS, Unpacked
from services.compute.domain.archives.packing import Form, Packed
from services.compute.domain.job import Job
from services.compute.usecases.sandboxes import Sandboxes


@dataclass(frozen=True, slots=True)
class Archives:
    """The names of a job's input sandboxes among its owner's uploads."""

    owner: str
    names: tuple[str, ...]

    def as_it_is(self, form: Form) -> str | None:
        """The one archive that is in this form already."""
        return self.names[0] if len(self.names) == 1 and self.names[0].endswith(f".{form.ending}") else None

    def archive_name(self, form: Form) -> str:
        digest = hashlib.sha256("\n".join((form.ending, *self.names)).encode())
        return f"{digest.hexdigest()}.{form.ending}"


def input_archives(job: Job) -> Archives:
    """Raises NoSandbox."""
    kept = kept_of(job)
    references = dict.fromkeys((*([kept.upload] if kept.upload else []), *kept.references))
    names = [name for reference in references if (name := name_of(reference)) is not None]
    if not names:
        raise NoSandbox("The job has no input sandbox.")
    return Archives(job.owner, tuple(dict.fromkeys(names)))


def merged(archives: Archives, sandboxes: Sandboxes, most_bytes: int) -> Iterator[Packed]:
    """All plain files of all of them; of two with one name the first. What is no plain file is left out.
    `most_bytes` bounds what is unpacked.

    Raises OutputNotFound, FilesUnavailable, BadArchive.
    """
    seen: set[str] = set()
    size = 0
    for name in archives.names:
        for file in _files_of(sandboxes.open(archives.owner, name), name):
            size += file.size
            if size > most_bytes:
                raise BadArchive(f"it holds more than {most_bytes} bytes")
            if file.name not in seen:
                seen.add(file.name)
                yield file


def _files_of(pieces: Iterator[bytes], name: str) -> Iterator[Packed]:
    opener = next((TARS[ending] for ending in TARS if name.endswith(ending)), None)
    if opener is None:
        raise BadArchive("it is no tar archive by its name")
    reader = cast(IO[bytes], _Reader(pieces))
    for member in tars.members(Unpacked(opener(reader))):
        if member.kind is Kind.FILE and member.size is not None:
            path, content = "/".join(member.parts), partial(iter, member.content)
            yield Packed(path, member.size, content, member.executable)


class _Reader:
    """Pieces as what reads archives reads them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        found: list[bytes] = []
        missing = size if size >= 0 else 1 << 62
        while missing:
            piece = self._left or next(self._pieces, b"")
            if not piece:
                break
            found.append(piece[:missing])
            self._left = piece[missing:]
            missing -= len(found[-1])
        return b"".join(found)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    @property
    def closed(self) -> bool:
        return False


def endings() -> Sequence[str]:
    """Of archives that can be input sandboxes, without their first dot."""
    return [ending.removeprefix(".") for ending in TARS]
