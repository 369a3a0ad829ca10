"""What a container's control group tells, of either version, while the container runs."""

import contextlib
from pathlib import Path
from typing import Final

from services.compute.domain.job import Usage

ROOT: Final = Path("/sys/fs/cgroup")
_CPU: Final = ("cpu", "cpuacct", "cpu,cpuacct")


class Cgroup:
    """`memory` and `cpu` are its folders; both are one where the machine has version 2."""

    def __init__(self, memory: Path, cpu: Path) -> None:
        self._memory = memory
        self._cpu = cpu

    def memory_kills(self) -> int:
        """How many of its processes the kernel ended because the memory was full."""
        for file in ("memory.oom_control", "memory.events"):
            if (kills := _value(self._memory / file, "oom_kill")) is not None:
                return kills
        return 0

    def usage(self) -> Usage:
        peak = _number(self._memory / "memory.max_usage_in_bytes") or _number(self._memory / "memory.peak")
        nanoseconds = _number(self._cpu / "cpuacct.usage")
        microseconds = _value(self._cpu / "cpu.stat", "usage_usec")
        seconds = nanoseconds / 1e9 if nanoseconds is not None else None
        if microseconds is not None:
            seconds = microseconds / 1e6
        return Usage(cpu_seconds=seconds, max_memory_bytes=peak)


def cgroup_of(process: int, container: str) -> Cgroup | None:
    """Of the container whose first process this is; None when that is not to be seen from here: the number is
    another's by now, or this worker lives in a container itself.
    """
    paths = {}
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if container in path:
                paths.update({name: path.lstrip("/") for name in controllers.split(",")})
    if "memory" in paths:
        cpu = next((folder for folder in _CPU if (ROOT / folder / paths.get("cpuacct", "")).is_dir()), "cpu")
        return Cgroup(ROOT / "memory" / paths["memory"], ROOT / cpu / paths.get("cpuacct", ""))
    if "" in paths:
        return Cgroup(ROOT / paths[""], ROOT / paths[""])
    return None


def _number(file: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(file.read_text())
    return None


def _value(file: Path, name: str) -> int | None:
    """Of a file with a name and a number on each line."""
    with contextlib.suppress(OSError, ValueError):
        for line in file.read_text().splitlines():
            key, _, number = line.partition(" ")
            if key == name:
                return int(number)
    return None
