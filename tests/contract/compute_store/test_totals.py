"""How many jobs there are is asked again and again: the answer stays right, whatever happened in between."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from services.compute.adapters.store_sql import sheet_totals
from services.compute.adapters.store_sql.store import SqlJobStore, open_store
from services.compute.domain.job import Job, Wish
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.reasons import CODES, Reason
from services.compute.domain.sheets import (
    UNFILED,
    Column,
    Comparison,
    Condition,
    Scope,
    Search,
    Sheet,
    Situation,
)
from services.compute.domain.states import State
from services.compute.ports.store import Change
from tests.fakes.compute_jobs import ALICE, BOB, NOW, SPACE, new_job

FREE = Quotas(principal=Quota())
STOP = Reason("cancelled", "Stopped.")
AT_X = Condition(Column.SITE, Comparison.EQ, ("x",))
AT_ANY = Condition(Column.SITE, Comparison.EQ, ("ANY",))
LATE = Condition(Column.CHANGED, Comparison.GT, (NOW + 5,))
FILED_AT_X = Sheet(owner_name="", owner_group="", realm="", site="x")
CALLED = Condition(Column.NAME, Comparison.EQ, ("b",))


def standing(*states: State, deleted: tuple[bool, ...] = (False,)) -> frozenset[Situation]:
    return frozenset(
        Situation(state, code, is_deleted, is_stopping)
        for state in states
        for code in (None, *CODES)
        for is_deleted in deleted
        for is_stopping in (False, True)
    )


SCOPES = (
    Scope(owners=(ALICE,)),
    Scope(owners=(ALICE, BOB)),
    Scope(owners=(BOB,), realm="vo"),
    Scope(owners=(ALICE,), realm="vo", groups=("vo_prod",)),
)
CONDITIONS: tuple[tuple[Condition, ...], ...] = ((), (AT_X,), (AT_ANY,), (LATE,), (AT_ANY, CALLED))
SITUATIONS = (
    None,
    standing(State.QUEUED),
    standing(State.CANCELLED),
    standing(*State),
    standing(*State, deleted=(True,)),
    standing(State.QUEUED, State.STAGING) - standing(State.STAGING),
    frozenset({Situation(State.QUEUED, "waiting_for_place", is_deleted=False)}),
    frozenset({Situation(State.STAGING, None, is_deleted=False, is_stopping=True)}),
)


@pytest.fixture
def counting(store: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A store that takes no number of jobs for few."""
    monkeypatch.setattr("services.compute.adapters.store_sql.sheets.FEW", 0)
    return store


def submit(store: Any, dice: random.Random) -> Job:
    filed = Sheet(
        owner_name="a",
        owner_group=dice.choice(["vo_user", "vo_prod"]),
        realm=dice.choice(["vo", "other"]),
        site=dice.choice(["ANY", "x"]),
    )
    sheet = filed if dice.random() < 0.7 else None
    new = new_job(dice.choice([ALICE, BOB]), name=dice.choice("ab"), dialect="dirac", sheet=sheet)
    job: Job = store.submit(new, FREE, NOW).job
    return job


def stage(store: Any, job: Job, now: float) -> None:
    claims = store.claim("w", {SPACE: 1000}, now, 1e6)
    for claim in claims:
        if claim.job.uid == job.uid and claim.job.state is State.QUEUED:
            store.change(claim.lease, Change(to=State.STAGING), now)
    store.release([claim.lease for claim in claims])


def happen(store: Any, known: list[Job], dice: random.Random, now: float) -> None:
    """Something, to one of the jobs."""
    fate = dice.choice(["new", "new", "stop", "delete", "stage", "purge"])
    if fate == "new" or not known:
        known.append(submit(store, dice))
        return
    job = dice.choice(known)
    if fate == "stop":
        store.wish(job.uid, Wish.CANCEL, job.owner, STOP, now)
    elif fate == "delete":
        store.delete(job.uid, job.owner, now)
    elif fate == "stage":
        stage(store, job, now)
    else:
        known.remove(job)
        store.purge(job.uid)
        store.purge(job.uid)  # another worker at the same


def test_counts_are_those_of_what_is_found(counting: Any) -> None:
    dice = random.Random(7)
    known = [submit(counting, dice) for _ in range(12)]
    for turn in range(40):
        happen(counting, known, dice, NOW + turn)
        for _ in range(6):
            wanted = Search(
                scope=dice.choice(SCOPES),
                conditions=dice.choice(CONDITIONS),
                situations=dice.choice(SITUATIONS),
                unfiled=dice.choice([UNFILED, FILED_AT_X]),
            )
            total, ids = counting.sheets.search(wanted, 1000)
            assert total == len(ids), wanted


def test_purged_jobs_are_counted_no_more_by_other_processes_too(store_url: str) -> None:
    here, there = open_store(store_url), open_store(store_url)
    wanted = Search(scope=Scope(owners=(ALICE,)))
    first, second = (here.submit(new_job(), FREE, NOW).job for _ in range(2))
    assert there.sheets.search(wanted, 9) == (2, [second.id, first.id])
    here.purge(first.uid)
    here.submit(new_job(BOB), FREE, NOW)
    assert there.sheets.search(wanted, 9) == (1, [second.id])
    third = here.submit(new_job(), FREE, NOW).job
    assert there.sheets.search(wanted, 9) == (2, [third.id, second.id])
    for opened in (here, there):
        opened.close()


@pytest.fixture
def sqlite_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlJobStore]:
    monkeypatch.setattr("services.compute.adapters.store_sql.sheets.FEW", 0)
    opened = open_store(f"sqlite:///{tmp_path}/compute.db")
    for _ in range(5):
        opened.submit(new_job(), FREE, NOW)
    yield opened
    opened.close()


def counts(store: SqlJobStore, wanted: Search) -> list[str]:
    """The statements of a search that count."""
    seen: list[str] = []

    def note(_: Any, __: Any, sql: str, *___: Any) -> None:
        if "count(*)" in sql:
            seen.append(sql)

    event.listen(store._database._readers, "before_cursor_execute", note)
    try:
        store.sheets.search(wanted, 2)
    finally:
        event.remove(store._database._readers, "before_cursor_execute", note)
    return seen


@pytest.mark.parametrize("conditions", [(), (AT_ANY,)], ids=["all", "of a site"])
def test_what_was_counted_is_not_counted_again(
    sqlite_store: SqlJobStore, conditions: tuple[Condition, ...]
) -> None:
    wanted = Search(scope=Scope(owners=(ALICE,)), conditions=conditions)
    assert [len(counts(sqlite_store, wanted)) for _ in range(3)] == [1, 0, 0]
    sqlite_store.submit(new_job(), FREE, NOW)
    (since,) = counts(sqlite_store, wanted)
    assert "jobs.id > ?" in since
    assert counts(sqlite_store, wanted) == []


def test_the_fewer_are_counted_where_most_stand_as_asked(sqlite_store: SqlJobStore) -> None:
    wanted = Search(scope=Scope(owners=(ALICE,)), situations=standing(State.QUEUED))
    counts(sqlite_store, wanted)
    others = counts(sqlite_store, wanted)
    assert len(others) == 2
    assert all("LIMIT" in sql for sql in others)
    assert sqlite_store.sheets.search(wanted, 2)[0] == 5


def test_no_more_searches_are_remembered_than_there_is_room_for(
    sqlite_store: SqlJobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_totals, "MOST", 2)
    searches = [
        Search(
            scope=Scope(owners=(ALICE,)), conditions=(Condition(Column.PRIORITY, Comparison.GE, (least,)),)
        )
        for least in (-3, -2, -1)
    ]
    for wanted in searches:
        assert len(counts(sqlite_store, wanted)) == 1
    assert [len(counts(sqlite_store, wanted)) for wanted in (searches[2], searches[1], searches[0])] == [
        0,
        0,
        1,
    ]
    long = Search(
        scope=Scope(owners=(ALICE,)), conditions=(Condition(Column.SITE, Comparison.NE, ("y" * 2000,)),)
    )
    assert [len(counts(sqlite_store, long)) for _ in range(2)] == [1, 1]
