"""Errands that are waited for: how many at a time, and for how long."""

from pathlib import Path
from threading import Event, Thread

import pytest

from services.compute.adapters.files_local import LocalFiles
from services.compute.domain.errands import EXEC_SECONDS, SNAPSHOT_SECONDS, ErrandState
from services.compute.domain.errors import OutputNotFound
from services.compute.domain.job import Job
from services.compute.domain.quotas import Quotas
from services.compute.domain.states import State
from services.compute.ports.store import Change, Lease
from services.compute.usecases.errands import (
    BEGIN_SECONDS,
    SPARE_SECONDS,
    Ask,
    ErrandFailed,
    TooManyErrands,
)
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_jobs import SPACE, new_job
from tests.fakes.compute_side import MemoryErrands
from tests.fakes.compute_store import MemoryJobStore


class Site:
    def __init__(self, folder: Path) -> None:
        self.clock = PlannedClock()
        self.store = MemoryJobStore()
        self.errands = MemoryErrands(self.store)
        self.files = LocalFiles(folder)

    def ask(self, most: int = 2) -> Ask:
        return Ask(self.errands, self.files, self.clock, most, self.clock.pause)

    def running(self) -> tuple[Job, Lease]:
        uid = self.store.submit(new_job(), Quotas(), self.clock.now()).job.uid
        (claimed,) = self.store.claim("w", {SPACE: 9}, self.clock.now(), 1e6)
        for to in (State.STAGING, State.PULLING, State.RUNNING):
            change = Change(to=to, attempt_begins=to is State.STAGING)
            self.store.change(claimed.lease, change, self.clock.now())
        return self.store.find(uid, None), claimed.lease


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_nobody_waits_for_what_nobody_begins(site: Site) -> None:
    job, _ = site.running()
    with pytest.raises(ErrandFailed):
        site.ask().execute(job, "ls", "me")
    assert BEGIN_SECONDS <= site.clock.paused <= BEGIN_SECONDS + 1


@pytest.mark.parametrize(("kind", "seconds"), [("execute", EXEC_SECONDS), ("snapshot", SNAPSHOT_SECONDS)])
def test_what_was_begun_has_its_time(site: Site, kind: str, seconds: float) -> None:
    job, lease = site.running()

    def take() -> None:
        (asked,) = site.errands.asked([job.uid], site.clock.now())[job.uid]
        assert site.errands.take(lease, asked.uid, site.clock.now())

    site.clock.after(1, take)
    with pytest.raises(ErrandFailed, match="in time"):
        getattr(site.ask(), kind)(job, "x", "me")
    assert site.clock.paused >= BEGIN_SECONDS + seconds + SPARE_SECONDS - 1


def test_so_many_wait_at_a_time(site: Site) -> None:
    job, _ = site.running()
    waits, goes_on = Event(), Event()

    def pause(seconds: float) -> None:
        waits.set()
        goes_on.wait(10)
        site.clock.move(seconds)

    def wait() -> None:
        with pytest.raises(ErrandFailed):
            ask.execute(job, "ls", "me")

    ask = Ask(site.errands, site.files, site.clock, 1, pause)
    first = Thread(target=wait)
    first.start()
    assert waits.wait(10)
    with pytest.raises(TooManyErrands):
        ask.execute(job, "ls", "me")
    goes_on.set()
    first.join(10)
    assert not first.is_alive()
    with pytest.raises(ErrandFailed):  # its place was given back
        ask.execute(job, "ls", "me")


def test_what_is_not_done_brought_nothing(site: Site) -> None:
    job, _ = site.running()
    ask = site.ask()
    with pytest.raises(ErrandFailed):
        ask.snapshot(job, "/x", "me")
    (errand,) = site.errands.errands(job.uid)
    assert errand.state is not ErrandState.DONE
    with pytest.raises(OutputNotFound):
        ask.open(errand)
    with pytest.raises(OutputNotFound):
        ask.last_snapshot(job)
    with pytest.raises(OutputNotFound):
        ask.find("nobody's")
