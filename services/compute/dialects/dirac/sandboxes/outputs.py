"""What the output sandbox of a job is: files that its manifest names, its streams under their names there."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.compute.dialects.dirac.errors import NoSandbox
from services.compute.dialects.dirac.kept import FACT, kept_of
from services.compute.domain.archives.packing import Form
from services.compute.domain.job import Job, Stored, StoredFile
from services.compute.domain.layout import OUTPUT, STDERR, STDOUT, stream
from services.compute.domain.patterns import matches
from services.compute.domain.spec import MAIN
from services.compute.usecases.results import Results


@dataclass(frozen=True, slots=True)
class Given:
    """A kept file, under its name in the sandbox."""

    name: str
    file: StoredFile


def output_files(job: Job, results: Results) -> Sequence[Given]:
    """By name. Raises NoSandbox."""
    if not job.is_final:
        raise NoSandbox("The job has no output sandbox yet: it has not ended.")
    kept = results.list(job)
    outputs = [file for file in kept if file.kind is Stored.OUTPUT]
    streams = {file.path: file for file in kept if file.kind is Stored.LOG}
    found = _of_manifest(job, outputs, streams) if FACT in job.facts else _of_others(outputs, streams)
    if not found:
        raise NoSandbox("The job left nothing for its output sandbox.")
    return [Given(name, found[name]) for name in sorted(found)]


def archive_name(given: Sequence[Given], form: Form) -> str:
    """The same for the same files under the same names."""
    digest = hashlib.sha256(form.ending.encode())
    for each in given:
        digest.update(f"\n{len(each.name)} {each.name} {each.file.sha256}".encode())
    return f"{digest.hexdigest()}.{form.ending}"


def _of_manifest(
    job: Job, outputs: Sequence[StoredFile], streams: Mapping[str, StoredFile]
) -> dict[str, StoredFile]:
    kept = kept_of(job)
    found = {file.path: file for file in outputs if _is_named(file.path, kept.patterns)}
    by_name = {kept.std_output: (STDOUT, OUTPUT), kept.std_error: (STDERR,)}
    if kept.std_output == kept.std_error:
        by_name = {kept.std_output: (OUTPUT, STDOUT)}
    for name, kinds in by_name.items():
        paths = [path for kind in kinds if (path := stream(MAIN, 0, 0, kind)) in streams]
        if name in kept.streams and paths:
            found.setdefault(name, streams[paths[0]])
    return found


def _of_others(outputs: Sequence[StoredFile], streams: Mapping[str, StoredFile]) -> dict[str, StoredFile]:
    """Of another window's job: all of it, streams under their own names."""
    return {**streams, **{file.path: file for file in outputs}}


def _is_named(path: str, patterns: Sequence[str]) -> bool:
    return any(matches(pattern, path) or matches(f"{pattern}/**", path) for pattern in patterns)
