"""`outputFiles` and `outputDirs` as they are shown: what was asked for, its URL and its size.

`url` is empty as long as nothing was kept, which clients pass over (contract 4.4).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from services.compute.domain.job import Job, Stored, StoredFile
from services.compute.domain.spec import Output, Take

Document = dict[str, Any]
Link = Callable[[str], str]
"""The URL of one kept output, by its path."""
ARCHIVE_ENDING: Final = ".tgz"
MEMBERS: Final[Mapping[str, Take]] = {"outputFiles": Take.FIRST, "outputDirs": Take.ARCHIVE}


def outputs_of(job: Job, asked: Mapping[str, Any], files: Iterable[StoredFile], link: Link) -> Document:
    """Both members, as far as there are any; `asked` is the description."""
    found = {file.path: file for file in files if file.kind is Stored.OUTPUT}
    shown: Document = {}
    for member, take in MEMBERS.items():
        names = asked.get(member)
        if names:
            taken = [output for output in job.spec.outputs if output.take is take]
            shown[member] = [
                _shown(name, _kept(taken, number, found), link) for number, name in enumerate(names)
            ]
    return shown


def all_outputs(files: Iterable[StoredFile], link: Link) -> Document:
    """Of a job of another window: whatever it kept."""
    kept = [_shown(file.path, file, link) for file in files if file.kind is Stored.OUTPUT]
    return {"outputFiles": kept} if kept else {}


def _kept(outputs: Sequence[Output], number: int, files: Mapping[str, StoredFile]) -> StoredFile | None:
    """Of the output of that number: by its own name, or the first whose name fits its pattern."""
    if number >= len(outputs):
        return None
    output = outputs[number]
    ending = ARCHIVE_ENDING if output.take is Take.ARCHIVE else ""
    name = output.name or output.pattern.rstrip("/").rpartition("/")[2] + ending
    if name in files:
        return files[name]
    return next((files[path] for path in sorted(files) if fnmatchcase(path, name)), None)


def _shown(name: str, file: StoredFile | None, link: Link) -> Document:
    if file is None:
        return {"name": name, "url": ""}
    return {"name": name, "url": link(file.path), "size": file.size}
