"""Sliced jobs from the store through a real worker and real sandboxes, in both languages."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.compute.adapters.store_sql.store import SqlJobStore
from services.compute.domain.job import Wish
from services.compute.domain.reasons import Reason
from services.compute.domain.slices import SliceCounts
from services.compute.domain.states import State
from services.compute.worker.tools import Tools
from tests.slice_kit import DOUBLE, Results, SliceYard, items, submit, worker_of, yard_of
from tests.waiting import wait_for

LANGUAGES = ("javascript", "python")


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SliceYard]:
    folder: Path = tmp_path_factory.mktemp("slices")
    with yard_of(folder) as yard:
        yield yard


@pytest.fixture(scope="module")
def worker(yard: SliceYard) -> Iterator[Tools]:
    with worker_of(yard) as tools:
        yield tools


@pytest.fixture
def store(worker: Tools) -> SqlJobStore:
    assert isinstance(worker.store, SqlJobStore)
    return worker.store


@pytest.mark.clause("dcp 4.2", "dcp 4.3", "dcp 5.4")
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_slice_has_its_value(store: SqlJobStore, language: str) -> None:
    results = Results(store, submit(store, DOUBLE[language], range(2000), language=language, lanes=2))
    results.wait()
    assert results.values() == {number + 1: 2 * number for number in range(2000)}
    assert results.counts().done == 2000
    assert results.counts().cpu_seconds > 0
    store.slices.close(results.job.uid, "me", time.time())
    wait_for(lambda: results.state().is_final, "the job to end")
    assert results.state().state is State.SUCCEEDED
    assert {run.index for run in store.runs(results.job.uid)} == {0, 1}


ODD = {
    "javascript": """async (x, factor) => {
        console.warn('at', x);
        if (x === 1) for (;;);
        if (x === 2) throw new TypeError('odd');
        if (x === 3) work.reject('unlucky', 1);
        if (x === 4) { const a = []; a.push(a); return a; }
        if (x === 5) { const held = []; for (;;) held.push(new Uint8Array(1 << 24).fill(1)); }
        if (x === 6) return require('fs');
        if (x === 7) return NaN;
        if (x === 8) { await new Promise((resolve) => setTimeout(resolve, 30)); }
        return work.job.public.name + x * factor;
    };  // as it was written""",
    "python": """
import time

async def f(x, factor):
    print('at', x)
    if x == 1:
        while True:
            pass
    if x == 2:
        raise TypeError('odd')
    if x == 3:
        work.reject('unlucky', 1)
    if x == 4:
        return object()
    if x == 5:
        held = []
        while True:
            held.append(bytes(1 << 24))
    if x == 6:
        import nowhere_to_be_found
    if x == 7:
        return float('nan')
    if x == 8:
        import asyncio
        await asyncio.sleep(0.03)
    return work.job.public['name'] + str(x * factor)
""",
}


@pytest.mark.clause("dcp 5.5", "dcp 4.4")
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_goes_wrong_in_one_slice_costs_that_slice_alone(
    store: SqlJobStore, yard: SliceYard, language: str
) -> None:
    work = {"args": "[10]", "public": '{"name": "n"}'}
    job = submit(
        store,
        ODD[language],
        range(12),
        language=language,
        work=work,
        slice_wall_seconds=20,
        slice_cpu_seconds=1.5,
        slice_memory_bytes=256 << 20,
    )
    results = Results(store, job)
    by_number = {one.number: one for one in results.wait()}
    assert results.values() == {
        1: "n0", 8: None, 9: "n80", 10: "n90", 11: "n100", 12: "n110",
    }  # fmt: skip
    assert by_number[8].note == "NaN"
    errors = results.errors()
    assert {number: error["code"] for number, error in errors.items()} == {
        2: "ESLICETOOSLOW",
        3: "EUNCAUGHT",
        4: "EWORKREJECT",
        5: "EUNSERIALIZABLE",
        6: "EMEMORY",
        7: "ENOMODULE",
    }
    assert (errors[3]["name"], errors[3]["message"]) == ("TypeError", "odd")
    assert "work." in errors[3]["stack"]
    assert "/" not in errors[3]["stack"]
    assert errors[4]["message"] == "unlucky"
    assert by_number[4].tries == 2
    assert by_number[2].cpu_seconds >= 1.5
    said = {number: text for number, _, text in results.lines()}
    assert said[9] == "at 8"
    assert {level for _, level, _ in results.lines()} == ({"warn"} if language == "javascript" else {"log"})
    store.slices.close(job.uid, "me", time.time())
    wait_for(lambda: results.state().is_final, "the job to end")
    log = yard.folder / f"files/jobs/{job.uid}/logs/1/main.0.0.output"
    assert "slice 9: at 8\n" in log.read_text()


@pytest.mark.clause("dcp 5.1", "dcp 5.2")
def test_a_job_waits_for_slices_and_goes_on_when_there_are_some(store: SqlJobStore) -> None:
    results = Results(store, submit(store, DOUBLE["python"], language="python"))
    assert results.state().state is State.HELD
    for first in (0, 5):
        store.slices.add(results.job.uid, items(range(first, first + 5)), "me", time.time())
        results.wait()
        wait_for(lambda: results.state().state is State.HELD, "the job to wait")
    assert results.values() == {number + 1: 2 * number for number in range(10)}
    assert results.state().attempt == 2
    assert store.slices.close(results.job.uid, "me", time.time()).is_closed
    assert results.state().state is State.SUCCEEDED


@pytest.mark.clause("dcp 5.1")
def test_slices_that_come_while_it_runs_are_worked_on_at_once(store: SqlJobStore) -> None:
    results = Results(store, submit(store, DOUBLE["javascript"], range(3)))
    results.wait()
    for turn in range(5):
        store.slices.add(results.job.uid, items([turn]), "me", time.time())
        results.wait()
    assert results.values() == {1: 0, 2: 2, 3: 4, **{4 + turn: 2 * turn for turn in range(5)}}
    assert results.state().attempt == 1
    store.slices.close(results.job.uid, "me", time.time())
    wait_for(lambda: results.state().is_final, "the job to end")


@pytest.mark.clause("dcp 5.6")
def test_cancelled_results_stay(store: SqlJobStore) -> None:
    source = "async (x) => { if (x > 2) await new Promise(() => {}); return x; }"
    results = Results(store, submit(store, source, range(100)))
    wait_for(lambda: results.counts().done == 3, "the first results")
    store.wish(results.job.uid, Wish.CANCEL, "me", Reason("cancelled", "Enough."), time.time())
    wait_for(lambda: results.state().is_final, "the job to end")
    assert results.state().state is State.CANCELLED
    assert results.values() == {1: 0, 2: 1, 3: 2}
    assert results.counts() == SliceCounts(
        total=100, distributed=results.counts().distributed, done=3, cpu_seconds=results.counts().cpu_seconds
    )


@pytest.mark.clause("dcp 5.5")
def test_too_many_errors_end_the_job(store: SqlJobStore) -> None:
    job = submit(store, "() => { throw 1 }", range(5000), work={"max_errors": 5})
    results = Results(store, job)
    wait_for(lambda: results.state().is_final, "the job to end")
    reason = results.state().reason
    assert results.state().state is State.FAILED
    assert reason is not None
    assert reason.code == "too_many_errors"
    assert 5 <= results.counts().failed < 5000


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_no_function_fails_each_slice(store: SqlJobStore, language: str) -> None:
    results = Results(store, submit(store, "4", range(3), language=language))
    results.wait()
    assert [error["code"] for error in results.errors().values()] == ["ENOSLICEHANDLER"] * 3
    store.slices.close(results.job.uid, "me", time.time())
    wait_for(lambda: results.state().is_final, "the job to end")
