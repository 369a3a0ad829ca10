"""Jobs that are taken in one go: all or none, in order, once for each key."""

from dataclasses import replace

import pytest
from sqlalchemy import event

from services.compute.adapters.store_sql.store import SqlJobStore, open_store
from services.compute.domain.errors import KeyInFlight, KeyReused, QuotaExceeded
from services.compute.domain.notices import Means, Notice
from services.compute.domain.numbering import JOB_ID
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.sheets import Sheet
from services.compute.domain.states import State
from services.compute.ports.store import Filter, JobStore, Key
from tests.fakes.at_once import at_once
from tests.fakes.compute_jobs import ALICE, BOB, NOW, new_job, sized

FREE = Quotas()
UNLIMITED = Quotas(principal=Quota())
KEY = Key(owner=ALICE, dialect="dirac", key="k", fingerprint="1" * 64)
FILED = Sheet(owner_name="alice", owner_group="g", realm="vo", batch="b")


def test_ids_rise_in_the_order_of_the_jobs(store: JobStore) -> None:
    names = [f"job {number}" for number in range(300)]
    taken = store.submit_all([new_job(name=name) for name in names], FREE, NOW)
    ids = [each.job.id for each in taken]
    assert ids == sorted(set(ids))
    assert [store.find(number, [ALICE]).name for number in ids[::50]] == names[::50]
    assert [each.job.name for each in taken] == names
    assert not any(each.replayed for each in taken)
    assert {each.job.state for each in taken} == {State.QUEUED}
    assert [event.state_to for event in store.events(taken[-1].job.uid)] == [State.QUEUED]


def test_of_no_jobs_comes_nothing(store: JobStore) -> None:
    assert list(store.submit_all([], FREE, NOW, KEY)) == []
    assert store.replayed(KEY) is None
    assert list(store.replayed_all(KEY)) == []


def test_all_or_none_when_a_quota_is_met_on_the_way(store: JobStore) -> None:
    three = Quotas(principal=Quota(jobs=3))
    store.submit(new_job(), three, NOW)
    with pytest.raises(QuotaExceeded):
        store.submit_all([new_job() for _ in range(3)], three, NOW, KEY)
    assert store.count(Filter(owners=[ALICE])) == 1
    assert store.replayed(KEY) is None
    assert len(store.submit_all([new_job(), new_job()], three, NOW, KEY)) == 2


def test_the_sizes_of_all_count_together(store: JobStore) -> None:
    quotas = Quotas(principal=Quota(), groups={"g": Quota(cpus=5.0)})
    with pytest.raises(QuotaExceeded):
        store.submit_all([new_job(spec=sized(2.0, 1 << 20), groups=("g",))] * 3, quotas, NOW)
    assert store.count(Filter(owners=[ALICE])) == 0
    assert len(store.submit_all([new_job(spec=sized(2.5, 1 << 20), groups=("g",))] * 2, quotas, NOW)) == 2


def test_jobs_of_several_owners_or_with_payments_are_none_of_this(store: JobStore) -> None:
    with pytest.raises(ValueError, match="one owner"):
        store.submit_all([new_job(), new_job(BOB)], FREE, NOW)
    with pytest.raises(ValueError, match="payments"):
        store.submit_all([new_job(natural_key="0x1")], FREE, NOW)
    assert store.count(Filter(owners=None)) == 0


def test_a_key_gives_all_of_them_again(store: JobStore) -> None:
    first = store.submit_all([new_job(name="a"), new_job(name="b"), new_job(name="c")], FREE, NOW, KEY)
    again = store.submit_all([new_job(name="x")], FREE, NOW + 5, KEY)
    assert [each.job for each in again] == [each.job for each in first]
    assert all(each.replayed for each in again)
    assert list(store.replayed_all(KEY)) == [each.job for each in first]
    assert store.replayed(KEY) == first[0].job
    assert store.count(Filter(owners=[ALICE])) == 3


def test_a_key_of_another_request_is_refused(store: JobStore) -> None:
    store.submit_all([new_job(), new_job()], FREE, NOW, KEY)
    other = replace(KEY, fingerprint="2" * 64)
    with pytest.raises(KeyReused):
        store.submit_all([new_job()], FREE, NOW, other)
    with pytest.raises(KeyReused):
        store.replayed_all(other)
    assert store.count(Filter(owners=[ALICE])) == 2


def test_what_is_gone_is_not_given_again(store: JobStore) -> None:
    _, second, third = store.submit_all([new_job() for _ in range(3)], FREE, NOW, KEY)
    store.purge(second.job.uid)
    assert [job.id for job in store.replayed_all(KEY)][1:] == [third.job.id]


def test_a_bulk_key_is_known_to_other_connections(store_url: str) -> None:
    with_key, other = open_store(store_url), open_store(store_url)
    first = with_key.submit_all([new_job(name=name) for name in "abc"], FREE, NOW, KEY)
    again = other.submit_all([new_job()], FREE, NOW, KEY)
    assert [(each.job.id, each.replayed) for each in again] == [(each.job.id, True) for each in first]
    with_key.close()
    other.close()


def test_one_bulk_key_at_once_is_one_batch(store: JobStore) -> None:
    outcomes = at_once(6, lambda _: store.submit_all([new_job(), new_job()], FREE, NOW, KEY))
    taken = [outcome for outcome in outcomes if isinstance(outcome, list)]
    assert all(isinstance(outcome, list | KeyInFlight) for outcome in outcomes)
    assert len({tuple(each.job.id for each in batch) for batch in taken}) == 1
    assert store.count(Filter(owners=[ALICE])) == 2


def test_a_job_is_called_by_its_id_where_it_says_so(store: JobStore) -> None:
    told = Notice(means=Means.CATALOGUE, url=f"/vo/{JOB_ID}/", address="*.dat")
    named = new_job(name=f"job {JOB_ID}", notices=(told,), sheet=replace(FILED, batch=f"b{JOB_ID}"))
    taken = store.submit_all([new_job(name="n"), named, named], FREE, NOW)
    plain, first, second = (each.job for each in taken)
    assert [plain.name, first.name, second.name] == ["n", f"job {first.id}", f"job {second.id}"]
    assert store.find(second.id, [ALICE]).name == f"job {second.id}"
    assert [notice.url for notice in store.notices(first.uid)] == [f"/vo/{first.id}/"]
    wanted = Filter(owners=[ALICE], name=f"job {first.id}")
    assert [job.id for job in store.page(wanted, 9).jobs] == [first.id]


def test_sheets_come_with_their_jobs(store_url: str) -> None:
    store = open_store(store_url)
    batch = replace(FILED, batch=f"b{JOB_ID}", has_input=True)
    jobs = [each.job for each in store.submit_all([new_job(sheet=batch), new_job()], FREE, NOW)]
    found = store.sheets.sheets([job.id for job in jobs])
    assert found == {jobs[0].id: replace(batch, batch=f"b{jobs[0].id}")}
    store.close()


def test_many_jobs_take_few_statements(store_url: str) -> None:
    """However many they are."""
    store: SqlJobStore = open_store(store_url)
    few, many = (statements(store, count) for count in (50, 500))
    assert many <= few + 20
    store.close()


def statements(store: SqlJobStore, count: int) -> int:
    """That are sent to take so many jobs."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(store._database.engine, "before_cursor_execute", note)
    store.submit_all([new_job(sheet=FILED) for _ in range(count)], UNLIMITED, NOW)
    event.remove(store._database.engine, "before_cursor_execute", note)
    return len(sent)
