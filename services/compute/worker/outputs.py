"""Finds what of a job's folders is to be kept (domain/spec.py: Output); anything but plain files and folders
is refused.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from services.compute.domain.errors import Refused
from services.compute.domain.patterns import leads_on, matches
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Output, Spec, Take
from services.compute.worker.archives import ENDING, archive, members_of
from services.compute.worker.view import Parts
from services.compute.worker.walk import Entry, Findings, Ground, Walk, ground_of, is_keepable
from services.compute.worker.workplace import Workplace

WHOLE: Final = "**"  # as the pattern of an archive: the folder itself
_CHUNK: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """What is kept as one file: a plain file, or, with `members`, a folder as an archive of them.

    The parts are below the ground. `size` is that of the file, or of all members. `to` is where in the site's
    storage it is written as well.
    """

    path: str  # as it will be kept
    ground: Ground = field(repr=False)
    parts: Parts
    size: int
    members: tuple[Entry, ...] | None = None
    to: str | None = None


@dataclass(slots=True)
class Outputs(Findings):
    files: list[Found] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Place:
    """An output, and where its folder is."""

    output: Output
    ground: Ground

    def walk(self, findings: Findings) -> Iterator[Entry]:
        """Whatever matches."""
        pattern = self.output.pattern
        walk = Walk(self.ground, (), lambda parts: leads_on(pattern, "/".join(parts)), findings)
        return (entry for entry in walk.entries() if matches(pattern, entry.path))


def find_outputs(spec: Spec, place: Workplace, *, missing_counts: bool) -> Outputs:
    """`missing_counts`: whether a required output that is not there is a problem.

    Raises Refused (output_too_large) for more files than anybody may leave.
    """
    outputs = Outputs()
    taken: set[str] = set()
    for output in spec.outputs:
        is_there = False
        for found in _of_one(output, spec, place, outputs):
            is_there = True
            path = next((path for path in _paths(output, found) if path not in taken), None)
            if path is not None and is_keepable(path):
                taken.add(path)
                outputs.files.append(replace(found, path=path, to=_to(output, found)))
        if missing_counts and output.required and not is_there:
            sentence = f"Nothing matches {output.pattern} in {output.folder}, and it is required."
            outputs.refuse(sentence, code="output_missing")
    return outputs


def bytes_of(found: Found, check: Callable[[], None]) -> Iterator[bytes]:
    """Of what is kept as one file, in pieces; `check` may end it. Raises Refused, and what `check` does."""
    pieces = read_output(found)
    if found.members is not None:
        pieces = archive(found.ground, found.parts, found.members, found.parts)
    try:
        for piece in pieces:
            check()
            yield piece
    except OSError as error:
        sentence = f"An output cannot be read: {found.path}."
        raise Refused(Reason("output_refused", sentence, error.strerror or "")) from error


def read_output(found: Found) -> Iterator[bytes]:
    """The bytes of a file that was found; it may be no more than it was then. Raises OSError."""
    with found.ground.open_file(found.parts) as file:
        left = found.size
        while left > 0 and (chunk := file.read(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk


def _paths(output: Output, found: Found) -> Sequence[str]:
    """Where it may be kept, the first that is free: `found.path` is its own below the output's folder."""
    own = found.path
    if output.take is Take.ALL:
        return (own, _with_folder(output, own))
    ending = ENDING if output.take is Take.ARCHIVE else ""
    last = output.name or own.rpartition("/")[2] + ending
    return (last, own + ending, _with_folder(output, own + ending))


def _to(output: Output, found: Found) -> str | None:
    return None if output.to is None else f"{output.to}/{_paths(output, found)[0]}"


def _of_one(output: Output, spec: Spec, place: Workplace, findings: Findings) -> Iterator[Found]:
    where = _Place(output, ground_of(spec.folders, output.folder, place))
    if output.take is Take.ARCHIVE:
        yield from _archive(where, findings)
    elif output.take is Take.FIRST:
        yield from _first(where, findings)
    else:
        yield from _all(where, findings)


def _all(where: _Place, findings: Findings) -> Iterator[Found]:
    for entry in where.walk(findings):
        if entry.is_file and is_keepable(entry.path):
            yield _file(where, entry)
        elif not entry.is_folder:
            findings.refuse_entry(entry)


def _first(where: _Place, findings: Findings) -> Iterator[Found]:
    """What cannot be kept is passed over, unless there is nothing else."""
    matching = sorted(
        (entry for entry in where.walk(findings) if not entry.is_folder), key=lambda entry: entry.parts
    )
    good = next((entry for entry in matching if entry.is_file and is_keepable(entry.path)), None)
    if good is not None:
        yield _file(where, good)
    elif matching:
        findings.refuse_entry(matching[0])


def _archive(where: _Place, findings: Findings) -> Iterator[Found]:
    chosen = _chosen_folder(where, findings)
    if chosen is None:
        return
    members = members_of(where.ground, chosen, findings)
    if members is None:
        return
    own = "/".join(chosen) or where.output.folder.rpartition("/")[2]
    size = sum(entry.size for entry in members if entry.is_file)
    yield Found(own, where.ground, chosen, size, members)


def _chosen_folder(where: _Place, findings: Findings) -> Parts | None:
    if where.output.pattern == WHOLE:
        return ()
    matching = sorted(where.walk(findings), key=lambda entry: entry.parts)
    for entry in matching:
        if entry.is_folder and is_keepable(entry.path):
            return entry.parts
    link = next((entry for entry in matching if entry.is_link), None)
    if link is not None:
        findings.refuse_entry(link)
    return None


def _file(where: _Place, entry: Entry) -> Found:
    return Found(entry.path, where.ground, entry.parts, entry.size)


def _with_folder(output: Output, path: str) -> str:
    return f"{output.folder.lstrip('/')}/{path}"
