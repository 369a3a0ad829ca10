"""What becomes of a sliced job when an attempt is over."""

import pytest

from services.compute.domain.job import Event
from services.compute.domain.reasons import CODES, Reason
from services.compute.domain.slices import SliceCounts
from services.compute.domain.states import State
from services.compute.worker.sliced_ending import fruitless, may_go_on, waiting

pytestmark = pytest.mark.clause("dcp 5.4")

LOST = Reason("engine_lost", "The machine went away.")


def event(to: State, reason: Reason | None = None) -> Event:
    return Event(seq=1, at=0.0, state_from=None, state_to=to, by="worker", attempt=1, reason=reason)


def again(over: int) -> list[Event]:
    """An attempt that ended badly when so many slices were over."""
    told = waiting(LOST, 1, SliceCounts(total=100, done=over))
    return [event(State.RUNNING), event(State.PUBLISHING, LOST), event(State.QUEUED, told)]


@pytest.mark.parametrize(
    ("events", "over", "found"),
    [
        ([], 0, 1),
        (again(0), 0, 2),
        ([*again(0), *again(0)], 0, 3),
        ([*again(0), *again(0)], 1, 1),
        ([*again(0), *again(5), *again(5)], 5, 3),
        ([*again(5), event(State.HELD), event(State.QUEUED)], 5, 1),
        ([*again(5), event(State.QUEUED, Reason("waiting_for_place", "It waits."))], 5, 1),
        ([event(State.QUEUED, Reason("waiting_to_retry", "s", "engine_lost: other words"))], 0, 1),
    ],
    ids=["first", "second", "third", "news", "since", "waited", "came", "others"],
)
def test_attempts_that_brought_nothing(events: list[Event], over: int, found: int) -> None:
    assert fruitless(events, SliceCounts(total=100, done=over)) == found


def test_done_and_failed_are_both_results() -> None:
    assert fruitless(again(3), SliceCounts(total=9, done=2, failed=1)) == 2


def test_what_another_sandbox_may_do_better() -> None:
    going_on = {code for code in CODES if may_go_on(Reason(code, "."))}
    assert going_on >= {"engine_lost", "memory_limit", "run_timeout", "command_failed", "killed_by_signal"}
    assert not going_on & {"too_many_errors", "image_refused", "command_not_found", "input_refused"}
    assert {code for code, kind in CODES.items() if kind.transient} <= going_on
