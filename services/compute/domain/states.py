"""The life of a job: one enum, one table of moves, one function.

    held -> queued -> staging -> pulling -> running -> publishing -> succeeded
                ^________________________________|  (another attempt)    failed, cancelled from everywhere

`held` waits for slices to work on, or for other jobs; `queued` for a place; `staging` brings the inputs;
`pulling` makes the images ready; `publishing` keeps outputs and logs, of jobs that failed too. Whether a
job that ended was stopped by its owner, by a clock or by itself is told by its reason. What is deleted is a
mark on the job, not a state.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from services.compute.domain.errors import IllegalMove


class State(StrEnum):
    HELD = "held"
    QUEUED = "queued"
    STAGING = "staging"
    PULLING = "pulling"
    RUNNING = "running"
    PUBLISHING = "publishing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL: Final = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})
WAITING: Final = frozenset({State.HELD, State.QUEUED})
ACTIVE: Final = frozenset({State.STAGING, State.PULLING, State.RUNNING, State.PUBLISHING})
"""Holding a place on an engine and the worker's attention."""

_ENDS = frozenset({State.FAILED, State.CANCELLED})
MOVES: Final[Mapping[State, frozenset[State]]] = {
    State.HELD: frozenset({State.QUEUED, State.SUCCEEDED}) | _ENDS,
    State.QUEUED: frozenset({State.STAGING}) | _ENDS,
    State.STAGING: frozenset({State.PULLING, State.PUBLISHING, State.QUEUED}) | _ENDS,
    State.PULLING: frozenset({State.RUNNING, State.PUBLISHING, State.QUEUED}) | _ENDS,
    State.RUNNING: frozenset({State.PUBLISHING, State.QUEUED}) | _ENDS,
    State.PUBLISHING: frozenset({State.SUCCEEDED, State.QUEUED, State.HELD}) | _ENDS,
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}


def move(now: State, to: State) -> State:
    """`to`, if a job may go there from `now`. Raises IllegalMove."""
    if to not in MOVES[now]:
        raise IllegalMove(now, to)
    return to
