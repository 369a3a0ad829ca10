"""`resources` of a job (contract 2.2): sizes in GB, walltime in minutes, cpus as one number or a choice."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.compute.dialects.prominence.description.problems import Notes
from services.compute.dialects.prominence.description.values import amount, is_number, known_only

GB: Final = 1 << 30
USUAL_DISK: Final = 10  # GB
USUAL_WALLTIME: Final = 720  # minutes
MAX_MINUTES: Final = 366 * 1440
MAX_CPUS: Final = 100_000
MAX_NODES: Final = 1_000_000
MAX_GB: Final = 1 << 30
CPUS: Final = ("cpus", "cpusRange", "cpusOptions", "totalCpusRange")
MEMBERS: Final = (*CPUS, "nodes", "memory", "memoryPerCpu", "disk", "walltime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`choices` of cpus, the best first; `is_range`: everything between the two. Memory in GB, of a node or
    of a cpu; `walltime` in minutes. `disk` is None where it is the usual one, which is a wish alone: both
    command lines always send it.
    """

    choices: tuple[int, ...] = (1,)
    is_range: bool = False
    nodes: int = 1
    memory: float = 1
    is_per_cpu: bool = False
    disk: int | None = None
    walltime: int | None = None

    def memory_for(self, cpus: int) -> int:
        """Bytes of a node."""
        return max(1, round(self.memory * (cpus if self.is_per_cpu else 1) * GB))

    def cpus_within(self, cpus: float, memory_bytes: int) -> int:
        """The best choice that so much of a node allows; the least there is when none does."""
        most = min(cpus, memory_bytes / (self.memory * GB)) if self.is_per_cpu else cpus
        least, best = min(self.choices), max(self.choices)
        if self.is_range:
            return max(least, min(best, int(most)))
        return next((choice for choice in self.choices if choice <= most), least)


def read_resources(document: Mapping[str, Any], path: str, notes: Notes) -> Asked:
    given = document.get("resources")
    if given is None:
        notes.add(path, "a job must contain resources")
        return Asked()
    here = f"{path}/resources"
    if type(given) is not dict:
        notes.add(here, "a job must contain resources")
        return Asked()
    known_only(given, MEMBERS, here, "in resources", notes)
    given = {name: value for name, value in given.items() if value is not None}
    choices, is_range = _cpus(given, here, notes)
    memory, is_per_cpu = _memory(given, here, notes)
    disk = _number(given, "disk", here, notes, MAX_GB)
    return Asked(
        choices=choices,
        is_range=is_range,
        nodes=_number(given, "nodes", here, notes, MAX_NODES) or 1,
        memory=memory,
        is_per_cpu=is_per_cpu,
        disk=None if disk == USUAL_DISK else disk,
        walltime=_number(given, "walltime", here, notes, MAX_MINUTES),
    )


_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "nodes": ("number of nodes must be an integer", "number of nodes must be at least 1"),
    "cpus": ("number of cpus must be an integer", "number of cpus must be at least 1"),
    "disk": ("required disk must be an integer", "disk must be at least 1"),
    "walltime": ("required walltime must be an integer", "walltime must be at least 1 minute"),
}


def _number(given: Mapping[str, Any], name: str, path: str, notes: Notes, most: int) -> int | None:
    if name not in given:
        return None
    found = amount(given[name], 1, most, (*_TEXTS[name], f"{name} must be at most {most}"))
    if isinstance(found, str):
        notes.add(f"{path}/{name}", found)
        return None
    return found


def _cpus(given: Mapping[str, Any], path: str, notes: Notes) -> tuple[tuple[int, ...], bool]:
    names = [name for name in CPUS if name in given]
    if not names:
        notes.add(path, "one of cpus, cpusRange, cpusOptions must be defined")
        return (1,), False
    for other in names[1:]:
        notes.add(f"{path}/{other}", f"{names[0]} and {other} cannot both be defined")
    if names[0] == "totalCpusRange" and given.get("nodes", 1) != 1:
        notes.add(f"{path}/nodes", "nodes and totalCpusRange cannot both be defined")
    if names[0] == "cpus":
        return (_number(given, "cpus", path, notes, MAX_CPUS) or 1,), False
    return _pair(given[names[0]], names[0], path, notes), names[0] != "cpusOptions"


def _pair(value: Any, name: str, path: str, notes: Notes) -> tuple[int, ...]:
    """Of options the second is the better one."""
    message = f"{name} must be a list of 2 integers of at least 1"
    if type(value) is not list or len(value) != 2:
        notes.add(f"{path}/{name}", message)
        return (1,)
    found = [amount(item, 1, MAX_CPUS, (message, message, message)) for item in value]
    wrong = [text for text in found if isinstance(text, str)]
    numbers = [number for number in found if isinstance(number, int)]
    if wrong:
        notes.add(f"{path}/{name}", wrong[0])
        return (1,)
    if name != "cpusOptions" and numbers[0] > numbers[1]:
        notes.add(f"{path}/{name}", f"the first number of {name} must not be larger than the second")
    return tuple(reversed(numbers))


def _memory(given: Mapping[str, Any], path: str, notes: Notes) -> tuple[float, bool]:
    """GB, and whether it is of each cpu."""
    names = [name for name in ("memory", "memoryPerCpu") if name in given]
    if not names:
        notes.add(path, "memory or memoryPerCpu (in GB) must be defined")
        return 1.0, False
    if len(names) == 2:
        notes.add(f"{path}/memoryPerCpu", "memory and memoryPerCpu cannot both be defined")
    name = names[0]
    value = given[name]
    if not is_number(value):
        notes.add(f"{path}/{name}", f"{name} must be a number")
    elif value <= 0 or value > MAX_GB or value * GB < 1 << 20:
        notes.add(f"{path}/{name}", f"{name} must be a positive number of GB")
    else:
        return float(value), name == "memoryPerCpu"
    return 1.0, False
