"""Workflows that are listed, put away, kept and removed."""

import pytest

from services.compute.domain.errors import AlreadyFinished, NotFinished, WorkflowNotFound
from services.compute.domain.ids import JobId
from services.compute.domain.job import Job
from services.compute.domain.notices import Means, Notice
from services.compute.domain.states import State
from services.compute.domain.workflow import WorkflowState
from services.compute.ports.store import Filter, Key
from services.compute.ports.workflows import WorkflowFilter
from tests.fakes.compute_flows import (
    FREE,
    Flows,
    end_next,
    feed_all,
    new_workflow,
    run_through,
    step,
    swept,
)
from tests.fakes.compute_jobs import ALICE, BOB, NOW, new_job, spec

HOOK = Notice(means=Means.WEBHOOK, url="https://hooks.example/1", secret="s3")


def failing(*names: str) -> object:
    return lambda job: State.FAILED if job.name in names else State.SUCCEEDED


def jobs_of(store: Flows, number: int) -> list[Job]:
    return list(store.page(Filter(owners=None, workflow=number), 1000).jobs[::-1])


def test_pages_and_heads_are_newest_first(store: Flows) -> None:
    mine = [
        store.submit_workflow(new_workflow(step("a"), name=f"n{n}"), FREE, NOW).workflow for n in range(5)
    ]
    other = store.submit_workflow(new_workflow(step("a"), owner=BOB, labels={"l": "1"}), FREE, NOW).workflow
    ids = [workflow.id for workflow in mine[::-1]]
    for limit in (1, 2, 5, 9):
        seen, cursor = [], None
        while True:
            page = store.workflow_page(WorkflowFilter(owners=[ALICE]), limit, cursor)
            seen += [workflow.id for workflow in page.workflows]
            if (cursor := page.next) is None:
                break
        assert seen == ids
    everybody = WorkflowFilter(owners=None)
    assert [head.id for head in store.workflow_heads(everybody, 2)] == [other.id, ids[0]]
    assert [head.id for head in store.workflow_heads(WorkflowFilter(owners=[BOB, ALICE]))] == [other.id, *ids]
    for wanted, found in (
        (WorkflowFilter(owners=[ALICE], name="n3"), [mine[3]]),
        (WorkflowFilter(owners=None, labels={"l": "1"}), [other]),
        (WorkflowFilter(owners=[ALICE], labels={"l": "1"}), []),
        (WorkflowFilter(owners=None, dialects=["native"]), []),
        (WorkflowFilter(owners=None, ids=[mine[1].id, 10**30, -1]), [mine[1]]),
        (WorkflowFilter(owners=None, ids=[]), []),
        (WorkflowFilter(owners=[], ids=None), []),
        (WorkflowFilter(owners=None, states=[WorkflowState.FAILED]), []),
        (WorkflowFilter(owners=[BOB], states=list(WorkflowState)), [other]),
    ):
        assert list(store.workflow_page(wanted, 9).workflows) == found
        heads = store.workflow_heads(wanted)
        assert [(head.id, head.revision) for head in heads] == [(each.id, each.revision) for each in found]
    assert store.workflows([ids[2], 10**30, other.id]) == [mine[2], other]
    for bad in ("", "x", "-1", "\0", "é", store.page(Filter(owners=None), 1).next):
        with pytest.raises(ValueError, match=r"."):
            store.workflow_page(everybody, 1, bad)


def test_what_lingers_is_among_the_active_ones_until_it_is_put_away(store: Flows) -> None:
    lingers = store.submit_workflow(new_workflow(step("a"), lingers=True), FREE, NOW).workflow
    goes = store.submit_workflow(new_workflow(step("a")), FREE, NOW).workflow
    with pytest.raises(NotFinished):
        store.put_workflow_away(lingers.uid, NOW)
    active = WorkflowFilter(
        owners=[ALICE], states=[WorkflowState.PENDING, WorkflowState.RUNNING], lingering=True
    )
    assert [head.id for head in store.workflow_heads(active)] == [goes.id, lingers.id]
    run_through(store, goes)
    assert [head.id for head in store.workflow_heads(active)] == [lingers.id]
    before = store.find_workflow(lingers.uid, None)
    away = store.put_workflow_away(lingers.uid, NOW)
    assert not away.lingers
    assert away.revision > before.revision
    assert store.workflow_heads(active) == []
    for uid in (lingers.uid, goes.uid):
        with pytest.raises(AlreadyFinished):
            store.put_workflow_away(uid, NOW)


def test_a_job_that_lingers(store: Flows) -> None:
    job = store.submit(new_job(lingers=True), FREE, NOW).job
    store.submit(new_job(BOB, lingers=True), FREE, NOW)
    with pytest.raises(NotFinished):
        store.put_away(job.uid, NOW)
    end_next(store)
    waiting = store.submit(new_job(), FREE, NOW).job
    active = Filter(owners=[ALICE], states=[State.QUEUED], lingering=True)
    assert [found.id for found in store.page(active, 9).jobs] == [waiting.id, job.id]
    assert [head.id for head in store.heads(active)] == [waiting.id, job.id]
    assert [head.id for head in store.heads(active, 1)] == [waiting.id]
    assert store.count(active) == 2
    before = store.revision(job.uid, None)
    assert not store.put_away(job.uid, NOW).lingers
    assert store.revision(job.uid, None).number > before.number
    assert [head.id for head in store.heads(active)] == [waiting.id]
    with pytest.raises(AlreadyFinished):
        store.put_away(job.uid, NOW)


def test_heads_know_what_revision_knows(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(swept("s", 3), step("end", "s")), FREE, NOW).workflow
    store.submit(new_job(), FREE, NOW)
    for _ in range(3):
        heads = store.heads(Filter(owners=None))
        assert [head.revision for head in heads] == [store.revision(head.id, None).number for head in heads]
        seen = {job.id: job for job in store.jobs([head.id for head in heads])}
        assert list(seen) == [head.id for head in heads]
        end_next(store)
        feed_all(store)
        changed = {head.id: head.revision for head in store.heads(Filter(owners=None))}
        for head in heads:
            if changed[head.id] == head.revision:
                assert store.find(head.id, None) == seen[JobId(head.id)]
    assert store.find_workflow(workflow.uid, None).is_final


def test_jobs_are_kept_as_long_as_their_workflow(store: Flows) -> None:
    steps = (step("a", spec=spec(keep_seconds=5.0)), step("b", "a", spec=spec(keep_seconds=50.0)))
    workflow = store.submit_workflow(new_workflow(*steps), FREE, NOW).workflow
    (a,) = end_next(store)
    before = store.revision(a.uid, None).number
    assert a.expires_at is None
    assert store.expired(NOW + 1e9, 9) == []
    ended = run_through(store, workflow, now=NOW + 100)
    assert ended.expires_at == NOW + 150
    assert [job.expires_at for job in jobs_of(store, workflow.id)] == [NOW + 150] * 2
    assert store.revision(a.uid, None).number > before
    assert store.expired(NOW + 149, 9) == []
    assert store.expired_workflows(NOW + 1e9, 9) == []
    uids = store.expired(NOW + 150, 9)
    assert sorted(uids) == sorted(job.uid for job in jobs_of(store, workflow.id))
    assert len(store.expired(NOW + 150, 1)) == 1
    store.purge_workflow(workflow.uid)
    assert store.find_workflow(workflow.uid, None) == ended
    for uid in uids:
        store.purge(uid)
    assert store.expired_workflows(NOW + 149, 9) == []
    assert store.expired_workflows(NOW + 150, 9) == [workflow.uid]
    store.purge_workflow(workflow.uid)
    with pytest.raises(WorkflowNotFound):
        store.find_workflow(workflow.uid, None)
    key = Key(owner=ALICE, dialect="prominence", key="k", fingerprint="a" * 64)
    assert store.replayed_workflow(key) is None


def test_an_unfinished_workflow_is_not_purged(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(step("a")), FREE, NOW).workflow
    store.purge_workflow(workflow.uid)
    assert store.find_workflow(workflow.uid, None) == workflow


def test_a_workflows_job_again_is_a_job_of_its_own(store: Flows) -> None:
    new = new_workflow(swept("s", 3, notices=(HOOK,)), groups=("g",))
    workflow = store.submit_workflow(new, FREE, NOW).workflow
    run_through(store, workflow, failing("wf/s/2"))  # type: ignore[arg-type]
    old = jobs_of(store, workflow.id)[2]
    job = store.retry(old.uid, BOB, NOW).job
    assert job.workflow is None
    assert job.spec == old.spec
    assert job.spec.roles[0].tasks[0].command == ("echo", "2")
    assert (job.name, job.facts) == ("wf/s/2", {"retry_of": old.uid})
    end_next(store)
    assert store.find_workflow(workflow.uid, None).progress.failed == 1
