"""What happens at the same time happens as if one had been first."""

import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from services.compute.adapters.store_sql.store import SqlJobStore, open_store
from services.compute.domain.errors import AgreementInUse, FencedOff, KeyInFlight, QuotaExceeded
from services.compute.domain.job import Wish
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.ports.store import Change, Filter, JobStore, Key, Submitted
from tests.fakes.at_once import at_once, kinds
from tests.fakes.compute_jobs import ALICE, BOB, NOW, SPACE, new_job, run_of, sized
from tests.fakes.compute_rows import key_of
from tests.fakes.compute_store import MemoryJobStore

FREE = Quotas()
STOP = Reason("cancelled", "It was stopped.")
ROOT = Path(__file__).parents[3]


def test_of_simultaneous_claims_each_job_goes_to_one(store_url: str) -> None:
    """Two processes with four workers each, 200 jobs of ten owners."""
    store = open_store(store_url)
    uids = {store.submit(new_job(f"person:{n % 10}"), FREE, NOW).job.uid for n in range(200)}
    claimer = [sys.executable, str(Path(__file__).with_name("claimer.py")), store_url]
    processes = [
        subprocess.Popen(
            [*claimer, name, "4"], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT)}
        )
        for name in ("a", "b")
    ]
    got = [process.communicate(timeout=120)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert len(got[0]) + len(got[1]) == 200
    assert set(got[0]) | set(got[1]) == uids
    assert store.running_in([SPACE]) == {SPACE: 200}
    assert {len(store.events(uid)) for uid in uids} == {2}
    store.close()


def test_no_place_is_given_twice(store: JobStore) -> None:
    for _ in range(12):
        store.submit(new_job(), FREE, NOW)
    taken = at_once(6, lambda n: store.claim(f"w{n}", {SPACE: 4}, NOW, 30))
    uids = [each.job.uid for claimed in taken for each in claimed]  # type: ignore[attr-defined]
    assert len(uids) == len(set(uids)) == 4


def test_one_key_at_once_is_one_job(store: JobStore) -> None:
    key = Key(owner=ALICE, dialect="native", key="k", fingerprint="a" * 64)
    results = at_once(8, lambda n: store.submit(new_job(name=str(n)), FREE, NOW, key))
    taken = [result for result in results if isinstance(result, Submitted)]
    assert all(isinstance(result, Submitted | KeyInFlight) for result in results)
    assert [each.replayed for each in taken].count(False) == 1
    assert len({each.job.uid for each in taken}) == 1
    assert store.count(Filter(owners=None)) == 1
    assert store.submit(new_job(), FREE, NOW, key).replayed


def test_a_key_whose_first_request_is_at_work_is_in_flight(store: JobStore) -> None:
    key = Key(owner=ALICE, dialect="native", key="k", fingerprint="a" * 64)
    uid = store.submit(new_job(), FREE, NOW).job.uid
    store.wish(uid, Wish.CANCEL, ALICE, STOP, NOW)
    if isinstance(store, MemoryJobStore):
        store.keys_at_work.add(key_of(key))
        at_work: AbstractContextManager[None] = nullcontext()
    else:
        assert isinstance(store, SqlJobStore)
        at_work = store._at_work(key)
    with at_work:
        for again in (
            lambda: store.submit(new_job(), FREE, NOW, key),
            lambda: store.retry(uid, ALICE, NOW, FREE, key),
        ):
            with pytest.raises(KeyInFlight):
                again()
        assert not store.submit(new_job(), FREE, NOW, replace(key, key="k2")).replayed
    if isinstance(store, MemoryJobStore):
        store.keys_at_work.clear()
    assert not store.submit(new_job(), FREE, NOW, key).replayed


def test_a_key_that_another_process_has_is_in_flight(postgres_url: str) -> None:
    key = Key(owner=ALICE, dialect="native", key="k", fingerprint="a" * 64)
    mine, other = open_store(postgres_url), open_store(postgres_url)
    with other._database.write() as connection:
        assert other._replayed(connection, key) is None
        with pytest.raises(KeyInFlight):
            mine.submit(new_job(), FREE, NOW, key)
    assert not mine.submit(new_job(), FREE, NOW, key).replayed
    assert other.submit(new_job(), FREE, NOW, key).replayed
    mine.close()
    other.close()


def test_one_key_with_two_requests_at_once_is_one_job(store: JobStore) -> None:
    keys = [Key(owner=ALICE, dialect="native", key="k", fingerprint=str(n) * 64) for n in range(6)]
    results = at_once(6, lambda n: store.submit(new_job(), FREE, NOW, keys[n]))
    assert kinds(results)["Submitted"] == 1
    assert set(kinds(results)) <= {"Submitted", "KeyReused", "KeyInFlight"}
    assert store.count(Filter(owners=None)) == 1


def test_one_payment_at_once_is_one_job_whoever_asks(store: JobStore) -> None:
    """An order's consumer and its payer may both start with it."""
    jobs = [new_job(natural_key="0xabc"), new_job(natural_key="0xabc", owner=BOB)]
    results = at_once(8, lambda n: store.submit(jobs[n % 2], FREE, NOW))
    assert kinds(results) == {"Submitted": 1, AgreementInUse.__name__: 7}


def test_a_quota_holds_for_requests_at_once(store: JobStore) -> None:
    quotas = Quotas(principal=Quota(jobs=3))
    results = at_once(8, lambda _: store.submit(new_job(), quotas, NOW))
    assert kinds(results) == {"Submitted": 3, QuotaExceeded.__name__: 5}
    assert store.held(ALICE)[ALICE].jobs == 3


def test_a_groups_quota_holds_for_its_people_at_once(store: JobStore) -> None:
    quotas = Quotas(principal=Quota(), groups={"g": Quota(cpus=4.0), "h": Quota(jobs=100)})
    job = new_job(spec=sized(2.0, 1), groups=("g", "h"))
    people = [replace(job, owner=f"person:{n}", groups=job.groups[:: 1 - 2 * (n % 2)]) for n in range(8)]
    results = at_once(8, lambda n: store.submit(people[n], quotas, NOW))
    assert kinds(results) == {"Submitted": 2, QuotaExceeded.__name__: 6}


def test_a_retry_at_once_of_a_payment_is_one_job(store: JobStore) -> None:
    uid = store.submit(new_job(natural_key="paid"), FREE, NOW).job.uid
    store.wish(uid, Wish.CANCEL, ALICE, STOP, NOW)
    results = at_once(4, lambda _: store.retry(uid, ALICE, NOW))
    assert kinds(results) == {"Submitted": 1, AgreementInUse.__name__: 3}


def test_a_job_is_either_cancelled_in_the_queue_or_taken(store: JobStore) -> None:
    uids = [store.submit(new_job(), FREE, NOW).job.uid for _ in range(20)]

    def work(number: int) -> object:
        if number == 0:
            return store.claim("w", {SPACE: 100}, NOW, 30)
        for uid in uids:
            store.wish(uid, Wish.CANCEL, BOB, STOP, NOW)
        return ()

    taken = [each for result in at_once(3, work) for each in result]  # type: ignore[attr-defined]
    for claimed in taken:
        job = store.change(claimed.lease, Change(to=State.STAGING), NOW)
        assert job.wish is Wish.CANCEL
    left = [store.find(uid, None) for uid in uids if uid not in {each.job.uid for each in taken}]
    assert {job.state for job in left} <= {State.CANCELLED}
    assert all(len(store.events(uid)) == 2 for uid in uids)


def test_one_intent_wins_and_one_worker_writes(store: JobStore) -> None:
    uid = store.submit(new_job(), FREE, NOW).job.uid
    (old,) = store.claim("old", {SPACE: 1}, NOW, 30)
    (new,) = store.claim("new", {SPACE: 1}, NOW + 30, 30)
    leases = [old.lease, new.lease] * 3
    runs = at_once(6, lambda n: store.intend(leases[n], run_of(uid, started_at=NOW + n)))
    assert kinds(runs) == {"Run": 3, FencedOff.__name__: 3}
    assert len({run for run in runs if not isinstance(run, FencedOff)}) == 1
    moves = at_once(6, lambda n: store.change(leases[n], Change(to=State.STAGING), NOW))
    assert kinds(moves) == {"Job": 1, "FencedOff": 3, "IllegalMove": 2}
    assert len(store.events(uid)) == 2


def test_ids_of_one_owner_come_in_the_order_of_their_events(store: JobStore) -> None:
    at_once(8, lambda n: [store.submit(new_job(), FREE, NOW + n) for _ in range(5)])
    page = store.page(Filter(owners=[ALICE]), 100)
    ids = [job.id for job in page.jobs]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 40
