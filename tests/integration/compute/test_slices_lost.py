"""Sliced jobs whose workers go, whose sandboxes die, whose functions break what stands around them."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.compute.adapters.engines.process import facts
from services.compute.adapters.store_sql.store import SqlJobStore
from services.compute.domain.states import State
from tests.slice_kit import Results, SliceYard, submit, worker_of, yard_of
from tests.waiting import wait_for

SLOW = "async (x) => { await new Promise((resolve) => setTimeout(resolve, 5)); return x; }"


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[SliceYard]:
    with yard_of(tmp_path) as yard:
        yield yard


@pytest.fixture
def store(yard: SliceYard) -> Iterator[SqlJobStore]:
    store = yard.store()
    yield store
    store.close()


def supervisors(yard: SliceYard) -> list[int]:
    """Of the sandboxes that stand now."""
    found = []
    for folder in (yard.work / ".process").glob("tg-*"):
        started = facts.read(str(folder), facts.STARTED)
        if started is not None and facts.read(str(folder), facts.ENDED) is None:
            found.append(int(started["pid"]))
    return found


def close(store: SqlJobStore, results: Results) -> State:
    store.slices.close(results.job.uid, "me", time.time())
    wait_for(lambda: results.state().is_final, "the job to end", 90)
    return results.state().state


@pytest.mark.clause("dcp 5.5")
def test_the_next_worker_goes_on_with_the_same_sandbox(yard: SliceYard, store: SqlJobStore) -> None:
    results = Results(store, submit(store, SLOW, range(600)))
    for wanted in (1, 200, 400):
        with worker_of(yard):
            wait_for(lambda done=wanted: results.counts().done >= done, f"{wanted} results")
    with worker_of(yard):
        results.wait()
        assert close(store, results) is State.SUCCEEDED
    assert results.values() == {number + 1: number for number in range(600)}
    assert len(store.runs(results.job.uid)) == 1


@pytest.mark.clause("dcp 5.5")
def test_a_lost_sandbox_is_followed_by_another(yard: SliceYard, store: SqlJobStore) -> None:
    with worker_of(yard):
        results = Results(store, submit(store, SLOW, range(600), lanes=2))
        for wanted in (20, 200):
            wait_for(lambda done=wanted: results.counts().done >= done, f"{wanted} results")
            for pid in supervisors(yard)[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        results.wait(120)
        assert close(store, results) is State.SUCCEEDED
    assert results.values() == {number + 1: number for number in range(600)}
    assert len(store.runs(results.job.uid)) > 2


KILLER = """
import os, signal

def f(x):
    if x == 3:
        os.kill(os.getppid(), signal.SIGKILL)
    return x
"""


@pytest.mark.clause("dcp 5.5")
def test_a_slice_that_ends_its_sandbox_ends_alone(yard: SliceYard, store: SqlJobStore) -> None:
    with worker_of(yard):
        results = Results(store, submit(store, KILLER, range(20), language="python"))
        results.wait(120)
        assert close(store, results) is State.SUCCEEDED
    assert results.values() == {number + 1: number for number in range(20) if number != 3}
    assert {number: error["code"] for number, error in results.errors().items()} == {4: "EWORKERLOST"}
    assert next(one.tries for one in results.all() if one.number == 4) == 3


BREAKER = """
import os

def f(x):
    os.rename('/exchange/0', '/exchange/away')
    os.symlink(TARGET, '/exchange/0')
    return x
"""


@pytest.mark.clause("dcp 5.5")
def test_a_function_that_breaks_the_exchange_fails_its_job_and_nothing_else(
    yard: SliceYard, store: SqlJobStore, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    (canary / "in").mkdir(parents=True)
    (canary / "in" / "1.jsonl").write_text("precious")
    canary.chmod(0o777)
    with worker_of(yard):
        source = BREAKER.replace("TARGET", json.dumps(str(canary)))
        results = Results(store, submit(store, source, range(4), language="python"))
        wait_for(lambda: results.state().is_final, "the job to end", 120)
    job = results.state()
    assert job.state is State.FAILED
    assert job.reason is not None
    assert job.reason.code == "command_failed"
    assert job.attempt == 3
    assert results.all() == []
    assert sorted(path.name for path in canary.rglob("*")) == ["1.jsonl", "in"]
    assert (canary / "in" / "1.jsonl").read_text() == "precious"
