"""Hot questions walk along an index and sort nothing, however many jobs there are."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from services.compute.adapters.store_sql import claiming, feeding, handles, outbox
from services.compute.adapters.store_sql import slices as sql_slices
from services.compute.adapters.store_sql.store import SqlJobStore, open_store
from services.compute.adapters.store_sql.work import moment
from services.compute.domain.ids import new_uid
from services.compute.domain.job import Handle
from services.compute.domain.quotas import Quotas
from services.compute.domain.sheets import Column, Comparison, Condition, Scope, Search, Situation
from services.compute.domain.slices import Batch, Span
from services.compute.domain.states import State
from services.compute.domain.workflow import WorkflowState
from services.compute.ports.store import Filter
from services.compute.ports.workflows import WorkflowFilter
from tests.fakes.compute_flows import end_next, new_workflow, step, swept
from tests.fakes.compute_jobs import ALICE, BOB, NOW, SPACE, new_job
from tests.fakes.compute_sliced import ACCOUNT, done, numbers, rich, submitted

Seen = list[tuple[str, Any]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlJobStore]:
    opened = open_store(f"sqlite:///{tmp_path}/compute.db")
    for _ in range(3):
        opened.submit(new_job(name="n", labels={"a": "b"}), Quotas(), NOW)
    yield opened
    opened.close()


def plans(store: SqlJobStore, work: Any) -> list[str]:
    """What SQLite says it does for each SELECT that `work` sends."""
    seen: Seen = []

    def note(_: Any, __: Any, sql: str, parameters: Any, *___: Any) -> None:
        if sql.lstrip().startswith("SELECT"):
            seen.append((sql, parameters))

    engines = (store._database.engine, store._database._readers)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
    assert seen
    with store._database.read() as connection:
        return [
            " | ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters))
            for sql, parameters in seen
        ]


def whole_scans(found: list[str]) -> list[str]:
    """Walks over a table from end to end, in no useful order, and sorting."""
    return [
        plan
        for plan in found
        for step in plan.split(" | ")
        if (step.startswith("SCAN jobs") and "USING" not in step) or "TEMP B-TREE" in step
    ]


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(owners=[ALICE]),
        Filter(owners=[ALICE, BOB]),
        Filter(owners=[ALICE], states=[State.QUEUED, State.FAILED]),
        Filter(owners=[ALICE], dialects=["native", "ocean"]),
        Filter(owners=[ALICE], name="n"),
        Filter(owners=[ALICE], labels={"a": "b"}, facts={"c": "d"}),
        Filter(owners=[ALICE], states=[State.QUEUED], lingering=True),
        Filter(owners=[ALICE, BOB], workflow=7),
        Filter(owners=[ALICE], workflow=7, name="n"),
        Filter(owners=[ALICE], ids=[1, 2]),
    ],
    ids=repr,
)
def test_a_page(store: SqlJobStore, wanted: Filter) -> None:
    cursor = store.page(wanted, 1).next
    for work in (lambda: store.page(wanted, 2), lambda: store.page(wanted, 2, cursor)):
        assert whole_scans(plans(store, work)) == []


def test_a_submission(store: SqlJobStore) -> None:
    found = plans(store, lambda: store.submit(new_job(natural_key="k"), Quotas(), NOW))
    assert whole_scans(found) == []
    assert sum("ix_jobs_unfinished" in plan for plan in found) == 1
    assert sum("uq_jobs_payment" in plan for plan in found) == 1


def test_a_group_is_counted_along_its_unfinished_jobs(store: SqlJobStore) -> None:
    (_, _, under_way, kept) = plans(store, lambda: store.held(ALICE, ["g"]))
    assert "ix_jobs_unfinished" in under_way or "uq_jobs_payment" in under_way  # each holds these alone
    assert "ix_jobs_storage" in kept


def test_a_claim(store: SqlJobStore) -> None:
    found = plans(store, lambda: store.claim("w", {SPACE: 2}, NOW, 30))
    of_jobs = [plan for plan in found if "jobs" in plan]
    assert [plan for plan in of_jobs if "SCAN jobs" in plan and "USING" not in plan] == []
    for index in ("ix_jobs_active", "ix_jobs_queue_until", "ix_jobs_queued", "ix_jobs_leased"):
        assert any(index in plan for plan in found), index


@pytest.mark.parametrize(
    ("statement", "indexes"),
    [
        (claiming._ANY_DUE, ("ix_jobs_queue", "ix_jobs_active")),
        (feeding._ANY_DUE, ("ix_workflows_due_at",)),
        (outbox._ANY_DUE, ("ix_notices_due_at",)),
    ],
    ids=["claims", "workflows", "notices"],
)
def test_looks_that_mostly_find_nothing(store: SqlJobStore, statement: Any, indexes: tuple[str, ...]) -> None:
    sql, parameters = store._in_drivers_words(statement, {"now": moment(NOW)})
    with store._database.read() as connection:
        steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple(parameters))]
    assert whole_scans([" | ".join(steps)]) == []
    for index in indexes:
        assert any(index in step for step in steps), steps


def test_upkeep(store: SqlJobStore) -> None:
    for work, index in (
        (lambda: store.expired(NOW, 9), "ix_jobs_expires_at"),
        (lambda: store.dead(), "ix_jobs_dead_at"),
        (lambda: store.granted(NOW, 9), "ix_jobs_granted"),
        (lambda: store.strays([SPACE], NOW, 9), "ix_jobs_active"),
        (lambda: store.running_in([SPACE]), "ix_jobs_active"),
        (lambda: store.wishes([new_uid()]), "sqlite_autoindex_jobs_1"),
    ):
        found = plans(store, work)
        assert whole_scans(found) == []
        assert index in found[0]


def test_heads(store: SqlJobStore) -> None:
    wanted = Filter(owners=[ALICE], states=[State.QUEUED], lingering=True)
    found = plans(store, lambda: store.heads(wanted))
    assert whole_scans(found) == []
    assert ["ix_jobs_owner_state_id" in found[0], "ix_jobs_lingers" in found[1]] == [True, True]


def test_workflows(store: SqlJobStore) -> None:
    new = new_workflow(step("a"), swept("s", 100, "a"), step("end", "s"))
    uid = store.submit_workflow(new, Quotas(), NOW).workflow.uid
    wanted = WorkflowFilter(owners=[ALICE], states=[WorkflowState.PENDING], lingering=True)
    end_next(store)
    for work, index in (
        (lambda: store.due_workflows(NOW, 9), "ix_workflows_due_at"),
        (lambda: store.feed(uid, Quotas(), NOW), "ix_workflow_steps_ready"),
        (lambda: store.expired_workflows(NOW, 9), "ix_workflows_expires_at"),
        (lambda: store.workflow_heads(wanted), "ix_workflows_lingers"),
    ):
        found = plans(store, work)
        assert [plan for plan in found if "SCAN workflow" in plan and "USING" not in plan] == []
        assert any(index in plan for plan in found), index


def test_slices(store: SqlJobStore) -> None:
    """None of these looks at another job's, or from end to end at what the job has."""
    rich(store)
    handle = Handle("openpai", "", "n")
    job = submitted(store, *[numbers(5)] * 20, offer="0.5", handle=handle)
    (claimed,) = (each for each in store.claim("w", {SPACE: 9}, NOW, 30) if each.job.uid == job.uid)
    lease, slices = claimed.lease, store.slices
    for work in (
        lambda: store.handles([job.id]),
        lambda: slices.add(job.uid, [numbers(5)], ALICE, NOW),
        lambda: slices.counts([job.id]),
        lambda: slices.hand_out(lease, 0, 40, NOW),
        lambda: slices.take_in(lease, done(range(1, 30)), (), NOW),
        lambda: slices.in_hand(lease),
        lambda: slices.give_back(lease, Batch(seq=1, attempt=0, lane=0, numbers=[]), 31, NOW),
        lambda: slices.hand_out(lease, 0, 40, NOW),
        lambda: slices.unfinished(job.id, [Span(2, 4), Span(9, None)]),
        lambda: slices.lines(job.id, 0, 10),
        lambda: store.ledger.accounts([ALICE]),
        lambda: store.ledger.entries(ACCOUNT, 0, 10),
    ):
        found = plans(store, work)
        scans = [plan for plan in found if "SCAN " in plan.replace("SCAN CONSTANT ROW", "")]
        assert scans == []
    for hot in (handles._JOB, sql_slices._RESULTS):
        sql, parameters = store._in_drivers_words(hot, defaultdict(lambda: 1))
        with store._database.read() as connection:
            steps = list(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple(parameters)))
        assert [step for step in steps if "SCAN " in step[3]] == []
    (listed,) = plans(store, lambda: store.ledger.accounts([ALICE]))
    assert "ix_sliced_jobs_account" in listed


MINE = Scope(owners=[ALICE])
SITE = Condition(Column.SITE, Comparison.EQ, ("x",))
WAITING = Situation(State.QUEUED, "waiting_for_place", is_deleted=False)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Search(scope=MINE), "ix_jobs_owner_id"),
        (Search(scope=MINE, situations=[WAITING]), "ix_jobs_standing (owner=? AND state=? AND deleted_at=?"),
        (Search(scope=MINE, conditions=(SITE,)), "ix_jobs_owner_id"),
        (Search(scope=MINE, conditions=(Condition(Column.NAME, Comparison.EQ, ("n",)),)), "ix_job_terms"),
        (Search(scope=Scope(realm="vo")), "ix_job_sheets_realm"),
        (Search(scope=Scope(realm="vo", groups=["g"]), conditions=(SITE,)), "ix_job_sheets_realm"),
    ],
    ids=repr,
)
def test_sheets(store: SqlJobStore, wanted: Search, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few and many, each counted and walked to along an index."""
    for few in (2000, 0):
        monkeypatch.setattr("services.compute.adapters.store_sql.sheets.FEW", few)
        found = plans(store, lambda: store.sheets.search(wanted, 2))
        assert whole_scans(found) == []
        assert index in found[0] or "job_terms" in found[0], found


def test_a_tally(store: SqlJobStore) -> None:
    found = plans(store, lambda: store.sheets.tally(Search(scope=MINE), [], 9))
    assert all("COVERING INDEX ix_jobs_standing (owner=?" in plan for plan in found)
    assert whole_scans(found[:-1]) == []
