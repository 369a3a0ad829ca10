"""Jobs whose environment the operator took away while they were under way."""

from dataclasses import replace
from typing import Any

import pytest

from services.compute.domain.environments import EnvironmentBook
from services.compute.domain.job import Job, RunState, Wish
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Input, Source
from services.compute.domain.states import State
from services.compute.ports.engines import Activity
from services.compute.worker import gone
from services.compute.worker.gone import GRACE_SECONDS, LOOK_SECONDS, Strays
from services.compute.worker.hold import Hold
from services.compute.worker.loop import Loop, Pace
from services.compute.worker.nexts import Again, Done, Pause
from services.compute.worker.steps import Steps
from services.compute.worker.tools import Tools
from services.compute.worker.upkeep import Upkeep
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import ENVIRONMENT, OWNER, Driver, Site

STOP = Reason("cancelled", "It was stopped.")
GRANT = Input(source=Source.GRANT, path="/work/0", value="handle")
STATES = {1: State.STAGING, 2: State.PULLING, 3: State.RUNNING, 4: State.RUNNING}


def begun(site: Site, steps: int, **changes: Any) -> Job:
    """A job that is so far, and whose worker has left."""
    site.engine.scripts = Script(running=None, output=b"so far\n")
    job = site.submit(**changes)
    driver = Driver(site, site.tools())
    driver.claim()
    for _ in range(steps):
        driver.step(driver.holds[0])
    site.store.release([driver.holds[0].lease])
    assert site.job(job.uid).state is STATES[steps]
    return job


def without_it(site: Site, **changes: Any) -> Tools:
    other = replace(ENVIRONMENT, id="other")
    return replace(site.tools(), book=EnvironmentBook([other]), **changes)


def taken(site: Site, tools: Tools) -> list[Hold]:
    """After the grace time."""
    strays = Strays(tools, "w2", 60)
    assert strays.claim() == ()
    site.clock.move(GRACE_SECONDS)
    return [Hold(claimed) for claimed in strays.claim()]


def end(tools: Tools, hold: Hold) -> None:
    following = Steps(tools).advance(hold)
    while isinstance(following, Again | Pause):
        following = Steps(tools).advance(hold)
    assert isinstance(following, Done)


@pytest.mark.parametrize("steps", STATES)
def test_they_end_with_a_reason_that_says_so(site: Site, steps: int) -> None:
    site.grants.files["handle"] = b"granted"
    job = begun(site, steps, inputs=(GRANT,))
    tools = without_it(site)
    (hold,) = taken(site, tools)
    end(tools, hold)
    ended = site.job(job.uid)
    assert (ended.state, ended.reason and ended.reason.code) == (State.FAILED, "environment_gone")
    assert site.grants.ended == [job.uid]
    assert [run.state for run in site.store.runs(job.uid)] == [RunState.ENDED] * (steps == 4)
    assert len(site.engine.cancelled) == (steps == 4)
    if steps == 4:
        assert site.log(job.uid, "main.0.0.output") == b"so far\n"
    site.assert_clean()


def test_jobs_of_environments_that_there_are_are_never_taken(site: Site) -> None:
    begun(site, 4)
    assert taken(site, site.tools()) == []


def test_what_waits_is_left_to_the_clock_of_the_queue(site: Site) -> None:
    job = site.submit()
    assert taken(site, without_it(site)) == []
    assert site.job(job.uid).state is State.QUEUED


def test_a_job_that_somebody_held_meanwhile_has_its_grace_anew(site: Site) -> None:
    job = begun(site, 4)
    strays = Strays(without_it(site), "w2", 60)
    assert strays.claim() == ()
    (claimed,) = site.store.claim_these("w1", [job.uid], site.clock.now(), GRACE_SECONDS)
    site.clock.move(LOOK_SECONDS)
    assert strays.claim() == ()
    site.store.release([claimed.lease])
    site.clock.move(GRACE_SECONDS - LOOK_SECONDS)
    assert strays.claim() == ()
    site.clock.move(GRACE_SECONDS - 1)
    assert strays.claim() == ()
    site.clock.move(LOOK_SECONDS)
    assert [claim.job.uid for claim in strays.claim()] == [job.uid]


def test_the_owners_wish_is_the_reason_if_there_is_one(site: Site) -> None:
    job = begun(site, 4)
    site.store.wish(job.uid, Wish.CANCEL, OWNER, STOP, site.clock.now())
    tools = without_it(site)
    (hold,) = taken(site, tools)
    end(tools, hold)
    ended = site.job(job.uid)
    assert (ended.state, ended.reason and ended.reason.code) == (State.CANCELLED, "cancelled")


@pytest.mark.parametrize("trouble", ["away", "forgotten", "unsure"])
def test_outputs_of_a_run_that_may_go_on_are_not_touched(
    site: Site, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    job = begun(site, 4)
    site.engine.away = trouble == "away"
    tools = without_it(site, engines={} if trouble == "forgotten" else {"process": site.engine})
    if trouble == "unsure":
        (handle,) = [site.engine.find(tag) for tag in site.engine.tags()]
        seen = replace(site.engine.observe([handle])[handle], activity=Activity.UNKNOWN)
        monkeypatch.setattr(site.engine, "observe", lambda handles: {handle: seen})
    (hold,) = taken(site, tools)
    end(tools, hold)
    ended = site.job(job.uid)
    assert (ended.state, ended.reason and ended.reason.code) == (State.FAILED, "environment_gone")
    assert site.store.files(job.uid) == []
    site.engine.away = False
    Upkeep(site.tools()).orphans()  # the engine is back
    assert site.engine.tags() == []


def test_a_worker_takes_and_ends_them_by_itself(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    job = begun(site, 4)
    monkeypatch.setattr(gone, "GRACE_SECONDS", 0.0)
    loop = Loop(without_it(site), Pace(worker="w2", lease_seconds=60, poll_seconds=0.01))
    loop.run(lambda: site.job(job.uid).is_final)
    assert site.job(job.uid).state is State.FAILED
