"""Rows of a listing are remembered as long as nothing of them changes."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from services.compute.dialects.dirac.attributes.table import BY_NAME
from services.compute.dialects.dirac.attributes.views import job_view
from services.compute.dialects.dirac.rows import Rows
from services.compute.domain.job import Job, Wish
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.sheets import Sheet
from services.compute.usecases.jobs import Jobs
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_jobs import ALICE, NOW, new_job
from tests.fakes.compute_store import MemoryJobStore

FREE = Quotas(principal=Quota())
ADA = Sheet(owner_name="ada", owner_group="g", realm="vo", site="A.B.c")
BLANK, OTHER = (Sheet(owner_name=name, owner_group="", realm="") for name in ("eve", "mia"))
ONLY = (BY_NAME["JobID"], BY_NAME["Status"])


class Counting(MemoryJobStore):
    """Notes which jobs are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read_ids: list[list[int]] = []

    def jobs(self, ids: Sequence[int]) -> Sequence[Job]:
        self.read_ids.append(list(ids))
        return super().jobs(ids)


@pytest.fixture
def store() -> Counting:
    return Counting()


@pytest.fixture
def rows(store: Counting) -> Rows:
    return rows_of(store)


def rows_of(store: Counting, **more: Any) -> Rows:
    return Rows(Jobs(store, PlannedClock()), store.sheets, **more)


def submit(store: Counting, sheet: Sheet | None = ADA) -> Job:
    return store.submit(new_job(dialect="dirac", sheet=sheet), FREE, NOW).job


def shown(job: Job, sheet: Sheet = ADA) -> bytes:
    return json.dumps(job_view(job, sheet), separators=(",", ":")).encode()


def test_rows_are_what_the_jobs_say_in_the_order_asked_for(store: Counting, rows: Rows) -> None:
    jobs = [submit(store), submit(store, None), submit(store)]
    expected = [shown(jobs[2]), shown(jobs[0]), shown(jobs[1], BLANK)]
    for _ in range(2):
        assert list(rows.of([jobs[2].id, jobs[0].id, jobs[1].id], BLANK)) == expected
    assert store.read_ids == [[jobs[2].id, jobs[0].id, jobs[1].id]]


def test_what_changed_is_read_anew_and_nothing_else(store: Counting, rows: Rows) -> None:
    jobs = [submit(store) for _ in range(3)]
    ids = [job.id for job in jobs]
    list(rows.of(ids, BLANK))
    store.read_ids.clear()
    stopped = store.wish(jobs[1].uid, Wish.CANCEL, ALICE, Reason("cancelled", "Stopped."), NOW + 1)
    deleted = store.delete(jobs[2].uid, ALICE, NOW + 2)
    assert list(rows.of(ids, BLANK)) == [shown(jobs[0]), shown(stopped), shown(deleted)]
    assert store.read_ids == [ids[1:]]


def test_a_job_without_a_sheet_is_shown_to_each_caller_by_their_own(store: Counting, rows: Rows) -> None:
    job = submit(store, None)
    for blank in (BLANK, OTHER, BLANK):
        assert list(rows.of([job.id], blank)) == [shown(job, blank)]


def test_each_choice_of_attributes_has_rows_of_its_own(store: Counting, rows: Rows) -> None:
    job = submit(store)
    for _ in range(2):
        assert list(rows.of([job.id], BLANK)) == [shown(job)]
        assert list(rows.of([job.id], BLANK, ONLY)) == [b'{"jid":%d,"status":"Waiting"}' % job.id]
        turned = b'{"status":"Waiting","jid":%d}' % job.id
        assert list(rows.of([job.id], BLANK, ONLY[::-1])) == [turned]
    assert len(store.read_ids) == 3


def test_jobs_that_are_gone_are_left_out(store: Counting, rows: Rows) -> None:
    jobs = [submit(store) for _ in range(2)]
    ids = [job.id for job in jobs]
    list(rows.of(ids, BLANK))
    store.purge(jobs[0].uid)
    assert list(rows.of([*ids, 999], BLANK)) == [shown(jobs[1])]


def test_the_oldest_rows_make_room(store: Counting) -> None:
    jobs = [submit(store) for _ in range(4)]
    room = 2 * (len(shown(jobs[0])) + 500)
    rows = rows_of(store, most_bytes=room)
    for job in jobs:
        assert list(rows.of([job.id], BLANK)) == [shown(job)]
    store.read_ids.clear()
    for job in (jobs[3], jobs[2], jobs[0]):
        assert list(rows.of([job.id], BLANK)) == [shown(job)]
    assert store.read_ids == [[jobs[0].id]]


def test_long_rows_are_not_kept(store: Counting, rows: Rows) -> None:
    job = store.submit(new_job(name="n" * 5000, sheet=ADA), FREE, NOW).job
    for _ in range(2):
        assert list(rows.of([job.id], BLANK)) == [shown(job)]
    assert len(store.read_ids) == 2


def test_long_lists_are_read_in_parts(store: Counting, rows: Rows) -> None:
    jobs = [submit(store) for _ in range(501)]
    ids = [job.id for job in jobs]
    assert list(rows.of(ids, BLANK)) == [shown(job) for job in jobs]
    assert [len(some) for some in store.read_ids] == [500, 1]
