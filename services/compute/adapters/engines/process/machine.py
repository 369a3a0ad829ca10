"""What this machine gives a sandbox: bubblewrap, somebody to be, processors."""

import os
import shutil
import subprocess
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from pathlib import Path

from services.compute.ports.engines import EngineAway

_JOBS = 100_000
_FIRST_HIGH, _FIRST_LOW = 1_000_000_000, 30_000
_TRIAL_SECONDS = 30.0
_MISSING = "install bubblewrap (apt-get install bubblewrap, or scripts/setup/bubblewrap.sh)"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the job's processes are on this machine. An ordinary service is itself, in a user namespace; root
    hands every job a user of its own, who owns nothing, and keeps no privilege.
    """

    uid: int
    gid: int
    is_own: bool  # of the job: bubblewrap runs as root and changes to it

    def wrapper(self, setpriv: str) -> list[str]:
        """What goes in front of the command."""
        if not self.is_own:
            return []
        who = [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        return [setpriv, *who, "--inh-caps=-all", "--bounding-set=-all", "--"]

    def options(self, tools: "Tools") -> list[str]:
        if not self.is_own:
            return ["--unshare-user", *(["--disable-userns"] if tools.closes_userns else [])]
        kept = ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
        return ["--cap-drop", "ALL", *kept]


def identity_for(uid_hex: str) -> Identity:
    """The same for all runs of one job: they share its folders."""
    if os.geteuid() != 0:
        return Identity(os.geteuid(), os.getegid(), is_own=False)
    number = _first_free_uid() + int(uid_hex[:12], 16) % (
        _JOBS if _first_free_uid() == _FIRST_HIGH else 25_000
    )
    return Identity(number, number, is_own=True)


def _first_free_uid() -> int:
    """A container may know few user numbers only."""
    for line in Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines():
        inside, _, count = (int(part) for part in line.split())
        if inside <= _FIRST_HIGH and inside + count >= _FIRST_HIGH + _JOBS:
            return _FIRST_HIGH
    return _FIRST_LOW


@dataclass(frozen=True, slots=True)
class Tools:
    """`closes_userns`: bubblewrap 0.8 and newer; for older ones the filter of system calls does it alone."""

    bwrap: str
    setpriv: str
    closes_userns: bool = True


def tools() -> Tools:
    """Raises EngineAway for what is not installed."""
    bwrap, setpriv = shutil.which("bwrap"), shutil.which("setpriv")
    if bwrap is None:
        raise EngineAway(f"the process engine needs bubblewrap: {_MISSING}")
    if setpriv is None:
        raise EngineAway("the process engine needs setpriv: install util-linux")
    return Tools(bwrap, setpriv, closes_userns="--disable-userns" in _help(bwrap))


@lru_cache
def _help(bwrap: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            [bwrap, "--help"], capture_output=True, text=True, timeout=_TRIAL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineAway(f"bubblewrap does not run ({type(error).__name__}): {_MISSING}") from error
    return done.stdout + done.stderr


def try_out(tools: Tools, options: Iterable[str], wrapper: Iterable[str]) -> None:
    """Make one sandbox. Raises EngineAway with what the kernel or the system forbids."""
    argv = [tools.bwrap, *options, "--", *wrapper, "/usr/bin/true"]
    try:
        done = subprocess.run(  # noqa: S603 - no word of it is a user's
            argv, env={}, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TRIAL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineAway(f"bubblewrap does not run ({type(error).__name__}): {_MISSING}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise EngineAway(
            f"bubblewrap cannot make sandboxes here ({said[-1] if said else done.returncode}): allow user "
            "namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns), or "
            "start the container with the right to mount"
        )


def choose_cpus(wanted: float, available: Collection[int], busy: Iterable[Collection[int]]) -> list[int]:
    """The processors with the fewest runs on them; empty for all. Parts of one count as one."""
    count = max(1, ceil(wanted))
    if count >= len(available):
        return []
    runs = dict.fromkeys(sorted(available), 0)
    for taken in busy:
        for cpu in taken:
            if cpu in runs:
                runs[cpu] += 1
    return sorted(sorted(runs, key=lambda cpu: (runs[cpu], cpu))[:count])
