"""Taking workflows: quotas hold them up, keys bring the first one again."""

from dataclasses import replace

import pytest

from services.compute.domain.errors import KeyReused, WorkflowNotFound
from services.compute.domain.ids import new_uid
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.workflow import HELD_UP_SECONDS, WorkflowState
from services.compute.ports.store import Filter, Key
from services.compute.ports.workflows import Fed
from tests.fakes.compute_flows import (
    FREE,
    Flows,
    end_next,
    grid,
    new_workflow,
    step,
    swept,
)
from tests.fakes.compute_jobs import ALICE, BOB, NOW, sized

STOP = Reason("cancelled", "It was stopped.")


def key(name: str = "k1", fingerprint: str = "aa", owner: str = ALICE) -> Key:
    return Key(owner=owner, dialect="prominence", key=name, fingerprint=fingerprint * 32)


def names(store: Flows, **changes: object) -> list[str]:
    """Of all jobs, oldest first."""
    jobs = store.page(Filter(owners=None, **changes), 1000).jobs  # type: ignore[arg-type]
    return [job.name for job in reversed(jobs)]


def test_what_a_quota_keeps_out_waits(store: Flows) -> None:
    quotas = Quotas(principal=Quota(jobs=3), groups={"g": Quota(jobs=100)})
    new = new_workflow(swept("s", 5), groups=("g",))
    workflow = store.submit_workflow(new, quotas, NOW).workflow
    assert workflow.progress.queued == 3
    assert store.due_workflows(NOW + HELD_UP_SECONDS - 0.1, 9) == []
    assert store.due_workflows(NOW + HELD_UP_SECONDS, 9) == [workflow.uid]
    later = NOW + HELD_UP_SECONDS
    assert store.feed(workflow.uid, quotas, later) == Fed(0, is_final=False, is_held_up=True)
    assert store.due_workflows(later, 9) == []
    end_next(store, limit=1, now=later)
    assert store.due_workflows(later, 9) == [workflow.uid]
    assert store.feed(workflow.uid, quotas, later) == Fed(1, is_final=False, is_held_up=True)
    end_next(store, now=later)
    assert store.feed(workflow.uid, quotas, later) == Fed(1, is_final=False)
    end_next(store, now=later)
    assert store.find_workflow(workflow.uid, None).state is WorkflowState.SUCCEEDED


@pytest.mark.parametrize(
    "quotas",
    [
        Quotas(principal=Quota(cpus=4.0)),
        Quotas(principal=Quota(), groups={"g": Quota(memory_bytes=2 << 20)}),
        Quotas(principal=Quota(jobs=9), owners={ALICE: Quota(jobs=2)}),
    ],
)
def test_every_kind_of_quota_counts(store: Flows, quotas: Quotas) -> None:
    new = new_workflow(swept("s", 9, spec=sized(2.0, 1 << 20)), groups=("g",))
    assert store.submit_workflow(new, quotas, NOW).workflow.progress.queued == 2
    assert store.held(ALICE)[ALICE].jobs == 2


def test_a_quota_of_others_is_theirs(store: Flows) -> None:
    quotas = Quotas(principal=Quota(jobs=2))
    for owner in (ALICE, BOB):
        new = new_workflow(swept("s", 9), owner=owner)
        assert store.submit_workflow(new, quotas, NOW).workflow.progress.queued == 2


def test_a_key_gives_the_first_workflow_again(store: Flows) -> None:
    first = store.submit_workflow(new_workflow(step("a")), FREE, NOW, key())
    again = store.submit_workflow(new_workflow(step("b"), step("c")), FREE, NOW + 5, key())
    assert (first.replayed, again.replayed) == (False, True)
    assert again.workflow == first.workflow == store.replayed_workflow(key())
    assert names(store) == ["wf/a"]
    with pytest.raises(KeyReused):
        store.submit_workflow(new_workflow(step("a")), FREE, NOW, key(fingerprint="bb"))
    with pytest.raises(KeyReused):
        store.replayed_workflow(key(fingerprint="bb"))
    for other in (key("k2"), key(owner=BOB), replace(key(), dialect="native")):
        assert store.replayed_workflow(other) is None
        assert not store.submit_workflow(new_workflow(step("a")), FREE, NOW, other).replayed


def test_nothing_of_a_workflow_that_is_not_there(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(step("a")), FREE, NOW).workflow
    for ref, owners in ((workflow.id, [BOB]), (workflow.uid, []), (0, None), (-1, None), (10**40, None)):
        with pytest.raises(WorkflowNotFound):
            store.find_workflow(ref, owners)
    for text in (new_uid(), "", "\0", "x" * 5000, str(workflow.id), "\ud800"):
        with pytest.raises(WorkflowNotFound):
            store.find_workflow(text, None)
    for work in (
        lambda: store.described_workflow(new_uid()),
        lambda: store.cancel_workflow(new_uid(), ALICE, STOP, NOW),
        lambda: store.rerun_workflow(new_uid(), (), FREE, NOW),
        lambda: store.put_workflow_away(new_uid(), NOW),
        lambda: store.feed(new_uid(), FREE, NOW),
    ):
        with pytest.raises(WorkflowNotFound):
            work()
    store.purge_workflow(new_uid())


def test_names_of_any_kind(store: Flows) -> None:
    for name in ("", "a b", "x" * 255, "\0", "é/ü"):
        workflow = store.submit_workflow(new_workflow(step("a b/c"), name=name), FREE, NOW).workflow
        (job,) = store.page(Filter(owners=None, workflow=workflow.id), 9).jobs
        assert job.name.endswith("/a b/c")
    assert grid(3).count == 3
