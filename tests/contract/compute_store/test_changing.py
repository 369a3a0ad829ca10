"""How a job moves, what its events say, and what its owner's wishes do."""

from collections.abc import Sequence

import pytest

from services.compute.domain.errors import IllegalMove, JobNotFound
from services.compute.domain.ids import new_uid
from services.compute.domain.job import KEEP_SECONDS, RunState, Stored, Usage, Wish
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.states import FINAL, MOVES, State
from services.compute.ports.store import Change, Claimed, Filter, JobStore
from tests.fakes.compute_jobs import ALICE, BOB, NOW, SPACE, kept, new_job, run_of, spec

FREE = Quotas()
STOP = Reason("cancelled", "It was stopped.")
BAD = Reason("command_failed", "It ended with 3.", "line\0 \ud800 é")
WAY = [State.STAGING, State.PULLING, State.RUNNING, State.PUBLISHING]


def claimed_job(store: JobStore, **changes: object) -> Claimed:
    store.submit(new_job(**changes), FREE, NOW)
    (claimed,) = store.claim("w", {SPACE: 100}, NOW, 1e6)
    return claimed


def walk(store: JobStore, claimed: Claimed, states: Sequence[State]) -> None:
    for number, state in enumerate(states, start=1):
        store.change(claimed.lease, Change(to=state), NOW + number)


def test_a_whole_life(store: JobStore) -> None:
    claimed = claimed_job(store, spec=spec(keep_seconds=50.0))
    lease, uid = claimed.lease, claimed.job.uid
    job = store.change(lease, Change(to=State.STAGING, attempt_begins=True), NOW + 1)
    assert (job.state, job.state_since, job.attempt, job.reason) == (State.STAGING, NOW + 1, 1, None)
    store.change(lease, Change(to=State.PULLING), NOW + 2)
    job = store.change(lease, Change(to=State.RUNNING, started_at=NOW + 2.5), NOW + 3)
    assert job.started_at == NOW + 2.5
    store.change(lease, Change(to=State.PUBLISHING, reason=BAD, exit_code=3), NOW + 4)
    job = store.change(lease, Change(to=State.FAILED, reason=BAD, release=True), NOW + 5)
    assert (job.state, job.reason, job.exit_code) == (State.FAILED, BAD, 3)
    assert (job.finished_at, job.expires_at, job.started_at) == (NOW + 5, NOW + 55, NOW + 2.5)
    assert job == store.find(uid, [ALICE])
    events = list(store.events(uid))
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
    assert [event.state_to for event in events] == [State.QUEUED, *WAY, State.FAILED]
    assert [event.state_from for event in events] == [None, State.QUEUED, *WAY]
    assert [event.at for event in events[1:]] == [NOW + number for number in range(1, 6)]
    assert [event.by for event in events] == [ALICE] + ["worker"] * 5
    assert [event.attempt for event in events] == [0, 1, 1, 1, 1, 1]
    assert [event.reason for event in events[1:]] == [None, None, None, BAD, BAD]
    assert list(store.events(uid, after=4)) == events[4:]
    assert list(store.events(uid, after=1, limit=2)) == events[1:3]


@pytest.mark.parametrize("now", [State.QUEUED, *WAY, *sorted(FINAL)])
def test_only_the_tables_moves_are_made(store: JobStore, now: State) -> None:
    claimed = claimed_job(store)
    walk(
        store,
        claimed,
        [] if now is State.QUEUED else WAY[: WAY.index(now) + 1] if now in WAY else [*WAY, now],
    )
    before, events = store.find(claimed.job.uid, None), store.events(claimed.job.uid)
    for to in set(State) - MOVES[now]:
        with pytest.raises(IllegalMove):
            store.change(claimed.lease, Change(to=to, files=[kept("x")], exit_code=9), NOW + 50)
    assert store.find(claimed.job.uid, None) == before
    assert store.events(claimed.job.uid) == events
    assert list(store.files(claimed.job.uid)) == []


def test_without_a_move_there_is_no_event(store: JobStore) -> None:
    claimed = claimed_job(store)
    waiting = Reason("engine_away", "The engine is away.")
    job = store.change(claimed.lease, Change(to=None, reason=waiting), NOW + 1)
    assert (job.state, job.state_since, job.reason) == (State.QUEUED, NOW, waiting)
    assert store.change(claimed.lease, Change(to=None), NOW + 1).reason == waiting
    assert store.change(claimed.lease, Change(to=None, clear_reason=True), NOW + 1).reason is None
    assert len(store.events(claimed.job.uid)) == 1


def test_a_move_without_a_reason_clears_the_last_one(store: JobStore) -> None:
    claimed = claimed_job(store)
    assert store.change(claimed.lease, Change(to=State.STAGING), NOW).reason is None


def test_the_first_start_counts(store: JobStore) -> None:
    claimed = claimed_job(store)
    walk(store, claimed, WAY[:3])
    store.change(claimed.lease, Change(to=None, started_at=NOW + 3), NOW + 3)
    store.change(claimed.lease, Change(to=State.QUEUED), NOW + 4)
    walk(store, claimed, WAY[:3])
    assert store.change(claimed.lease, Change(to=None, started_at=NOW + 9), NOW).started_at == NOW + 3


@pytest.mark.parametrize(
    ("keep", "given", "expected"),
    [(None, None, KEEP_SECONDS), (10.0, None, 10.0), (10.0, 33.0, 33.0), (0.0, None, 0.0)],
)
def test_retention_counts_from_the_finish(
    store: JobStore, keep: float | None, given: float | None, expected: float
) -> None:
    claimed = claimed_job(store, spec=spec(keep_seconds=keep))
    until = None if given is None else NOW + 7 + given
    job = store.change(claimed.lease, Change(to=State.FAILED, expires_at=until), NOW + 7)
    assert job.expires_at == NOW + 7 + expected


def test_what_is_kept_for_longer_than_calendars_reach_is_kept(store: JobStore) -> None:
    claimed = claimed_job(store, spec=spec(keep_seconds=1e300))
    job = store.change(claimed.lease, Change(to=State.FAILED), NOW)
    assert job.expires_at is not None
    assert job.expires_at > NOW + 1e11


def test_files_are_kept_once_each_and_shown_in_order(store: JobStore) -> None:
    claimed = claimed_job(store)
    uid, lease = claimed.job.uid, claimed.lease
    logs = [
        kept(name, kind=Stored.LOG)
        for name in (
            "publishing",
            "main.10.0.output",
            "staging",
            "main.2.0.output",
            "main.2.0.stderr",
        )
    ]
    store.change(lease, Change(to=None, files=[kept("b/ü", 1), kept("b/ü\n" + "x" * 4000, 2), *logs]), NOW)
    store.change(lease, Change(to=None, files=[kept("a", 3), kept("b/ü", 5), kept("staging", 7)]), NOW)
    shown = [(file.kind, file.path, file.size) for file in store.files(uid)]
    assert shown == [
        (Stored.OUTPUT, "a", 3),
        (Stored.OUTPUT, "b/ü", 5),
        (Stored.OUTPUT, "b/ü\n" + "x" * 4000, 2),
        (Stored.OUTPUT, "staging", 7),
        *(
            (Stored.LOG, name, 10)
            for name in ("staging", "main.2.0.output", "main.2.0.stderr", "main.10.0.output", "publishing")
        ),
    ]
    assert store.held(ALICE)[ALICE].storage_bytes == 67


def test_a_large_file_is_a_number_too(store: JobStore) -> None:
    claimed = claimed_job(store)
    store.change(claimed.lease, Change(to=None, files=[kept("a", 1 << 50)]), NOW)
    assert store.files(claimed.job.uid)[0].size == 1 << 50


def test_the_first_intent_wins(store: JobStore) -> None:
    claimed = claimed_job(store)
    uid, lease = claimed.job.uid, claimed.lease
    first = store.intend(lease, run_of(uid, started_at=NOW))
    assert store.intend(lease, run_of(uid, started_at=NOW + 5)) == first
    ended = run_of(
        uid,
        state=RunState.ENDED,
        handle="h",
        started_at=NOW,
        ended_at=NOW + 2,
        exit_code=3,
        signal=9,
        reason=BAD,
        usage=Usage(wall_seconds=2.0, cpu_seconds=0.5, max_memory_bytes=1 << 40),
    )
    store.note_run(lease, ended)
    assert store.intend(lease, run_of(uid)) == ended
    assert list(store.runs(uid)) == [ended]


def test_tags_are_those_of_unfinished_jobs_current_attempts(store: JobStore) -> None:
    claimed = claimed_job(store)
    uid, lease = claimed.job.uid, claimed.lease
    first, second, unknown = run_of(uid, 1), run_of(uid, 2), run_of(new_uid())
    store.change(lease, Change(to=State.STAGING, attempt_begins=True), NOW)
    store.intend(lease, first)
    tags = [first.tag, second.tag, unknown.tag]
    assert store.tags(tags) == {first.tag: True}
    store.change(lease, Change(to=State.QUEUED), NOW)
    store.change(lease, Change(to=State.STAGING, attempt_begins=True), NOW)
    store.intend(lease, second)
    assert store.tags(tags) == {first.tag: False, second.tag: True}
    store.change(lease, Change(to=State.FAILED), NOW)
    assert store.tags(tags) == {first.tag: False, second.tag: False}
    assert store.tags([]) == {}
    many = [run_of(new_uid()).tag for _ in range(1200)]
    assert store.tags([*many, second.tag]) == {second.tag: False}


def test_a_waiting_job_is_cancelled_at_once(store: JobStore) -> None:
    uid = store.submit(new_job(spec=spec(keep_seconds=5.0)), FREE, NOW).job.uid
    job = store.wish(uid, Wish.CANCEL, BOB, STOP, NOW + 1)
    assert (job.state, job.wish, job.reason) == (State.CANCELLED, Wish.CANCEL, STOP)
    assert (job.finished_at, job.expires_at, job.deleted_at) == (NOW + 1, NOW + 6, None)
    last = store.events(uid)[-1]
    assert (last.by, last.state_from, last.reason) == (BOB, State.QUEUED, STOP)
    assert store.wish(uid, Wish.CANCEL, ALICE, STOP, NOW + 2) == job
    assert len(store.events(uid)) == 2


def test_a_job_that_a_worker_has_is_cancelled_by_the_worker(store: JobStore) -> None:
    claimed = claimed_job(store)
    walk(store, claimed, WAY[:3])
    job = store.wish(claimed.job.uid, Wish.CANCEL, BOB, STOP, NOW + 9)
    assert (job.state, job.wish) == (State.RUNNING, Wish.CANCEL)
    assert store.read(claimed.lease).job.wish is Wish.CANCEL
    store.change(claimed.lease, Change(to=State.PUBLISHING), NOW + 10)
    job = store.change(claimed.lease, Change(to=State.CANCELLED), NOW + 11)
    assert (job.state, job.reason) == (State.CANCELLED, STOP)
    assert [event.by for event in store.events(job.uid)][-2:] == ["worker", BOB]


def test_the_workers_own_reason_comes_before_the_wishs(store: JobStore) -> None:
    claimed = claimed_job(store)
    store.wish(claimed.job.uid, Wish.CANCEL, BOB, STOP, NOW)
    own = Reason("deleted", "It was deleted.")
    assert store.change(claimed.lease, Change(to=State.CANCELLED, reason=own), NOW).reason == own


def test_what_was_deleted_is_gone_and_stopped(store: JobStore) -> None:
    uid = store.submit(new_job(), FREE, NOW).job.uid
    job = store.delete(uid, ALICE, NOW + 1)
    assert (job.state, job.deleted_at) == (State.CANCELLED, NOW + 1)
    assert job.reason is not None
    assert job.reason.code == "deleted"
    assert store.delete(uid, BOB, NOW + 2) == job
    assert len(store.events(uid)) == 2


def test_a_running_job_that_is_deleted_is_cancelled(store: JobStore) -> None:
    claimed = claimed_job(store)
    walk(store, claimed, WAY[:1])
    job = store.delete(claimed.job.uid, ALICE, NOW + 1)
    assert (job.state, job.wish, job.deleted_at) == (State.STAGING, Wish.CANCEL, NOW + 1)


def test_a_finished_job_that_is_deleted_stays_as_it_ended(store: JobStore) -> None:
    claimed = claimed_job(store)
    ended = store.change(claimed.lease, Change(to=State.FAILED, reason=BAD), NOW)
    job = store.delete(ended.uid, ALICE, NOW + 1)
    assert (job.state, job.reason, job.wish, job.deleted_at) == (State.FAILED, BAD, Wish.RUN, NOW + 1)
    assert job.expires_at == ended.expires_at


def test_steps_that_break_are_counted_in_a_row(store: JobStore) -> None:
    lease = claimed_job(store).lease
    assert store.fail_step(lease, "first", NOW, NOW + 5) == 1
    assert store.claim("w", {SPACE: 9}, NOW + 4, 30) == []
    (again,) = store.claim("w", {SPACE: 9}, NOW + 5, 30)
    assert store.fail_step(again.lease, "second\0\ud800", NOW, NOW) == 2
    (again,) = store.claim("w", {SPACE: 9}, NOW + 5, 30)
    store.change(again.lease, Change(to=State.STAGING), NOW)
    assert store.fail_step(again.lease, "third", NOW, NOW) == 1


def test_a_dead_letter_waits_for_a_human(store: JobStore) -> None:
    claimed = claimed_job(store)
    uid, lease = claimed.job.uid, claimed.lease
    store.change(lease, Change(to=State.STAGING), NOW)
    store.fail_step(lease, "Traceback", NOW, NOW)
    store.bury(lease, "Traceback: again", NOW)
    other = claimed_job(store)
    assert other.job.uid != uid
    store.bury(other.lease, "later", NOW + 1)
    assert store.claim("w", {SPACE: 9}, NOW + 1e7, 30) == []
    dead = store.dead()
    assert [(job.uid, job.state, text) for job, text in dead] == [
        (uid, State.STAGING, "Traceback: again"),
        (other.job.uid, State.QUEUED, "later"),
    ]
    assert store.dead(1) == dead[:1]
    assert store.replay(uid, BOB, NOW + 2).state is State.STAGING
    with pytest.raises(JobNotFound):
        store.replay(uid, BOB, NOW + 2)
    with pytest.raises(JobNotFound):
        store.replay(new_uid(), BOB, NOW + 2)
    assert [job.uid for job, _ in store.dead()] == [other.job.uid]
    (again,) = store.claim("w", {SPACE: 9}, NOW + 2, 30)
    assert store.fail_step(again.lease, "x", NOW, NOW) == 1


def test_a_dead_letter_that_its_owner_cancels_is_none_any_more(store: JobStore) -> None:
    claimed = claimed_job(store)
    store.bury(claimed.lease, "broken", NOW)
    assert store.wish(claimed.job.uid, Wish.CANCEL, ALICE, STOP, NOW).state is State.CANCELLED
    assert store.dead() == []


def test_what_is_over_is_purged_whole(store: JobStore) -> None:
    ended = []
    for keep in (30.0, 10.0, 20.0):
        claimed = claimed_job(store, spec=spec(keep_seconds=keep), labels={"l": "1"}, groups=("g",))
        store.intend(claimed.lease, run_of(claimed.job.uid))
        store.change(claimed.lease, Change(to=State.FAILED, files=[kept("a")]), NOW)
        ended.append(claimed.job.uid)
    alive = claimed_job(store).job.uid
    assert store.expired(NOW + 9.9, 9) == []
    assert store.expired(NOW + 25, 9) == [ended[1], ended[2]]
    assert store.expired(NOW + 1e9, 2) == [ended[1], ended[2]]
    for uid in ended:
        store.purge(uid)
        store.purge(uid)
    assert store.expired(NOW + 1e9, 9) == []
    assert [job.uid for job in store.page(Filter(owners=None, deleted=True), 9).jobs] == [alive]
    assert list(store.files(ended[0])) == list(store.events(ended[0])) == list(store.runs(ended[0])) == []
    assert store.held(ALICE, ["g"])["g"].storage_bytes == 0


def test_the_store_answers(store: JobStore) -> None:
    store.ping()
