"""What ended jobs were granted, as long as nobody could end it."""

import pytest

from services.compute.domain.job import Wish
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Folder, Input, Source
from services.compute.domain.states import State
from services.compute.ports.store import Change, JobStore
from tests.fakes.compute_jobs import ALICE, NOW, SPACE, new_job, spec

FREE = Quotas()
STOP = Reason("cancelled", "It was stopped.")
GRANTED = spec(
    folders=(Folder(path="/in"),), inputs=(Input(source=Source.GRANT, path="/in/0", value="handle"),)
)


@pytest.mark.parametrize("how", ["wish", "delete"])
def test_a_job_that_is_stopped_while_it_waits_leaves_its_grants_to_upkeep(store: JobStore, how: str) -> None:
    job = store.submit(new_job(spec=GRANTED), FREE, NOW).job
    assert store.granted(NOW + 1, 10) == []
    if how == "wish":
        store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW + 2)
    else:
        store.delete(job.uid, ALICE, NOW + 2)
    assert store.granted(NOW + 1, 10) == []
    assert store.granted(NOW + 2, 10) == [job.uid]
    revision = store.revision(job.uid, None)
    store.note_grants(job.uid, NOW + 60)
    assert store.granted(NOW + 59, 10) == []
    assert store.granted(NOW + 60, 10) == [job.uid]
    store.note_grants(job.uid, None)
    assert store.granted(NOW + 1e6, 10) == []
    store.note_grants(job.uid, NOW)  # of one that is settled: nothing begins anew
    assert store.granted(NOW + 1e6, 10) == []
    assert store.revision(job.uid, None) == revision  # nothing of it is shown


def test_a_job_that_was_granted_nothing_leaves_nothing(store: JobStore) -> None:
    job = store.submit(new_job(), FREE, NOW).job
    store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW)
    assert store.granted(NOW + 1e6, 10) == []


def test_a_worker_that_could_not_end_them_says_so_with_the_end(store: JobStore) -> None:
    job = store.submit(new_job(spec=GRANTED), FREE, NOW).job
    (claimed,) = store.claim("w", {SPACE: 1}, NOW, 60)
    store.change(claimed.lease, Change(to=State.STAGING, attempt_begins=True), NOW)
    assert store.granted(NOW + 1e6, 10) == []
    store.note_grants(job.uid, NOW)  # it goes on: nobody looks at its grants
    assert store.granted(NOW + 1e6, 10) == []
    store.change(claimed.lease, Change(to=State.FAILED, reason=STOP, wake_at=NOW + 5, release=True), NOW + 1)
    assert store.granted(NOW + 4, 10) == []
    assert store.granted(NOW + 5, 10) == [job.uid]
    assert store.claim("w", {SPACE: 1}, NOW + 1e5, 60) == []


def test_the_longest_due_come_first_and_no_more_than_wanted(store: JobStore) -> None:
    uids = [store.submit(new_job(spec=GRANTED), FREE, NOW).job.uid for _ in range(3)]
    for number, uid in enumerate(reversed(uids)):
        store.wish(uid, Wish.CANCEL, ALICE, STOP, NOW + number)
    assert list(store.granted(NOW + 10, 10)) == uids[::-1]
    assert list(store.granted(NOW + 10, 2)) == uids[:0:-1]
    store.purge(uids[2])
    assert list(store.granted(NOW + 10, 10)) == uids[1::-1]
