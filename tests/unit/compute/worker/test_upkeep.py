"""What upkeep ends and removes, and what it leaves alone."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from services.compute.domain.ids import new_uid, tag_of
from services.compute.domain.job import Wish
from services.compute.domain.layout import sandboxes, stored_object, stored_sandbox
from services.compute.domain.objects import Address, Holder, Scope, StoredObject
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Input, Source
from services.compute.domain.states import State
from services.compute.ports.engines import Limits, RunSpec
from services.compute.ports.provider import ProviderUnavailable
from services.compute.worker.upkeep import Upkeep
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import OWNER, SPEC, Driver, Site
from tests.waiting import wait_for

GRANT = Input(source=Source.GRANT, path="/work/0", value="handle")
STOP = Reason("cancelled", "It was stopped.")


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


def test_grants_of_a_job_that_was_stopped_while_it_waited_end(site: Site) -> None:
    job = site.submit(replace(SPEC, inputs=(GRANT,)))
    site.submit(replace(SPEC, inputs=(GRANT,)))
    upkeep = Upkeep(site.tools())
    assert upkeep.grants() == 0
    site.store.wish(job.uid, Wish.CANCEL, OWNER, STOP, site.clock.now())
    assert [upkeep.grants(), upkeep.grants()] == [1, 0]
    assert site.grants.ended == [job.uid]


def test_a_provider_that_is_away_is_asked_again_until_it_answers(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: str) -> None:
        raise ProviderUnavailable("away")

    jobs = [site.submit(replace(SPEC, inputs=(GRANT,))) for _ in range(2)]
    for job in jobs:
        site.store.wish(job.uid, Wish.CANCEL, OWNER, STOP, site.clock.now())
    upkeep = Upkeep(site.tools())
    with monkeypatch.context() as gone:
        gone.setattr(site.grants, "end_grants", away)
        assert upkeep.grants() == 0
    assert upkeep.grants() == 1  # the one that nobody asked about
    site.clock.move(60)
    assert upkeep.grants() == 1
    assert sorted(site.grants.ended) == sorted(job.uid for job in jobs)
    assert upkeep.grants() == 0


def test_a_job_whose_provider_is_away_at_its_end_ends_and_its_grants_follow(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: str) -> None:
        raise ProviderUnavailable("away")

    site.grants.files["handle"] = b"granted"
    with monkeypatch.context() as gone:
        gone.setattr(site.grants, "end_grants", away)
        job = site.run(inputs=(GRANT,))
    assert job.state is State.SUCCEEDED
    assert site.grants.ended == []
    assert Upkeep(site.tools()).grants() == 1
    assert site.grants.ended == [job.uid]


def test_uploads_go_after_their_time_unless_a_job_may_need_them(site: Site) -> None:
    for owner in (OWNER, "person:2"):
        site.files.put(stored_sandbox(owner, "old.csv"), [b"x"])
        site.files.put(stored_sandbox(owner, "older.csv"), [b"x"])
    now = time.time()
    site.clock.move(now - site.clock.now())
    upkeep = Upkeep(replace(site.tools(), sandbox_keep_seconds=100))
    assert upkeep.sandboxes() == 0
    job = site.submit()
    site.clock.move(200)
    assert upkeep.sandboxes() == 2
    assert set(site.files.sizes(sandboxes(OWNER))) == {"old.csv", "older.csv"}
    assert site.files.sizes(sandboxes("person:2")) == {}
    site.drive()
    assert site.job(job.uid).is_final
    assert upkeep.sandboxes() == 2
    assert [upkeep.sandboxes(), upkeep.turns()] == [0, 0]


def test_a_worker_clears_bytes_of_objects_that_nobody_names(site: Site) -> None:
    """By its own thread, at its start: what a crash left behind is gone without anybody asking."""
    address = Address(Scope(Holder.OWNER, OWNER), "x")
    for blob in ("a" * 32, "b" * 32):
        site.objects.reserve(blob, site.clock.now())
        site.files.put(stored_object(blob), [b"bytes"])
        stored = StoredObject(address=address, blob=blob, size=5, sha256="", modified_at=site.clock.now())
        site.objects.put(stored, OWNER)  # the second takes the first one's place, and there the service died
    upkeep = Upkeep(site.tools())
    upkeep.start()
    try:
        wait_for(lambda: set(site.files.sizes("objects")) == {"b" * 32}, "the waste to go")
    finally:
        upkeep.stop()
    assert site.objects.waste(site.clock.now(), 10) == []
