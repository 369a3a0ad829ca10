"""What hangs on the end of a job: who is told, what is counted."""

from datetime import UTC, date, datetime

import pytest

from services.compute.domain.job import Pull, RunState, Usage, Wish
from services.compute.domain.notices import Means, Notice
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Resources, Role, Task
from services.compute.domain.states import State
from services.compute.ports.store import Change
from services.compute.ports.usage import Used
from tests.fakes.compute_flows import (
    FREE,
    Flows,
    end_next,
    new_workflow,
    step,
)
from tests.fakes.compute_jobs import ALICE, BOB, NOW, SPACE, new_job, run_of, spec

STOP = Reason("cancelled", "The owner stopped the workflow.")
HOOK = Notice(means=Means.WEBHOOK, url="https://hooks.example/1", secret="s3")
MAIL = Notice(means=Means.EMAIL, address="a@example.org")
TODAY = datetime.fromtimestamp(NOW, UTC).date()


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
