"""Instances that know each other's addresses: what they are told, what is noted, and that nothing is left."""

from dataclasses import replace

import pytest

from services.compute.domain.ids import gathering_of, new_uid
from services.compute.domain.job import Job, RunState
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Retry, Role, Task
from services.compute.domain.states import State
from services.compute.ports.engines import Abilities, Member
from services.compute.worker.upkeep import Upkeep
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import SPEC, TASK, Driver, Site

pytestmark = pytest.mark.clause("openpai 7.2")

TELLS = replace(
    TASK,
    command=("run", "${TIDEGATE_INDEX}", "${TIDEGATE_ADDRESS:ps:0}:80,${TIDEGATE_ADDRESS:w:1}"),
    environment={"ME": "${TIDEGATE_ADDRESS}", "NONE": "${TIDEGATE_ADDRESS:w:2}${TIDEGATE_ADDRESS:x:0}"},
    working_folder="/work/${TIDEGATE_INDEX}",
)
ROLES = (Role(name="ps", tasks=(TASK,)), Role(name="w", count=2, tasks=(TELLS, TELLS)))


def test_every_instance_knows_all_addresses(site: Site) -> None:
    job = site.run(roles=ROLES, gathered=True)
    assert job.state is State.SUCCEEDED
    gathering = gathering_of(job.uid, 1)
    assert [told.member for told in site.engine.submitted[:3]] == [
        Member(gathering=gathering, address=f"10.0.0.{number}") for number in (2, 3, 4)
    ]
    first, second = (told for told in site.engine.submitted[:3] if told.command[0] == "run")
    assert first.command == ("run", "0", "10.0.0.2:80,10.0.0.4")
    assert second.command == ("run", "1", "10.0.0.2:80,10.0.0.4")
    assert second.working_folder == "/work/1"
    assert second.environment == {
        "ME": "10.0.0.4",
        "NONE": "${TIDEGATE_ADDRESS:w:2}${TIDEGATE_ADDRESS:x:0}",
        "TIDEGATE_JOB_ID": str(job.id),
        "TIDEGATE_JOB_UID": job.uid,
        "TIDEGATE_INDEX": "1",
        "TIDEGATE_ADDRESS": "10.0.0.4",
    }
    noted = {(run.role, run.index, run.task): run.address for run in site.store.runs(job.uid)}
    assert noted == {
        ("ps", 0, 0): "10.0.0.2", ("w", 0, 0): "10.0.0.3", ("w", 0, 1): "10.0.0.3",
        ("w", 1, 0): "10.0.0.4", ("w", 1, 1): "10.0.0.4",
    }  # fmt: skip
    assert site.engine.gatherings() == []


def test_what_is_not_gathered_has_no_address(site: Site) -> None:
    told = replace(TASK, command=("x", "${TIDEGATE_ADDRESS}", "${TIDEGATE_ADDRESS:main:0}"))
    job = site.run(roles=(Role(tasks=(told,)),))
    [run] = site.engine.submitted
    assert (run.member, run.command) == (None, ("x", "", "${TIDEGATE_ADDRESS:main:0}"))
    assert "TIDEGATE_ADDRESS" not in run.environment
    assert [noted.address for noted in site.store.runs(job.uid)] == [None]


def test_each_attempt_has_a_gathering_of_its_own(site: Site) -> None:
    scripts = [Script(lost=True), Script()]
    site.engine.scripts = lambda _: scripts.pop(0) if len(scripts) > 1 else scripts[0]
    job = site.run(gathered=True, retry=Retry(attempts=2))
    assert (job.state, job.attempt) == (State.SUCCEEDED, 2)
    members = [told.member for told in site.engine.submitted]
    assert [member and member.gathering for member in members] == [
        gathering_of(job.uid, 1), gathering_of(job.uid, 2),
    ]  # fmt: skip
    assert site.engine.gatherings() == []


@pytest.mark.parametrize("code", ["resources_refused", "engine_failed"])
@pytest.mark.parametrize("least_failed", [1, None])
def test_a_gathering_that_is_refused_ends_the_job(site: Site, code: str, least_failed: int | None) -> None:
    site.engine.gather_refused = Reason(code, "There is no room.")
    job = site.run(roles=(Role(count=2, tasks=(TASK,), least_failed=least_failed),), gathered=True)
    assert job.reason is not None
    assert (job.state, job.reason.code, site.engine.submitted) == (State.FAILED, code, [])


def test_one_alone_needs_no_engine_that_gathers(site: Site) -> None:
    site.engine._abilities = Abilities(pins_images=True)
    job = site.run(
        roles=(Role(tasks=(replace(TASK, command=("x", "${TIDEGATE_ADDRESS:main:0}")),)),), gathered=True
    )
    [told] = site.engine.submitted
    assert (job.state, told.member, told.command) == (State.SUCCEEDED, None, ("x", "127.0.0.1"))


def start(site: Site) -> tuple[Driver, Job]:
    site.engine.scripts = Script(running=None)
    job = site.submit(replace(SPEC, roles=(Role(count=2, tasks=(Task(command=("x",)),)),), gathered=True))
    driver = Driver(site, site.tools())
    for _ in range(4):
        driver.claim()
        driver.step(driver.holds[0])
    return driver, job


def test_upkeep_leaves_gatherings_of_jobs_that_run(site: Site) -> None:
    _, job = start(site)
    assert [Upkeep(site.tools()).orphans() for _ in range(2)] == [0, 0]
    assert site.engine.gatherings() == [gathering_of(job.uid, 1)]


def test_upkeep_ends_gatherings_that_nobody_needs(site: Site) -> None:
    """Of a job that nobody knows, and of attempts that are over."""
    _, job = start(site)
    kept = gathering_of(job.uid, 1)
    for lost in (gathering_of(new_uid(), 1), gathering_of(job.uid, 2)):
        site.engine.gather(lost, 2)
    site.machine.gatherings["somebody-else"] = ()
    assert Upkeep(site.tools()).orphans() == 2
    assert site.engine.gatherings() == [kept, "somebody-else"]


def test_a_worker_that_comes_later_goes_on_with_the_same_addresses(site: Site) -> None:
    _, job = start(site)
    runs = site.store.runs(job.uid)
    assert [run.address for run in runs] == ["10.0.0.2", "10.0.0.3"]
    site.clock.move(1000)
    for tag in site.engine.tags():
        site.engine.finish(tag)
    Driver(site, site.tools()).run()
    assert site.job(job.uid).state is State.SUCCEEDED
    assert {run.state for run in site.store.runs(job.uid)} == {RunState.ENDED}
    site.assert_clean()
