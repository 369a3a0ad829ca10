"""What a container's state says about its run. Pure."""

import datetime
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.compute.adapters.engines.docker.daemon import plain
from services.compute.adapters.engines.docker.notes import Verdict
from services.compute.domain.job import Usage
from services.compute.domain.reasons import Reason
from services.compute.ports.engines import Activity, Observed

NOT_FOUND: Final = 127
NOT_EXECUTABLE: Final = 126
OF_SIGNALS: Final = range(129, 128 + 65)  # Docker reports 128 + the signal's number, as shells do
UNREPORTED: Final = 255  # the engine was away when the container ended
RESTORE_SECONDS: Final = 30.0  # an engine that starts ends what it finds within this time
MEMORY_FULL: Final = Reason("memory_limit", "It needed more memory than it may have.")
NO_TIME: Final = "0001-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known beside the state. `began_at` is when the engine was last started."""

    command: str
    verdict: Verdict | None = None
    usage: Usage = Usage()  # noqa: RUF009 - a frozen value
    last_line: str = ""
    began_at: float | None = None


def at(text: str | None) -> float | None:
    """Docker's times: RFC 3339 with nanoseconds; None for its zero."""
    if not text or text == NO_TIME:
        return None
    whole, _, fraction = text.rstrip("Z").partition(".")
    moment = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.UTC)
    return moment.timestamp() + float(f"0.{fraction or 0}")


def ended(state: Mapping[str, Any], evidence: Evidence) -> Observed:
    """Of a container that ran and runs no more."""
    started_at, ended_at = at(state.get("StartedAt")), at(state.get("FinishedAt"))
    if started_at and ended_at:  # Docker notes the start of a short run after its end
        started_at = min(started_at, ended_at)
    code = int(state.get("ExitCode") or 0)
    killed_by = code - 128 if code in OF_SIGNALS else None
    wall = ended_at - started_at if started_at and ended_at else None
    usage = evidence.usage
    return Observed(
        activity=Activity.ENDED,
        started_at=started_at,
        ended_at=ended_at,
        exit_code=None if killed_by else code,
        signal=killed_by,
        reason=_reason(state, evidence, code, killed_by),
        usage=Usage(
            wall_seconds=wall, cpu_seconds=usage.cpu_seconds, max_memory_bytes=usage.max_memory_bytes
        ),
    )


def _reason(state: Mapping[str, Any], evidence: Evidence, code: int, killed_by: int | None) -> Reason | None:
    verdict, ended_at = evidence.verdict, at(state.get("FinishedAt"))
    if verdict is not None and (ended_at is None or ended_at >= verdict.at):
        return verdict.reason
    if code == 0:
        return None
    if state.get("OOMKilled"):
        return MEMORY_FULL
    if killed_by == signal.SIGXFSZ:
        return Reason("disk_limit", "It wrote a file larger than all it may write.")
    if (killed_by or code == UNREPORTED) and _ended_with_engine(state, evidence.began_at):
        return Reason("engine_lost", "The Docker Engine was restarted under the run.")
    if killed_by:
        return Reason("killed_by_signal", f"It was ended by signal {killed_by} ({_name(killed_by)}).")
    if code in (NOT_FOUND, NOT_EXECUTABLE):
        how = "not found" if code == NOT_FOUND else "not one that can be run"
        return Reason(
            "command_not_found",
            f"A command is {how} in the image: {plain(evidence.command)} ended with exit code {code}.",
            evidence.last_line,
        )
    return Reason("command_failed", f"It ended with exit code {code}.")


def _ended_with_engine(state: Mapping[str, Any], began_at: float | None) -> bool:
    started_at, ended_at = at(state.get("StartedAt")), at(state.get("FinishedAt"))
    if began_at is None or started_at is None or ended_at is None:
        return False
    return started_at < began_at and ended_at <= began_at + RESTORE_SECONDS


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "no name"
