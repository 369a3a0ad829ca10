"""The loop with its threads: several jobs at a time, wishes heard, faults counted, leases given back."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.compute.adapters.clock import SystemClock
from services.compute.domain.job import Job, Wish
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.worker.loop import Loop, Pace
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import ENVIRONMENT, Site
from tests.waiting import wait_for

WISHED = Reason("cancelled", "It was stopped on request.")


class Running:
    """A loop in a thread of its own."""

    def __init__(self, site: Site) -> None:
        self._stopping = threading.Event()
        self.loop = Loop(site.tools(), Pace(worker="w1", lease_seconds=2, poll_seconds=0.02))
        self._thread = threading.Thread(target=self.loop.run, args=(self._stopping.is_set,))
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self.loop.wake()
        self._thread.join()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.clock = SystemClock()  # type: ignore[assignment]
    return site


@pytest.fixture
def running(site: Site) -> Iterator[Running]:
    running = Running(site)
    yield running
    running.stop()


def ended(site: Site, job: Job) -> Job:
    wait_for(lambda: site.job(job.uid).is_final, "the job to end")
    return site.job(job.uid)


def test_many_jobs_at_their_places(site: Site, running: Running) -> None:
    most = 0
    jobs = [site.submit() for _ in range(20)]
    while not all(site.job(job.uid).is_final for job in jobs):
        most = max(most, site.store.running_in([ENVIRONMENT.id])[ENVIRONMENT.id])
    assert {site.job(job.uid).state for job in jobs} == {State.SUCCEEDED}
    assert all(count == 1 for count in site.machine.starts.values())
    assert most <= ENVIRONMENT.max_jobs


def test_a_wish_is_heard_while_it_runs(site: Site, running: Running) -> None:
    site.engine.scripts = Script(running=None)
    job = site.submit()
    wait_for(lambda: site.job(job.uid).state is State.RUNNING, "the job to run")
    site.store.wish(job.uid, Wish.CANCEL, job.owner, WISHED, site.clock.now())
    assert ended(site, job).state is State.CANCELLED


def test_news_between_two_looks_are_not_lost(site: Site, running: Running) -> None:
    """A hold that is stirred for another cause while the engine is asked."""
    site.engine.scripts = Script(running=None)
    job = site.submit()
    wait_for(site.engine.tags, "the run")
    [hold] = running.loop.held()
    for _ in range(50):
        running.loop._stir(hold)
    site.engine.finish(site.engine.tags()[0])
    for _ in range(50):
        running.loop._stir(hold)
    assert ended(site, job).state is State.SUCCEEDED


def test_a_job_that_breaks_every_step_is_left_to_a_person(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        raise ZeroDivisionError("secret text")

    monkeypatch.setattr("services.compute.worker.loop.FAULT_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(site.engine, "pull", broken)
    running = Running(site)
    job = site.submit()
    try:
        wait_for(site.store.dead, "the dead letter")
    finally:
        running.stop()
    [(dead, text)] = site.store.dead()
    assert dead.uid == job.uid
    assert text == "ZeroDivisionError while pulling"
    monkeypatch.undo()
    site.store.replay(job.uid, "person:admin", site.clock.now())
    again = Running(site)
    try:
        assert ended(site, job).state is State.SUCCEEDED
    finally:
        again.stop()


def test_a_store_that_goes_away_and_comes_back(site: Site, running: Running) -> None:
    site.engine.scripts = Script(running=None)
    job = site.submit()
    wait_for(site.engine.tags, "the run")
    site.store.away = True
    site.engine.finish(site.engine.tags()[0])
    threading.Event().wait(0.2)
    site.store.away = False
    assert ended(site, job).state is State.SUCCEEDED
    assert site.machine.starts == {f"tg-{job.uid}.1.main.0.0": 1}


def test_stopping_gives_leases_back_and_leaves_runs_alone(site: Site) -> None:
    site.engine.scripts = Script(running=None)
    running = Running(site)
    job = site.submit()
    wait_for(site.engine.tags, "the run")
    running.stop()
    [claimed] = site.store.claim("w2", {ENVIRONMENT.id: 1}, site.clock.now(), 1)
    assert claimed.job.uid == job.uid
    assert len(site.engine.tags()) == 1
    assert site.engine.cancelled == []
    site.store.release([claimed.lease])


def test_leases_are_kept_while_a_run_goes_on(site: Site, running: Running) -> None:
    site.engine.scripts = Script(running=None)
    site.submit()
    wait_for(site.engine.tags, "the run")
    [hold] = running.loop.held()
    before = hold.lease.expires_at
    wait_for(lambda: hold.lease.expires_at > before + 1, "the lease to be renewed twice")
    assert site.store.claim("w2", {ENVIRONMENT.id: 1}, before + 0.5, 1) == []
