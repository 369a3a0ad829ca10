"""Workflows that are stopped, run again, put away, removed; and what hangs on the end of a job."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.compute.domain.errors import AlreadyFinished, KeyReused, NotFinished, WorkflowNotFound
from services.compute.domain.ids import JobId
from services.compute.domain.job import Job, Pull, RunState, Usage, Wish
from services.compute.domain.notices import Means, Notice
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Resources, Role, Task
from services.compute.domain.states import State
from services.compute.domain.workflow import STOPPED_WITH_IT, WINDOW, Progress, WorkflowState
from services.compute.ports.store import Change, Filter, Key
from services.compute.ports.usage import Used
from services.compute.ports.workflows import Fed, WorkflowFilter
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
from tests.fakes.compute_jobs import ALICE, BOB, NOW, SPACE, new_job, run_of, spec

STOP = Reason("cancelled", "The owner stopped the workflow.")
HOOK = Notice(means=Means.WEBHOOK, url="https://hooks.example/1", secret="s3")
MAIL = Notice(means=Means.EMAIL, address="a@example.org")
TODAY = datetime.fromtimestamp(NOW, UTC).date()


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


# -- listing, putting away, keeping -------------------------------------------------------------------
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


# -- what hangs on an end -----------------------------------------------------------------------------
def test_who_is_told_of_a_job(store: Flows) -> None:
    job = store.submit(new_job(name="n", notices=(HOOK, MAIL)), FREE, NOW).job
    assert store.outbox.due_notices(NOW + 1e6, NOW, 9) == []
    (ended,) = end_next(store, lambda _: State.FAILED, NOW + 5)
    assert store.outbox.due_notices(NOW + 4, NOW + 60, 9) == []
    due = store.outbox.due_notices(NOW + 5, NOW + 60, 9)
    assert [(each.notice, each.tries) for each in due] == [(HOOK, 1), (MAIL, 1)]
    body = due[0].body
    assert (body["kind"], body["id"], body["uid"], body["name"]) == ("job", job.id, job.uid, "n")
    assert (body["state"], body["finished_at"]) == (ended.state, NOW + 5)
    assert "s3" not in repr(body)
    assert store.outbox.due_notices(NOW + 59, NOW + 99, 9) == []
    store.outbox.settle_notice(due[0].id, None, NOW + 6)
    store.outbox.put_off_notice(due[1].id, NOW + 20, "no answer\0\ud800")
    (again,) = store.outbox.due_notices(NOW + 20, NOW + 99, 9)
    assert (again.notice, again.tries) == (MAIL, 2)
    store.outbox.settle_notice(again.id, "given up", NOW + 21)
    assert store.outbox.due_notices(NOW + 1e9, NOW, 9) == []
    store.purge(job.uid)


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELLED])
def test_every_end_is_told(store: Flows, state: State) -> None:
    store.submit(new_job(notices=(HOOK,)), FREE, NOW)
    end_next(store, lambda _: state)
    (due,) = store.outbox.due_notices(NOW, NOW + 9, 9)
    assert due.body["state"] == state.value


def test_who_is_told_of_a_workflow(store: Flows) -> None:
    new = new_workflow(step("a", notices=(HOOK,)), step("b", "a", notices=(HOOK,)), notices=(MAIL,))
    workflow = store.submit_workflow(new, FREE, NOW).workflow
    end_next(store)
    (of_job,) = store.outbox.due_notices(NOW, NOW + 1e9, 9)
    assert (of_job.notice, of_job.body["name"]) == (HOOK, "wf/a")
    store.cancel_workflow(workflow.uid, ALICE, STOP, NOW)
    (told,) = store.outbox.due_notices(NOW, NOW + 1e9, 9)
    assert told.notice == MAIL
    assert (told.body["kind"], told.body["id"], told.body["state"]) == (
        "workflow",
        workflow.id,
        "cancelled",
    )
    assert told.body["reason"]["sentence"] == STOP.sentence


def test_a_limit_of_notices(store: Flows) -> None:
    for _ in range(3):
        store.submit(new_job(notices=(HOOK,)), FREE, NOW)
    end_next(store)
    numbers = [store.outbox.due_notices(NOW, NOW + 9, 2) for _ in range(3)]
    assert [len(each) for each in numbers] == [2, 1, 0]


def test_what_jobs_used_is_counted_by_owner_and_group(store: Flows) -> None:
    resources = Resources(cpus=2.0)
    roles = (Role(tasks=(Task(command=("true",)),), resources=resources),)
    store.submit(new_job(spec=spec(roles=roles), groups=("g", "h")), FREE, NOW)
    (claimed,) = store.claim("w", {SPACE: 1}, NOW, 1e6)
    used = Usage(wall_seconds=10.0, cpu_seconds=3.5)
    for attempt in (1, 2):
        store.change(claimed.lease, Change(to=State.STAGING, attempt_begins=True), NOW)
        run = run_of(claimed.job.uid, attempt)
        store.intend(claimed.lease, run)
        store.note_run(
            claimed.lease, run_of(claimed.job.uid, attempt, state=RunState.ENDED, handle="h", usage=used)
        )
        if attempt == 1:
            store.change(claimed.lease, Change(to=State.QUEUED), NOW)
    store.change(claimed.lease, Change(to=State.FAILED), NOW)
    store.submit(new_job(BOB, groups=("g",)), FREE, NOW)
    store.submit(new_job(BOB), FREE, NOW)
    end_next(store, now=NOW + 86400)
    first, last = TODAY, date.fromordinal(TODAY.toordinal() + 2)
    alice = Used(owner=ALICE, group="", jobs=1, cpu_seconds=7.0, core_seconds=40.0)
    bob = Used(owner=BOB, group="", jobs=2, cpu_seconds=0.0, core_seconds=0.0)
    assert store.usage.used(first, last, None) == [alice, bob]
    assert store.usage.used(first, last, [BOB, "person:c"]) == [bob]
    assert store.usage.used(first, date.fromordinal(TODAY.toordinal() + 1), None) == [alice]
    assert store.usage.used(first, first, None) == []
    assert store.usage.used(first, last, [], ["g"]) == []
    in_groups = store.usage.used(first, last, None, ["g", "h", "other"])
    assert [(each.group, each.owner, each.jobs, each.core_seconds) for each in in_groups] == [
        ("g", ALICE, 1, 40.0),
        ("g", BOB, 1, 0.0),
        ("h", ALICE, 1, 40.0),
    ]


def test_what_a_job_stopped_in_the_queue_used(store: Flows) -> None:
    uid = store.submit(new_job(notices=(HOOK,)), FREE, NOW).job.uid
    store.wish(uid, Wish.CANCEL, ALICE, STOP, NOW)
    store.wish(uid, Wish.CANCEL, ALICE, STOP, NOW)
    assert [each.jobs for each in store.usage.used(TODAY, date.max, None)] == [1]
    assert len(store.outbox.due_notices(NOW, NOW, 9)) == 1
    store.purge(uid)
    assert [each.jobs for each in store.usage.used(TODAY, date.max, None)] == [1]


def test_pulls_are_of_the_current_attempt(store: Flows) -> None:
    uid = store.submit(new_job(), FREE, NOW).job.uid
    (claimed,) = store.claim("w", {SPACE: 1}, NOW, 30)
    store.change(claimed.lease, Change(to=State.STAGING, attempt_begins=True), NOW)
    pulls = (Pull("python:3.12", 1.5, "sha256:" + "a" * 64), Pull("é", None))
    store.change(claimed.lease, Change(to=State.PULLING, pulls=pulls), NOW)
    assert store.find(uid, None).pulls == pulls
    store.change(claimed.lease, Change(to=State.QUEUED), NOW)
    assert store.find(uid, None).pulls == pulls
    assert store.change(claimed.lease, Change(to=State.STAGING, attempt_begins=True), NOW).pulls == ()
