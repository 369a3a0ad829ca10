"""Small work on a job that runs, asked by its owner and done by the worker that holds it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.compute.domain.ids import JobUid

EXEC_SECONDS: Final = 60.0  # for a command
EXEC_BYTES: Final = 1 << 20  # of its output
SNAPSHOT_SECONDS: Final = 120.0


class ErrandKind(StrEnum):
    EXEC = "exec"  # `argument` is a line for `sh -c` inside the first lane's run
    SNAPSHOT = "snapshot"  # `argument` is an absolute path inside the job; kept as .tgz


class ErrandState(StrEnum):
    ASKED = "asked"
    TAKEN = "taken"  # by the worker, before it does anything: never done twice
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What it brought is the object `layout.stored_errand(job, uid)` of `size` bytes. `exit_code` is an
    EXEC's; `sentence` says why one FAILED. Times in UTC seconds; past `until` nobody begins it any more.
    """

    uid: str
    job: JobUid
    kind: ErrandKind
    argument: str
    by: str
    asked_at: float
    until: float
    state: ErrandState
    exit_code: int | None = None
    sentence: str = ""
    size: int | None = None
    ended_at: float | None = None

    @property
    def has_ended(self) -> bool:
        return self.state in (ErrandState.DONE, ErrandState.FAILED)
