"""From manifests and files to jobs: read, expanded, placed, their files kept, all taken or none."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Final

from libs.web.principal import Principal
from services.compute.dialects.dirac.errors import MOST_TOLD
from services.compute.dialects.dirac.kept import facts_of
from services.compute.dialects.dirac.limits import Room
from services.compute.dialects.dirac.manifest.asked import Asked, read
from services.compute.dialects.dirac.manifest.effective import additions
from services.compute.dialects.dirac.manifest.files import LFN, Uploads
from services.compute.dialects.dirac.manifest.parametric import Expanded, expand
from services.compute.dialects.dirac.manifest.problems import Notes, quoted
from services.compute.dialects.dirac.manifest.reading import Sent
from services.compute.dialects.dirac.manifest.specs import attribute_of, spec_of
from services.compute.dialects.dirac.parts import DiracParts
from services.compute.dialects.dirac.registering import notices_of
from services.compute.dialects.dirac.requests import DIALECT
from services.compute.dialects.dirac.sandboxes.references import name_of, reference_of, sandbox_name
from services.compute.dialects.dirac.sandboxes.uploads import ENDING, Archive, File, packed
from services.compute.domain.errors import BadSpec, EnvironmentRefuses, OutputNotFound
from services.compute.domain.job import NewJob
from services.compute.domain.lfns import actor_of
from services.compute.domain.sheets import Sheet
from services.compute.domain.spec import Spec
from services.compute.ports.store import Key, Submitted

NO_REALM: Final = "Files of the catalogue belong to a virtual organisation: use a token for a group of one."


@dataclass(frozen=True, slots=True)
class _Job:
    expanded: Expanded
    asked: Asked


class Accepting:
    """For one caller. All raise BadManifest, and what Submit.all and Sandboxes.put do."""

    def __init__(self, parts: DiracParts, owner: Principal) -> None:
        self._parts = parts
        self._owner = owner
        self._group = owner.group or next(iter(owner.groups), "")

    def __call__(self, sent: Sequence[Sent], files: Sequence[File], key: Key | None) -> Sequence[Submitted]:
        """In the order of the manifests, parametric ones expanded."""
        with packed(files) if files else nullcontext() as archive:
            uploads = self._uploads(files, archive)
            jobs = self._read(sent, uploads)
            new = self._new(jobs, uploads)
            if archive is not None:
                name = sandbox_name(archive.digest, ENDING)
                self._parts.sandboxes.put(self._owner.subject, name, archive.pieces())
        try:
            return self._parts.submit.all(new, key)
        except (BadSpec, EnvironmentRefuses) as error:
            raise _told(error, jobs) from None

    def _uploads(self, files: Sequence[File], archive: Archive | None) -> Uploads:
        """What a reference stands for is asked once for all jobs."""
        own = None if archive is None else reference_of(self._owner, archive.digest, ENDING)
        known: dict[str, str | None] = {}
        if own is not None:
            known[own] = name_of(own)

        def find(reference: str) -> str | None:
            if reference not in known:
                known[reference] = self._there(name_of(reference))
            return known[reference]

        return Uploads(frozenset(file.name for file in files), own, find)

    def _there(self, name: str | None) -> str | None:
        if name is None:
            return None
        try:
            self._parts.sandboxes.size(self._owner.subject, name)
        except OutputNotFound:
            return None
        return name

    def _read(self, sent: Sequence[Sent], uploads: Uploads) -> list[_Job]:
        notes, room = Notes(), Room(self._parts.limits)
        jobs = []
        for each in sent:
            for expanded in expand(each, room, notes):
                jobs.append(_Job(expanded, read(expanded.attributes, self._parts.sites, uploads, notes)))
                if len(notes.problems) > MOST_TOLD:
                    notes.settle()
        self._check_logical(jobs, notes)
        notes.settle()
        return jobs

    def _check_logical(self, jobs: Sequence[_Job], notes: Notes) -> None:
        """All files of the catalogue in one question."""
        wanted = dict.fromkeys(lfn for job in jobs for lfn in job.asked.files.logical)
        self._check_realm(jobs, notes)
        if wanted and not notes.problems:
            found = self._parts.files.locate(list(wanted), actor_of(self._base_sheet()))
            for job in jobs:
                for place, lfn in _named(job.asked):
                    if lfn not in found:
                        notes.add(place, f"There is no file {quoted(lfn)} that you may read.")

    def _check_realm(self, jobs: Sequence[_Job], notes: Notes) -> None:
        """Whoever has to do with the catalogue is of an organisation, and adds to its files alone."""
        realm = self._owner.vo
        for job in jobs:
            asked = job.asked
            if realm is None:
                named = [place for place, _ in _named(asked)]
                named += [asked.attributes.place("OutputData")] if asked.files.registered else []
                for place in named[:1]:
                    notes.add(place, NO_REALM)
                continue
            for place, path in _added(asked):
                if not path.startswith(f"/{realm}/"):
                    notes.add(place, f"Files are registered below /{realm}, not at {quoted(path)}.")

    # -- jobs ---------------------------------------------------------------------------------------
    def _new(self, jobs: Sequence[_Job], uploads: Uploads) -> list[NewJob]:
        notes = Notes()
        found = []
        for job in jobs:
            try:
                spec = self._place(job.asked)
            except EnvironmentRefuses as error:
                for place, text in error.problems:
                    notes.add(_pointer(job.asked, place), text)
                if len(notes.problems) > MOST_TOLD:
                    notes.settle()
                continue
            found.append(self._job(job, spec, uploads))
        notes.settle()
        return found

    def _place(self, asked: Asked) -> Spec:
        """In one of the environments behind the sites that are left. CPUTime is in seconds of some machine:
        where none gives a job so many of its own, it gets as many as there are.
        """
        required = tuple(asked.choice.by_environment or ())
        try:
            return self._parts.placing.place(partial(spec_of, asked), required)
        except EnvironmentRefuses:
            return self._parts.placing.place(partial(spec_of, asked, is_cut=True), required)

    def _job(self, job: _Job, spec: Spec, uploads: Uploads) -> NewJob:
        owner, asked = self._owner, job.asked
        sheet = self._sheet(asked)
        added = additions(asked, owner, self._group)
        return NewJob(
            owner=owner.subject,
            dialect=DIALECT,
            spec=spec,
            name=asked.name,
            groups=owner.groups,
            facts=facts_of(job.expanded, asked, uploads.reference, added),
            notices=notices_of(asked.files, sheet, self._parts.clock.now()),
            sheet=sheet,
        )

    def _base_sheet(self) -> Sheet:
        owner = self._owner
        return Sheet(owner_name=owner.name, owner_group=self._group, realm=owner.vo or "")

    def _sheet(self, asked: Asked) -> Sheet:
        owner = self._owner
        return Sheet(
            owner_name=owner.name,
            owner_group=self._group,
            realm=owner.vo or "",
            site=asked.choice.shown,
            setup=owner.setup or self._parts.setup,
            batch=asked.group,
            kind=asked.kind,
            priority=asked.priority,
            cpu_seconds=asked.shown_cpu_seconds,
            has_input=bool(asked.files.sandboxes),
        )


def _named(asked: Asked) -> Iterator[tuple[str, str]]:
    """Logical files with the attribute that names them."""
    for name, paths in (("InputSandbox", asked.files.inputs), ("InputData", asked.files.data)):
        for path in paths:
            yield asked.attributes.place(name), path


def _added(asked: Asked) -> Iterator[tuple[str, str]]:
    """Whole paths where outputs are to be registered."""
    files = asked.files
    for entry in files.registered:
        if entry.startswith(LFN):
            yield asked.attributes.place("OutputData"), entry.removeprefix(LFN)
    if files.registered and files.output_path.startswith("/"):
        yield asked.attributes.place("OutputPath"), f"{files.output_path}/"


def _told(error: BadSpec | EnvironmentRefuses, jobs: Sequence[_Job]) -> BadSpec:
    """Places of problems begin with the job's number."""
    notes = Notes()
    for place, text in error.problems:
        number, _, rest = place[1:].partition("/")
        notes.add(_pointer(jobs[int(number)].asked, f"/{rest}"), text)
    return BadSpec(list(dict.fromkeys(notes.problems)))


def _pointer(asked: Asked, place: str) -> str:
    name = attribute_of(place)
    return asked.attributes.place(name) if name else asked.attributes.path
