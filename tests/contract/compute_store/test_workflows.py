"""Workflows: what is taken, in which order its jobs come, how it ends."""

import pytest

from services.compute.domain.errors import JobNotFound, WorkflowNotFound
from services.compute.domain.ids import is_uid
from services.compute.domain.job import Job, Wish
from services.compute.domain.notices import Means, Notice
from services.compute.domain.quotas import Held
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.domain.sweep import Parameter, Sweep, Way
from services.compute.domain.workflow import WINDOW, Progress, WorkflowState
from services.compute.ports.store import Change, Filter
from services.compute.ports.workflows import Fed
from tests.fakes.compute_flows import (
    FREE,
    Flows,
    echo,
    end_next,
    feed_all,
    new_workflow,
    run_through,
    step,
    swept,
)
from tests.fakes.compute_jobs import ALICE, NOW, SPACE, new_job, spec

STOP = Reason("cancelled", "It was stopped.")
DIAMOND = (step("a"), step("b", "a"), step("c", "a"), step("d", "b", "c"))


def names(store: Flows, **changes: object) -> list[str]:
    """Of all jobs, oldest first."""
    jobs = store.page(Filter(owners=None, **changes), 1000).jobs  # type: ignore[arg-type]
    return [job.name for job in reversed(jobs)]


def fail(*steps: str) -> object:
    def outcome(job: Job) -> State:
        assert job.workflow is not None
        return State.FAILED if job.workflow.step in steps else State.SUCCEEDED

    return outcome


def test_a_new_workflow_has_what_was_handed_in(store: Flows) -> None:
    rich = new_workflow(
        step("a", labels={"app": "é"}, facts={"prominence": {"n": 1}}, spec=spec(priority=3)),
        swept("s", 3, "a", notices=(Notice(means=Means.WEBHOOK, url="https://a.example/", secret="s"),)),
        name="näme",
        labels={"l": "1"},
        facts={"deep": {"x": [1, None]}, "text": "\0"},
        groups=("g", "h"),
        lingers=True,
        notices=(Notice(means=Means.EMAIL, address="a@example.org"),),
    )
    taken = store.submit_workflow(rich, FREE, NOW)
    workflow = taken.workflow
    assert not taken.replayed
    assert is_uid(workflow.uid)
    assert (workflow.owner, workflow.dialect, workflow.name) == (ALICE, "prominence", "näme")
    assert (workflow.labels, workflow.facts, workflow.lingers) == (rich.labels, rich.facts, True)
    assert (workflow.state, workflow.reason, workflow.submitted_at) == (WorkflowState.PENDING, None, NOW)
    assert {workflow.started_at, workflow.finished_at, workflow.expires_at, workflow.rerun_of} == {None}
    shown = [(s.number, s.name, s.after, s.count, s.is_swept, s.made) for s in workflow.steps]
    assert shown == [(0, "a", (), 1, False, 1), (1, "s", ("a",), 3, True, 0)]
    assert workflow.progress == Progress(total=4, done=0, failed=0, queued=1, waiting=3)
    assert store.find_workflow(workflow.uid, [ALICE]) == workflow == store.find_workflow(workflow.id, None)
    assert store.described_workflow(workflow.uid) == rich


def test_its_jobs_are_jobs(store: Flows) -> None:
    notice = Notice(means=Means.WEBHOOK, url="https://a.example/")
    new = new_workflow(
        step("a", labels={"app": "x"}, facts={"f": "1"}, notices=(notice,)), groups=("g",), lingers=True
    )
    workflow = store.submit_workflow(new, FREE, NOW).workflow
    (job,) = store.page(Filter(owners=[ALICE]), 9).jobs
    assert (job.owner, job.dialect, job.name, job.state) == (ALICE, "prominence", "wf/a", State.QUEUED)
    assert (job.labels, job.facts, job.spec) == ({"app": "x"}, {"f": "1"}, new.steps[0].spec)
    assert job.submitted_at == NOW
    assert not job.lingers
    assert job.workflow is not None
    place = job.workflow
    assert (place.id, place.uid, place.name, place.step) == (workflow.id, workflow.uid, "wf", "a")
    assert (place.instance, place.parameters) == (None, {})
    assert store.find(job.uid, [ALICE]) == job == store.jobs([job.id])[0]
    (event,) = store.events(job.uid)
    assert (event.by, event.state_to, event.reason) == (ALICE, State.QUEUED, job.reason)
    for wanted in (
        Filter(owners=None, name="wf/a"),
        Filter(owners=None, labels={"app": "x"}, facts={"f": "1"}),
        Filter(owners=[ALICE], workflow=workflow.id, states=[State.QUEUED]),
        Filter(owners=None, ids=[job.id, workflow.id]),
    ):
        assert [found.id for found in store.page(wanted, 9).jobs] == [job.id]
        assert [head.id for head in store.heads(wanted)] == [job.id]
        assert store.count(wanted) == 1
    assert store.held(ALICE, ["g"])["g"] == Held(jobs=1, cpus=1.0, memory_bytes=1 << 30)


def test_ids_are_of_one_sequence(store: Flows) -> None:
    first = store.submit_workflow(new_workflow(step("a")), FREE, NOW).workflow
    job = store.submit(new_job(), FREE, NOW).job
    second = store.submit_workflow(new_workflow(step("a")), FREE, NOW).workflow
    of_workflows = [store.page(Filter(owners=None, workflow=each.id), 9).jobs for each in (first, second)]
    ids = [first.id, of_workflows[0][0].id, job.id, second.id, of_workflows[1][0].id]
    assert ids == sorted(set(ids))
    with pytest.raises(JobNotFound):
        store.find(first.id, None)
    with pytest.raises(WorkflowNotFound):
        store.find_workflow(job.id, None)


def test_an_instance_knows_its_values(store: Flows) -> None:
    sweep = Sweep(
        way=Way.PRODUCT, parameters=(Parameter("x", (1, 2.5)), Parameter("where", ("a/b", "$x", "é")))
    )
    new = new_workflow(step("s", spec=echo("$x", "${where}", "$$x", "$y"), sweep=sweep))
    store.submit_workflow(new, FREE, NOW)
    jobs = store.page(Filter(owners=None), 9).jobs[::-1]
    assert [job.name for job in jobs] == [f"wf/s/{number}" for number in range(6)]
    assert [job.workflow.instance for job in jobs if job.workflow] == list(range(6))
    last = jobs[4]
    assert last.workflow is not None
    assert last.workflow.parameters == {"x": 2.5, "where": "$x"}
    assert last.spec.roles[0].tasks[0].command == ("echo", "2.5", "$x", "$x", "$y")
    (claimed,) = [each for each in store.claim("w", {SPACE: 9}, NOW, 30) if each.job.id == last.id]
    assert claimed.job.spec == last.spec


def test_a_diamond(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(*DIAMOND), FREE, NOW).workflow
    assert names(store) == ["wf/a"]
    assert store.due_workflows(NOW + 1e6, 9) == []
    end_next(store)
    assert store.due_workflows(NOW, 9) == [workflow.uid]
    assert store.feed(workflow.uid, FREE, NOW) == Fed(2, is_final=False)
    assert store.due_workflows(NOW, 9) == []
    assert store.feed(workflow.uid, FREE, NOW) == Fed(0, is_final=False)
    (b,) = end_next(store, limit=1)
    assert b.name == "wf/b"
    assert feed_all(store) == 0
    end_next(store)
    assert feed_all(store) == 1
    assert names(store) == ["wf/a", "wf/b", "wf/c", "wf/d"]
    assert store.find_workflow(workflow.uid, None).state is WorkflowState.RUNNING
    end_next(store, now=NOW + 9)
    ended = store.find_workflow(workflow.uid, None)
    assert (ended.state, ended.reason, ended.finished_at) == (WorkflowState.SUCCEEDED, None, NOW + 9)
    assert ended.progress == Progress(total=4, done=4, failed=0, queued=0, waiting=0)
    assert store.due_workflows(NOW + 1e6, 9) == []
    assert store.feed(workflow.uid, FREE, NOW) == Fed(0, is_final=True)


def test_scatter_and_gather(store: Flows) -> None:
    new = new_workflow(step("split"), swept("work", 5, "split"), step("merge", "work"))
    workflow = store.submit_workflow(new, FREE, NOW).workflow
    ended = run_through(store, workflow)
    assert ended.state is WorkflowState.SUCCEEDED
    assert names(store) == ["wf/split", *(f"wf/work/{n}" for n in range(5)), "wf/merge"]


def test_names_are_whole_names(store: Flows) -> None:
    """`a` is not a part of `ab`."""
    store.submit_workflow(new_workflow(step("ab"), step("c", "ab"), step("a"), step("d", "a")), FREE, NOW)
    assert names(store) == ["wf/ab", "wf/a"]
    end_next(store, lambda job: State.FAILED if job.name == "wf/ab" else State.SUCCEEDED)
    feed_all(store)
    assert names(store) == ["wf/ab", "wf/a", "wf/d"]


def test_a_large_sweep_is_a_number_and_a_window(store: Flows) -> None:
    new = new_workflow(swept("s", 10_000), step("end", "s"))
    workflow = store.submit_workflow(new, FREE, NOW).workflow
    assert workflow.progress == Progress(
        total=10_001, done=0, failed=0, queued=WINDOW, waiting=10_001 - WINDOW
    )
    assert store.count(Filter(owners=None)) == WINDOW
    assert feed_all(store) == 0
    ended = end_next(store, limit=5)
    assert len(ended) == 5
    assert feed_all(store) == 5
    assert store.count(Filter(owners=None)) == WINDOW + 5
    assert names(store)[-1] == f"wf/s/{WINDOW + 4}"


def test_each_instance_is_made_once(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(swept("s", 150), swept("t", 20)), FREE, NOW).workflow
    ended = run_through(store, workflow)
    assert ended.progress == Progress(total=170, done=170, failed=0, queued=0, waiting=0)
    assert sorted(names(store)) == sorted(
        [f"wf/s/{n}" for n in range(150)] + [f"wf/t/{n}" for n in range(20)]
    )


def test_what_a_failure_keeps_from_running(store: Flows) -> None:
    steps = (step("a"), step("b", "a"), step("c", "b"), step("x"), step("y", "x"))
    workflow = store.submit_workflow(new_workflow(*steps), FREE, NOW).workflow
    ended = run_through(store, workflow, fail("b"))  # type: ignore[arg-type]
    assert names(store) == ["wf/a", "wf/x", "wf/b", "wf/y"]
    assert ended.state is WorkflowState.FAILED
    assert ended.reason is not None
    assert (ended.reason.code, ended.reason.sentence) == (
        "jobs_failed",
        "1 of 5 jobs did not end well, and 1 could not start.",
    )
    assert ended.progress == Progress(total=5, done=3, failed=1, queued=0, waiting=1)
    assert [s.failed for s in ended.steps] == [0, 1, 0, 0, 0]


def test_the_other_instances_of_a_sweep_go_on(store: Flows) -> None:
    new = new_workflow(swept("s", WINDOW + 6), step("end", "s"))
    workflow = store.submit_workflow(new, FREE, NOW).workflow
    ended = run_through(
        store, workflow, lambda job: State.FAILED if job.name == "wf/s/2" else State.SUCCEEDED
    )
    assert ended.progress == Progress(total=WINDOW + 7, done=WINDOW + 5, failed=1, queued=0, waiting=1)
    assert ended.state is WorkflowState.FAILED


def test_it_runs_from_when_its_first_job_has_a_place(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(step("a"), step("b")), FREE, NOW).workflow
    claimed = store.claim("w", {SPACE: 9}, NOW + 3, 30)
    assert store.find_workflow(workflow.uid, None).state is WorkflowState.PENDING
    for number, each in enumerate(claimed):
        store.change(each.lease, Change(to=State.STAGING), NOW + 4 + number)
    running = store.find_workflow(workflow.uid, None)
    assert (running.state, running.started_at) == (WorkflowState.RUNNING, NOW + 4)


def test_another_attempt_ends_nothing(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(step("a")), FREE, NOW).workflow
    (claimed,) = store.claim("w", {SPACE: 9}, NOW, 30)
    for state in (State.STAGING, State.QUEUED, State.STAGING):
        store.change(claimed.lease, Change(to=state), NOW)
    assert store.find_workflow(workflow.uid, None).progress.queued == 1
    store.change(claimed.lease, Change(to=State.FAILED), NOW)
    assert store.find_workflow(workflow.uid, None).state is WorkflowState.FAILED


def test_a_job_that_its_owner_stops_did_not_do_well(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(step("a"), step("b", "a")), FREE, NOW).workflow
    (job,) = store.page(Filter(owners=None), 9).jobs
    store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW + 1)
    ended = run_through(store, workflow)
    assert (ended.state, ended.finished_at) == (WorkflowState.FAILED, NOW + 1)
    assert ended.progress == Progress(total=2, done=0, failed=1, queued=0, waiting=1)


def test_its_revision_rises_with_whatever_can_be_seen(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(*DIAMOND), FREE, NOW).workflow
    seen = {workflow.revision: workflow}
    for _ in range(4):
        end_next(store)
        for _ in range(2):
            found = store.find_workflow(workflow.uid, None)
            assert seen.setdefault(found.revision, found) == found
            feed_all(store)
    assert list(seen) == sorted(seen)
    assert seen[max(seen)].state is WorkflowState.SUCCEEDED
