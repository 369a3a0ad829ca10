"""Names that windows' users find jobs by."""

from dataclasses import replace

import pytest

from services.compute.domain.errors import AgreementInUse, HandleTaken, JobNotFound, QuotaExceeded
from services.compute.domain.ids import new_uid
from services.compute.domain.job import Handle, Wish
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.ports.store import Change, Filter, JobStore, Key, Submitted
from tests.fakes.at_once import at_once, kinds
from tests.fakes.compute_jobs import ALICE, BOB, NOW, SPACE, new_job

pytestmark = pytest.mark.clause("openpai 4.1", "openpai 4.4")

FREE = Quotas()
STOP = Reason("cancelled", "It was stopped.")
HANDLE = Handle("openpai", "", "first")


def test_a_job_is_found_by_its_handle_in_every_state(store: JobStore) -> None:
    job = store.submit(new_job(handle=HANDLE), FREE, NOW).job
    assert store.by_handle(HANDLE) == job
    (claimed,) = store.claim("w", {SPACE: 1}, NOW, 30)
    moved = store.change(claimed.lease, Change(to=State.STAGING), NOW)
    assert store.by_handle(HANDLE) == moved
    store.change(claimed.lease, Change(to=State.FAILED), NOW)
    assert store.by_handle(HANDLE).state is State.FAILED


@pytest.mark.parametrize(
    "other",
    [
        Handle("other", "", "first"),
        Handle("openpai", "alice", "first"),
        Handle("openpai", "", "First"),
        Handle("openpai", "", "first\0"),
        Handle("openpai", "", "first\ud800"),
        Handle("openpai", "first", ""),
    ],
    ids=["window", "scope", "case", "nul", "half", "parts"],
)
def test_another_handle_finds_nothing(store: JobStore, other: Handle) -> None:
    store.submit(new_job(handle=HANDLE), FREE, NOW)
    with pytest.raises(JobNotFound):
        store.by_handle(other)


def test_one_name_may_be_there_in_two_windows_and_scopes(store: JobStore) -> None:
    handles = [HANDLE, replace(HANDLE, window="other"), replace(HANDLE, scope="alice")]
    jobs = [store.submit(new_job(handle=handle), FREE, NOW).job for handle in handles]
    assert [store.by_handle(handle) for handle in handles] == jobs


def test_a_taken_name_is_refused_and_nothing_happened(store: JobStore) -> None:
    first = store.submit(new_job(handle=HANDLE), FREE, NOW).job
    for state in (State.QUEUED, State.CANCELLED):
        assert store.find(first.uid, None).state is state
        with pytest.raises(HandleTaken) as refused:
            store.submit(new_job(BOB, handle=HANDLE), FREE, NOW)
        assert refused.value.uid == first.uid
        assert store.count(Filter(owners=None)) == 1
        store.wish(first.uid, Wish.CANCEL, ALICE, STOP, NOW)


def test_a_refused_job_takes_no_name(store: JobStore) -> None:
    with pytest.raises(QuotaExceeded):
        store.submit(new_job(handle=HANDLE), Quotas(principal=Quota(jobs=0)), NOW)
    with pytest.raises(JobNotFound):
        store.by_handle(HANDLE)
    store.submit(new_job(natural_key="paid"), FREE, NOW)
    with pytest.raises(AgreementInUse):
        store.submit(new_job(natural_key="paid", handle=HANDLE), FREE, NOW)
    store.submit(new_job(handle=HANDLE), FREE, NOW)


def test_a_replay_gives_its_job_and_does_not_look_at_the_name(store: JobStore) -> None:
    key = Key(owner=ALICE, dialect="openpai", key="k", fingerprint="f" * 64)
    new = new_job(handle=HANDLE)
    job = store.submit(new, FREE, NOW, key).job
    assert store.submit(new, FREE, NOW, key) == Submitted(job, replayed=True)
    with pytest.raises(HandleTaken):
        store.submit(new, FREE, NOW, replace(key, key="other"))
    assert not store.submit(new_job(), FREE, NOW, replace(key, key="other")).replayed


def test_of_a_batch_with_a_taken_name_nothing_is_there(store: JobStore) -> None:
    store.submit(new_job(handle=HANDLE), FREE, NOW)
    other = replace(HANDLE, name="second")
    for batch in ([other, HANDLE], [other, other]):
        with pytest.raises(HandleTaken):
            store.submit_all([new_job(handle=handle) for handle in batch], FREE, NOW)
        with pytest.raises(JobNotFound):
            store.by_handle(other)
    assert store.count(Filter(owners=None)) == 1
    made = store.submit_all([new_job(handle=other), new_job()], FREE, NOW)
    assert store.by_handle(other) == made[0].job


def test_a_dropped_name_is_free(store: JobStore) -> None:
    first = store.submit(new_job(handle=HANDLE), FREE, NOW).job
    store.drop_handle(first.uid)
    store.drop_handle(first.uid)
    store.drop_handle(new_uid())
    with pytest.raises(JobNotFound):
        store.by_handle(HANDLE)
    assert store.find(first.uid, None) == first
    second = store.submit(new_job(handle=HANDLE), FREE, NOW).job
    store.drop_handle(first.uid)
    assert store.by_handle(HANDLE) == second


def test_deletion_and_purge_free_the_name(store: JobStore) -> None:
    first = store.submit(new_job(handle=HANDLE), FREE, NOW).job
    store.delete(first.uid, ALICE, NOW)
    second = store.submit(new_job(handle=HANDLE), FREE, NOW).job
    store.delete(first.uid, ALICE, NOW)
    assert store.by_handle(HANDLE) == second
    store.wish(second.uid, Wish.CANCEL, ALICE, STOP, NOW)
    store.purge(second.uid)
    with pytest.raises(JobNotFound):
        store.by_handle(HANDLE)


def test_a_retry_takes_the_name_with_it(store: JobStore) -> None:
    first = store.submit(new_job(handle=HANDLE), FREE, NOW).job
    store.wish(first.uid, Wish.CANCEL, ALICE, STOP, NOW)
    second = store.retry(first.uid, ALICE, NOW).job
    assert store.by_handle(HANDLE) == second
    assert store.handles([first.id, second.id]) == {second.id: HANDLE}
    third = store.retry(first.uid, ALICE, NOW).job
    assert store.by_handle(HANDLE) == second
    assert store.handles([third.id]) == {}


def test_a_retry_that_is_refused_leaves_the_name(store: JobStore) -> None:
    first = store.submit(new_job(handle=HANDLE, natural_key="paid"), FREE, NOW).job
    store.wish(first.uid, Wish.CANCEL, ALICE, STOP, NOW)
    store.submit(new_job(natural_key="paid"), FREE, NOW)
    with pytest.raises(AgreementInUse):
        store.retry(first.uid, ALICE, NOW)
    assert store.by_handle(HANDLE).uid == first.uid


def test_handles_of_many_jobs(store: JobStore) -> None:
    named = [replace(HANDLE, name=str(number)) for number in range(3)]
    ids = [store.submit(new_job(handle=handle), FREE, NOW).job.id for handle in named]
    plain = store.submit(new_job(), FREE, NOW).job.id
    assert store.handles([*ids[:2], plain, 10**6]) == {ids[0]: named[0], ids[1]: named[1]}
    assert store.handles([]) == {}


def test_of_one_name_at_once_exactly_one_wins(store: JobStore) -> None:
    results = at_once(12, lambda n: store.submit(new_job(f"person:{n}", handle=HANDLE), FREE, NOW))
    assert kinds(results) == {"Submitted": 1, "HandleTaken": 11}
    (won,) = (result.job for result in results if isinstance(result, Submitted))
    assert store.by_handle(HANDLE) == won
    assert {refused.uid for refused in results if isinstance(refused, HandleTaken)} == {won.uid}
    assert store.count(Filter(owners=None)) == 1
