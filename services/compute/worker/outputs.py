"""Finds what a job left, without trusting any of it: folders are opened one below the other and never through
a link; anything but plain files and folders is refused.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.compute.domain import layout
from services.compute.domain.errors import Refused
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Output, Spec
from services.compute.worker.patterns import matches
from services.compute.worker.workplace import Workplace

MAX_FILES: Final = 100_000  # looked at, in all outputs of one job
MAX_DEPTH: Final = 64
_CHUNK: Final = 256 * 1024
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Found:
    """A plain file: `host` is below `base`, whose parts are opened one by one."""

    path: str  # as it will be kept
    base: Path
    parts: tuple[str, ...]
    size: int


@dataclass(slots=True)
class Findings:
    """`problem` is the first thing that is not as it should be."""

    files: list[Found] = field(default_factory=list)
    problem: Reason | None = None
    looked_at: int = 0

    def refuse(self, sentence: str, evidence: str = "") -> None:
        self.problem = self.problem or Reason("output_refused", sentence, evidence)


def find_outputs(spec: Spec, place: Workplace, *, missing_counts: bool) -> Findings:
    """`missing_counts`: whether a required output that is not there is a problem.

    Raises Refused (output_too_large) for more files than anybody may leave.
    """
    findings = Findings()
    taken: set[str] = set()
    for output in spec.outputs:
        before = len(findings.files)
        for found in _of_one(output, spec, place, findings):
            path = found.path if found.path not in taken else _with_folder(output, found.path)
            if path not in taken and layout.is_plain_path(path):
                taken.add(path)
                findings.files.append(Found(path, found.base, found.parts, found.size))
        if missing_counts and output.required and len(findings.files) == before:
            sentence = f"Nothing matches {output.pattern} in {output.folder}, and it is required."
            findings.problem = findings.problem or Reason("output_missing", sentence)
    return findings


def read_output(found: Found) -> Iterator[bytes]:
    """The bytes of what was found; it may be no more than it was then.

    Raises Refused when it has become something else, OSError.
    """
    at = os.open(found.base, _FOLDER)
    try:
        for part in found.parts[:-1]:
            below = os.open(part, _FOLDER, dir_fd=at)
            os.close(at)
            at = below
        opened = os.open(found.parts[-1], _FILE, dir_fd=at)
    finally:
        os.close(at)
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Refused(Reason("output_refused", f"{found.path} is not a plain file."))
        left = found.size
        while left > 0 and (chunk := file.read(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk


def _of_one(output: Output, spec: Spec, place: Workplace, findings: Findings) -> Iterator[Found]:
    paths = [folder.path for folder in spec.folders]
    number = paths.index(output.folder) if output.folder in paths else layout.holder(output.folder, paths)
    if number is None:
        return
    base = place.folder(number)
    inner = tuple(part for part in output.folder[len(paths[number]) :].split("/") if part)
    for parts, size in _Walk(output, findings).files(base, inner):
        yield Found("/".join(parts), base, (*inner, *parts), size)


class _Walk:
    """One output's folder, breadth first. Only what the pattern may keep is looked at closely."""

    def __init__(self, output: Output, findings: Findings) -> None:
        self._output = output
        self._findings = findings
        self._is_flat = "/" not in output.pattern and output.pattern != "**"

    def files(self, base: Path, inner: Sequence[str]) -> Iterator[tuple[tuple[str, ...], int]]:
        waiting: list[tuple[str, ...]] = [()]
        while waiting:
            folder = waiting.pop(0)
            for name, kind, size in self._entries(base, (*inner, *folder)):
                parts = (*folder, name)
                if stat.S_ISDIR(kind):
                    self._enter(parts, waiting)
                elif matches(self._output.pattern, "/".join(parts)) and self._is_plain(parts, kind):
                    yield parts, size

    def _enter(self, parts: tuple[str, ...], waiting: list[tuple[str, ...]]) -> None:
        if self._is_flat:
            return
        if len(parts) > MAX_DEPTH:
            self._findings.refuse(f"Folders lie more than {MAX_DEPTH} deep.")
        elif not layout.is_plain_path("/".join(parts)):
            self._findings.refuse("A folder has a name that cannot be kept.", ascii("/".join(parts)))
        else:
            waiting.append(parts)

    def _is_plain(self, parts: tuple[str, ...], kind: int) -> bool:
        path = "/".join(parts)
        if stat.S_ISREG(kind) and layout.is_plain_path(path) and _is_text(path):
            return True
        if stat.S_ISREG(kind):
            self._findings.refuse("A file has a name that cannot be kept.", ascii(path))
        else:
            what = "a link" if stat.S_ISLNK(kind) else "no plain file"
            self._findings.refuse(f"An output is {what}: {ascii(path)[1:-1][:300]}.")
        return False

    def _entries(self, base: Path, parts: Sequence[str]) -> list[tuple[str, int, int]]:
        """Name, kind and size of what lies there, sorted; nothing when there is no such folder."""
        try:
            at = os.open(base, _FOLDER)
        except OSError:
            return []
        try:
            for part in parts:
                below = os.open(part, _FOLDER, dir_fd=at)
                os.close(at)
                at = below
            return sorted(self._listed(at))
        except FileNotFoundError:
            return []
        except OSError as error:  # a link in the place of the folder, or no right to read it
            self._findings.refuse(
                f"A folder of outputs cannot be read: {ascii('/'.join(parts))[1:-1][:300]}.",
                error.strerror or "",
            )
            return []
        finally:
            os.close(at)

    def _listed(self, at: int) -> Iterator[tuple[str, int, int]]:
        with os.scandir(at) as entries:
            for entry in entries:
                self._findings.looked_at += 1
                if self._findings.looked_at > MAX_FILES:
                    raise Refused(Reason("output_too_large", f"There are more than {MAX_FILES} files."))
                facts = entry.stat(follow_symlinks=False)
                yield entry.name, facts.st_mode, facts.st_size


def _with_folder(output: Output, path: str) -> str:
    return f"{output.folder.lstrip('/')}/{path}"


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
