"""Taking jobs: what is kept, what is refused, what a second request with the same key gets."""

from dataclasses import replace

import pytest

from services.compute.domain.errors import (
    AgreementInUse,
    AlreadyFinished,
    JobNotFound,
    KeyReused,
    NotFinished,
    QuotaExceeded,
)
from services.compute.domain.ids import is_uid, new_uid
from services.compute.domain.job import NewJob, Wish
from services.compute.domain.quotas import Held, Quota, Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Input, Resources, Role, Source, Task
from services.compute.domain.states import State
from services.compute.ports.store import Change, Filter, JobStore, Key
from tests.fakes.compute_jobs import ALICE, BOB, NOW, SPACE, kept, new_job, sized, spec

FREE = Quotas()
STOP = Reason("cancelled", "It was stopped.")


def key(name: str = "k1", fingerprint: str = "aa", owner: str = ALICE) -> Key:
    return Key(owner=owner, dialect="native", key=name, fingerprint=fingerprint * 32)


def finish(store: JobStore, to: State = State.FAILED, now: float = NOW) -> None:
    """The next queued job goes as far as it can."""
    (claimed,) = store.claim("w", {SPACE: 1000}, now, 30, limit=1)
    path = [State.STAGING, State.PULLING, State.RUNNING, State.PUBLISHING, to]
    for state in path:
        store.change(claimed.lease, Change(to=state, release=state is to), now)


def test_a_new_job_is_queued_and_says_why(store: JobStore) -> None:
    rich = new_job(
        name="näme",
        labels={"a": "b", "é": "1"},
        facts={"did": "did:op:1", "n": 3, "deep": {"x": [1, None]}},
        spec=spec(
            roles=(Role(name="r", count=2, tasks=(Task(environment={"A": "\0\ud800"}),)),),
            inputs=(Input(source=Source.INLINE, path="/work/a", value="x\0y"),),
            priority=7,
            keep_seconds=60.0,
        ),
    )
    taken = store.submit(rich, FREE, NOW)
    assert not taken.replayed
    job = taken.job
    assert (job.owner, job.dialect, job.name) == (ALICE, "native", "näme")
    assert (job.labels, job.facts, job.spec) == (rich.labels, rich.facts, rich.spec)
    assert (job.state, job.wish, job.attempt, job.exit_code) == (State.QUEUED, Wish.RUN, 0, None)
    assert (job.submitted_at, job.state_since) == (NOW, NOW)
    assert {job.started_at, job.finished_at, job.deleted_at, job.expires_at} == {None}
    assert is_uid(job.uid)
    assert job.reason is not None
    assert job.reason.code == "waiting_for_place"
    assert SPACE in job.reason.sentence
    assert store.find(job.uid, [ALICE]) == job == store.find(job.id, None)
    (event,) = store.events(job.uid)
    assert (event.seq, event.at, event.state_from, event.state_to) == (1, NOW, None, State.QUEUED)
    assert (event.by, event.attempt, event.reason) == (ALICE, 0, job.reason)


def test_ids_count_up_and_those_of_removed_jobs_are_not_given_again(store: JobStore) -> None:
    first, second = (store.submit(new_job(), FREE, NOW).job for _ in range(2))
    assert first.id < second.id
    assert first.uid != second.uid
    store.purge(second.uid)
    assert store.submit(new_job(), FREE, NOW).job.id > second.id


def test_a_uid_that_was_chosen_before_is_used(store: JobStore) -> None:
    uid = new_uid()
    assert store.submit(new_job(uid=uid), FREE, NOW).job.uid == uid


def test_a_key_gives_the_first_job_again(store: JobStore) -> None:
    first = store.submit(new_job(name="one"), FREE, NOW, key())
    again = store.submit(new_job(name="two"), FREE, NOW + 5, key())
    assert (first.replayed, again.replayed) == (False, True)
    assert again.job == first.job
    assert store.count(Filter(owners=[ALICE])) == 1


def test_a_replay_shows_the_job_as_it_is_by_now_even_beyond_the_quota(store: JobStore) -> None:
    one = Quotas(principal=Quota(jobs=1))
    first = store.submit(new_job(), one, NOW, key()).job
    store.wish(first.uid, Wish.CANCEL, ALICE, STOP, NOW + 1)
    store.submit(new_job(), one, NOW + 2)
    again = store.submit(new_job(), one, NOW + 3, key())
    assert again.replayed
    assert again.job.state is State.CANCELLED


def test_a_replay_is_known_beforehand(store: JobStore) -> None:
    key = Key(owner=ALICE, dialect="native", key="k", fingerprint="1" * 64)
    assert store.replayed(key) is None
    job = store.submit(new_job(), Quotas(), NOW, key).job
    assert store.replayed(key) == job
    with pytest.raises(KeyReused):
        store.replayed(replace(key, fingerprint="2" * 64))
    assert store.replayed(replace(key, owner=BOB)) is None


def test_a_key_of_another_request_is_refused(store: JobStore) -> None:
    store.submit(new_job(), FREE, NOW, key())
    with pytest.raises(KeyReused):
        store.submit(new_job(), FREE, NOW, key(fingerprint="bb"))
    assert store.count(Filter(owners=None)) == 1


def test_keys_belong_to_an_owner_and_a_window(store: JobStore) -> None:
    keys = [key(), key(owner=BOB), replace(key(), dialect="openpai"), key("k2"), key("k" * 5000)]
    assert not any(store.submit(new_job(), FREE, NOW, each).replayed for each in keys)
    assert all(store.submit(new_job(), FREE, NOW, each).replayed for each in keys)


def test_a_key_whose_request_was_refused_may_be_used_again(store: JobStore) -> None:
    with pytest.raises(QuotaExceeded):
        store.submit(new_job(), Quotas(principal=Quota(jobs=0)), NOW, key())
    assert not store.submit(new_job(), FREE, NOW, key()).replayed


def test_a_key_goes_with_its_job(store: JobStore) -> None:
    store.purge(store.submit(new_job(), FREE, NOW, key()).job.uid)
    assert not store.submit(new_job(), FREE, NOW, key(fingerprint="bb")).replayed


def test_a_payment_is_for_one_unfinished_job(store: JobStore) -> None:
    paid = new_job(natural_key="0xabc")
    first = store.submit(paid, FREE, NOW).job
    for same in (paid, replace(paid, owner=BOB)):
        with pytest.raises(AgreementInUse):
            store.submit(same, FREE, NOW)
    for other in (replace(paid, dialect="ocean"), replace(paid, natural_key="1")):
        store.submit(other, FREE, NOW)
    store.wish(first.uid, Wish.CANCEL, ALICE, STOP, NOW)
    assert store.submit(paid, FREE, NOW).job.id != first.id


def test_jobs_without_a_payment_are_as_many_as_one_likes(store: JobStore) -> None:
    assert len({store.submit(new_job(), FREE, NOW).job.id for _ in range(3)}) == 3


@pytest.mark.parametrize(
    ("quota", "what", "limit"),
    [
        (Quota(jobs=2), "unfinished jobs", 2),
        (Quota(cpus=3.5), "cpus in unfinished jobs", 3),
        (Quota(memory_bytes=2500), "bytes of memory in unfinished jobs", 2500),
    ],
)
def test_the_third_job_is_too_much(store: JobStore, quota: Quota, what: str, limit: int) -> None:
    quotas = Quotas(principal=quota)
    job = new_job(spec=sized(1.5, 1000))
    uids = [store.submit(job, quotas, NOW).job.uid for _ in range(2)]
    with pytest.raises(QuotaExceeded) as caught:
        store.submit(job, quotas, NOW)
    assert (caught.value.what, caught.value.limit, caught.value.holder) == (what, limit, ALICE)
    store.submit(replace(job, owner=BOB), quotas, NOW)
    store.wish(uids[0], Wish.CANCEL, ALICE, STOP, NOW)
    store.submit(job, quotas, NOW)


def test_an_owner_may_have_a_quota_of_their_own(store: JobStore) -> None:
    quotas = Quotas(principal=Quota(jobs=0), owners={BOB: Quota(jobs=1)})
    store.submit(new_job(BOB), quotas, NOW)
    with pytest.raises(QuotaExceeded):
        store.submit(new_job(BOB), quotas, NOW)
    with pytest.raises(QuotaExceeded):
        store.submit(new_job(ALICE), quotas, NOW)


def test_a_group_shares_its_quota(store: JobStore) -> None:
    quotas = Quotas(principal=Quota(), groups={"physics": Quota(jobs=2)})
    mine, theirs = new_job(ALICE, groups=("physics", "other")), new_job(BOB, groups=("physics",))
    store.submit(mine, quotas, NOW)
    store.submit(theirs, quotas, NOW)
    for each in (mine, theirs):
        with pytest.raises(QuotaExceeded) as caught:
            store.submit(each, quotas, NOW)
        assert caught.value.holder == "group physics"
    store.submit(new_job(ALICE), quotas, NOW)


def test_what_is_kept_counts_after_the_job_ended(store: JobStore) -> None:
    quotas = Quotas(principal=Quota(storage_bytes=100), groups={"g": Quota(storage_bytes=100)})
    uid = store.submit(new_job(groups=("g",)), quotas, NOW).job.uid
    (claimed,) = store.claim("w", {SPACE: 1}, NOW, 30)
    store.change(claimed.lease, Change(to=State.FAILED, files=[kept("a", 60), kept("b", 40)]), NOW)
    held = store.held(ALICE, ["g", "none"])
    assert held == {ALICE: Held(storage_bytes=100), "g": Held(storage_bytes=100), "none": Held()}
    for job in (new_job(), new_job(BOB, groups=("g",))):
        with pytest.raises(QuotaExceeded):
            store.submit(job, quotas, NOW)
    store.purge(uid)
    store.submit(new_job(groups=("g",)), quotas, NOW)


def test_held_counts_every_instance_of_unfinished_jobs(store: JobStore) -> None:
    resources = Resources(cpus=2.0, memory_bytes=5, nodes=3)
    roles = (Role(count=2, resources=resources, tasks=(Task(),)),)
    store.submit(new_job(spec=spec(roles=roles)), FREE, NOW)
    assert store.held(ALICE) == {ALICE: Held(jobs=1, cpus=12.0, memory_bytes=30)}
    finish(store)
    assert store.held(ALICE) == {ALICE: Held()}


@pytest.mark.parametrize("end", [State.FAILED, State.CANCELLED])
def test_a_retry_is_a_new_job_like_the_old_one(store: JobStore, end: State) -> None:
    new = NewJob(
        owner=ALICE,
        dialect="native",
        spec=spec(priority=2),
        name="n",
        labels={"l": "1"},
        groups=("g",),
        facts={"f": "x"},
        natural_key="paid",
    )
    old = store.submit(new, FREE, NOW).job
    finish(store, end)
    before = store.find(old.uid, None)
    taken = store.retry(old.uid, BOB, NOW + 9)
    job = taken.job
    assert not taken.replayed
    assert (job.owner, job.dialect, job.spec, job.name, job.labels) == (
        ALICE,
        "native",
        new.spec,
        "n",
        {"l": "1"},
    )
    assert job.facts == {"f": "x", "retry_of": old.uid}
    assert (job.state, job.attempt, job.submitted_at) == (State.QUEUED, 0, NOW + 9)
    assert job.uid != old.uid
    assert store.events(job.uid)[0].by == BOB
    assert store.held(ALICE, ["g"])["g"].jobs == 1
    assert store.find(old.uid, None) == before
    with pytest.raises(AgreementInUse):
        store.retry(old.uid, BOB, NOW + 9)


def test_a_retry_is_held_to_quotas_and_keys(store: JobStore) -> None:
    uid = store.submit(new_job(), FREE, NOW).job.uid
    finish(store)
    with pytest.raises(QuotaExceeded):
        store.retry(uid, ALICE, NOW, Quotas(principal=Quota(jobs=0)))
    first = store.retry(uid, ALICE, NOW, FREE, key())
    again = store.retry(uid, ALICE, NOW, FREE, key())
    assert (again.replayed, again.job) == (True, first.job)
    with pytest.raises(KeyReused):
        store.retry(uid, ALICE, NOW, FREE, key(fingerprint="cc"))


def test_only_what_ended_badly_is_retried(store: JobStore) -> None:
    uid = store.submit(new_job(), FREE, NOW).job.uid
    with pytest.raises(NotFinished):
        store.retry(uid, ALICE, NOW)
    finish(store, State.SUCCEEDED)
    with pytest.raises(AlreadyFinished):
        store.retry(uid, ALICE, NOW)
    with pytest.raises(JobNotFound):
        store.retry(new_uid(), ALICE, NOW)
