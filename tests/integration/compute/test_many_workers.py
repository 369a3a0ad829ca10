"""Two workers and two processes that take jobs in, on one PostgreSQL: every job runs once."""

import contextlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.compute.adapters.store_sql.store import SqlJobStore, open_store
from services.compute.domain.states import FINAL, State
from services.compute.ports.store import Filter
from tests.processes import end_group
from tests.waiting import wait_for

JOBS = 500
EVERYBODY = Filter(owners=None)


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlJobStore]:
    store = open_store(postgres_url)
    yield store
    store.close()


def start(*arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.integration.compute.many_workers", *arguments]
    return subprocess.Popen(command, start_new_session=True)


def test_each_of_500_jobs_runs_once(store: SqlJobStore, postgres_url: str, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        for name in ("w1", "w2"):
            stack.callback(end_group, start("worker", postgres_url, str(tmp_path), name))
        submitters = [
            start("submit", postgres_url, str(tmp_path), name, str(JOBS // 2)) for name in ("s1", "s2")
        ]
        assert [submitter.wait(120) for submitter in submitters] == [0, 0]
        done = Filter(owners=None, states=FINAL)
        wait_for(lambda: store.count(done) == JOBS, "all jobs to end", 120)
        ended = Filter(owners=None, states=[State.SUCCEEDED])
        wait_for(lambda: not list((tmp_path / "work").iterdir()), "the folders to be removed")
    assert store.count(ended) == JOBS
    starts = [line.split() for line in (tmp_path / "engine" / "starts").read_text().splitlines()]
    assert Counter(tag for tag, _ in starts).most_common(1)[0][1] == 1
    assert len(starts) == JOBS
    assert len({worker for _, worker in starts}) == 2  # both had their share
    for job in store.page(EVERYBODY, 50).jobs:
        assert [event.state_to for event in store.events(job.uid)] == [
            State.QUEUED,
            State.STAGING,
            State.PULLING,
            State.RUNNING,
            State.PUBLISHING,
            State.SUCCEEDED,
        ]
