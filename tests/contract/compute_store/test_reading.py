"""Finding jobs: only one's own, newest first, each once."""

from dataclasses import replace
from typing import Any

import pytest

from services.compute.domain.errors import JobNotFound
from services.compute.domain.ids import new_uid
from services.compute.domain.job import RunState, Wish
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.ports.store import Change, Filter, JobStore
from tests.fakes.compute_jobs import ALICE, BOB, NOW, SPACE, new_job, run_of

FREE = Quotas()
STOP = Reason("cancelled", "It was stopped.")
WALLET = "eip155:0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"


def submitted(store: JobStore, count: int, owner: str = ALICE, **changes: Any) -> list[int]:
    return [store.submit(new_job(owner, **changes), FREE, NOW).job.id for _ in range(count)]


def ids(store: JobStore, wanted: Filter) -> list[int]:
    return [job.id for job in store.page(wanted, 100).jobs]


def walk(store: JobStore, wanted: Filter, limit: int) -> list[int]:
    seen: list[int] = []
    page = store.page(wanted, limit)
    while True:
        assert len(page.jobs) <= limit
        seen += [job.id for job in page.jobs]
        if page.next is None:
            return seen
        page = store.page(wanted, limit, page.next)


def test_somebody_elses_job_and_no_job_are_the_same(store: JobStore) -> None:
    job = store.submit(new_job(), FREE, NOW).job
    for ref in (job.id, job.uid):
        assert store.find(ref, [BOB, ALICE]) == job
        for owners in ([BOB], [], ["person:alic"]):
            with pytest.raises(JobNotFound):
                store.find(ref, owners)
    for missing in (job.id + 1, 0, -1, 2**63, 10**40, new_uid(), "", "\0", "x" * 5000, str(job.id), "\ud800"):
        with pytest.raises(JobNotFound):
            store.find(missing, None)


def test_a_revision_rises_with_whatever_can_be_seen_of_a_job(store: JobStore) -> None:
    job = store.submit(new_job(), FREE, NOW).job
    seen = [store.revision(job.uid, [ALICE])]
    (claimed,) = store.claim("w", {SPACE: 1}, NOW, 30)
    assert store.revision(job.id, None) == seen[0]
    store.change(claimed.lease, Change(to=State.STAGING, attempt_begins=True), NOW + 1)
    seen.append(store.revision(job.uid, None))
    store.intend(claimed.lease, run_of(job.uid))
    seen.append(store.revision(job.uid, None))
    store.note_run(claimed.lease, run_of(job.uid, state=RunState.SUBMITTED, handle="h"))
    seen.append(store.revision(job.uid, None))
    store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW + 2)
    seen.append(store.revision(job.uid, None))
    store.delete(job.uid, ALICE, NOW + 3)
    seen.append(store.revision(job.uid, None))
    numbers = [revision.number for revision in seen]
    assert numbers == sorted(set(numbers))
    assert {revision.uid for revision in seen} == {job.uid}


def test_revisions_of_others_are_not_there(store: JobStore) -> None:
    job = store.submit(new_job(), FREE, NOW).job
    for ref, owners in ((job.id, [BOB]), (job.uid, []), (job.id + 1, None), (new_uid(), None), ("\0", None)):
        with pytest.raises(JobNotFound):
            store.revision(ref, owners)


def test_pages_are_newest_first_and_whole(store: JobStore) -> None:
    mine = submitted(store, 3)
    submitted(store, 2, BOB)
    mine += submitted(store, 4, WALLET)
    wanted = Filter(owners=[ALICE, WALLET])
    for limit in (1, 2, 3, 7, 50):
        assert walk(store, wanted, limit) == mine[::-1]
    assert store.count(wanted) == 7
    assert store.page(wanted, 7).next is None
    assert walk(store, Filter(owners=None), 4) == sorted(ids(store, Filter(owners=None)), reverse=True)
    assert store.page(Filter(owners=[]), 5).jobs == ()
    assert store.count(Filter(owners=[])) == 0


def test_a_walk_sees_each_job_once_whatever_happens_meanwhile(store: JobStore) -> None:
    first = submitted(store, 6)
    wanted = Filter(owners=[ALICE])
    page = store.page(wanted, 2)
    seen = [job.id for job in page.jobs]
    while page.next is not None:
        submitted(store, 2)  # newer ones come in front
        store.wish(page.jobs[0].uid, Wish.CANCEL, ALICE, STOP, NOW)
        store.purge(page.jobs[-1].uid)  # what the cursor names is gone
        page = store.page(wanted, 2, page.next)
        seen += [job.id for job in page.jobs]
    assert seen == first[::-1]


NO_CURSORS = ["", "x", "ajF", "ajk5OTk5OTk5OTk5OTk5OTk5OTk", "\0", "é", "0x1", "01", " 1", "1 ", "MQ==", "-"]


@pytest.mark.parametrize("cursor", [*NO_CURSORS, "j" * 10_000])
def test_what_is_no_cursor_is_refused(store: JobStore, cursor: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any sentence will do
        store.page(Filter(owners=None), 10, cursor)


def test_every_field_narrows(store: JobStore) -> None:
    (plain,) = submitted(store, 1)
    (named,) = submitted(store, 1, name="run 1", labels={"team": "red", "n": "1"})
    (ocean,) = submitted(store, 1, dialect="ocean", facts={"did": "did:op:1", "agreement": "0x1", "n": 3})
    everything = Filter(owners=[ALICE])
    stop = store.find(plain, None)
    store.wish(stop.uid, Wish.CANCEL, ALICE, STOP, NOW)
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [ocean, named, plain]),
        ({"dialects": ["ocean"]}, [ocean]),
        ({"dialects": ["ocean", "native"]}, [ocean, named, plain]),
        ({"states": [State.CANCELLED]}, [plain]),
        ({"states": [State.QUEUED, State.CANCELLED, State.RUNNING]}, [ocean, named, plain]),
        (
            {"states": list(State), "owners": [f"person:{n}" for n in range(20)] + [ALICE]},
            [ocean, named, plain],
        ),
        ({"name": "run 1"}, [named]),
        ({"name": "run"}, []),
        ({"name": ""}, [ocean, plain]),
        ({"name": "\0\ud800"}, []),
        ({"labels": {"team": "red"}}, [named]),
        ({"labels": {"team": "red", "n": "1"}}, [named]),
        ({"labels": {"team": "red", "n": "2"}}, []),
        ({"labels": {"team": "\0"}}, []),
        ({"facts": {"did": "did:op:1"}}, [ocean]),
        ({"facts": {"did": "did:op:1", "agreement": "0x2"}}, []),
        ({"facts": {"team": "red"}}, []),
        ({"owners": None}, [ocean, named, plain]),
        ({"owners": None, "states": [State.QUEUED], "name": "run 1"}, [named]),
    ]
    for fields, expected in cases:
        wanted = replace(everything, **fields)
        assert ids(store, wanted) == expected, fields
        assert store.count(wanted) == len(expected), fields


def test_times_narrow_too(store: JobStore) -> None:
    for second in range(4):
        store.submit(new_job(name=str(second)), FREE, NOW + second)

    def names(**fields: float) -> list[str]:
        return [job.name for job in store.page(Filter(owners=[ALICE], **fields), 9).jobs]

    assert names(submitted_after=NOW + 2) == ["3", "2"]
    assert names(submitted_before=NOW + 2) == ["1", "0"]
    assert names(submitted_after=NOW + 1, submitted_before=NOW + 2) == ["1"]
    assert names(submitted_before=1e300) == ["3", "2", "1", "0"]


def test_deleted_jobs_are_shown_to_those_who_ask_for_them(store: JobStore) -> None:
    job = store.submit(new_job(), FREE, NOW).job
    store.delete(job.uid, ALICE, NOW + 1)
    assert ids(store, Filter(owners=[ALICE])) == []
    assert ids(store, Filter(owners=[ALICE], deleted=True)) == [job.id]
    assert store.find(job.uid, [ALICE]).deleted_at == NOW + 1


def test_of_a_job_that_is_not_there_there_is_nothing(store: JobStore) -> None:
    uid = new_uid()
    assert (list(store.events(uid)), list(store.runs(uid)), list(store.files(uid))) == ([], [], [])
    assert store.wishes([uid]) == {}
    assert store.wishes([]) == {}
    for work in (
        lambda: store.wish(uid, Wish.CANCEL, ALICE, STOP, NOW),
        lambda: store.delete(uid, ALICE, NOW),
    ):
        with pytest.raises(JobNotFound):
            work()
    store.purge(uid)
