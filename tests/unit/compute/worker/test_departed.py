"""Jobs of people who were removed. Source: OpenPAI contract 3.4: stopped, and their records kept."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from services.compute.domain.job import NewJob, Wish
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.ports.people import PeopleUnavailable
from services.compute.worker.tools import Tools
from services.compute.worker.upkeep import Upkeep
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import OWNER, SPEC, UNLIMITED, Driver, Site

pytestmark = pytest.mark.clause("openpai 3.4")


class Roll:
    """Who left."""

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self.asked: list[Sequence[str]] = []
        self.is_away = False

    def named(self, username: str) -> None:
        raise AssertionError("nobody asks for names here")

    def removed(self, subjects: Sequence[str]) -> Collection[str]:
        if self.is_away:
            raise PeopleUnavailable("away")
        self.asked.append(subjects)
        return self.gone & set(subjects)


@pytest.fixture
def roll() -> Roll:
    return Roll()


@pytest.fixture
def tools(site: Site, roll: Roll) -> Tools:
    return replace(site.tools(), people=roll)


def test_what_runs_and_what_waits_is_stopped_and_kept(site: Site, roll: Roll, tools: Tools) -> None:
    site.engine.scripts = Script(running=None)
    ended = site.store.submit(NewJob(owner=OWNER, dialect="native", spec=SPEC), UNLIMITED, 0.0).job
    site.store.wish(ended.uid, Wish.CANCEL, OWNER, Reason("cancelled", "It was stopped on request."), 0.0)
    runs = site.submit()
    driver = Driver(site, tools)
    driver.claim()
    while site.job(runs.uid).state is not State.RUNNING:
        driver.step(driver.holds[0])
    waits = site.submit()
    others = site.store.submit(NewJob(owner="person:2", dialect="native", spec=SPEC), UNLIMITED, 0.0).job
    upkeep = Upkeep(tools)
    assert upkeep.departed() == 0
    roll.gone = {OWNER}
    assert upkeep.departed() == 2
    assert upkeep.departed() == 0
    while not site.job(runs.uid).is_final:
        driver.step(driver.holds[0])
    for uid in (runs.uid, waits.uid):
        job = site.job(uid)
        assert job.state is State.CANCELLED
        assert job.reason is not None
        assert (job.reason.code, job.reason.sentence) == ("cancelled", "Its owner's account was removed.")
        assert job.deleted_at is None
    assert site.job(others.uid).state is not State.CANCELLED
    assert all(set(asked) <= {OWNER, "person:2"} for asked in roll.asked)


def test_nobody_is_stopped_while_auth_is_away(site: Site, roll: Roll, tools: Tools) -> None:
    job = site.submit()
    roll.gone, roll.is_away = {OWNER}, True
    with pytest.raises(PeopleUnavailable):
        Upkeep(tools).departed()
    assert site.job(job.uid).state is State.QUEUED
