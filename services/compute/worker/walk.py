"""Looks through a folder that a job has filled, without trusting any of it: folders are opened one below the
other and never through a link.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from services.compute.domain import layout
from services.compute.domain.errors import Refused
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Folder
from services.compute.worker import inside
from services.compute.worker.view import Parts, locate
from services.compute.worker.workplace import Workplace

MAX_FILES: Final = 100_000  # looked at, in all outputs of one job
MAX_DEPTH: Final = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """`parts` are below the folder that is walked; `target` is a link's, as it stands there."""

    parts: Parts
    mode: int
    size: int
    target: str = ""

    @property
    def path(self) -> str:
        return "/".join(self.parts)

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)


@dataclass(slots=True)
class Findings:
    """`problem` is the first thing that is not as it should be."""

    problem: Reason | None = None
    looked_at: int = 0

    def refuse(self, sentence: str, evidence: str = "", code: str = "output_refused") -> None:
        self.problem = self.problem or Reason(code, sentence, evidence)

    def refuse_entry(self, entry: Entry) -> None:
        """One that cannot be kept."""
        if not is_keepable(entry.path):
            what = "folder" if entry.is_folder else "file"
            self.refuse(f"A {what} has a name that cannot be kept.", ascii(entry.path))
        else:
            what = "a link" if entry.is_link else "no plain file"
            self.refuse(f"An output is {what}: {shown(entry.path)}.")


@dataclass(frozen=True, slots=True)
class Ground:
    """A folder inside the job: `find` says where it and what is below are on this machine, as a folder of
    ours and the parts below it. A job's folders may lie in each other.
    """

    find: Callable[[Parts], tuple[Path, Parts]]

    def open_folder(self, parts: Parts) -> int:
        """A descriptor, for the caller to close. Raises OSError."""
        return inside.open_folder(*self.find(parts))

    def open_file(self, parts: Parts) -> BinaryIO:
        """Raises OSError."""
        return inside.open_file(*self.find(parts))


@dataclass(frozen=True, slots=True)
class Walk:
    """Below the folder `top` of the ground, breadth first, by name. Only the folders that `enters` says are
    entered.

    Raises Refused (output_too_large) for more entries than anybody may leave.
    """

    ground: Ground
    top: Parts
    enters: Callable[[Parts], bool]
    findings: Findings = field(repr=False)

    def entries(self) -> Iterator[Entry]:
        waiting: list[Parts] = [()]
        for folder in waiting:  # which grows meanwhile
            for entry in self._listed(folder):
                yield entry
                if entry.is_folder and self.enters(entry.parts) and self._is_enterable(entry):
                    waiting.append(entry.parts)

    def _is_enterable(self, entry: Entry) -> bool:
        if len(entry.parts) > MAX_DEPTH:
            self.findings.refuse(f"Folders lie more than {MAX_DEPTH} deep.")
            return False
        if not is_keepable(entry.path):
            self.findings.refuse_entry(entry)
            return False
        return True

    def _listed(self, folder: Parts) -> list[Entry]:
        """What lies there, sorted; nothing when there is no such folder."""
        try:
            at = self.ground.open_folder((*self.top, *folder))
        except FileNotFoundError:
            return []
        except OSError as error:  # a link in the place of the folder, or no right to read it
            where = shown("/".join((*self.top, *folder)))
            self.findings.refuse(f"A folder of outputs cannot be read: {where}.", error.strerror or "")
            return []
        try:
            return sorted(self._scanned(at, folder), key=lambda entry: entry.parts)
        finally:
            os.close(at)

    def _scanned(self, at: int, folder: Sequence[str]) -> Iterator[Entry]:
        with os.scandir(at) as found:
            for one in found:
                self.findings.looked_at += 1
                if self.findings.looked_at > MAX_FILES:
                    raise Refused(Reason("output_too_large", f"There are more than {MAX_FILES} files."))
                facts = one.stat(follow_symlinks=False)
                is_link = stat.S_ISLNK(facts.st_mode)
                target = os.readlink(one.name, dir_fd=at) if is_link else ""
                yield Entry((*folder, one.name), facts.st_mode, facts.st_size, target)


def ground_of(folders: Sequence[Folder], path: str, place: Workplace) -> Ground:
    """Of what lies at an absolute path inside the job: the folder itself has no parts."""

    def find(parts: Parts) -> tuple[Path, Parts]:
        spot = locate(folders, "/".join((path, *parts)))
        if spot is None:
            raise FileNotFoundError(errno.ENOENT, "it lies in none of the job's folders")
        return place.folder(spot.number), spot.parts

    return Ground(find)


def is_keepable(path: str) -> bool:
    """Whether it can be a kept file's path."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return layout.is_plain_path(path)


def shown(path: str) -> str:
    return ascii(path)[1:-1][:300]
