"""What this room keeps with a job of its own, beside what all windows know, and how it is shown again."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from libs.web.strict_json import Json, parse_json, to_json
from services.compute.dialects.dirac.limits import MAX_DEPTH
from services.compute.dialects.dirac.manifest.asked import Asked
from services.compute.dialects.dirac.manifest.effective import effective
from services.compute.dialects.dirac.manifest.files import STD_ERROR, STD_OUTPUT
from services.compute.dialects.dirac.manifest.jdl import read_jdl
from services.compute.dialects.dirac.manifest.names import attributes_of
from services.compute.dialects.dirac.manifest.parametric import Expanded
from services.compute.dialects.dirac.manifest.problems import Notes
from services.compute.dialects.dirac.manifest.reading import JDL, JSON
from services.compute.domain.job import Job
from services.compute.domain.numbering import numbered

FACT: Final = "dirac"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`text` is the manifest as it was sent, or as one of many was made of it (`is_made`). `upload` is the
    reference of the sandbox that came with the request. `patterns` are of the output sandbox, empty for what
    is usual: the two streams.
    """

    text: str
    language: str
    is_made: bool
    upload: str | None
    references: tuple[str, ...]
    std_output: str
    std_error: str
    patterns: tuple[str, ...]
    added: Mapping[str, Json]

    @property
    def streams(self) -> tuple[str, ...]:
        """Names of the streams in the output sandbox."""
        names = tuple(dict.fromkeys((self.std_output, self.std_error)))
        return names if not self.patterns else tuple(name for name in names if name in self.patterns)

    def document(self, number: int) -> dict[str, Json]:
        """The effective manifest of the job of this id."""
        canonical = attributes_of(self._sent(), "", Notes()).document
        return _numbered(effective(canonical, self.upload, self.added, number), number)

    def original(self, number: int) -> str:
        return numbered(self.text, number) if self.is_made else self.text

    def original_document(self, number: int) -> dict[str, Json]:
        sent = self._sent()
        return _numbered(sent, number) if self.is_made else sent

    def _sent(self) -> dict[str, Json]:
        if self.language == JDL:
            return read_jdl(self.text).document
        found = parse_json(self.text, max_depth=MAX_DEPTH + 1)
        return found if isinstance(found, dict) else {}


def facts_of(
    expanded: Expanded, asked: Asked, upload: str | None, added: Mapping[str, Json]
) -> dict[str, Any]:
    """For NewJob.facts."""
    files = asked.files
    return {
        FACT: {
            "manifest": expanded.sent.text,
            "language": expanded.sent.language,
            "made": expanded.is_made,
            "upload": upload,
            "references": list(files.references),
            "std_output": files.std_output,
            "std_error": files.std_error,
            "output_sandbox": list(files.patterns),
            "added": to_json(dict(added)),
        }
    }


def kept_of(job: Job) -> Kept:
    """Jobs of other windows are told as if they had come through this one."""
    found = job.facts.get(FACT)
    if not isinstance(found, Mapping):
        return _of_others(job)
    return Kept(
        text=str(found["manifest"]),
        language=str(found["language"]),
        is_made=bool(found["made"]),
        upload=found["upload"],
        references=tuple(found["references"]),
        std_output=numbered(str(found["std_output"]), job.id),
        std_error=numbered(str(found["std_error"]), job.id),
        patterns=tuple(numbered(pattern, job.id) for pattern in found["output_sandbox"]),
        added=_object(str(found["added"])),
    )


def _of_others(job: Job) -> Kept:
    task = job.spec.roles[0].tasks[0]
    said = {"JobName": job.name} if job.name else {}
    if task.command:
        said |= {"Executable": task.command[0], "Arguments": shlex.join(task.command[1:])}
    return Kept(
        text=json.dumps(said),
        language=JSON,
        is_made=False,
        upload=None,
        references=(),
        std_output=STD_OUTPUT,
        std_error=STD_ERROR,
        patterns=(),
        added={},
    )


def _object(text: str) -> Mapping[str, Json]:
    found = parse_json(text)
    return found if isinstance(found, dict) else {}


def _numbered(document: Mapping[str, Json], number: int) -> dict[str, Json]:
    return {name: _filled(value, number) for name, value in document.items()}


def _filled(value: Json, number: int) -> Json:
    if isinstance(value, list):
        return [_filled(member, number) for member in value]
    if isinstance(value, dict):
        return _numbered(value, number)
    return numbered(value, number) if type(value) is str else value
