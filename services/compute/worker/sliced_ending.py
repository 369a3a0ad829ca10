"""What becomes of a sliced job when an attempt is over: a lost sandbox costs no slice but the one that was at
work, so the rest goes on in another attempt, as long as attempts bring anything.
"""

import re
from collections.abc import Sequence
from typing import Final

from services.compute.domain.job import Event, Job
from services.compute.domain.reasons import Reason
from services.compute.domain.retry import wait_seconds
from services.compute.domain.slices import SliceCounts
from services.compute.domain.states import State
from services.compute.ports.store import Change
from services.compute.worker.tools import Tools

FRUITLESS: Final = 3  # attempts in a row that brought no result, then the job fails
# Of one sandbox, not of the job: another may do better with the slices that are left.
_OF_A_SANDBOX: Final = frozenset(
    {"command_failed", "killed_by_signal", "memory_limit", "disk_limit", "log_limit", "run_timeout"}
)
_OVER: Final = re.compile(r"([0-9]+) slices are over\.")


def after(tools: Tools, job: Job, reason: Reason | None) -> Change | None:
    """What becomes of it after an attempt that ended so; None: it has failed. Whether there is anything left
    to do the store finds when it is to wait, and does what follows.
    """
    spec = job.spec.slices
    assert spec is not None
    assert tools.slices is not None
    if reason is not None and not may_go_on(reason):
        return None
    held = Change(to=State.HELD, release=True)
    counts = tools.slices.counts([job.id]).get(job.id, SliceCounts())
    if reason is None or counts.are_all_over:
        return held
    bad = fruitless(_events(tools, job), counts)
    if bad >= FRUITLESS:
        return None
    wake_at = tools.clock.now() + wait_seconds(bad, tools.dice())
    told = waiting(reason, job.attempt, counts)
    return Change(to=State.QUEUED, reason=told, wake_at=wake_at, release=True)


def _events(tools: Tools, job: Job) -> Sequence[Event]:
    found: list[Event] = []
    while some := tools.store.events(job.uid, after=found[-1].seq if found else 0):
        found += some
    return found


def may_go_on(reason: Reason) -> bool:
    return reason.is_transient or reason.code in _OF_A_SANDBOX


def fruitless(events: Sequence[Event], counts: SliceCounts) -> int:
    """How many attempts, this one among them, have ended badly since a result came."""
    over = counts.done + counts.failed
    found = 1
    for event in reversed(events):
        if event.state_to is State.QUEUED and event.reason is not None:
            match = _OVER.match(event.reason.evidence)
            if match is None or int(match[1]) != over:
                break
            found += 1
        elif event.state_to in (State.HELD, State.QUEUED):
            break
    return found


def waiting(reason: Reason, attempt: int, counts: SliceCounts) -> Reason:
    """Why the job is queued again; `fruitless` reads it later."""
    return Reason(
        "waiting_to_retry",
        f"Attempt {attempt} ended early; another follows for the slices that are left.",
        f"{counts.done + counts.failed} slices are over. {reason.code}: {reason.sentence}",
    )
