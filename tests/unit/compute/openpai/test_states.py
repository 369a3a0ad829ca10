"""States, reasons and exit codes in OpenPAI's words: whole tables."""

from typing import Any

import pytest

from services.compute.dialects.openpai import states
from services.compute.dialects.openpai.schemas import EXIT_TYPE, RAW, STATE
from services.compute.domain.ids import JobId, JobUid, Tag
from services.compute.domain.job import Job, Run, RunState, Wish
from services.compute.domain.reasons import CODES, Reason
from services.compute.domain.spec import Role, Spec, Task
from services.compute.domain.states import FINAL, State

pytestmark = pytest.mark.clause("openpai 6")
SPEC = Spec(environment="e", roles=(Role(name="w", tasks=(Task(command=("x",)),)),))


def job_of(state: State, **more: Any) -> Job:
    known: dict[str, Any] = {
        "id": JobId(1), "uid": JobUid("a" * 32), "owner": "person:1", "dialect": "openpai", "name": "j",
        "labels": {}, "spec": SPEC, "facts": {}, "state": state, "reason": None, "wish": Wish.RUN,
        "attempt": 1, "submitted_at": 1.0, "state_since": 1.0, "started_at": 2.0,
        "finished_at": 3.0 if state in FINAL else None, "deleted_at": None, "expires_at": None,
        "exit_code": None,
    }  # fmt: skip
    return Job(**{**known, **more})


TABLE = {
    State.HELD: ("FRAMEWORK_WAITING", "WAITING"),
    State.QUEUED: ("FRAMEWORK_WAITING", "WAITING"),
    State.STAGING: ("APPLICATION_CREATED", "WAITING"),
    State.PULLING: ("APPLICATION_LAUNCHED", "WAITING"),
    State.RUNNING: ("APPLICATION_RUNNING", "RUNNING"),
    State.PUBLISHING: ("APPLICATION_RETRIEVING_DIAGNOSTICS", "RUNNING"),
    State.SUCCEEDED: ("FRAMEWORK_COMPLETED", "SUCCEEDED"),
    State.FAILED: ("FRAMEWORK_COMPLETED", "FAILED"),
    State.CANCELLED: ("FRAMEWORK_COMPLETED", "STOPPED"),
}


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_words(state: State) -> None:
    job = job_of(state)
    assert (states.raw_state(job), states.word(job)) == TABLE[state]
    assert states.raw_state(job) in RAW["enum"]
    assert states.word(job) in STATE["enum"]


def test_running_without_a_place_waits_for_resources() -> None:
    job = job_of(State.RUNNING, started_at=None)
    assert (states.raw_state(job), states.word(job)) == ("APPLICATION_WAITING", "WAITING")


@pytest.mark.parametrize("state", sorted(set(State) - FINAL))
def test_what_is_being_stopped_runs_until_it_has_stopped(state: State) -> None:
    job = job_of(state, wish=Wish.CANCEL)
    assert states.word(job) == "RUNNING"
    assert states.is_stopping(job)
    assert states.execution_type(job) == "STOP"
    assert states.exit_code(job) is None


@pytest.mark.parametrize("code", CODES)
def test_every_reason_has_an_exit_type_and_an_exit_code_other_than_0(code: str) -> None:
    job = job_of(State.FAILED, reason=Reason(code, "x"))
    assert states.exit_type(job) in EXIT_TYPE["enum"]
    assert states.exit_type(job) not in ("NOT_AVAILABLE", "SUCCEEDED")
    assert states.exit_code(job) not in (0, None)


@pytest.mark.parametrize(
    ("code", "own", "shown", "kind"),
    [
        ("command_failed", 7, 7, "NON_TRANSIENT"),
        ("command_failed", 214, 214, "NON_TRANSIENT"),
        ("killed_by_signal", 139, 139, "NON_TRANSIENT"),
        ("memory_limit", 137, 200, "NON_TRANSIENT"),
        ("engine_lost", None, 192, "TRANSIENT_NORMAL"),
        ("image_not_found", None, 196, "NON_TRANSIENT"),
        ("command_not_found", None, 196, "NON_TRANSIENT"),
        ("input_unavailable", None, 1, "TRANSIENT_NORMAL"),
        ("resources_refused", None, 196, "TRANSIENT_CONFLICT"),
        ("queue_timeout", None, 182, "TRANSIENT_CONFLICT"),
        ("run_timeout", None, 206, "NON_TRANSIENT"),
        ("publish_failed", None, 205, "TRANSIENT_NORMAL"),
    ],
)
def test_what_failed_shows_why(code: str, own: int | None, shown: int, kind: str) -> None:
    job = job_of(State.FAILED, reason=Reason(code, "x"), exit_code=own)
    assert (states.exit_code(job), states.exit_type(job), states.word(job)) == (shown, kind, "FAILED")


def test_a_failure_never_shows_the_code_of_a_success() -> None:
    assert states.exit_code(job_of(State.FAILED, reason=Reason("output_missing", "x"), exit_code=0)) == 205


def test_what_was_stopped_ends_with_214_and_says_by_whom() -> None:
    reason = Reason("cancelled", states.stopped_sentence("bob"))
    job = job_of(State.CANCELLED, reason=reason, exit_code=137, wish=Wish.CANCEL)
    assert (states.exit_code(job), states.word(job), states.execution_type(job)) == (214, "STOPPED", "STOP")
    assert states.stopped_by(job) == "bob"
    assert states.stopped_by(job_of(State.CANCELLED, reason=Reason("cancelled", "else"))) is None


def test_words_for_lists_are_those_that_are_shown() -> None:
    assert set(states.STATES) == {*RAW["enum"], *STATE["enum"]}
    assert states.STATES["RUNNING"] == {State.RUNNING, State.PUBLISHING}
    assert states.STATES["FRAMEWORK_COMPLETED"] == FINAL


RUN = Run(
    tag=Tag("t"), attempt=1, role="w", index=0, task=0, state=RunState.SUBMITTED, handle="h", started_at=1.0
)


@pytest.mark.clause("openpai 10")
@pytest.mark.parametrize(
    ("changes", "state", "shown"),
    [
        (None, State.RUNNING, "WAITING"),
        (None, State.CANCELLED, "STOPPED"),
        ({"started_at": None}, State.RUNNING, "WAITING"),
        ({}, State.RUNNING, "RUNNING"),
        ({}, State.FAILED, "STOPPED"),
        ({"state": RunState.ENDED, "exit_code": 0}, State.RUNNING, "SUCCEEDED"),
        ({"state": RunState.ENDED, "exit_code": 3}, State.RUNNING, "FAILED"),
        ({"state": RunState.ENDED, "reason": Reason("cancelled", "x")}, State.FAILED, "STOPPED"),
        ({"state": RunState.ENDED, "reason": Reason("memory_limit", "x")}, State.FAILED, "FAILED"),
    ],
    ids=[str(number) for number in range(9)],
)
def test_a_task_has_a_state_of_its_own(changes: Any, state: State, shown: str) -> None:
    known = {name: getattr(RUN, name) for name in Run.__dataclass_fields__}
    run = None if changes is None else Run(**{**known, **changes})
    assert states.task_state(run, job_of(state)) == shown
