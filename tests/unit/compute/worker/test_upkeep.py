"""What upkeep ends and removes, and what it leaves alone."""

from pathlib import Path

from services.compute.domain.ids import new_uid, tag_of
from services.compute.domain.states import State
from services.compute.ports.engines import Limits, RunSpec
from services.compute.worker.upkeep import Upkeep
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import Driver, Site


def stranger(folder: Path) -> RunSpec:
    return RunSpec(
        tag=tag_of(new_uid(), 1, "main", 0, 0),
        image=None,
        command=("true",),
        environment={},
        working_folder=None,
        mounts=(),
        limits=Limits(
            cpus=1, memory_bytes=1, disk_bytes=1, processes=1, log_bytes=1, wall_seconds=1
        ),
        log_folder=folder,
        log_name="x",
    )  # fmt: skip


def begin(site: Site) -> Driver:
    site.engine.scripts = Script(running=None)
    site.submit()
    driver = Driver(site, site.tools())
    for _ in range(4):
        driver.claim()
        driver.step(driver.holds[0])
    return driver


def test_runs_of_unfinished_jobs_are_left_alone(site: Site) -> None:
    begin(site)
    upkeep = Upkeep(site.tools())
    assert [upkeep.orphans() for _ in range(3)] == [0, 0, 0]
    assert upkeep.sweep() == 0
    assert len(site.engine.tags()) == 1
    assert site.engine.cancelled == []


def test_a_run_that_no_job_knows_is_ended_at_the_second_sight(site: Site, tmp_path: Path) -> None:
    site.engine.submit(stranger(tmp_path))
    upkeep = Upkeep(site.tools())
    assert [upkeep.orphans(), upkeep.orphans(), upkeep.orphans()] == [0, 1, 0]
    assert site.engine.tags() == []


def test_folders_of_jobs_that_are_over_go(site: Site) -> None:
    job = site.run()
    for name in (job.uid, new_uid(), ".process", "kept"):
        (site.work / name / "1" / "logs").mkdir(parents=True)
    assert Upkeep(site.tools()).sweep() == 2
    assert sorted(path.name for path in site.work.iterdir()) == [".process", "kept"]


def test_jobs_go_when_their_time_is_over(site: Site) -> None:
    job = site.run(keep_seconds=100)
    upkeep = Upkeep(site.tools())
    site.clock.move(99)
    assert upkeep.purge() == 0
    assert site.logs.streams(job.uid, 1)
    site.clock.move(2)
    assert upkeep.purge() == 1
    assert site.logs.streams(job.uid, 1) == []
    assert job.state is State.SUCCEEDED


def test_an_engine_that_is_away_is_asked_again(site: Site) -> None:
    begin(site)
    site.engine.away = True
    assert Upkeep(site.tools()).orphans() == 0
