"""A manifest as what it asks for (contract 2.13): attributes of known types, within their bounds."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.compute.dialects.dirac.manifest.files import Files, Uploads, read_files
from services.compute.dialects.dirac.manifest.names import Attributes
from services.compute.dialects.dirac.manifest.problems import Notes, quoted
from services.compute.dialects.dirac.manifest.sites import Choice, NoSite, Sites
from services.compute.dialects.dirac.manifest.values import (
    flag_at,
    names_at,
    text_at,
    variables_at,
    whole_at,
)
from services.compute.domain.sheets import NO_BATCH

UNNAMED: Final = "Unknown"  # what a job without a name is called
JOB_TYPES: Final = ("User", "Test", "Hospital")
USUAL_CPU_SECONDS: Final = 86_400
CPU_SECONDS: Final = (100, 500_000)
USUAL_PRIORITY: Final = 1
PRIORITIES: Final = (0, 10)
MAX_NAME, MAX_GROUP = 128, 32
MAX_LINE: Final = 64 * 1024
MAX_PROCESSORS: Final = 100_000
MAX_MEGABYTES: Final = 1 << 30
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,254}")
_HUGE: Final = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Processors: as many as there are with `whole_node`. Memory in bytes, None for what is usual."""

    processors: int | None = None
    most_processors: int | None = None
    whole_node: bool = False
    memory: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`cpu_seconds` None: nobody said; `arguments` is one line for a shell."""

    attributes: Attributes
    executable: str
    arguments: str
    name: str
    group: str
    kind: str
    cpu_seconds: int | None
    priority: int
    size: Size
    choice: Choice
    banned: tuple[str, ...]
    files: Files
    variables: Mapping[str, str]
    image: str
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # Tags, GridCE, Platform

    @property
    def shown_cpu_seconds(self) -> int:
        return USUAL_CPU_SECONDS if self.cpu_seconds is None else self.cpu_seconds


def read(attributes: Attributes, sites: Sites, uploads: Uploads, notes: Notes) -> Asked:
    """With problems it is not to be used."""
    executable = _executable(attributes, notes)
    cpu = whole_at(attributes, "CPUTime", notes, 0, _HUGE)
    priority = whole_at(attributes, "Priority", notes, -_HUGE, _HUGE)
    return Asked(
        attributes=attributes,
        executable=executable,
        arguments=_arguments(attributes, notes),
        name=text_at(attributes, "JobName", notes, UNNAMED, MAX_NAME) or UNNAMED,
        group=text_at(attributes, "JobGroup", notes, NO_BATCH, MAX_GROUP) or NO_BATCH,
        kind=_kind(attributes, notes),
        cpu_seconds=None if cpu is None else _clamped(cpu, CPU_SECONDS),
        priority=_clamped(USUAL_PRIORITY if priority is None else priority, PRIORITIES),
        size=_size(attributes, notes),
        choice=_choice(attributes, sites, notes),
        banned=names_at(attributes, "BannedSites", Notes()),
        files=read_files(attributes, executable, uploads, notes),
        variables=variables_at(attributes, "ExecutionEnvironment", notes, _is_no_variable),
        image=text_at(attributes, "ContainerImage", notes),
        names={name: names_at(attributes, name, notes) for name in ("Tags", "GridCE", "Platform")},
    )


def _executable(attributes: Attributes, notes: Notes) -> str:
    found = text_at(attributes, "Executable", notes)
    if attributes.values.get("Executable") in (None, ""):
        notes.add(attributes.place("Executable"), "A job names the program that it runs: Executable.")
    return found


def _arguments(attributes: Attributes, notes: Notes) -> str:
    """Members of a list are words; a text is a line as it is."""
    value = attributes.values.get("Arguments")
    if isinstance(value, list):
        words = [str(word) for word in value if attributes.is_text(word)]
        if len(words) < len(value):
            notes.add(attributes.place("Arguments"), "Arguments are one text, or a list of texts.")
        line = shlex.join(words)
    elif value is None or attributes.is_text(value):
        line = "" if value is None else str(value)
    else:
        notes.add(attributes.place("Arguments"), "Arguments are one text, or a list of texts.")
        return ""
    if len(line) > MAX_LINE or "\0" in line:
        notes.add(attributes.place("Arguments"), f"Arguments have {MAX_LINE} characters at most.")
    return line


def _kind(attributes: Attributes, notes: Notes) -> str:
    found = text_at(attributes, "JobType", notes, JOB_TYPES[0]) or JOB_TYPES[0]
    known = next((kind for kind in JOB_TYPES if kind.lower() == found.lower()), None)
    if known is None:
        text = f"There is no JobType {quoted(found)}. Known: {', '.join(JOB_TYPES)}."
        notes.add(attributes.place("JobType"), text)
    return known or JOB_TYPES[0]


def _size(attributes: Attributes, notes: Notes) -> Size:
    exact, least, most = (
        whole_at(attributes, name, notes, 1, MAX_PROCESSORS)
        for name in ("NumberOfProcessors", "MinNumberOfProcessors", "MaxNumberOfProcessors")
    )
    if exact is not None and (least is not None or most is not None):
        text = "NumberOfProcessors says exactly how many: leave out the least and the most."
        notes.add(attributes.place("NumberOfProcessors"), text)
    if least is not None and most is not None and least > most:
        notes.add(attributes.place("MaxNumberOfProcessors"), "The most is less than the least.")
    low, high = (whole_at(attributes, name, notes, 1, MAX_MEGABYTES) for name in ("MinRAM", "MaxRAM"))
    if low is not None and high is not None and low > high:
        notes.add(attributes.place("MaxRAM"), "The most is less than the least.")
    memory = high or low
    return Size(
        processors=exact or least,
        most_processors=exact or most or least,
        whole_node=flag_at(attributes, "WholeNode", notes),
        memory=None if memory is None else memory << 20,
    )


def _choice(attributes: Attributes, sites: Sites, notes: Notes) -> Choice:
    try:
        return sites.choose(names_at(attributes, "Site", notes), names_at(attributes, "BannedSites", notes))
    except NoSite as error:
        notes.add(attributes.place(error.name), str(error))
        return Choice((), None)


def _clamped(value: int, bounds: tuple[int, int]) -> int:
    return max(bounds[0], min(value, bounds[1]))


def _is_no_variable(name: str) -> bool:
    return _VARIABLE.fullmatch(name) is None
