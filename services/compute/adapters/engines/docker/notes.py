"""What the engine must remember of a run beyond what Docker does: why it killed it, and how it ended.

Small files beside the logs, replaced by rename. They are the engine's own: nothing of the job can reach them.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from services.compute.adapters.engines.docker.record import Record
from services.compute.domain.job import Usage
from services.compute.domain.reasons import Reason, reason_of
from services.compute.ports.engines import Activity, Observed

SETTLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The engine ended the run itself. It counts only when the run had not ended before `at`."""

    at: float
    reason: Reason


def read_verdict(record: Record) -> Verdict | None:
    document = _read(record.note("verdict"))
    return Verdict(document["at"], reason_of(document["reason"])) if document else None


def write_verdict(record: Record, verdict: Verdict) -> None:
    _write(record.note("verdict"), {"at": verdict.at, "reason": verdict.reason.as_json()})


def read_end(record: Record) -> Observed | None:
    """How the run ended, when that was told before."""
    document = _read(record.note("end"))
    if document is None:
        return None
    reason = document.pop("reason")
    return Observed(
        activity=Activity.ENDED,
        reason=reason_of(reason) if reason else None,
        usage=Usage(**document.pop("usage")),
        **document,
    )


def write_end(record: Record, end: Observed) -> None:
    _write(
        record.note("end"),
        {
            "started_at": end.started_at,
            "ended_at": end.ended_at,
            "exit_code": end.exit_code,
            "signal": end.signal,
            "reason": end.reason.as_json() if end.reason else None,
            "usage": asdict(end.usage),
        },
    )


def clear(record: Record) -> None:
    for kind in ("verdict", "end", "starting"):
        with contextlib.suppress(OSError):
            record.note(kind).unlink()


class Starting:
    """The right to start a run, held by one thread of one process at a time; it falls with the process."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def touch(self) -> None:
        """The engine is asked to start it now."""
        os.utime(self._file)

    def settle(self) -> None:
        """Wait until a start that a dead worker asked for has been taken up by the engine, if it ever will:
        that takes the engine milliseconds, and from then on questions about the container wait for its end.
        """
        while (left := self._file.stat().st_mtime + SETTLE_SECONDS - time.time()) > 0:
            time.sleep(min(left, SETTLE_SECONDS))


@contextlib.contextmanager
def starting(record: Record) -> Iterator[Starting]:
    """Raises OSError when the log folder is not there."""
    file = record.note("starting")
    with file.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Starting(file)


def _read(file: Path) -> dict[str, Any] | None:
    try:
        document: dict[str, Any] = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    return document


def _write(file: Path, document: dict[str, Any]) -> None:
    """Whole or not at all; a folder that is gone wants no notes any more."""
    new = file.with_name(f"{file.name}.{os.getpid()}.{time.monotonic_ns()}")
    with contextlib.suppress(FileNotFoundError):
        new.write_text(json.dumps(document))
        new.replace(file)
