"""Brings a job's inputs into its folders: inline, by grants of the provider, from sandboxes and other jobs.

All go through one meter of bytes: inputs may not be more than the job's disk. Reasons name the input by its
label, never by a handle or an address.
"""

import base64
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from services.compute.domain import layout
from services.compute.domain.errors import FilesUnavailable, JobNotFound, OutputNotFound, Refused
from services.compute.domain.job import Job
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Folder, Input, Source, Spec
from services.compute.ports.provider import GrantRefused, InputUnavailable, ProviderUnavailable
from services.compute.worker.hold import Phase
from services.compute.worker.journal import Journal
from services.compute.worker.tools import Tools
from services.compute.worker.workplace import file_mode, make_folder

TRIES: Final = 3  # for an origin that does not give a file; for neighbours of ours as long as the phase lasts
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 10.0
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One input, where it goes, and how many bytes there is room for."""

    job: Job
    given: Input
    name: str
    target: Path
    folder: Folder
    room: int


class StageIn:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def bring(self, job: Job, aside: Path, phase: Phase, journal: Journal) -> None:
        """Fill `aside` with the spec's folders. Raises Refused, GivenUp."""
        spec = job.spec
        places = [aside / str(number) for number in range(len(spec.folders))]
        for place, folder in zip(places, spec.folders, strict=True):
            make_folder(place, folder)
        left = max((role.resources.disk_bytes for role in spec.roles), default=0)
        for number, given in enumerate(spec.inputs, start=1):
            name = _name(given, number)
            journal.say(f"input {number} of {len(spec.inputs)}: {name}")
            target, folder = _target(spec, given, places)
            left -= self._one(_Wanted(job, given, name, target, folder, left), phase, journal)

    def _one(self, wanted: _Wanted, phase: Phase, journal: Journal) -> int:
        """How many bytes it has."""
        pause, tries = FIRST_PAUSE_SECONDS, 0
        while True:
            phase.check()
            try:
                return self._fetch(wanted, phase)
            except InputUnavailable as error:
                tries += 1
                if tries >= TRIES:
                    raise Refused(
                        Reason("input_unavailable", f"{wanted.name} cannot be fetched.", str(error))
                    ) from error
                journal.say(f"{wanted.name} cannot be fetched now; trying again")
            except (ProviderUnavailable, FilesUnavailable):
                journal.say("what holds the inputs does not answer now; trying again")
            phase.pause(pause * (0.5 + self._tools.dice() / 2))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _fetch(self, wanted: _Wanted, phase: Phase) -> int:
        try:
            pieces = self._open(wanted)
            closes: Any = closing(pieces) if hasattr(pieces, "close") else nullcontext()
            with closes:
                return _write(wanted, pieces, phase.check)
        except GrantRefused:
            raise Refused(
                Reason("input_refused", f"{wanted.name} may not be used any more: the grant ended.")
            ) from None
        except (OutputNotFound, JobNotFound):
            raise Refused(Reason("input_unavailable", f"{wanted.name} does not exist (any more).")) from None
        except OSError as error:
            sentence = f"{wanted.name} could not be written on the machine that was to run the job."
            raise Refused(Reason("input_unavailable", sentence, error.strerror or "")) from error

    def _open(self, wanted: _Wanted) -> Iterator[bytes]:
        job, given = wanted.job, wanted.given
        if given.source is Source.GRANT:
            return self._tools.provider.open(job.uid, given.value)
        if given.source is Source.SANDBOX:
            return self._tools.files.open(layout.stored_sandbox(job.owner, given.value))
        if given.source is Source.OUTPUT:
            uid, _, path = given.value.partition("/")
            other = self._tools.store.find(uid, {job.owner})
            return self._tools.files.open(layout.stored_output(other.uid, path))
        content = base64.b64decode(given.value) if given.encoded else given.value.encode()
        return iter([content[at : at + _CHUNK] for at in range(0, len(content), _CHUNK)])


def _write(wanted: _Wanted, pieces: Iterable[bytes], check: Callable[[], None]) -> int:
    """Begins anew whatever an earlier try left."""
    digest, size = hashlib.sha256(), 0
    with wanted.target.open("wb") as file:
        for piece in pieces:
            check()
            size += len(piece)
            if size > wanted.room:
                raise Refused(
                    Reason("input_too_large", f"{wanted.name} does not fit on the disk that the job has.")
                )
            digest.update(piece)
            file.write(piece)
        os.fchmod(file.fileno(), file_mode(wanted.folder.writable, wanted.given.executable))
    if wanted.given.sha256 is not None and digest.hexdigest() != wanted.given.sha256:
        raise Refused(
            Reason(
                "input_mismatch",
                f"{wanted.name} is not the file that was pinned.",
                f"sha256 {digest.hexdigest()}, wanted {wanted.given.sha256}",
            )
        )
    return size


def _target(spec: Spec, given: Input, places: list[Path]) -> tuple[Path, Folder]:
    number = layout.holder(given.path, [folder.path for folder in spec.folders])
    if number is None or not layout.is_plain_path(given.path.lstrip("/")):
        raise Refused(Reason("input_unavailable", "An input lies in none of the job's folders."))
    folder = spec.folders[number]
    inside = PurePosixPath(given.path).relative_to(folder.path)
    place = places[number]
    for part in inside.parts[:-1]:
        place = place / part
        make_folder(place, folder)
    return place / inside.parts[-1], folder


def _name(given: Input, number: int) -> str:
    return given.label or f"input {number} ({given.path})"
