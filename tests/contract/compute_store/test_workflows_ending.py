"""Workflows that are stopped, and run again."""

from dataclasses import replace

import pytest

from services.compute.domain.errors import KeyReused, NotFinished
from services.compute.domain.job import Job, Wish
from services.compute.domain.notices import Means, Notice
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.domain.workflow import STOPPED_WITH_IT, WINDOW, Progress, WorkflowState
from services.compute.ports.store import Change, Filter, Key
from services.compute.ports.workflows import Fed
from tests.fakes.compute_flows import (
    FREE,
    WAY,
    Flows,
    end_next,
    feed_all,
    new_workflow,
    run_through,
    step,
    swept,
)
from tests.fakes.compute_jobs import ALICE, BOB, NOW, SPACE

STOP = Reason("cancelled", "The owner stopped the workflow.")
HOOK = Notice(means=Means.WEBHOOK, url="https://hooks.example/1", secret="s3")
MAIL = Notice(means=Means.EMAIL, address="a@example.org")


def failing(*names: str) -> object:
    return lambda job: State.FAILED if job.name in names else State.SUCCEEDED


def jobs_of(store: Flows, number: int) -> list[Job]:
    return list(store.page(Filter(owners=None, workflow=number), 1000).jobs[::-1])


# -- cancel -------------------------------------------------------------------------------------------
def test_one_that_waits_is_cancelled_at_once(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(swept("s", 100), step("end", "s")), FREE, NOW).workflow
    ended = store.cancel_workflow(workflow.uid, BOB, STOP, NOW + 1)
    assert (ended.state, ended.reason, ended.finished_at) == (WorkflowState.CANCELLED, STOP, NOW + 1)
    assert ended.progress == Progress(total=101, done=0, failed=WINDOW, queued=0, waiting=101 - WINDOW)
    for job in jobs_of(store, workflow.id):
        assert job.state is State.CANCELLED
        assert job.reason == Reason("cancelled", STOPPED_WITH_IT)
        assert store.events(job.uid)[-1].by == BOB
    assert store.due_workflows(NOW + 1e6, 9) == []
    assert store.feed(workflow.uid, FREE, NOW) == Fed(0, is_final=True)
    assert store.cancel_workflow(workflow.uid, ALICE, STOP, NOW + 2) == ended
    assert store.held(ALICE)[ALICE].jobs == 0


def test_jobs_that_a_worker_has_end_it(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(step("a"), step("b"), step("c", "a")), FREE, NOW).workflow
    (claimed,) = store.claim("w", {SPACE: 1}, NOW, 30)
    store.change(claimed.lease, Change(to=State.STAGING), NOW)
    under_way = store.cancel_workflow(workflow.uid, BOB, STOP, NOW + 1)
    assert (under_way.state, under_way.progress.queued) == (WorkflowState.RUNNING, 1)
    assert store.find(claimed.job.uid, None).wish is Wish.CANCEL
    assert feed_all(store, now=NOW + 1e6) == 0
    assert store.find_workflow(workflow.uid, None).state is WorkflowState.RUNNING
    store.change(claimed.lease, Change(to=State.CANCELLED), NOW + 3)
    ended = store.find_workflow(workflow.uid, None)
    assert (ended.state, ended.reason, ended.finished_at) == (WorkflowState.CANCELLED, STOP, NOW + 3)


def test_a_job_that_did_well_meanwhile_did_well(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(step("a")), FREE, NOW).workflow
    (claimed,) = store.claim("w", {SPACE: 1}, NOW, 30)
    store.cancel_workflow(workflow.uid, BOB, STOP, NOW)
    for state in (*WAY, State.SUCCEEDED):
        store.change(claimed.lease, Change(to=state), NOW)
    assert store.find_workflow(workflow.uid, None).state is WorkflowState.SUCCEEDED


def test_one_that_has_ended_stays_as_it_ended(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(step("a")), FREE, NOW).workflow
    ended = run_through(store, workflow)
    assert store.cancel_workflow(workflow.uid, BOB, STOP, NOW + 5) == ended


# -- rerun --------------------------------------------------------------------------------------------
def test_a_rerun_keeps_what_did_well(store: Flows) -> None:
    new = new_workflow(
        step("a", notices=(HOOK,)),
        swept("s", 70, "a"),
        step("end", "s"),
        step("x"),
        labels={"l": "1"},
        groups=("old",),
        lingers=True,
        notices=(MAIL,),
    )
    old = store.submit_workflow(new, FREE, NOW).workflow
    failed = run_through(store, old, failing("wf/s/3", "wf/s/66", "wf/x"))  # type: ignore[arg-type]
    assert failed.state is WorkflowState.FAILED
    taken = store.rerun_workflow(old.uid, ("new",), FREE, NOW + 9)
    again = taken.workflow
    assert not taken.replayed
    assert again.id > old.id
    assert (again.rerun_of, again.name, again.labels, again.lingers) == (old.uid, "wf", {"l": "1"}, True)
    assert (again.state, again.submitted_at, again.started_at) == (WorkflowState.PENDING, NOW + 9, None)
    assert [(s.kept, s.made, s.succeeded, s.failed) for s in again.steps] == [
        (1, 1, 1, 0),
        (68, 70, 68, 0),
        (0, 0, 0, 0),
        (0, 1, 0, 0),
    ]
    assert [job.name for job in jobs_of(store, again.id)] == ["wf/s/3", "wf/s/66", "wf/x"]
    assert store.described_workflow(again.uid).groups == ("new",)
    assert store.described_workflow(again.uid).notices == (MAIL,)
    ended = run_through(store, again)
    assert ended.state is WorkflowState.SUCCEEDED
    assert [job.name for job in jobs_of(store, again.id)][-1] == "wf/end"
    assert store.find_workflow(old.uid, None) == failed


def test_a_rerun_of_a_rerun_keeps_what_both_did(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(swept("s", 4), step("end", "s")), FREE, NOW).workflow
    run_through(store, workflow, failing("wf/s/1", "wf/s/2"))  # type: ignore[arg-type]
    second = store.rerun_workflow(workflow.uid, (), FREE, NOW).workflow
    run_through(store, second, failing("wf/s/2"))  # type: ignore[arg-type]
    third = store.rerun_workflow(second.uid, (), FREE, NOW).workflow
    assert [job.name for job in jobs_of(store, third.id)] == ["wf/s/2"]
    assert run_through(store, third).state is WorkflowState.SUCCEEDED
    assert [job.name for job in jobs_of(store, third.id)] == ["wf/s/2", "wf/end"]


def test_a_rerun_of_what_did_well_has_nothing_to_do(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(step("a"), step("b", "a")), FREE, NOW).workflow
    run_through(store, workflow)
    again = store.rerun_workflow(workflow.uid, (), FREE, NOW + 1).workflow
    assert (again.state, again.finished_at) == (WorkflowState.SUCCEEDED, NOW + 1)
    assert again.progress == Progress(total=2, done=2, failed=0, queued=0, waiting=0)
    assert jobs_of(store, again.id) == []


def test_a_rerun_after_a_cancel_runs_the_rest(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(swept("s", 3)), FREE, NOW).workflow
    end_next(store, limit=1)
    store.cancel_workflow(workflow.uid, ALICE, STOP, NOW)
    again = store.rerun_workflow(workflow.uid, (), FREE, NOW).workflow
    assert [job.name for job in jobs_of(store, again.id)] == ["wf/s/1", "wf/s/2"]


def test_a_rerun_is_held_to_keys_and_quotas(store: Flows) -> None:
    key = Key(owner=ALICE, dialect="prominence", key="k", fingerprint="a" * 64)
    workflow = store.submit_workflow(new_workflow(swept("s", 3)), FREE, NOW).workflow
    with pytest.raises(NotFinished):
        store.rerun_workflow(workflow.uid, (), FREE, NOW, key)
    store.cancel_workflow(workflow.uid, ALICE, STOP, NOW)
    first = store.rerun_workflow(workflow.uid, (), Quotas(principal=Quota(jobs=2)), NOW, key)
    assert first.workflow.progress.queued == 2
    again = store.rerun_workflow(workflow.uid, (), FREE, NOW, key)
    assert (again.replayed, again.workflow) == (True, first.workflow)
    with pytest.raises(KeyReused):
        store.rerun_workflow(workflow.uid, (), FREE, NOW, replace(key, fingerprint="b" * 64))
