"""Jobs as rows of attributes: whose they are, what is said of them, how they are counted and sorted."""

import random
from collections.abc import Mapping
from typing import Any

import pytest

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
from tests.fakes.compute_store import MemoryJobStore

FREE = Quotas(principal=Quota())
STOP = Reason("cancelled", "Stopped.")
START = int(NOW)
C, Is = Column, Comparison


def sheet(**changes: Any) -> Sheet:
    return Sheet(**{"owner_name": "alice", "owner_group": "vo_user", "realm": "vo", **changes})


def submit(store: Any, owner: str = ALICE, at: float = NOW, name: str = "", **filed: Any) -> Job:
    new = new_job(owner, name=name, dialect="dirac", sheet=sheet(**filed))
    job: Job = store.submit(new, FREE, at).job
    return job


def move(store: Any, job: Job, *states: State, reason: Reason | None = None, at: float = NOW) -> None:
    claims = store.claim("w", {SPACE: 1000}, at, 1e6)
    lease = next(claim.lease for claim in claims if claim.job.uid == job.uid)
    for state in states:
        told = reason if state is states[-1] else None
        started = at if state is State.RUNNING else None
        store.change(lease, Change(to=state, reason=told, started_at=started), at)
    store.release([claim.lease for claim in claims])


def found(store: Any, scope: Scope, *conditions: Condition, **more: Any) -> list[int]:
    total, ids = store.sheets.search(Search(scope=scope, conditions=conditions, **more), 1000)
    assert total == len(ids)
    return list(ids)


MINE = Scope(owners=(ALICE,))


def test_whose_jobs(store: Any) -> None:
    plain = store.submit(new_job(), FREE, NOW).job.id
    mine = submit(store).id
    theirs = submit(store, BOB, owner_name="bob").id
    prod = submit(store, BOB, owner_name="bob", owner_group="vo_prod").id
    away = submit(store, BOB, realm="other").id
    mine_away = submit(store, realm="other").id
    store.submit(new_job(BOB), FREE, NOW)
    cases = [
        (MINE, [mine_away, mine, plain]),
        (Scope(owners=(BOB, ALICE)), [mine_away + 1, mine_away, away, prod, theirs, mine, plain]),
        (Scope(owners=(ALICE,), realm="vo"), [mine_away, prod, theirs, mine, plain]),
        (Scope(realm="vo"), [prod, theirs, mine]),
        (Scope(owners=(ALICE,), realm="vo", groups=("vo_user",)), [mine_away, theirs, mine, plain]),
        (Scope(realm="vo", groups=()), []),
        (Scope(realm=""), []),
        (Scope(realm="\0\ud800"), []),
        (Scope(), []),
    ]
    for scope, expected in cases:
        assert found(store, scope) == expected, scope
        assert found(store, scope, order=((C.ID, True),)) == expected[::-1], scope
        assert found(store, scope, order=((C.REALM, True),)) == sorted(
            expected, key=lambda number: (_realm(store, number), -number)
        ), scope


def _realm(store: Any, number: int) -> str:
    return str(store.sheets.sheets([number]).get(number, UNFILED).realm)


def test_conditions(store: Any) -> None:
    plain = store.submit(new_job(name="Plain"), FREE, NOW).job.id
    first = submit(store, at=NOW + 10, name="run_1", site="A.B.c", priority=3, batch="b1").id
    other = submit(store, at=NOW + 20, name="Run%2", site="Multiple", priority=9, has_input=True).id
    stopped = store.wish(submit(store, at=NOW + 30, name="x\\y").uid, Wish.CANCEL, ALICE, STOP, NOW + 40)
    last = stopped.id
    cases: list[tuple[Condition, list[int]]] = [
        (Condition(C.SITE, Is.IN, ("A.B.c", "Multiple")), [other, first]),
        (Condition(C.SITE, Is.EQ, ("ANY",)), [last, plain]),
        (Condition(C.SITE, Is.NE, ("ANY",)), [other, first]),
        (Condition(C.SITE, Is.NOT_IN, ("A.B.c", "Multiple")), [last, plain]),
        (Condition(C.SITE, Is.IN, ()), []),
        (Condition(C.SITE, Is.NOT_IN, ()), [last, other, first, plain]),
        (Condition(C.SITE, Is.EQ, ("a.b.c",)), []),
        (Condition(C.PRIORITY, Is.GT, (3,)), [other]),
        (Condition(C.PRIORITY, Is.LE, (3,)), [last, first, plain]),
        (Condition(C.PRIORITY, Is.GE, (10**30,)), []),
        (Condition(C.ID, Is.LT, (other,)), [first, plain]),
        (Condition(C.ID, Is.IN, (first, 10**30, -1)), [first]),
        (Condition(C.NAME, Is.EQ, ("run_1",)), [first]),
        (Condition(C.NAME, Is.EQ, ("\0\ud800",)), []),
        (Condition(C.NAME, Is.LIKE, ("RUN_%",)), [other, first]),
        (Condition(C.NAME, Is.LIKE, (r"run\%2",)), [other]),
        (Condition(C.NAME, Is.NOT_LIKE, ("%n%",)), [last]),
        (Condition(C.NAME, Is.LIKE, ("x\\",)), []),
        (Condition(C.NAME, Is.LIKE, ("x\\\\y",)), [last]),
        (Condition(C.NAME, Is.GT, ("a",)), [last, first]),
        (Condition(C.HAS_INPUT, Is.EQ, (True,)), [other]),
        (Condition(C.HAS_INPUT, Is.EQ, (False,)), [last, first, plain]),
        (Condition(C.SUBMITTED, Is.GE, (NOW + 20,)), [last, other]),
        (Condition(C.SUBMITTED, Is.WITHIN, (NOW + 10, NOW + 20)), [first]),
        (Condition(C.SUBMITTED, Is.OUTSIDE, (NOW + 10, NOW + 20)), [last, other, plain]),
        (Condition(C.CHANGED, Is.GT, (NOW + 30,)), [last]),
        (Condition(C.SUBMITTED, Is.LT, (1e300,)), [last, other, first, plain]),
        (Condition(C.SUBMITTED, Is.GT, (-1e300,)), [last, other, first, plain]),
        (Condition(C.STARTED, Is.LT, (1e300,)), []),
        (Condition(C.STARTED, Is.NE, (NOW,)), [last, other, first, plain]),
        (Condition(C.FINISHED, Is.OUTSIDE, (NOW, NOW + 1000)), [other, first, plain]),
        (Condition(C.OWNER_NAME, Is.EQ, ("alice",)), [last, other, first]),
    ]
    for condition, expected in cases:
        assert found(store, MINE, condition) == expected, condition
    filed = sheet(owner_group="none")
    assert found(store, MINE, Condition(C.OWNER_NAME, Is.EQ, ("alice",)), unfiled=filed) == [
        last, other, first, plain
    ]  # fmt: skip
    assert found(store, MINE, cases[0][0], cases[7][0]) == [other]


def test_orders_and_pages(store: Any) -> None:
    names = ["b", "a", "B", "c", "a"]
    ids = [submit(store, name=name, site=site).id for name, site in zip(names, "xxyyz", strict=True)]
    by_name = Search(scope=MINE, order=((C.NAME, True),))
    assert list(store.sheets.search(by_name, 10)[1]) == [ids[2], ids[4], ids[1], ids[0], ids[3]]
    by_site = Search(scope=MINE, order=((C.SITE, False), (C.NAME, True)))
    assert list(store.sheets.search(by_site, 10)[1]) == [ids[4], ids[2], ids[3], ids[1], ids[0]]
    for wanted, expected in ((Search(scope=MINE), ids[::-1]), (by_name, store.sheets.search(by_name, 9)[1])):
        for start in range(7):
            for limit in (0, 1, 3, 9):
                total, part = store.sheets.search(wanted, limit, start)
                assert (total, list(part)) == (5, list(expected)[start : start + limit])


def test_situations(store: Any) -> None:
    waiting, failed, deleted, stopping, killed = (submit(store) for _ in range(5))
    move(store, failed, State.STAGING, State.FAILED, reason=Reason("stage_in_timeout", "Late."))
    move(store, stopping, State.STAGING)
    for job in (stopping, killed):
        store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW)
    store.delete(deleted.uid, ALICE, NOW)
    now = {job.id: store.find(job.id, None).situation for job in (waiting, failed, deleted, stopping, killed)}
    assert [(each.state, each.code, each.is_deleted, each.is_stopping) for each in now.values()] == [
        (State.QUEUED, "waiting_for_place", False, False),
        (State.FAILED, "stage_in_timeout", False, False),
        (State.CANCELLED, "deleted", True, False),
        (State.STAGING, None, False, True),
        (State.CANCELLED, "cancelled", False, False),
    ]
    for number, situation in now.items():
        assert found(store, MINE, situations=[situation]) == [number]
    assert found(store, MINE, situations=list(now.values())) == sorted(now, reverse=True)
    assert found(store, MINE, situations=[]) == []
    every_code = [None, *CODES]
    any_failed = [Situation(State.FAILED, code, False) for code in every_code]
    assert found(store, MINE, situations=any_failed) == [failed.id]
    staging = [Situation(State.STAGING, None, False, stop) for stop in (False, True)]
    assert found(store, MINE, situations=staging) == [stopping.id]
    assert found(store, MINE, situations=[Situation(State.FAILED, "stage_in_timeout", False, True)]) == []
    tallies = store.sheets.tally(Search(scope=MINE), [], 100)
    assert {each.situation: each.count for each in tallies} == dict.fromkeys(now.values(), 1)


def test_tallies_and_values(store: Any) -> None:
    for site in ("x", "y", "x"):
        submit(store, site=site, has_input=site == "y")
    store.submit(new_job(), FREE, NOW)
    waits = Situation(State.QUEUED, "waiting_for_place", False)
    tallies = store.sheets.tally(Search(scope=MINE), [C.SITE, C.HAS_INPUT], 100)
    assert {each.values: each.count for each in tallies} == {
        ("x", False): 2,
        ("y", True): 1,
        ("ANY", False): 1,
    }
    assert {each.situation for each in tallies} == {waits}
    assert sorted(store.sheets.values(Search(scope=MINE), C.SITE, 10)) == ["ANY", "x", "y"]
    assert store.sheets.values(Search(scope=MINE), C.SUBMITTED, 10) == [NOW]
    assert store.sheets.values(Search(scope=MINE), C.STARTED, 10) == [None]
    only = Search(scope=MINE, conditions=(Condition(C.SITE, Is.EQ, ("y",)),))
    assert list(store.sheets.values(only, C.SITE, 10)) == ["y"]
    assert len(store.sheets.values(Search(scope=MINE), C.ID, 2)) > 2
    assert len(store.sheets.tally(Search(scope=MINE), [C.ID], 2)) > 2


def test_history(store: Any) -> None:
    first, second = submit(store), submit(store, at=NOW + 25)
    move(store, first, State.STAGING, State.PULLING, State.RUNNING, at=NOW + 10)
    store.wish(second.uid, Wish.CANCEL, ALICE, STOP, NOW + 30)
    assert history(store, MINE, -10, 50) == {
        State.QUEUED: {10: 1, 30: 1},
        State.RUNNING: {20: 1, 30: 1, 40: 1},
        State.CANCELLED: {40: 1},
    }
    assert history(store, MINE, 100, 130) == {
        State.RUNNING: {100: 1, 110: 1, 120: 1},
        State.CANCELLED: {100: 1, 110: 1, 120: 1},
    }
    assert history(store, MINE, 0, 0) == history(store, Scope(realm="other"), -10, 50) == {}


def history(store: Any, scope: Scope, since: int, until: int) -> Mapping[State, Mapping[int, int]]:
    found = store.sheets.history(scope, START + since, START + until, 10)
    return {state: {at - START: count for at, count in by.items()} for state, by in found.items()}


def test_a_batch(store: Any) -> None:
    several = store.submit_all([new_job(sheet=sheet(batch=str(n))) for n in range(3)], FREE, NOW)
    ids = [each.job.id for each in several]
    alone = submit(store)
    for each in several:
        assert list(store.sheets.batch(each.job)) == ids
    assert list(store.sheets.batch(alone)) == [alone.id]


def test_another_try_is_filed_as_the_first(store: Any) -> None:
    job = submit(store, site="x")
    store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW)
    again = store.retry(job.uid, ALICE, NOW).job
    kept = store.sheets.sheets([job.id, again.id, again.id + 1])
    assert kept == {job.id: sheet(site="x"), again.id: sheet(site="x", retries=1)}
    assert found(store, MINE, Condition(C.RETRIES, Is.GE, (1,))) == [again.id]


@pytest.mark.parametrize("few", [0, 2000])
def test_whatever_is_asked_the_answer_is_that_of_one_job_after_the_other(
    store_url: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.compute.adapters.store_sql import sheets
    from services.compute.adapters.store_sql.store import open_store

    monkeypatch.setattr(sheets, "FEW", few)
    stores: list[Any] = [MemoryJobStore(), open_store(store_url)]
    for store in stores:
        _fill(store, random.Random(few))
    dice = random.Random(few + 1)
    for _ in range(60):
        wanted, start, limit = _any_search(dice), dice.choice([0, 0, 1, 5, 40]), dice.choice([1, 7, 100])
        answers = [store.sheets.search(wanted, limit, start) for store in stores]
        assert (answers[0][0], list(answers[0][1])) == (answers[1][0], list(answers[1][1])), wanted
        columns = dice.sample(list(C), 2)
        tallies = [
            {(t.values, t.situation): t.count for t in s.sheets.tally(wanted, columns, 999)} for s in stores
        ]
        assert tallies[0] == tallies[1], (wanted, columns)
    stores[1].close()


def _fill(store: Any, dice: random.Random) -> None:
    for number in range(40):
        owner = dice.choice([ALICE, BOB])
        filed = {
            "realm": dice.choice(["vo", "other"]),
            "owner_group": dice.choice(["vo_user", "vo_prod"]),
            "site": dice.choice(["ANY", "x", "y"]),
            "priority": dice.randint(0, 3),
        }
        name = dice.choice(["a", "ab", "B%", ""])
        if dice.random() < 0.2:
            job = store.submit(new_job(owner, name=name), FREE, NOW + number).job
        else:
            job = submit(store, owner, NOW + number, name, **filed)
        fate = dice.random()
        if fate < 0.2:
            store.delete(job.uid, owner, NOW + 2 * number)
        elif fate < 0.4:
            store.wish(job.uid, Wish.CANCEL, owner, STOP, NOW + 2 * number)
        elif fate < 0.6:
            move(store, job, State.STAGING, State.PULLING, State.RUNNING, at=NOW + 3 * number)
            if fate < 0.5:
                store.wish(job.uid, Wish.CANCEL, owner, STOP, NOW + 4 * number)


def _any_search(dice: random.Random) -> Search:
    values: dict[Column, list[Any]] = {
        C.SITE: ["ANY", "x", "z"], C.PRIORITY: [0, 1, 3], C.NAME: ["a", "B%", ""], C.ID: [1, 7, 30],
        C.CHANGED: [NOW + 10, NOW + 40.5], C.STARTED: [NOW + 30], C.OWNER_NAME: ["alice", ""],
    }  # fmt: skip
    conditions = []
    for column in dice.sample(list(values), dice.choice([0, 1, 2])):
        comparison = dice.choice([Is.EQ, Is.NE, Is.LT, Is.GE, Is.IN, Is.NOT_IN, Is.WITHIN, Is.OUTSIDE])
        some = dice.choices(values[column], k=2)
        is_pair = comparison in (Is.IN, Is.NOT_IN, Is.WITHIN, Is.OUTSIDE)
        conditions.append(Condition(column, comparison, tuple(some if is_pair else some[:1])))
    stands = [
        Situation(state, code, deleted, stopping)
        for state in dice.sample(list(State), 4)
        for code in (None, "waiting_for_place", "cancelled", "deleted")
        for deleted in (False, True)
        for stopping in (False, True)
        if dice.random() < 0.8
    ]
    scope = dice.choice(
        [MINE, Scope(owners=(ALICE, BOB)), Scope(owners=(BOB,), realm="vo"), Scope(realm="other"),
         Scope(owners=(ALICE,), realm="vo", groups=("vo_prod",))]
    )  # fmt: skip
    order = dice.choice(
        [((C.ID, False),), ((C.ID, True),), ((C.STARTED, False), (C.SITE, True)), ((C.NAME, True),)]
    )
    filed = dice.choice([UNFILED, sheet(site="x")])
    situations = dice.choice([None, None, stands])
    return Search(
        scope=scope, conditions=tuple(conditions), situations=situations, order=order, unfiled=filed
    )
