"""The core's states in this window's words, as whole tables (contract 6)."""

import re
from collections.abc import Mapping
from typing import Final

from services.compute.domain.job import Job, Run, RunState, Wish
from services.compute.domain.reasons import CODES, Phase
from services.compute.domain.states import FINAL, State

WAITING, RUNNING, STOPPED = "WAITING", "RUNNING", "STOPPED"
SUCCEEDED, FAILED = "SUCCEEDED", "FAILED"
START, STOP = "START", "STOP"
COMPLETED: Final = "FRAMEWORK_COMPLETED"

# What the seed's generation shows, and v1 as `subState`.
RAW: Final[Mapping[State, str]] = {
    State.HELD: "FRAMEWORK_WAITING",
    State.QUEUED: "FRAMEWORK_WAITING",
    State.STAGING: "APPLICATION_CREATED",
    State.PULLING: "APPLICATION_LAUNCHED",
    State.RUNNING: "APPLICATION_RUNNING",
    State.PUBLISHING: "APPLICATION_RETRIEVING_DIAGNOSTICS",
    **dict.fromkeys(FINAL, COMPLETED),
}
NOT_BEGUN: Final = "APPLICATION_WAITING"  # RUNNING for the core, and the engine has no place yet
WORD: Final[Mapping[State, str]] = {
    State.HELD: WAITING,
    State.QUEUED: WAITING,
    State.STAGING: WAITING,
    State.PULLING: WAITING,
    State.RUNNING: RUNNING,
    State.PUBLISHING: RUNNING,
    State.SUCCEEDED: SUCCEEDED,
    State.FAILED: FAILED,
    State.CANCELLED: STOPPED,
}
NOT_AVAILABLE, UNKNOWN, NON_TRANSIENT = "NOT_AVAILABLE", "UNKNOWN", "NON_TRANSIENT"
TRANSIENT, CONFLICT = "TRANSIENT_NORMAL", "TRANSIENT_CONFLICT"
_CONFLICTS: Final = frozenset({"resources_refused", "queue_timeout"})
EXIT_TYPE: Final[Mapping[str, str]] = {
    code: CONFLICT if code in _CONFLICTS else TRANSIENT if kind.transient else NON_TRANSIENT
    for code, kind in CODES.items()
}
"""Of a job that failed for this reason."""

KILLED, LOST, NOT_STARTED, MEMORY = 182, 192, 196, 200
USER_TRANSIENT, USER_FAILED, BY_REQUEST = 205, 206, 214
_OWN_CODES: Final[Mapping[str, int]] = {
    "engine_lost": LOST,
    "memory_limit": MEMORY,
    "command_not_found": NOT_STARTED,
    "engine_failed": NOT_STARTED,
    "resources_refused": NOT_STARTED,
    "cancelled": BY_REQUEST,
    "deleted": BY_REQUEST,
}
_BY_PHASE: Final[Mapping[Phase, int]] = {
    Phase.QUEUE: KILLED,
    Phase.STAGE_IN: 1,  # what the task could not be given: contract 7.3
    Phase.PULL: NOT_STARTED,
    Phase.RUN: USER_FAILED,
    Phase.PUBLISH: USER_TRANSIENT,
    Phase.OWNER: BY_REQUEST,
}
EXIT_CODE: Final[Mapping[str, int]] = {
    code: _OWN_CODES.get(code, _BY_PHASE[kind.phase]) for code, kind in CODES.items()
}
"""Of a job that failed for this reason and has no exit code of its own."""

STATES: Final[Mapping[str, frozenset[State]]] = {
    **{
        word: frozenset(state for state, other in table.items() if other == word)
        for table in (RAW, WORD)
        for word in table.values()
    },
    NOT_BEGUN: frozenset({State.RUNNING}),
}
"""By which words jobs are listed; what waits for a place of the engine is listed with what runs."""

_STOPPED_BY: Final = re.compile(r"Stopped by (.{1,256})\.")


def raw_state(job: Job) -> str:
    return NOT_BEGUN if job.state is State.RUNNING and job.started_at is None else RAW[job.state]


def is_stopping(job: Job) -> bool:
    return job.wish is Wish.CANCEL and not job.is_final


def word(job: Job) -> str:
    """Of v1. What is being stopped still runs."""
    if is_stopping(job):
        return RUNNING
    return WAITING if raw_state(job) == NOT_BEGUN else WORD[job.state]


def execution_type(job: Job) -> str:
    return STOP if job.wish is Wish.CANCEL or job.state is State.CANCELLED else START


def exit_type(job: Job) -> str:
    if not job.is_final:
        return NOT_AVAILABLE
    if job.state is State.SUCCEEDED:
        return SUCCEEDED
    return UNKNOWN if job.reason is None else EXIT_TYPE[job.reason.code]


def exit_code(job: Job) -> int | None:
    """None until it is over. What failed never shows the code of what did not."""
    if not job.is_final:
        return None
    if job.state is State.SUCCEEDED:
        return 0
    if job.state is State.CANCELLED:
        return BY_REQUEST
    if job.reason is not None and job.reason.code == "memory_limit":
        return MEMORY
    return job.exit_code or (1 if job.reason is None else EXIT_CODE[job.reason.code])


def stopped_sentence(name: str) -> str:
    return f"Stopped by {name}."


def stopped_by(job: Job) -> str | None:
    """Who stopped it here."""
    found = None if job.reason is None else _STOPPED_BY.fullmatch(job.reason.sentence)
    return found[1] if found is not None and job.state is State.CANCELLED else None


def task_state(run: Run | None, job: Job) -> str:
    """Of one task; `run` is None before it has one."""
    if run is None or (run.state is not RunState.ENDED and run.started_at is None):
        return STOPPED if job.is_final else WAITING
    if run.state is not RunState.ENDED:
        return STOPPED if job.is_final else RUNNING
    if run.reason is None and not run.exit_code:
        return SUCCEEDED
    is_ended = run.reason is not None and run.reason.phase is Phase.OWNER
    return STOPPED if is_ended else FAILED
