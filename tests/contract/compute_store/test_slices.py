"""Slices as windows see them: submitted, added, closed, counted, read."""

import json
from decimal import Decimal

import pytest

from services.compute.domain.errors import AlreadyFinished, IllegalMove, JobNotFound, TooManySlices
from services.compute.domain.ids import new_uid
from services.compute.domain.job import NewJob, Wish
from services.compute.domain.notices import Means, Notice
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.slices import (
    Added,
    Block,
    Form,
    NewSlices,
    SliceCounts,
    Span,
)
from services.compute.domain.states import State
from services.compute.ports.store import Change, Filter
from tests.fakes.compute_jobs import ALICE, BOB, NOW, SPACE, new_job, patient, spec
from tests.fakes.compute_sliced import (
    SlicedStore,
    counts,
    done,
    handed,
    items,
    numbers,
    result,
    running,
    sliced,
    submitted,
    waiting,
    work_off,
)

pytestmark = pytest.mark.clause("dcp 3.1", "dcp 5.1", "dcp 5.2")

STOP = Reason("cancelled", "It was stopped.")


@pytest.fixture(name="store")
def _store(store: SlicedStore) -> SlicedStore:
    return store


# -- the beginning ----------------------------------------------------------------------------------
def test_with_slices_a_job_is_queued(store: SlicedStore) -> None:
    job = submitted(store, items("a", None, [1]))
    assert job.state is State.QUEUED
    assert job.reason is not None
    assert job.reason.code == "waiting_for_place"
    assert counts(store, job) == SliceCounts(total=3)


@pytest.mark.parametrize(
    "slices", [NewSlices(), None, NewSlices(blocks=[items()])], ids=["empty", "none", "empty block"]
)
def test_without_slices_a_job_waits_for_them(store: SlicedStore, slices: NewSlices | None) -> None:
    job = store.submit(sliced(slices=slices), Quotas(), NOW).job
    assert job.state is State.HELD
    assert job.reason is not None
    assert job.reason.code == "waiting_for_slices"
    (event,) = store.events(job.uid)
    assert (event.state_from, event.state_to, event.reason) == (None, State.HELD, job.reason)
    assert counts(store, job) == SliceCounts()
    assert store.claim("w", {SPACE: 9}, NOW, 30) == []
    assert store.held(ALICE)[ALICE].jobs == 1


def test_slices_of_a_job_that_is_not_sliced_are_a_fault(store: SlicedStore) -> None:
    with pytest.raises(ValueError, match="not sliced"):
        store.submit(new_job(slices=NewSlices()), Quotas(), NOW)
    assert store.count(Filter(owners=None)) == 0


def test_jobs_that_are_not_sliced_have_no_slices(store: SlicedStore) -> None:
    job = store.submit(new_job(), Quotas(), NOW).job
    (claimed,) = store.claim("w", {SPACE: 1}, NOW, 30)
    assert store.slices.counts([job.id, 10**6]) == {}
    assert store.slices.results(job.id, (), 0, 10) == []
    assert store.slices.unfinished(job.id, ()) == 0
    assert store.slices.lines(job.id, 0, 10) == []
    assert store.slices.hand_out(claimed.lease, 0, 10, NOW) is None
    assert store.slices.in_hand(claimed.lease) == []
    assert store.slices.take_in(claimed.lease, done([1]), (), NOW) == 0
    for uid in (job.uid, new_uid()):
        with pytest.raises(JobNotFound):
            store.slices.add(uid, [items(1)], ALICE, NOW)
        with pytest.raises(JobNotFound):
            store.slices.close(uid, ALICE, NOW)


# -- what slices hold -------------------------------------------------------------------------------
def test_items_are_given_out_as_they_were_written(store: SlicedStore) -> None:
    body = ' [ 1.50, {"a" :[1e400,"x, ]" ]},null ,123456789012345678901234567890 , "\\u0000" ] '
    submitted(store, Block(Form.ITEMS, 5, body))
    lease = running(store)
    pieces = handed(store, lease)
    assert [piece.data for piece in pieces] == [
        "1.50", '{"a" :[1e400,"x, ]" ]}', "null", "123456789012345678901234567890", '"\\u0000"',
    ]  # fmt: skip
    assert [piece.number for piece in pieces] == [1, 2, 3, 4, 5]
    store.slices.take_in(lease, [result(piece.number, body=piece.data) for piece in pieces], (), NOW)
    (job,) = store.page(Filter(owners=None), 9).jobs
    assert [each.body for each in store.slices.results(job.id, (), 0, 9)] == [p.data for p in pieces]


def test_every_form_is_made_when_it_is_handed_out(store: SlicedStore) -> None:
    grouped = Block(Form.RANGE, 2, '{"start": 1, "step": 3, "group": 2, "values": 3}')
    product = Block(Form.PRODUCT, 4, '{"ranges": [[1, 2], {"start": 1, "step": 1, "count": 3}], "from": 1}')
    urls = Block(Form.URLS, 1, '["https://data.example/1.json"]')
    submitted(store, numbers(3, 5), grouped, product, items("x"), urls)
    given = [handed(store, lease, 4) for lease in [running(store)] for _ in range(3)]
    pieces = [piece for batch in given for piece in batch]
    assert [json.loads(piece.data) for piece in pieces] == [
        5, 6, 7, [1, 4], [7], [1, 2], [1, 3], [2, 1], [2, 2], "x", "https://data.example/1.json",
    ]  # fmt: skip
    assert [piece.number for piece in pieces] == list(range(1, 12))
    assert [piece.is_url for piece in pieces] == [False] * 10 + [True]


def test_a_million_slices_are_there_at_once_and_the_last_is_right(store: SlicedStore) -> None:
    job = submitted(store, numbers(1_000_000))
    assert counts(store, job).total == 1_000_000
    with pytest.raises(TooManySlices) as refused:
        store.slices.add(job.uid, [items(1)], ALICE, NOW)
    assert refused.value.most == 1_000_000
    with pytest.raises(TooManySlices):
        submitted(store, numbers(1_000_000), items(1))
    assert store.count(Filter(owners=None)) == 1
    assert counts(store, job).total == 1_000_000
    assert store.slices.unfinished(job.id, [Span(999_990, None)]) == 11


@pytest.mark.parametrize(
    "block",
    [
        Block(Form.ITEMS, 2, "[1]"),
        Block(Form.ITEMS, 1, "[1"),
        Block(Form.ITEMS, 1, "1"),
        Block(Form.ITEMS, 2, "[1 2]"),
        Block(Form.URLS, 0, '["https://x.example/"]'),
        Block(Form.PRODUCT, 3, '{"ranges": [[1, 2]]}'),
    ],
    ids=["count", "open", "number", "comma", "more", "product"],
)
def test_a_block_that_does_not_hold_what_it_says_is_a_fault(store: SlicedStore, block: Block) -> None:
    job = submitted(store, items(1))
    with pytest.raises(ValueError, match=r"."):
        store.slices.add(job.uid, [items(2), block], ALICE, NOW)
    assert counts(store, job).total == 1


def test_large_blocks_are_read_from_any_place(store: SlicedStore) -> None:
    words = [f"{number} " + "w" * (300_000 if number % 1000 == 7 else 1) for number in range(1, 2502)]
    submitted(store, items(*words))
    lease = running(store)
    sizes = [999, 3, 700, 799]
    pieces = [piece for size in sizes for piece in handed(store, lease, size)]
    assert [json.loads(piece.data) for piece in pieces] == words
    assert handed(store, lease) == []


# -- adding -----------------------------------------------------------------------------------------
def test_added_slices_go_on_counting(store: SlicedStore) -> None:
    job = submitted(store, items("a"))
    assert store.slices.add(job.uid, [items("b", "c"), numbers(2)], BOB, NOW) == Added(2, 5, 5)
    assert store.slices.add(job.uid, [], BOB, NOW) == Added(6, 5, 5)
    assert store.slices.add(job.uid, [items()], BOB, NOW) == Added(6, 5, 5)
    assert [json.loads(piece.data) for piece in handed(store, running(store))] == ["a", "b", "c", 1, 2]
    assert len(store.events(job.uid)) == 4  # none of its own for what was added


def test_a_job_that_waits_is_queued_by_who_adds(store: SlicedStore) -> None:
    waits = patient(60.0)
    job = submitted(store, spec=spec(slices=sliced().spec.slices, clocks=waits.clocks))
    assert store.slices.add(job.uid, [], BOB, NOW + 1) == Added(1, 0, 0)
    assert store.find(job.uid, None).state is State.HELD
    store.slices.add(job.uid, [items(1)], BOB, NOW + 100)
    event = store.events(job.uid)[-1]
    assert (event.state_from, event.state_to, event.by, event.at) == (
        State.HELD, State.QUEUED, BOB, NOW + 100,
    )  # fmt: skip
    assert event.reason is not None
    assert event.reason.code == "waiting_for_place"
    (claimed,) = store.claim("w", {SPACE: 1}, NOW + 159, 30)
    assert (claimed.job.uid, claimed.overdue) == (job.uid, False)


def test_what_ended_or_is_about_to_takes_no_slices(store: SlicedStore) -> None:
    waits, works = submitted(store), submitted(store, items(1))
    running(store)
    for job in (waits, works):
        store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW)
        with pytest.raises(AlreadyFinished):
            store.slices.add(job.uid, [items(1)], ALICE, NOW)
    assert store.find(waits.uid, None).state is State.CANCELLED
    assert store.find(works.uid, None).state is State.RUNNING
    assert counts(store, waits).total == 0
    assert counts(store, works).total == 1


# -- closing ----------------------------------------------------------------------------------------
def test_a_closed_job_takes_no_slices_and_works_the_rest_off(store: SlicedStore) -> None:
    job = submitted(store, items(1, 2))
    assert store.slices.close(job.uid, BOB, NOW) == SliceCounts(total=2, is_closed=True)
    assert store.slices.close(job.uid, BOB, NOW) == SliceCounts(total=2, is_closed=True)
    for blocks in ([items(1)], []):
        with pytest.raises(AlreadyFinished):
            store.slices.add(job.uid, blocks, ALICE, NOW)
    lease = running(store)
    assert work_off(store, lease) == 2
    assert waiting(store, lease).state is State.SUCCEEDED


def test_who_closes_a_job_that_waits_ends_it(store: SlicedStore) -> None:
    told = Notice(means=Means.WEBHOOK, url="https://hooks.example/")
    job = submitted(store, notices=(told,))
    assert store.slices.close(job.uid, BOB, NOW + 5).is_closed
    ended = store.find(job.uid, None)
    assert (ended.state, ended.finished_at, ended.reason) == (State.SUCCEEDED, NOW + 5, None)
    assert ended.expires_at is not None
    assert ended.expires_at > NOW + 5
    event = store.events(job.uid)[-1]
    assert (event.state_from, event.state_to, event.by) == (State.HELD, State.SUCCEEDED, BOB)
    assert [due.notice for due in store.outbox.due_notices(NOW + 5, NOW + 9, 9)] == [told]  # type: ignore[attr-defined]
    assert store.held(ALICE)[ALICE].jobs == 0


def test_closing_what_ended_changes_nothing(store: SlicedStore) -> None:
    job = submitted(store, items(1))
    store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW)
    assert store.slices.close(job.uid, ALICE, NOW) == SliceCounts(total=1)
    assert store.find(job.uid, None).state is State.CANCELLED


# -- what a worker finds when it would wait ---------------------------------------------------------
def test_a_job_with_nothing_to_do_waits(store: SlicedStore) -> None:
    job = submitted(store, items(1))
    lease = running(store)
    work_off(store, lease)
    held = waiting(store, lease)
    assert held.state is State.HELD
    assert held.reason is not None
    assert held.reason.code == "waiting_for_slices"
    store.slices.add(job.uid, [items(2)], ALICE, NOW)
    lease = running(store, "other")
    assert [piece.number for piece in handed(store, lease)] == [2]


def test_slices_that_came_meanwhile_queue_it_again(store: SlicedStore) -> None:
    job = submitted(store, items(1))
    lease = running(store)
    work_off(store, lease)
    store.slices.add(job.uid, [items(2)], ALICE, NOW)
    queued = waiting(store, lease)
    assert queued.state is State.QUEUED
    assert queued.reason is not None
    assert queued.reason.code == "waiting_for_place"
    assert running(store, "other").fence == lease.fence + 1


def test_slices_that_are_in_hand_still_queue_it_again(store: SlicedStore) -> None:
    submitted(store, items(1))
    lease = running(store)
    handed(store, lease)
    assert waiting(store, lease).state is State.QUEUED


def test_only_a_job_that_is_published_may_wait(store: SlicedStore) -> None:
    job = submitted(store, items(1))
    lease = running(store)
    with pytest.raises(IllegalMove):
        store.change(lease, Change(to=State.HELD), NOW)
    assert store.find(job.uid, None).state is State.RUNNING


def test_a_wish_that_came_meanwhile_cancels_it(store: SlicedStore) -> None:
    job = submitted(store, items(1))
    lease = running(store)
    work_off(store, lease)
    store.wish(job.uid, Wish.CANCEL, BOB, STOP, NOW)
    ended = waiting(store, lease)
    assert (ended.state, ended.reason) == (State.CANCELLED, STOP)
    assert store.events(job.uid)[-1].by == BOB


def test_a_worker_that_still_holds_a_waiting_job_is_let_go(store: SlicedStore) -> None:
    for adds in (True, False):
        job = submitted(store, items(1))
        (claimed,) = (each for each in store.claim("w", {SPACE: 9}, NOW, 30) if each.job.uid == job.uid)

        for to in (State.STAGING, State.PULLING, State.RUNNING):
            store.change(claimed.lease, Change(to=to), NOW)
        work_off(store, claimed.lease)
        store.change(claimed.lease, Change(to=State.PUBLISHING), NOW)
        store.change(claimed.lease, Change(to=State.HELD), NOW)  # without giving the lease back
        if adds:
            store.slices.add(job.uid, [items(2)], ALICE, NOW)
            assert [each.job.uid for each in store.claim("w2", {SPACE: 9}, NOW, 30)] == [job.uid]
        else:
            store.slices.close(job.uid, ALICE, NOW)
            assert store.find(job.uid, None).state is State.SUCCEEDED
        store.release([claimed.lease])
        assert store.renew([claimed.lease], NOW, 30) == []


# -- again ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
def test_a_job_that_begins_again_has_all_its_slices(store: SlicedStore, closed: bool) -> None:
    job = submitted(store, items("a", "b"), numbers(2))
    lease = running(store)
    store.slices.take_in(lease, done(handed(store, lease, 3)), (), NOW)
    if closed:
        store.slices.close(job.uid, ALICE, NOW)

    store.change(lease, Change(to=State.FAILED, release=True), NOW)
    again = store.retry(job.uid, ALICE, NOW).job
    assert counts(store, again) == SliceCounts(total=4, is_closed=closed)
    assert [json.loads(piece.data) for piece in handed(store, running(store))] == ["a", "b", 1, 2]
    assert counts(store, job).done == 3


def test_an_offer_that_is_none_is_a_fault(store: SlicedStore) -> None:
    for offer in (Decimal("-1"), Decimal("NaN"), Decimal("1e-19"), Decimal("1e41")):
        new: NewJob = sliced(slices=NewSlices(offer=offer))
        with pytest.raises(ValueError, match="amount"):
            store.submit(new, Quotas(), NOW)
