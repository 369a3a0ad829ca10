"""What a run's supervisor wrote down, as everybody else understands it."""

import signal as signals
from collections.abc import Callable, Mapping
from typing import Final

from services.compute.adapters.engines.process.facts import Cause
from services.compute.domain.job import Usage
from services.compute.domain.reasons import Reason
from services.compute.ports.engines import Activity, Observed

Facts = Mapping[str, str]
LOST: Final = Observed(
    activity=Activity.LOST,
    reason=Reason("engine_lost", "The run ended without a result: its machine or its supervisor went away."),
)
_SIGNAL_BASE, _LAST_SIGNAL, _KILL, _FILE_TOO_LARGE = 128, 64, 9, 25
_NOT_FOUND = 127
_MIB = 1 << 20


def starting() -> Observed:
    return Observed(activity=Activity.STARTING)


def running(started: Facts) -> Observed:
    return Observed(activity=Activity.RUNNING, started_at=float(started["started_at"]))


def ended(started: Facts, end: Facts) -> Observed:
    """A shell's way to tell a signal (128 and its number) is taken for the signal."""
    cause = end["cause"]
    code = int(end["code"]) if "code" in end else None
    signal: int | None = None
    if cause == Cause.EXIT and code is not None and 0 < code - _SIGNAL_BASE <= _LAST_SIGNAL:
        signal = code - _SIGNAL_BASE
        code = None
    elif cause in _KILLED:
        code, signal = None, _KILL
    elif cause == Cause.EXEC:
        code = _NOT_FOUND
    return Observed(
        activity=Activity.ENDED,
        started_at=float(end["started_at"]),
        ended_at=max(float(end["started_at"]), float(end["ended_at"])),
        exit_code=code,
        signal=signal,
        reason=_exit_reason(code, signal) if cause == Cause.EXIT else _reason(cause, started, end),
        usage=_usage(end),
    )


_KILLED: Final = frozenset(
    {Cause.CANCELLED, Cause.MEMORY, Cause.DISK, Cause.DEPTH, Cause.LOG, Cause.WALL, Cause.LOG_LOST}
)


def _exit_reason(code: int | None, signal: int | None) -> Reason | None:
    if signal == _FILE_TOO_LARGE:
        return Reason("disk_limit", "It wrote a file larger than the disk it was given.")
    if signal is not None:
        return Reason("killed_by_signal", f"Signal {signal} ({_name(signal)}) ended the program.")
    if code:
        return Reason("command_failed", f"The program ended with exit code {code}.")
    return None


def _name(signal: int) -> str:
    try:
        return signals.Signals(signal).name
    except ValueError:
        return "a real-time signal"


def _memory(started: Facts, _: Facts) -> Reason:
    return Reason(
        "memory_limit", f"It used more than the {_size(started['memory_bytes'])} of memory it was given."
    )


def _disk(started: Facts, _: Facts) -> Reason:
    return Reason(
        "disk_limit", f"It wrote more than the {_size(started['disk_bytes'])} of disk it was given."
    )


def _log(started: Facts, _: Facts) -> Reason:
    return Reason("log_limit", f"It printed more than the {_size(started['log_bytes'])} that a log may have.")


def _wall(started: Facts, _: Facts) -> Reason:
    return Reason("run_timeout", f"It ran longer than the {float(started['wall_seconds']):g} seconds it had.")


def _exec(_: Facts, end: Facts) -> Reason:
    return Reason(
        "command_not_found", "The command is not there or cannot be executed.", end.get("evidence", "")
    )


def _setup(_: Facts, end: Facts) -> Reason:
    return Reason("engine_failed", "The sandbox could not be made.", end.get("evidence", ""))


_REASONS: Final[Mapping[str, Callable[[Facts, Facts], Reason]]] = {
    Cause.CANCELLED: lambda _s, _e: Reason("cancelled", "It was stopped on request."),
    Cause.MEMORY: _memory,
    Cause.DISK: _disk,
    Cause.DEPTH: lambda _s, _e: Reason("disk_limit", "It nested folders too deep to be collected."),
    Cause.LOG: _log,
    Cause.WALL: _wall,
    Cause.EXEC: _exec,
    Cause.SETUP: _setup,
    Cause.LOG_LOST: lambda _s, end: Reason(
        "engine_failed", "Its log could not be written.", end.get("evidence", "")
    ),
}


def _reason(cause: str, started: Facts, end: Facts) -> Reason:
    return _REASONS[cause](started, end)


def _usage(end: Facts) -> Usage:
    return Usage(
        wall_seconds=float(end["wall"]) if "wall" in end else None,
        cpu_seconds=float(end["cpu"]) if "cpu" in end else None,
        max_memory_bytes=int(end["memory"]) if "memory" in end else None,
    )


def _size(text: str) -> str:
    number = int(text)
    return f"{number / _MIB:g} MiB" if number >= _MIB else f"{number} bytes"
