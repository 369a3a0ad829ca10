"""Feeders, workers and owners at the same time: every job is made once, and counted once."""

from pathlib import Path

from libs.sql.engine import Database
from services.compute.adapters.store_sql.store import SqlJobStore, open_store
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.domain.workflow import WINDOW, WorkflowState
from services.compute.ports.store import Change, Claimed, Filter, Key
from services.compute.ports.workflows import Fed, SubmittedWorkflow
from tests.fakes.at_once import at_once, kinds
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
from tests.fakes.compute_jobs import ALICE, NOW, SPACE

STOP = Reason("cancelled", "It was stopped.")
OLD_KEY = Key(owner=ALICE, dialect="prominence", key="k", fingerprint="a" * 64)


def end(store: Flows, claimed: Claimed, state: State = State.SUCCEEDED) -> None:
    for to in (*WAY, state):
        store.change(claimed.lease, Change(to=to, release=to is state), NOW)


def test_feeders_at_once_make_each_job_once(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(step("a"), swept("s", 200, "a")), FREE, NOW).workflow
    end_next(store)
    fed = at_once(6, lambda n: store.feed(workflow.uid, FREE, NOW))
    assert sorted(each.made for each in fed if isinstance(each, Fed)) == [0] * 5 + [WINDOW]
    names = [job.name for job in store.page(Filter(owners=None), 1000).jobs]
    assert len(names) == len(set(names)) == WINDOW + 1


def test_ends_at_once_are_all_counted(store: Flows) -> None:
    new = new_workflow(swept("s", 24), swept("t", 24), step("end", "s", "t"))
    workflow = store.submit_workflow(new, FREE, NOW).workflow
    claimed = store.claim("w", {SPACE: 100}, NOW, 1e6, 100)
    assert len(claimed) == 48

    def work(number: int) -> object:
        for each in claimed[number::8]:
            end(store, each)
        return feed_all(store)

    at_once(8, work)
    found = store.find_workflow(workflow.uid, None)
    assert [(s.made, s.succeeded) for s in found.steps[:2]] == [(24, 24), (24, 24)]
    feed_all(store)
    assert run_through(store, workflow).state is WorkflowState.SUCCEEDED
    assert store.count(Filter(owners=None)) == 49


def test_the_last_of_two_parents_lets_the_child_run(store: Flows) -> None:
    for _ in range(6):
        new = new_workflow(step("a"), step("b"), step("c", "a", "b"))
        workflow = store.submit_workflow(new, FREE, NOW).workflow
        pair = store.claim("w", {SPACE: 1000}, NOW, 1e6)
        at_once(2, lambda n, pair=pair: end(store, pair[n]))  # type: ignore[misc]
        assert feed_all(store) == 1
        assert run_through(store, workflow).state is WorkflowState.SUCCEEDED


def test_nothing_starts_after_a_cancel(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(swept("s", 300)), FREE, NOW).workflow
    claimed = store.claim("w", {SPACE: 100}, NOW, 1e6, 20)

    def work(number: int) -> object:
        if number == 0:
            return store.cancel_workflow(workflow.uid, ALICE, STOP, NOW)
        if number == 1:
            for each in claimed:
                end(store, each)
            return None
        return [store.feed(workflow.uid, FREE, NOW) for _ in range(10)]

    results = at_once(4, work)
    assert not any(isinstance(result, Exception) for result in results)
    ended = run_through(store, workflow, lambda job: State.CANCELLED)
    assert ended.state is WorkflowState.CANCELLED
    assert ended.progress.queued == 0
    assert ended.progress.done == 20
    assert store.count(Filter(owners=None)) == ended.progress.done + ended.progress.failed


def test_cancels_at_once_are_one(store: Flows) -> None:
    workflow = store.submit_workflow(new_workflow(swept("s", 40)), FREE, NOW).workflow
    at_once(4, lambda n: store.cancel_workflow(workflow.uid, f"person:{n}", STOP, NOW))
    ended = store.find_workflow(workflow.uid, None)
    assert (ended.state, ended.progress.failed) == (WorkflowState.CANCELLED, 40)
    assert {len(store.events(job.uid)) for job in store.page(Filter(owners=None), 100).jobs} == {2}


def test_one_key_at_once_is_one_workflow(store: Flows) -> None:
    results = at_once(
        6, lambda n: store.submit_workflow(new_workflow(step("a"), name=str(n)), FREE, NOW, OLD_KEY)
    )
    assert set(kinds(results)) <= {"SubmittedWorkflow", "KeyInFlight"}
    taken = [result for result in results if isinstance(result, SubmittedWorkflow)]
    assert [each.replayed for each in taken].count(False) == 1
    assert len({each.workflow.uid for each in taken}) == 1
    assert store.count(Filter(owners=None)) == 1


def test_a_quota_holds_for_feeders_at_once(store: Flows) -> None:
    quotas = Quotas(principal=Quota(jobs=7))
    news = [new_workflow(swept("s", 20), name=f"n{n}") for n in range(4)]
    at_once(4, lambda n: store.submit_workflow(news[n], quotas, NOW))
    assert store.held(ALICE)[ALICE].jobs == 7
    at_once(4, lambda n: [store.feed(uid, quotas, NOW + 1e3) for uid in store.due_workflows(NOW + 1e3, 9)])
    assert store.held(ALICE)[ALICE].jobs == 7


def test_ids_at_once_are_of_one_sequence(store: Flows) -> None:
    at_once(6, lambda n: [store.submit_workflow(new_workflow(step("a")), FREE, NOW) for _ in range(4)])
    ids = [job.id for job in store.page(Filter(owners=None), 100).jobs]
    ids += [job.workflow.id for job in store.page(Filter(owners=None), 100).jobs if job.workflow]
    assert len(set(ids)) == 48


def test_a_cancel_that_was_cut_short_is_ended_by_whoever_feeds(store_url: str) -> None:
    store = open_store(store_url)
    workflow = store.submit_workflow(new_workflow(swept("s", 100)), FREE, NOW).workflow

    class CutShort(SqlJobStore):
        def _stop(self, uid: object, now: float) -> Fed:
            raise KeyboardInterrupt

    database = Database.open(store_url)
    try:
        CutShort(database).cancel_workflow(workflow.uid, ALICE, STOP, NOW)
    except KeyboardInterrupt:
        database.dispose()
    assert store.find_workflow(workflow.uid, None).state is WorkflowState.PENDING
    assert store.due_workflows(NOW, 9) == [workflow.uid]
    assert store.feed(workflow.uid, FREE, NOW) == Fed(0, is_final=True)
    assert store.find_workflow(workflow.uid, None).state is WorkflowState.CANCELLED
    assert store.held(ALICE)[ALICE].jobs == 0
    store.close()


def test_a_store_that_comes_back_goes_on_where_it_was(tmp_path: Path) -> None:
    """Nothing of a workflow is in a process: each step here is done by another one's eyes."""
    url = f"sqlite:///{tmp_path}/a.db"
    store = open_store(url)
    workflow = store.submit_workflow(new_workflow(step("a"), swept("s", 5, "a")), FREE, NOW).workflow
    store.close()
    for _ in range(20):
        store = open_store(url)
        if not end_next(store, limit=1):
            feed_all(store)
        store.close()
    store = open_store(url)
    assert store.find_workflow(workflow.uid, None).state is WorkflowState.SUCCEEDED
    assert store.count(Filter(owners=None)) == 6
    store.close()
