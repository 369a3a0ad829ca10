"""What goes into a job and what it leaves (contract 2.6, 2.13): files that came with it, sandboxes, logical
files, and names of what is kept.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from posixpath import basename
from typing import Final

from services.compute.dialects.dirac.manifest.names import Attributes
from services.compute.dialects.dirac.manifest.problems import Notes, quoted
from services.compute.dialects.dirac.manifest.values import names_at, text_at, texts_at
from services.compute.dialects.dirac.sandboxes.references import PREFIX as SANDBOX
from services.compute.domain.input_check import lfn_problem
from services.compute.domain.layout import is_plain_path
from services.compute.domain.spec_check import MAX_PATTERN, pattern_problem

LFN: Final = "LFN:"
STD_OUTPUT, STD_ERROR = "std.out", "std.err"
WORK: Final = "/work"
MAX_DATA: Final = 499
MAX_OUTPUTS: Final = 400
_SCRIPT = re.compile(r"[^/]+\.(?:sh|bash|csh|py|pl|rb|R|exe)")
NOT_UPLOADED: Final = (
    "It is no file of this request, no SB: reference and no LFN: of the catalogue. Send it along."
)


@dataclass(frozen=True, slots=True)
class Uploads:
    """`names` of the files that came with the request, and the sandbox `reference` that holds them. `find`
    gives the name of the sandbox that a reference stands for, if it is there for the caller.
    """

    names: frozenset[str] = frozenset()
    reference: str | None = None
    find: Callable[[str], str | None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """`sandboxes` by name, `references` as SB: texts in the same order. Logical files are whole paths:
    `inputs` of the input sandbox, `data` of InputData. Patterns are below the working folder. `is_local`: the
    program is one of the files; `may_be_local`: only an archive's contents would tell.
    """

    std_output: str
    std_error: str
    references: tuple[str, ...]
    sandboxes: tuple[str, ...]
    inputs: tuple[str, ...]
    data: tuple[str, ...]
    patterns: tuple[str, ...]
    registered: tuple[str, ...]
    output_path: str
    output_elements: tuple[str, ...]
    is_local: bool
    may_be_local: bool

    @property
    def logical(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.inputs, *self.data)))


def read_files(attributes: Attributes, executable: str, uploads: Uploads, notes: Notes) -> Files:
    references, sandboxes, logical = _input_sandbox(attributes, uploads, notes)
    data = _input_data(attributes, notes)
    _refuse_twins(attributes, (*sorted(uploads.names), *logical, *data), notes)
    own = uploads.names.union(basename(lfn) for lfn in (*logical, *data))
    local = executable.removeprefix("./")
    is_foreign = any(reference != uploads.reference for reference in references)
    if local not in own and not is_foreign and _must_be_local(executable):
        notes.add(attributes.place("Executable"), f"{quoted(executable)}: {NOT_UPLOADED}")
    return Files(
        std_output=_stream(attributes, "StdOutput", STD_OUTPUT, notes),
        std_error=_stream(attributes, "StdError", STD_ERROR, notes),
        references=references,
        sandboxes=sandboxes,
        inputs=logical,
        data=data,
        patterns=_patterns(attributes, "OutputSandbox", notes),
        registered=_registered(attributes, notes),
        output_path=_output_path(attributes, notes),
        output_elements=names_at(attributes, "OutputSE", notes),
        is_local=local in own or executable.startswith("./"),
        may_be_local=is_foreign and not executable.startswith("/"),
    )


def output_name(entry: str) -> str:
    """What the job calls a file that is registered: an LFN's last part."""
    return basename(entry) if entry.startswith(LFN) else entry


def _must_be_local(executable: str) -> bool:
    """Whether it is certainly no program of the image."""
    is_path = "/" in executable and not executable.startswith("/")
    return is_path or _SCRIPT.fullmatch(executable) is not None


def _stream(attributes: Attributes, name: str, usual: str, notes: Notes) -> str:
    found = text_at(attributes, name, notes, usual) or usual
    if not is_plain_path(found):
        notes.add(attributes.place(name), "The name of a file in the job's own folder.")
        return usual
    return found


def _input_sandbox(
    attributes: Attributes, uploads: Uploads, notes: Notes
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """References and names of sandboxes, and logical files."""
    references: dict[str, str] = {}
    logical: list[str] = []
    for number, entry in enumerate(texts_at(attributes, "InputSandbox", notes)):
        here = attributes.place("InputSandbox", number)
        if entry.startswith(SANDBOX):
            name = uploads.find(entry)
            if name is None:
                notes.add(here, "There is no such sandbox of yours.")
            references[entry] = name or ""
        elif entry.startswith(LFN):
            logical.append(_logical(entry, here, notes))
        elif entry and basename(entry) not in uploads.names:
            notes.add(here, f"{quoted(entry)}: {NOT_UPLOADED}")
    if uploads.reference is not None:
        references.setdefault(uploads.reference, uploads.find(uploads.reference) or "")
    return tuple(references), tuple(dict.fromkeys(references.values())), tuple(dict.fromkeys(logical))


def _input_data(attributes: Attributes, notes: Notes) -> tuple[str, ...]:
    found = [
        _logical(entry, attributes.place("InputData", number), notes)
        for number, entry in enumerate(texts_at(attributes, "InputData", notes, most=MAX_DATA))
        if entry
    ]
    return tuple(dict.fromkeys(found))


def _logical(entry: str, here: str, notes: Notes) -> str:
    path = entry.removeprefix(LFN)
    if problem := lfn_problem(path):
        notes.add(here, problem)
    return path


def _refuse_twins(attributes: Attributes, paths: Sequence[str], notes: Notes) -> None:
    """All of them come into one folder."""
    seen: dict[str, str] = {}
    for path in paths:
        if seen.setdefault(basename(path), path) != path:
            text = f"Two files are called {quoted(basename(path))}: both would come to the same place."
            notes.add(attributes.place("InputData"), text)


def _patterns(attributes: Attributes, name: str, notes: Notes) -> tuple[str, ...]:
    found = []
    for number, entry in enumerate(texts_at(attributes, name, notes, most=MAX_OUTPUTS)):
        pattern = entry.removeprefix(f"{WORK}/").removeprefix("./").rstrip("/")
        if not pattern:
            continue
        here = attributes.place(name, number)
        if entry.startswith((SANDBOX, LFN)):
            notes.add(here, "Name files that the job writes; OutputData brings files into the catalogue.")
        elif (problem := pattern_problem(pattern)) or len(pattern) > MAX_PATTERN - 3:
            notes.add(here, problem or f"At most {MAX_PATTERN - 3} characters.")
        else:
            found.append(pattern)
    return tuple(dict.fromkeys(found))


def _registered(attributes: Attributes, notes: Notes) -> tuple[str, ...]:
    """As they were written: logical files, or patterns of the job's own."""
    found = []
    for number, entry in enumerate(texts_at(attributes, "OutputData", notes, most=MAX_OUTPUTS)):
        if not entry:
            continue
        here = attributes.place("OutputData", number)
        problem = lfn_problem(entry.removeprefix(LFN)) if entry.startswith(LFN) else pattern_problem(entry)
        if problem:
            notes.add(here, problem)
        else:
            found.append(entry)
    return tuple(dict.fromkeys(found))


def _output_path(attributes: Attributes, notes: Notes) -> str:
    """A whole path, or below the owner's folder of the virtual organisation."""
    found = text_at(attributes, "OutputPath", notes).removeprefix(LFN).strip("/")
    if found and not is_plain_path(found):
        notes.add(attributes.place("OutputPath"), "A folder of the catalogue, without empty parts and dots.")
    is_whole = text_at(attributes, "OutputPath", notes).removeprefix(LFN).startswith("/")
    return f"/{found}" if is_whole and found else found
