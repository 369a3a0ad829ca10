"""The attributes that mean something, by whatever spelling of theirs (contract 2.6, 2.13)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeGuard

from libs.web.strict_json import Json, NumberText
from services.compute.dialects.dirac.manifest.problems import Notes, quoted
from services.compute.domain.spec_json import pointer

KNOWN: Final = (
    "Executable", "Arguments", "StdOutput", "StdError", "InputSandbox", "OutputSandbox", "Site",
    "BannedSites", "GridCE", "Platform", "Tags", "NumberOfProcessors", "MinNumberOfProcessors",
    "MaxNumberOfProcessors", "WholeNode", "MinRAM", "MaxRAM", "CPUTime", "Priority", "JobName", "JobGroup",
    "JobType", "InputData", "InputDataPolicy", "InputDataModule", "OutputData", "OutputPath", "OutputSE",
    "ExecutionEnvironment", "LogLevel", "JobConfigArgs", "ContainerImage", "Parameters", "ParameterStart",
    "ParameterStep", "ParameterFactor", "ParameterNumber", "Parameter", "JobID", "Owner", "OwnerGroup",
    "VirtualOrganization", "JobRequirements",
)  # fmt: skip
ALIASES: Final = {
    "Sites": "Site",
    "BannedSite": "BannedSites",
    "Tag": "Tags",
    "StdOut": "StdOutput",
    "StdErr": "StdError",
    "MaxCPUTime": "CPUTime",
    "Name": "JobName",  # as upstream's own portal example sends it
}
VECTORS: Final = ("Parameters", "ParameterStart", "ParameterStep", "ParameterFactor")
"""May be of a parameter with a name: `Parameters.<name>`."""

_BY_LOWER: Final = {name.lower(): name for name in KNOWN} | {
    alias.lower(): name for alias, name in ALIASES.items()
}


@dataclass(frozen=True, slots=True)
class Attributes:
    """`values` by canonical name, what is null left out; `document` is all of it, in the order sent, known
    names canonical. `path` leads to the manifest in what was sent. `is_loose`: it was written in a language
    whose texts need no quotes, so that numbers are texts too.
    """

    path: str
    values: Mapping[str, Json]
    document: Mapping[str, Json]
    sent: Mapping[str, str]
    is_loose: bool = False

    def is_text(self, value: Json) -> TypeGuard[str]:
        return type(value) is str or (self.is_loose and isinstance(value, NumberText))

    def place(self, name: str, *parts: int) -> str:
        """The pointer to an attribute as it was spelled."""
        return "/".join((pointer(self.path, self.sent.get(name, name)), *map(str, parts)))


def canonical_name(name: str) -> str:
    """Unknown names stay as they are."""
    first, dot, rest = name.partition(".")
    known = _BY_LOWER.get(first.lower())
    if dot:
        return f"{known}.{rest}" if known in VECTORS else name
    return name if known is None else known


def attributes_of(
    given: Mapping[str, Json], path: str, notes: Notes, *, is_loose: bool = False
) -> Attributes:
    """One attribute under two spellings must say the same."""
    document: dict[str, Json] = {}
    sent: dict[str, str] = {}
    for name, value in given.items():
        known = canonical_name(name)
        if known in document and document[known] != value:
            text = f"{quoted(sent[known])} and {quoted(name)} are one attribute and differ."
            notes.add(pointer(path, name[:64]), text)
            continue
        document.setdefault(known, value)
        sent.setdefault(known, name)
    values = {name: value for name, value in document.items() if value is not None}
    return Attributes(path, values, document, sent, is_loose)
