"""Who gets which job: places, turns, leases and fences."""

from dataclasses import replace
from typing import Any

import pytest

from services.compute.domain.errors import FencedOff
from services.compute.domain.ids import new_uid
from services.compute.domain.job import Job, RunState, Wish
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.ports.store import Change, Claimed, JobStore, Lease
from tests.fakes.compute_jobs import ALICE, BOB, NOW, SPACE, new_job, patient, run_of, spec

FREE = Quotas()
STOP = Reason("cancelled", "It was stopped.")
CAROL = "person:carol"


def submit(store: JobStore, owner: str = ALICE, **changes: Any) -> Job:
    return store.submit(new_job(owner, **changes), FREE, NOW).job


def claim(
    store: JobStore, places: int = 100, now: float = NOW, worker: str = "w", limit: int = 50
) -> list[Claimed]:
    return list(store.claim(worker, {SPACE: places}, now, 30, limit))


def ids(claimed: list[Claimed]) -> list[int]:
    return [each.job.id for each in claimed]


def step(store: JobStore, claimed: Claimed, *states: State, now: float = NOW) -> None:
    for state in states:
        store.change(claimed.lease, Change(to=state), now)


def end(store: JobStore, claimed: Claimed) -> None:
    store.change(claimed.lease, Change(to=State.FAILED, release=True), NOW)


def test_a_claim_is_a_lease_on_the_job(store: JobStore) -> None:
    job = submit(store)
    (claimed,) = claim(store)
    assert claimed == Claimed(job, Lease(job.uid, "w", 1, NOW + 30), ())
    assert claim(store, now=NOW + 29.9) == []
    assert store.read(claimed.lease) == claimed


def test_with_nothing_to_do_nothing_is_claimed(store: JobStore) -> None:
    assert claim(store) == []
    assert store.claim("w", {}, NOW, 30) == []
    submit(store)
    assert store.claim("w", {}, NOW, 30) == []
    assert store.claim("w", {"other": 5}, NOW, 30) == []
    assert claim(store, places=0) == []
    assert claim(store, places=-3) == []
    assert claim(store, limit=0) == []


def test_places_are_those_of_all_workers_together(store: JobStore) -> None:
    jobs = [submit(store).id for _ in range(5)]
    first = claim(store, 2)
    assert ids(first) == jobs[:2]
    assert claim(store, 2, worker="v") == []
    assert ids(claim(store, 3, worker="v")) == jobs[2:3]
    step(store, first[0], State.STAGING)
    assert claim(store, 3, worker="v") == []
    end(store, first[0])
    assert ids(claim(store, 3, worker="v")) == jobs[3:4]


def test_a_place_that_was_claimed_and_not_used_is_free_when_the_lease_ran_out(store: JobStore) -> None:
    first, second = submit(store), submit(store)
    assert ids(claim(store, 1)) == [first.id]
    assert sorted(ids(claim(store, 1, NOW + 30))) == [first.id]
    assert sorted(ids(claim(store, 2, NOW + 30))) == [second.id]


def test_environments_have_their_own_places(store: JobStore) -> None:
    jobs = [submit(store, spec=spec(name)).id for name in ("a", "a", "b", "b", "c")]
    taken = store.claim("w", {"a": 1, "b": 1, "d": 9}, NOW, 30)
    assert sorted(ids(list(taken))) == [jobs[0], jobs[2]]


def test_owners_take_turns(store: JobStore) -> None:
    many = [submit(store).id for _ in range(4)]
    bobs = [submit(store, BOB).id for _ in range(2)]
    order = []
    for _ in range(6):
        (claimed,) = claim(store, 1)
        order.append(claimed.job.id)
        end(store, claimed)
    assert order == [many[0], bobs[0], many[1], bobs[1], many[2], many[3]]


def test_a_newcomer_waits_for_one_turn_of_the_others_only(store: JobStore) -> None:
    for _ in range(3):
        submit(store), submit(store, BOB)
    for _ in range(2):
        end(store, claim(store, 1)[0])
    late = submit(store, CAROL).id
    assert ids(claim(store, 1)) == [late]


def test_several_places_go_round_too(store: JobStore) -> None:
    mine = [submit(store).id for _ in range(4)]
    bobs = submit(store, BOB).id
    carols = [submit(store, CAROL).id for _ in range(2)]
    assert sorted(ids(claim(store, 5))) == sorted([*mine[:2], bobs, *carols])


def test_priority_is_among_ones_own_jobs(store: JobStore) -> None:
    low, normal, high, high_too = (submit(store, spec=spec(priority=n)).id for n in (-5, 0, 9, 9))
    bobs = submit(store, BOB).id
    order = []
    for _ in range(5):
        (claimed,) = claim(store, 1)
        order.append(claimed.job.id)
        end(store, claimed)
    assert order[:2] in ([high, bobs], [bobs, high])
    assert [each for each in order if each != bobs] == [high, high_too, normal, low]


def test_jobs_under_way_come_first_and_need_no_place(store: JobStore) -> None:
    for _ in range(2):
        submit(store)
    first, second = claim(store)
    step(store, first, State.STAGING, State.PULLING)
    store.change(second.lease, Change(to=State.STAGING, release=True), NOW)
    third = submit(store).id
    assert ids(claim(store, 0, worker="v")) == [second.job.id]
    assert ids(claim(store, 0, NOW + 31, worker="v")) == [first.job.id, second.job.id]
    assert ids(claim(store, 3, NOW + 31, worker="v")) == [third]


def test_jobs_under_way_are_for_workers_that_serve_their_environment(store: JobStore) -> None:
    submit(store)
    (claimed,) = claim(store)
    store.change(claimed.lease, Change(to=State.STAGING, release=True), NOW)
    assert store.claim("w", {"other": 1}, NOW, 30) == []


def test_a_limit_holds_for_all_kinds_together(store: JobStore) -> None:
    for _ in range(5):
        submit(store)
    for each in claim(store, limit=2):
        store.change(each.lease, Change(to=State.STAGING, release=True), NOW)
    assert len(claim(store, limit=3)) == 3
    assert len(claim(store, limit=3)) == 2


def test_nobody_looks_before_the_time_to_wake(store: JobStore) -> None:
    submit(store)
    (claimed,) = claim(store)
    store.change(claimed.lease, Change(to=State.STAGING, wake_at=NOW + 10, release=True), NOW)
    assert claim(store, now=NOW + 9.9) == []
    (claimed,) = claim(store, now=NOW + 10)
    store.change(claimed.lease, Change(to=State.QUEUED, wake_at=NOW + 20, release=True), NOW + 10)
    assert claim(store, now=NOW + 19) == []
    assert len(claim(store, now=NOW + 20)) == 1


def test_a_wish_wakes_the_worker(store: JobStore) -> None:
    job = submit(store)
    (claimed,) = claim(store)
    store.change(claimed.lease, Change(to=State.STAGING, wake_at=NOW + 99, release=True), NOW)
    assert store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW).state is State.STAGING
    (again,) = claim(store)
    assert again.job.wish is Wish.CANCEL
    assert store.wishes([job.uid, new_uid()]) == {job.uid: Wish.CANCEL}


def test_who_waits_too_long_is_handed_out_to_be_ended(store: JobStore) -> None:
    jobs = [submit(store, spec=patient(10)).id for _ in range(2)]
    submit(store)
    assert claim(store, 0, NOW + 9.9) == []
    taken = claim(store, 1, NOW + 10)
    assert [(each.job.id, each.overdue) for each in taken][:2] == [(jobs[0], True), (jobs[1], True)]
    strange = store.submit(new_job(spec=patient(1)), FREE, NOW).job
    (claimed,) = store.claim("w", {"other": 0}, NOW + 60, 30, limit=1)
    assert claimed.overdue
    assert claimed.job.id in {*jobs, strange.id}


def test_the_clock_of_the_queue_stands_while_an_attempt_waits_to_begin(store: JobStore) -> None:
    submit(store, spec=patient(10))
    (claimed,) = claim(store)
    store.change(claimed.lease, Change(to=State.STAGING), NOW + 5)
    back = Change(to=State.QUEUED, wake_at=NOW + 100, release=True)
    store.change(claimed.lease, back, NOW + 6)
    (again,) = claim(store, now=NOW + 109)
    assert not again.overdue
    store.release([again.lease])
    assert [each.overdue for each in claim(store, now=NOW + 110)] == [True]


def test_runs_of_the_current_attempt_come_with_the_job(store: JobStore) -> None:
    job = submit(store)
    (claimed,) = claim(store)
    store.change(claimed.lease, Change(to=State.STAGING, attempt_begins=True), NOW)
    mine = [store.intend(claimed.lease, run_of(job.uid, 1, task)) for task in (1, 0)]
    (again,) = claim(store, now=NOW + 30)
    assert again.runs == (mine[1], mine[0])
    store.change(again.lease, Change(to=State.QUEUED), NOW)
    store.change(again.lease, Change(to=State.STAGING, attempt_begins=True, release=True), NOW)
    (third,) = claim(store, now=NOW + 60)
    assert (third.job.attempt, third.runs) == (2, ())
    assert [run.attempt for run in store.runs(job.uid)] == [1, 1]
    assert store.runs(job.uid, 2) == []


def test_a_runs_address_is_kept_from_its_intention_to_its_end(store: JobStore) -> None:
    job = submit(store)
    (claimed,) = claim(store)
    store.change(claimed.lease, Change(to=State.STAGING, attempt_begins=True), NOW)
    run = store.intend(claimed.lease, run_of(job.uid, 1, 0, address="10.212.0.2"))
    again = store.intend(claimed.lease, run_of(job.uid, 1, 0, address="10.212.0.9"))
    assert (run.address, again.address) == ("10.212.0.2", "10.212.0.2")
    store.note_run(claimed.lease, replace(run, state=RunState.ENDED, exit_code=0))
    store.intend(claimed.lease, run_of(job.uid, 1, 1))
    assert [each.address for each in store.runs(job.uid)] == ["10.212.0.2", None]


def test_who_lost_the_job_writes_nothing_any_more(store: JobStore) -> None:
    job = submit(store)
    (old,) = claim(store)
    (new,) = claim(store, now=NOW + 30, worker="v")
    assert new.lease.fence > old.lease.fence
    void = [
        lambda: store.read(old.lease),
        lambda: store.change(old.lease, Change(to=State.STAGING), NOW),
        lambda: store.intend(old.lease, run_of(job.uid)),
        lambda: store.note_run(old.lease, run_of(job.uid)),
        lambda: store.fail_step(old.lease, "x", NOW, NOW),
        lambda: store.bury(old.lease, "x", NOW),
    ]
    for work in void:
        with pytest.raises(FencedOff):
            work()
    assert store.renew([old.lease], NOW, 30) == []
    store.release([old.lease])
    assert claim(store, now=NOW + 31) == []
    assert store.read(new.lease).job == job
    assert (len(store.events(job.uid)), list(store.runs(job.uid))) == (1, [])
    store.purge(job.uid)
    with pytest.raises(FencedOff):
        store.read(new.lease)


def test_a_lease_that_ran_out_is_good_as_long_as_nobody_took_the_job(store: JobStore) -> None:
    submit(store)
    (claimed,) = claim(store)
    (renewed,) = store.renew([claimed.lease], NOW + 40, 30)
    assert renewed == Lease(claimed.job.uid, "w", claimed.lease.fence, NOW + 70)
    assert claim(store, now=NOW + 69) == []
    step(store, claimed, State.STAGING, now=NOW + 69)


def test_renewing_prolongs_what_is_still_held(store: JobStore) -> None:
    for _ in range(3):
        submit(store)
    leases = [each.lease for each in claim(store)]
    store.release(leases[1:2])
    kept = store.renew(leases, NOW + 10, 30)
    assert [(lease.uid, lease.expires_at) for lease in kept] == [
        (leases[0].uid, NOW + 40),
        (leases[2].uid, NOW + 40),
    ]
    assert store.renew([], NOW, 30) == []
    store.release([])


def test_what_is_given_back_is_for_anybody_at_once(store: JobStore) -> None:
    submit(store)
    (claimed,) = claim(store)
    store.release([claimed.lease])
    (again,) = claim(store, worker="v")
    assert again.lease.fence > claimed.lease.fence


def test_a_cancelled_job_is_not_started_by_a_worker_that_slept(store: JobStore) -> None:
    job = submit(store)
    (claimed,) = claim(store)
    assert store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW + 1).state is State.QUEUED
    assert store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW + 31).state is State.CANCELLED
    with pytest.raises(FencedOff):
        step(store, claimed, State.STAGING, now=NOW + 32)


def test_what_has_ended_is_not_claimed(store: JobStore) -> None:
    submit(store)
    end(store, claim(store)[0])
    assert claim(store, now=NOW + 100) == []


def test_running_in_counts_jobs_that_hold_a_place(store: JobStore) -> None:
    for name in ("a", "a", "b"):
        submit(store, spec=spec(name))
    taken = store.claim("w", {"a": 2, "b": 2}, NOW, 30)
    for each in taken[:2]:
        step(store, each, State.STAGING)
    found = store.running_in(["a", "b", "c"])
    assert sum(found.values()) == 2
    assert found["c"] == 0
    assert store.running_in([]) == {}
