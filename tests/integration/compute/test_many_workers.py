"""Two workers and two services on one PostgreSQL: whoever submits, where, twice and at once, every job runs
once.
"""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.compute.adapters.store_sql.store import SqlJobStore, open_store
from services.compute.domain.states import FINAL, State
from services.compute.ports.store import Filter
from tests.compute_servers import ComputeSite, compute_services, compute_site
from tests.integration.compute.many_workers import ENVIRONMENTS, start_worker
from tests.integration.compute.submitting import Caller
from tests.processes import end_group
from tests.waiting import wait_for

JOBS = 500
CALLERS = 10
EVERYBODY = Filter(owners=None)
LIFE = ["queued", "staging", "pulling", "running", "publishing", "succeeded"]


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlJobStore]:
    store = open_store(postgres_url)
    yield store
    store.close()


@pytest.fixture
def site(postgres_url: str, tmp_path: Path, store: SqlJobStore) -> Iterator[ComputeSite]:
    with compute_site(tmp_path, postgres_url, ENVIRONMENTS) as started:
        yield started


class Submitting:
    """One subject's jobs: a third of the requests is sent again at the other service, a third at both at the
    same time.
    """

    def __init__(self, site: ComputeSite, urls: Sequence[str], number: int) -> None:
        self._urls = urls
        self._number = number
        self.answers: dict[str, list[str]] = {}
        token, lock = site.token(f"client:{number}"), threading.Lock()
        self._callers = [Caller(token, self.answers, lock) for _ in range(2)]

    def __call__(self) -> None:
        first, second = self._callers
        with ThreadPoolExecutor(1) as other:
            for job in range(JOBS // CALLERS):
                here, there = self._urls[job % 2], self._urls[1 - job % 2]
                key = f"{self._number}-{job}"
                document = {"environment": "small", "command": ["true"], "name": key}
                at_once = other.submit(second.submit, [there], key, document) if job % 3 == 2 else None
                first.submit([here], key, document)
                if job % 3 == 1:
                    first.submit([there], key, document)
                if at_once is not None:
                    at_once.result()


def test_each_of_500_jobs_runs_once(
    site: ComputeSite, store: SqlJobStore, postgres_url: str, tmp_path: Path
) -> None:
    with contextlib.ExitStack() as stack:
        for name in ("w1", "w2"):
            stack.callback(end_group, start_worker(postgres_url, tmp_path, name))
        servers = stack.enter_context(compute_services(site, 2))
        callers = [Submitting(site, [server.url for server in servers], n) for n in range(CALLERS)]
        with ThreadPoolExecutor(CALLERS) as pool:
            for submitted in [pool.submit(caller) for caller in callers]:
                submitted.result()
        done = Filter(owners=None, states=FINAL)
        wait_for(lambda: store.count(done) >= JOBS, "all jobs to end", 120)
        wait_for(lambda: not list((tmp_path / "work").iterdir()), "the folders to be removed")
    answers = [uids for caller in callers for uids in caller.answers.values()]
    assert len(answers) == JOBS
    assert {len(uids) for uids in answers} == {1, 2}
    assert [uids for uids in answers if len(set(uids)) > 1] == []
    assert len({uids[0] for uids in answers}) == store.count(EVERYBODY) == JOBS
    assert store.count(Filter(owners=None, states=[State.SUCCEEDED])) == JOBS
    assert_run_once(tmp_path / "engine" / "starts", {uids[0] for uids in answers})
    for job in store.page(EVERYBODY, 50).jobs:
        assert [event.state_to for event in store.events(job.uid)] == LIFE


def assert_run_once(starts: Path, uids: set[str]) -> None:
    """Each start left a line outside of everything that workers and database know."""
    lines = [line.split() for line in starts.read_text().splitlines()]
    assert Counter(tag.removeprefix("tg-").partition(".")[0] for tag, _ in lines) == Counter(uids)
    assert len({worker for _, worker in lines}) == 2  # both had their share
