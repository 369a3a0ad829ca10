"""The port Errands: in memory, in SQLite, in PostgreSQL."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from services.compute.adapters.store_sql import errands as errands_sql
from services.compute.adapters.store_sql.store import open_store
from services.compute.domain.errands import Errand, ErrandKind, ErrandState
from services.compute.domain.errors import AlreadyFinished, FencedOff, JobNotFound, QuotaExceeded
from services.compute.domain.ids import JobUid, new_uid
from services.compute.domain.job import Wish
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.ports.errands import MAX_OPEN, TOO_LATE, Errands
from services.compute.ports.store import JobStore, Lease
from tests.fakes import compute_side
from tests.fakes.compute_jobs import ALICE, NOW, SPACE, new_job
from tests.fakes.compute_side import MemoryErrands
from tests.fakes.compute_store import MemoryJobStore

Both = tuple[JobStore, Errands]
UNTIL = NOW + 20


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def both(request: pytest.FixtureRequest, new_url: Callable[[str], str]) -> Iterator[Both]:
    if request.param == "memory":
        jobs = MemoryJobStore()
        yield jobs, MemoryErrands(jobs)
        return
    store = open_store(new_url(request.param))
    yield store, store.errands
    store.close()


def claimed(store: JobStore) -> Lease:
    store.submit(new_job(), Quotas(), NOW)
    (found,) = store.claim("w", {SPACE: 10}, NOW, 30)
    return found.lease


def ask(errands: Errands, uid: JobUid, argument: str = "ls -l", kind: ErrandKind = ErrandKind.EXEC) -> Errand:
    return errands.ask(uid, kind, argument, ALICE, NOW, UNTIL)


def test_an_errand_is_asked_taken_and_done(both: Both) -> None:
    store, errands = both
    lease = claimed(store)
    asked = ask(errands, lease.uid, "echo 'ü'\n")
    assert (asked.state, asked.argument, asked.by) == (ErrandState.ASKED, "echo 'ü'\n", ALICE)
    assert errands.errand(asked.uid) == asked
    assert errands.asked([lease.uid, new_uid()], NOW) == {lease.uid: [asked]}
    assert errands.take(lease, asked.uid, NOW)
    assert errands.asked([lease.uid], NOW) == {}
    done = replace(asked, state=ErrandState.DONE, exit_code=3, size=7)
    errands.finish(lease, done, NOW + 1)
    assert errands.errand(asked.uid) == replace(done, ended_at=NOW + 1)
    late = replace(asked, state=ErrandState.FAILED, sentence="too late")
    errands.finish(lease, late, NOW + 2)
    assert errands.errand(asked.uid).state is ErrandState.DONE


def test_of_those_who_take_it_at_once_one_has_it(both: Both) -> None:
    store, errands = both
    lease = claimed(store)
    asked = ask(errands, lease.uid)
    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(lambda _: errands.take(lease, asked.uid, NOW), range(6)))
    assert taken.count(True) == 1


def test_whoever_does_not_hold_the_job_has_no_say(both: Both) -> None:
    store, errands = both
    lease = claimed(store)
    asked = ask(errands, lease.uid)
    old = replace(lease, fence=lease.fence - 1)
    with pytest.raises(FencedOff):
        errands.take(old, asked.uid, NOW)
    assert errands.take(lease, asked.uid, NOW)
    with pytest.raises(FencedOff):
        errands.finish(old, replace(asked, state=ErrandState.DONE), NOW)
    assert errands.errand(asked.uid).state is ErrandState.TAKEN


def test_what_nobody_took_in_time_has_failed(both: Both) -> None:
    store, errands = both
    lease = claimed(store)
    asked = ask(errands, lease.uid)
    assert not errands.take(lease, asked.uid, UNTIL)
    assert errands.asked([lease.uid], UNTIL) == {}
    found = errands.errand(asked.uid)
    assert (found.state, found.sentence, found.ended_at) == (ErrandState.FAILED, TOO_LATE, UNTIL)


def test_what_is_abandoned_has_failed_and_what_was_done_stays(both: Both) -> None:
    store, errands = both
    lease = claimed(store)
    done, taken, waits = (ask(errands, lease.uid, word) for word in ("done", "taken", "waits"))
    for errand in (done, taken):
        assert errands.take(lease, errand.uid, NOW)
    errands.finish(lease, replace(done, state=ErrandState.DONE, exit_code=0), NOW)
    errands.abandon(lease.uid, "gone", NOW + 1)
    states = {errand.argument: (errand.state, errand.sentence) for errand in errands.errands(lease.uid)}
    assert states == {
        "done": (ErrandState.DONE, ""),
        "taken": (ErrandState.FAILED, "gone"),
        "waits": (ErrandState.FAILED, "gone"),
    }
    assert waits.has_ended is False


def test_a_job_has_so_many_at_a_time_and_none_when_it_has_ended(both: Both) -> None:
    store, errands = both
    lease = claimed(store)
    for number in range(MAX_OPEN):
        ask(errands, lease.uid, str(number), ErrandKind.SNAPSHOT if number % 2 else ErrandKind.EXEC)
    with pytest.raises(QuotaExceeded):
        ask(errands, lease.uid)
    assert len(errands.errands(lease.uid, ErrandKind.SNAPSHOT)) == MAX_OPEN // 2
    ended = store.submit(new_job(), Quotas(), NOW).job
    store.wish(ended.uid, Wish.CANCEL, ALICE, Reason("cancelled", "stop"), NOW)
    with pytest.raises(AlreadyFinished):
        ask(errands, ended.uid)
    with pytest.raises(JobNotFound):
        ask(errands, new_uid())
    with pytest.raises(JobNotFound):
        errands.errand(new_uid())


def test_a_job_has_so_many_in_all(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (errands_sql, compute_side):
        monkeypatch.setattr(module, "MAX_OF_JOB", 2)
    store, errands = both
    lease = claimed(store)
    for number in range(2):
        asked = ask(errands, lease.uid, str(number))
        assert errands.take(lease, asked.uid, NOW)
        errands.finish(lease, replace(asked, state=ErrandState.DONE, exit_code=0), NOW)
    with pytest.raises(QuotaExceeded):
        ask(errands, lease.uid)
    ask(errands, claimed(store).uid)
