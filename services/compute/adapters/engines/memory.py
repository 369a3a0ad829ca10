"""How much memory a sandbox's processes hold, seen through its own /proc: all of them, no others."""

import os

_PAGE = os.sysconf("SC_PAGESIZE")
_OWN = (b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:")  # shared pages in equal parts; files' pages are not counted


class Gauge:
    """`init` is the sandbox's first process."""

    def __init__(self, init: int) -> None:
        self._init = init
        self._proc: int | None = None
        self.highest = 0

    def proc(self) -> int | None:
        """The sandbox's /proc, open; None until it has one: before, it sees this machine's."""
        if self._proc is None:
            try:
                found = os.open(f"/proc/{self._init}/root/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except OSError:
                return None
            if _knows_us(found):
                os.close(found)
            else:
                self._proc = found
        return self._proc

    def processes(self) -> list[str]:
        proc = self.proc()
        try:
            return [] if proc is None else [name for name in os.listdir(proc) if name.isdigit()]
        except OSError:
            return []

    def measure(self, limit: int) -> int:
        """Bytes. What is quick counts shared pages for each that shares them: only when that is too much,
        the kernel is asked for the true parts.
        """
        names = self.processes()
        held = sum(self._resident(name) for name in names)
        if held > limit:
            held = sum(self._own(name) for name in names)
        self.highest = max(self.highest, held)
        return held

    def _resident(self, name: str) -> int:
        fields = self._read(f"{name}/statm").split()
        return int(fields[1]) * _PAGE if len(fields) > 1 else 0

    def _own(self, name: str) -> int:
        rollup = self._read(f"{name}/smaps_rollup")
        if not rollup:
            return self._resident(name)
        return sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith(_OWN))

    def _read(self, path: str) -> bytes:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        except OSError:
            return b""
        try:
            return os.read(fd, 1 << 16)
        except OSError:  # it ended meanwhile
            return b""
        finally:
            os.close(fd)


def _knows_us(proc: int) -> bool:
    """Only in the /proc of our own world do we have a number."""
    try:
        os.readlink("self", dir_fd=proc)
    except OSError:
        return False
    return True
