"""What upkeep asks of the store beside grants: jobs that no worker serves, owners and turns."""

import pytest

from services.compute.domain.errors import FencedOff
from services.compute.domain.ids import new_uid
from services.compute.domain.job import Job
from services.compute.domain.quotas import Quotas
from services.compute.domain.states import State
from services.compute.ports.store import Change, Claimed, JobStore
from tests.fakes.compute_jobs import ALICE, BOB, NOW, SPACE, new_job, spec

FREE = Quotas()
CAROL = "person:carol"


def submit(store: JobStore, owner: str = ALICE, environment: str = SPACE) -> Job:
    return store.submit(new_job(owner, spec=spec(environment)), FREE, NOW).job


def taken(store: JobStore, places: int = 100) -> Claimed:
    return store.claim("w", {SPACE: places}, NOW, 30)[0]


def test_jobs_of_environments_that_nobody_serves_are_found_while_nobody_holds_them(store: JobStore) -> None:
    gone, other, waiting = submit(store), submit(store, environment="there"), submit(store)
    claimed = {each.job.id: each for each in store.claim("w", {SPACE: 1, "there": 1}, NOW, 30)}
    for each in claimed.values():
        store.change(each.lease, Change(to=State.STAGING), NOW)
    assert store.strays(["there"], NOW + 29, 10) == []
    assert list(store.strays(["there"], NOW + 30, 10)) == [gone.uid]
    assert list(store.strays([], NOW + 30, 10)) == [gone.uid, other.uid]
    assert list(store.strays([], NOW + 30, 1)) == [gone.uid]
    assert store.claim_these("w2", [gone.uid], NOW + 29, 60) == []
    assert store.claim_these("w2", [], NOW + 30, 60) == []
    (again,) = store.claim_these("w2", [gone.uid, waiting.uid, new_uid()], NOW + 30, 60)
    assert (again.job.uid, again.lease.worker, again.lease.expires_at) == (gone.uid, "w2", NOW + 90)
    with pytest.raises(FencedOff):
        store.read(claimed[gone.id].lease)
    assert store.strays(["there"], NOW + 31, 10) == []
    store.bury(again.lease, "broken", NOW + 31)
    assert store.strays(["there"], NOW + 100, 10) == []


def test_turns_that_decide_nothing_are_forgotten(store: JobStore) -> None:
    for owner in (ALICE, BOB, CAROL, "person:dan"):
        submit(store, owner)
        ended = Change(to=State.FAILED, release=True)
        store.change(taken(store).lease, ended, NOW)
    assert store.forget_turns(3) == 0
    submit(store, ALICE)  # she waits: hers stays
    assert store.forget_turns(1) == 1
    assert store.forget_turns(1) == 0
    assert store.busy_owners() in ([ALICE], {ALICE})
    for owner in (CAROL, BOB):
        submit(store, owner)
    order = [taken(store, 1 + number).job.owner for number in range(3)]
    assert order == [BOB, ALICE, CAROL]  # who was forgotten is first
