"""Where a job stands: every state and every count has one word, in the contract's order."""

from dataclasses import replace
from itertools import product

import pytest

from services.compute.dialects.dcp.statuses import Status, is_open, status_of
from services.compute.domain.job import Job, Wish
from services.compute.domain.reasons import Reason
from services.compute.domain.slices import SliceCounts
from services.compute.domain.spec import Role, Slices, Spec, Task
from services.compute.domain.states import FINAL, State

pytestmark = pytest.mark.clause("dcp 5.4")
SPEC = Spec(environment="e", roles=(Role(tasks=(Task(),)),), slices=Slices(folder="/x"))
NONE, SOME = SliceCounts(), SliceCounts(total=4, distributed=3, active=1, done=1, failed=1)
ALL = SliceCounts(total=4, distributed=4, done=3, failed=1)


def job(state: State, wish: Wish = Wish.RUN, code: str | None = None) -> Job:
    return Job(
        id=1,  # type: ignore[arg-type]
        uid="0123456789abcdef0123456789abcdef",  # type: ignore[arg-type]
        owner="person:a",
        dialect="dcp",
        name="",
        labels={},
        spec=SPEC,
        facts={},
        state=state,
        reason=None if code is None else Reason(code, "It is so."),
        wish=wish,
        attempt=1,
        submitted_at=1.0,
        state_since=1.0,
        started_at=None,
        finished_at=None,
        deleted_at=None,
        expires_at=None,
        exit_code=None,
    )


def closed(counts: SliceCounts) -> SliceCounts:
    return replace(counts, is_closed=True)


@pytest.mark.parametrize(
    ("state", "counts", "status"),
    [
        (State.HELD, NONE, Status.NEW),
        (State.QUEUED, SOME, Status.RUNNING),
        (State.RUNNING, SOME, Status.RUNNING),
        (State.RUNNING, ALL, Status.COMPLETED),
        (State.HELD, ALL, Status.COMPLETED),
        (State.RUNNING, closed(SOME), Status.RUNNING),
        (State.RUNNING, closed(ALL), Status.FINISHED),
        (State.SUCCEEDED, closed(ALL), Status.FINISHED),
        (State.SUCCEEDED, closed(NONE), Status.FINISHED),
        (State.FAILED, SOME, Status.CORRUPTED),
        (State.FAILED, closed(ALL), Status.CORRUPTED),
        (State.CANCELLED, ALL, Status.CANCELLED),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value)[12:60],
)
def test_each_situation_has_its_word(state: State, counts: SliceCounts, status: Status) -> None:
    assert status_of(job(state), counts) is status


@pytest.mark.parametrize("state", State, ids=str)
def test_what_was_cancelled_never_reads_completed(state: State) -> None:
    """Weakness 17: upstream writes `completed` over it when the counters agree."""
    for counts in (NONE, SOME, ALL, closed(ALL)):
        assert status_of(job(state, Wish.CANCEL), counts) is Status.CANCELLED
        assert not is_open(job(state, Wish.CANCEL), counts)


def test_an_empty_job_is_new_and_not_completed() -> None:
    """Weakness 17."""
    assert status_of(job(State.HELD), NONE) is Status.NEW


def test_too_many_errors_cancelled_it() -> None:
    assert status_of(job(State.FAILED, code="too_many_errors"), ALL) is Status.CANCELLED
    assert status_of(job(State.FAILED, code="internal_error"), ALL) is Status.CORRUPTED


@pytest.mark.parametrize(("state", "wish"), list(product(State, Wish)), ids=str)
def test_only_an_open_job_that_goes_on_takes_slices(state: State, wish: Wish) -> None:
    for counts in (NONE, SOME, ALL):
        wanted = state not in FINAL and wish is Wish.RUN
        assert is_open(job(state, wish), counts) is wanted
        assert not is_open(job(state, wish), closed(counts))
