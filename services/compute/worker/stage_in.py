"""Brings a job's inputs into its folders, archives unpacked where that is asked for, and folders of the
site's storage with all that lies in them.

All go through one meter of bytes: inputs may not be more than the job's disk. Reasons name the input by its
label, never by a handle or an address.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.compute.domain.archives.members import BadArchive, Kind, Member
from services.compute.domain.errors import FilesUnavailable, JobNotFound, OutputNotFound, Refused
from services.compute.domain.job import Job
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Folder, Input, Source
from services.compute.ports.lfns import CatalogueUnavailable
from services.compute.ports.outside import OutsideRefused, OutsideUnavailable
from services.compute.ports.provider import GrantRefused, InputUnavailable, ProviderUnavailable
from services.compute.ports.site_storage import SitePathMissing, SitePathUnusable
from services.compute.worker import inside
from services.compute.worker.digests import Mismatch
from services.compute.worker.hold import Phase
from services.compute.worker.journal import Journal
from services.compute.worker.site_outputs import make_folders
from services.compute.worker.sources import Sources
from services.compute.worker.tools import Tools
from services.compute.worker.unpacking.landing import Landing, Target, TooLarge
from services.compute.worker.unpacking.unpack import unpack
from services.compute.worker.view import Parts, locate, seen_at
from services.compute.worker.workplace import folder_mode, make_folder

TRIES: Final = 3  # for an origin that does not give a file; for neighbours of ours as long as the phase lasts
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 10.0
_ARCHIVE: Final = "archive"  # beside the folders while it is unpacked


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One input, and how many bytes there is room for."""

    job: Job
    given: Input
    name: str
    room: int


class StageIn:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._sources = Sources(tools)

    def bring(self, job: Job, aside: Path, phase: Phase, journal: Journal) -> None:
        """Fill `aside` with the spec's folders. Raises Refused, GivenUp."""
        spec = job.spec
        staging = _Staging(aside, spec.folders)
        staging.make()
        left = max((role.resources.disk_bytes for role in spec.roles), default=0)
        for number, given in enumerate(spec.inputs, start=1):
            name = given.label or f"input {number} ({given.path})"
            journal.say(f"input {number} of {len(spec.inputs)}: {name}")
            left -= self._one(_Wanted(job, given, name, left), staging, phase, journal)
        make_folders(self._tools.site, spec, phase, journal)

    def _one(self, wanted: _Wanted, staging: "_Staging", phase: Phase, journal: Journal) -> int:
        """How many bytes it has."""
        pause, tries = FIRST_PAUSE_SECONDS, 0
        while True:
            phase.check()
            try:
                return self._fetch(wanted, staging, phase)
            except (InputUnavailable, OutsideUnavailable) as error:
                tries += 1
                if tries >= TRIES:
                    raise _unavailable(wanted, str(error)) from error
                journal.say(f"{wanted.name} cannot be fetched now; trying again")
            except (ProviderUnavailable, CatalogueUnavailable, FilesUnavailable):
                journal.say("what holds the inputs does not answer now; trying again")
            phase.pause(pause * (0.5 + self._tools.dice() / 2))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _fetch(self, wanted: _Wanted, staging: "_Staging", phase: Phase) -> int:
        try:
            if wanted.given.source is Source.STORAGE:
                return self._copy(wanted, staging, phase)
            pieces = self._sources.open(wanted.job, wanted.given)
            closes: Any = closing(pieces) if hasattr(pieces, "close") else nullcontext()
            with closes:
                return staging.take(wanted, pieces, phase.check)
        except GrantRefused:
            raise Refused(
                Reason("input_refused", f"{wanted.name} may not be used any more: the grant ended.")
            ) from None
        except OutsideRefused as error:
            raise _unavailable(wanted, str(error)) from error
        except (OutputNotFound, JobNotFound):
            raise Refused(Reason("input_unavailable", f"{wanted.name} does not exist (any more).")) from None
        except Mismatch as error:
            sentence = f"{wanted.name} is not the file that the catalogue knows."
            raise Refused(Reason("input_mismatch", sentence, str(error))) from None
        except TooLarge:
            sentence = f"{wanted.name} does not fit on the disk that the job has."
            raise Refused(Reason("input_too_large", sentence)) from None
        except BadArchive as error:
            sentence = f"{wanted.name} cannot be unpacked: {error}."
            raise Refused(Reason("input_not_unpacked", sentence)) from error
        except OSError as error:
            sentence = f"{wanted.name} could not be written on the machine that was to run the job."
            raise Refused(Reason("input_unavailable", sentence, error.strerror or "")) from error

    def _copy(self, wanted: _Wanted, staging: "_Staging", phase: Phase) -> int:
        """From the site's storage."""
        try:
            return staging.take_tree(wanted, self._sources.tree(wanted.given), phase.check)
        except SitePathMissing:
            raise Refused(Reason("input_unavailable", f"{wanted.name} is not in the storage.")) from None
        except (SitePathUnusable, BadArchive) as error:
            sentence = f"{wanted.name} cannot be read from the storage: {error}."
            raise Refused(Reason("input_unavailable", sentence)) from error


class _Staging:
    """A job's folders as they are made, numbered as in the spec."""

    def __init__(self, aside: Path, folders: Sequence[Folder]) -> None:
        self._aside = aside
        self._folders = folders

    def make(self) -> None:
        """With a place in each for those that are seen in it."""
        for number, folder in enumerate(self._folders):
            make_folder(self._aside / str(number), folder)
        for path in (path for folder in self._folders for path in seen_at(folder)):
            above, _, name = path.rpartition("/")
            outer = locate(self._folders, above)
            if outer is not None:
                mode = folder_mode(outer.folder.writable)
                base = self._aside / str(outer.number)
                inside.make_folder(base, (*outer.parts, name), mode)

    def take(self, wanted: _Wanted, pieces: Iterable[bytes], check: Callable[[], None]) -> int:
        """Begins anew whatever an earlier try left. Raises Refused, TooLarge, BadArchive, OSError."""
        given = wanted.given
        above, _, name = given.path.rpartition("/")
        landing = Landing(lambda parts: self._target(above, parts), wanted.room, check)
        if not given.unpack:
            landing.write((name,), _pinned(wanted, pieces), executable=given.executable)
            return landing.used
        archive = self._aside / _ARCHIVE
        try:
            _save(archive, _pinned(wanted, pieces), wanted.room, check)
            unpack(archive, name, landing, executable=given.executable)
        finally:
            archive.unlink(missing_ok=True)
        return landing.used

    def take_tree(self, wanted: _Wanted, members: Iterable[Member], check: Callable[[], None]) -> int:
        """A folder with all that lies in it, or one file, which keeps its name where the path is a folder of
        the job's. Raises as `take` does, and what the members do.
        """
        given = wanted.given
        is_folder = any(given.path in seen_at(folder) for folder in self._folders)
        own = (given.value.rpartition("/")[2],) if is_folder else ()

        def find(parts: Parts) -> Target:
            return self._target(given.path, parts)

        landing = Landing(find, wanted.room, check)
        for member in members:
            if member.kind is Kind.FILE and not member.parts:
                check()
                landing.write(own, member.content, executable=member.executable)
            else:
                landing.take((member,))
        return landing.used

    def _target(self, above: str, parts: Parts) -> Target:
        spot = locate(self._folders, "/".join((above, *parts)))
        if spot is None:
            raise Refused(Reason("input_unavailable", "An input lies in none of the job's folders."))
        return Target(self._aside / str(spot.number), spot.parts, spot.folder.writable)


def _save(archive: Path, pieces: Iterable[bytes], room: int, check: Callable[[], None]) -> None:
    with archive.open("wb") as file:
        for piece in pieces:
            check()
            if file.tell() + len(piece) > room:
                raise TooLarge
            file.write(piece)


def _pinned(wanted: _Wanted, pieces: Iterable[bytes]) -> Iterable[bytes]:
    """The same, held to its digest at the end. Raises Refused."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        yield piece
    if wanted.given.sha256 is not None and digest.hexdigest() != wanted.given.sha256:
        raise Refused(
            Reason(
                "input_mismatch",
                f"{wanted.name} is not the file that was pinned.",
                f"sha256 {digest.hexdigest()}, wanted {wanted.given.sha256}",
            )
        )


def _unavailable(wanted: _Wanted, evidence: str) -> Refused:
    return Refused(Reason("input_unavailable", f"{wanted.name} cannot be fetched.", evidence))
