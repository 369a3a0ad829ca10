"""The words of DIRAC for where a job stands (contract 2.12): one total table, read both ways."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import product
from typing import Final

from services.compute.domain.reasons import CODES
from services.compute.domain.sheets import Situation
from services.compute.domain.states import FINAL, State

DELETED: Final = ("Deleted", "Checking accounting")
KILLED: Final = ("Killed", "Marked for termination")
RESCHEDULED: Final = ("Rescheduled", "Job Rescheduled")
STATUS: Final[Mapping[State, tuple[str, str]]] = {
    State.HELD: ("Received", "Job accepted"),
    State.QUEUED: ("Waiting", "Pilot Agent Submission"),
    State.STAGING: ("Matched", "Downloading InputSandbox"),
    State.PULLING: ("Matched", "Job Initialization"),
    State.RUNNING: ("Running", "Application"),
    State.PUBLISHING: ("Completing", "Uploading Output Sandbox"),
    State.SUCCEEDED: ("Done", "Execution Complete"),
    State.FAILED: ("Failed", "Application Finished With Errors"),
    State.CANCELLED: KILLED,
}
_INPUT: Final = "Failed Downloading InputSandbox"
_START: Final = "Job Initialization failed"
_OUTPUT: Final = "Uploading Output Sandbox failed"
_NO_SITE: Final = "No candidate sites found"
# Of failed jobs; what is not here was the application's own fault.
WHY: Final[Mapping[str, str]] = {
    "queue_timeout": "Job has exceeded maximum waiting time",
    "parameters_refused": "Illegal Job JDL",
    "parent_failed": "Job it depends on failed",
    "input_unavailable": _INPUT,
    "input_refused": _INPUT,
    "input_too_large": _INPUT,
    "input_mismatch": _INPUT,
    "input_not_unpacked": _INPUT,
    "stage_in_timeout": _INPUT,
    "image_not_found": _START,
    "image_refused": _START,
    "image_mismatch": _START,
    "pull_failed": _START,
    "pull_timeout": _START,
    "command_not_found": "Application not found",
    "memory_limit": "Job has exceeded its memory limit",
    "disk_limit": "Job has insufficient disk space to continue",
    "log_limit": "Job has insufficient disk space to continue",
    "run_timeout": "Job has exceeded maximum wall clock time",
    "resources_refused": _NO_SITE,
    "environment_gone": _NO_SITE,
    "engine_lost": "Job stalled: pilot not running",
    "engine_failed": "Exception During Execution",
    "internal_error": "Exception During Execution",
    "output_too_large": _OUTPUT,
    "output_missing": _OUTPUT,
    "output_refused": _OUTPUT,
    "publish_failed": _OUTPUT,
    "publish_timeout": _OUTPUT,
    "cancelled": "Received Kill signal",
    "deleted": "Received Kill signal",
}


def status_of(situation: Situation) -> tuple[str, str]:
    """Status and minor status."""
    if situation.is_deleted:
        return DELETED
    if situation.is_stopping:
        return KILLED
    if situation.state is State.QUEUED and situation.code == "waiting_to_retry":
        return RESCHEDULED
    status, minor = STATUS[situation.state]
    if situation.state is State.FAILED:
        minor = WHY.get(situation.code or "", minor)
    return status, minor


@lru_cache(maxsize=1)
def all_situations() -> tuple[Situation, ...]:
    return tuple(
        Situation(state, code, is_deleted, is_stopping)
        for state, code, is_deleted, is_stopping in product(
            State, (None, *CODES), (False, True), (False, True)
        )
        if not (is_stopping and state in FINAL)
    )


def where(holds: Callable[[Situation], bool]) -> frozenset[Situation]:
    return frozenset(filter(holds, all_situations()))
