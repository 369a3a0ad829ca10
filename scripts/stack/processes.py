"""Starting, finding and ending processes by the pid that was started, never by name."""

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class StartFailed(Exception):
    """A process ended or did not answer in time; the message carries the end of its log."""


@dataclass(frozen=True, slots=True)
class Process:
    """A started process as its pid file tells it: the start time guards against a reused pid."""

    name: str
    pid: int
    started: str
    log: Path

    def alive(self) -> bool:
        return _start_time(self.pid) == self.started


def spawn(command: Sequence[str], environ: Mapping[str, str], log: Path, cwd: Path) -> int:
    """The pid of `command`, started in its own session, output appended to `log`."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environ),
            cwd=cwd,
            start_new_session=True,
        )
    child.returncode = 0  # its pid file keeps it from here on: this object shall not miss it
    return child.pid


Spawn = Callable[[Sequence[str], Mapping[str, str], Path, Path], int]
_spawn: Spawn = spawn


def start_with(other: Spawn) -> None:
    """From now on processes start with `other` instead of `spawn`: tests start theirs sooner."""
    global _spawn
    _spawn = other


def start(name: str, command: Sequence[str], environ: Mapping[str, str], run_dir: Path, cwd: Path) -> Process:
    """Start `command` in its own session, output appended to `<run_dir>/logs/<name>.log`."""
    _end_orphans(run_dir, name)
    log = run_dir / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    pid = _spawn(command, environ, log, cwd)
    process = Process(name, pid, _start_time(pid) or "", log)
    pid_file = _pid_file(run_dir, name)
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    pid_file.write_text(json.dumps({"pid": process.pid, "started": process.started, "log": str(log)}))
    return process


def find(run_dir: Path, name: str) -> Process | None:
    """The process of that name if it still runs."""
    try:
        data = json.loads(_pid_file(run_dir, name).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    process = Process(name, data["pid"], data["started"], Path(data["log"]))
    return process if process.alive() else None


def stop(run_dir: Path, name: str, grace_seconds: float = 20.0, sig: int = signal.SIGTERM) -> bool:
    """End the process, its children with it; False if none ran."""
    process = find(run_dir, name)
    if process is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, sig)
        if not wait_for(lambda: not process.alive(), grace_seconds):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            wait_for(lambda: not process.alive(), 5.0)
    _end_orphans(run_dir, name)
    _pid_file(run_dir, name).unlink(missing_ok=True)
    return process is not None


def wait_until(process: Process, ready: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Wait for `ready`; raises StartFailed when the process ends first or time is up."""
    deadline = time.monotonic() + seconds
    while not ready():
        if not process.alive():
            raise StartFailed(f"{process.name} ended before {what}.\n{tail(process.log)}")
        if time.monotonic() > deadline:
            raise StartFailed(f"{process.name}: no {what} within {seconds:.0f} s.\n{tail(process.log)}")
        time.sleep(0.05)


def children(pid: int) -> list[int]:
    """Living children of a process, whichever of its threads made them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat_fields(int(entry.name))
            if fields is not None and fields[0] != "Z" and fields[1] == str(pid):
                found.append(int(entry.name))
    return found


def answers(url: str, statuses: Sequence[int] = (200,)) -> bool:
    """Whether a GET on a loopback URL answers with one of `statuses`."""
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:
            return reply.status in statuses
    except urllib.error.HTTPError as error:
        return error.code in statuses
    except (OSError, ValueError):
        return False


def tail(log: Path, lines: int = 30) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(no log)"


def _end_orphans(run_dir: Path, name: str) -> None:
    """End what a killed process left behind (workers hold its port), known by the group it led.

    A group's number is not given away while it has members: if a process with the old pid lives now, it is
    somebody else's and the group is empty of ours.
    """
    try:
        leader = int(json.loads(_pid_file(run_dir, name).read_text())["pid"])
    except (FileNotFoundError, json.JSONDecodeError):
        return
    if _start_time(leader) is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
    wait_for(lambda: not _group_members(leader), 5.0)


def _group_members(leader: int) -> list[int]:
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat_fields(int(entry.name))
            if fields is not None and fields[0] != "Z" and fields[2] == str(leader):
                members.append(int(entry.name))
    return members


def _pid_file(run_dir: Path, name: str) -> Path:
    return run_dir / "pids" / f"{name}.json"


def _stat_fields(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()  # the name before it may hold spaces


def _start_time(pid: int) -> str | None:
    """The kernel's start time of a living process; None for a missing one or a zombie."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # reap our own child, so that a dead one is not taken for living
    fields = _stat_fields(pid)
    return None if fields is None or fields[0] == "Z" else fields[19]


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
