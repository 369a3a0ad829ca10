"""Keeps what a job leaves: outputs and logs, with sizes, media types and digests, in the object store.

Everything may be done twice: the same bytes go to the same places, and nothing is shown before the job's row
names it.
"""

import mimetypes
from dataclasses import dataclass, field
from typing import Final

from services.compute.domain import layout
from services.compute.domain.errors import Refused
from services.compute.domain.job import Job, Stored, StoredFile
from services.compute.domain.numbering import with_numbered_outputs
from services.compute.domain.reasons import Reason
from services.compute.worker import site_outputs
from services.compute.worker.hold import Phase
from services.compute.worker.journal import Journal
from services.compute.worker.outputs import Found, bytes_of, find_outputs
from services.compute.worker.tools import Tools
from services.compute.worker.workplace import Workplace

UNKNOWN_TYPE: Final = "application/octet-stream"
LOG_TYPE: Final = "text/plain"


@dataclass(slots=True)
class Kept:
    """`problem` is what became of the outputs, when something did."""

    files: list[StoredFile] = field(default_factory=list)
    problem: Reason | None = None


class Publish:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def outputs(self, job: Job, place: Workplace, phase: Phase, journal: Journal) -> Kept:
        """All of them, or, when they are too many or the owner wants an end, none.

        Raises FilesUnavailable, GivenUp.
        """
        kept = Kept()
        try:
            spec = with_numbered_outputs(job.spec, job.id)
            findings = find_outputs(spec, place, missing_counts=job.reason is None)
            kept.problem = findings.problem
            room = max((role.resources.disk_bytes for role in job.spec.roles), default=0) * job.spec.instances
            if sum(found.size for found in findings.files) > room:
                raise Refused(
                    Reason("output_too_large", f"The outputs are more than {room} bytes, the job's disk.")
                )
            for found in findings.files:
                kept.files.append(self._output(job, found, phase))
                journal.say(f"kept {found.path}, {kept.files[-1].size} bytes")
            unwritten = site_outputs.write(self._tools.site, findings.files, phase, journal)
            kept.problem = kept.problem or unwritten
        except Refused as refused:
            self._tools.files.remove(f"{layout.stored_job(job.uid)}/outputs")
            return Kept([], refused.reason)
        return kept

    def logs(self, job: Job, place: Workplace) -> list[StoredFile]:
        """Every stream but `publishing`, which still grows: see `last`. Raises FilesUnavailable."""
        try:
            names = sorted(path.name for path in place.logs.iterdir())
        except OSError:
            return []
        return [
            self._log(job, place, name)
            for name in names
            if layout.is_stream(name) and name != layout.PUBLISHING
        ]

    def last(self, job: Job, place: Workplace) -> list[StoredFile]:
        """The stream `publishing`, when nothing more will be said. Raises FilesUnavailable."""
        if not place.log(layout.PUBLISHING).is_file():
            return []
        return [self._log(job, place, layout.PUBLISHING)]

    def _output(self, job: Job, found: Found, phase: Phase) -> StoredFile:
        pieces = bytes_of(found, phase.check)
        kept = self._tools.files.put(layout.stored_output(job.uid, found.path), pieces)
        return StoredFile(
            kind=Stored.OUTPUT,
            path=found.path,
            size=kept.size,
            media_type=media_type(found.path),
            sha256=kept.sha256,
        )

    def _log(self, job: Job, place: Workplace, name: str) -> StoredFile:
        kept = self._tools.files.put_file(layout.stored_log(job.uid, job.attempt, name), place.log(name))
        return StoredFile(kind=Stored.LOG, path=name, size=kept.size, media_type=LOG_TYPE, sha256=kept.sha256)


def media_type(path: str) -> str:
    """By the name alone: what a job wrote is not looked into."""
    found, encoding = _TYPES.guess_type(path.rpartition("/")[2], strict=False)
    if encoding is not None:
        return "application/gzip" if encoding == "gzip" else UNKNOWN_TYPE
    return found or UNKNOWN_TYPE


_TYPES = mimetypes.MimeTypes()  # the library's own table: the machine's would make answers differ
