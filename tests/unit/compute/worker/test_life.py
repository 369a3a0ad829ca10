"""A job's life, step by step, on an engine that does as it is told."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.compute.domain.job import Stored, Wish
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Clocks, Image, Output, Resources, Retry, Role, Task
from services.compute.domain.states import State
from services.compute.ports.engines import RunSpec
from services.compute.worker.hold import GivenUp
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import TASK, Driver, Site

WISHED = Reason("cancelled", "It was stopped on request.")


def write(path: str, content: bytes) -> Callable[[RunSpec], None]:
    def act(spec: RunSpec) -> None:
        target = spec.mounts[0].host / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    return act


def test_a_job_that_goes_well(site: Site) -> None:
    site.engine.scripts = Script(output=b"hello\n", act=write("outputs/a/b.csv", b"1,2\n"))
    job = site.run()
    assert job.state is State.SUCCEEDED
    assert (job.reason, job.exit_code, job.attempt) == (None, 0, 1)
    assert site.states(job.uid) == ["queued", "staging", "pulling", "running", "publishing", "succeeded"]
    assert site.outputs(job.uid) == {"a/b.csv": b"1,2\n"}
    assert site.log(job.uid, "main.0.0.output") == b"hello\n"
    assert [file.path for file in site.store.files(job.uid) if file.kind is Stored.LOG] == [
        "staging",
        "main.0.0.output",
        "publishing",
    ]
    assert site.store.files(job.uid)[0].media_type == "text/csv"
    assert job.expires_at == site.clock.now() + site.environment.storage_seconds
    assert site.engine.tags() == []
    assert list(site.work.iterdir()) == []


def test_what_the_engine_is_told(site: Site) -> None:
    task = Task(command=("run", "$X"), environment={"X": "1"}, working_folder="/work", split_logs=True)
    role = Role(tasks=(task,), resources=Resources(cpus=2, memory_bytes=5, disk_bytes=6, processes=7))
    job = site.run(roles=(role,), clocks=Clocks(run=100))
    [told] = site.engine.submitted
    assert told.command == ("run", "$X")
    assert told.environment == {
        "X": "1",
        "TIDEGATE_JOB_ID": str(job.id),
        "TIDEGATE_JOB_UID": job.uid,
        "TIDEGATE_INDEX": "0",
    }
    assert (told.limits.cpus, told.limits.memory_bytes, told.limits.disk_bytes) == (2, 5, 6)
    assert (told.limits.processes, told.limits.wall_seconds) == (7, 100)
    assert (told.split_logs, told.network, told.log_name) == (True, False, "main.0.0")
    assert [(mount.path, mount.writable) for mount in told.mounts] == [("/work", True)]


def test_a_command_that_fails_ends_the_job_and_keeps_what_it_left(site: Site) -> None:
    site.engine.scripts = Script(exit_code=3, output=b"oh\n", act=write("outputs/part", b"x"))
    job = site.run()
    assert job.state is State.FAILED
    assert job.reason is not None
    assert (job.reason.code, job.exit_code) == ("command_failed", 3)
    assert site.outputs(job.uid) == {"part": b"x"}
    assert site.log(job.uid, "main.0.0.output") == b"oh\n"


def test_failed_outputs_are_dropped_on_request(site: Site) -> None:
    site.engine.scripts = Script(exit_code=3, act=write("outputs/part", b"x"))
    assert site.outputs(site.run(keep_failed_outputs=False).uid) == {}


def test_tasks_run_one_after_the_other(site: Site) -> None:
    tasks = tuple(replace(TASK, command=(name,)) for name in ("a", "b", "c"))
    job = site.run(roles=(Role(tasks=tasks),))
    assert job.state is State.SUCCEEDED
    assert [told.command[0] for told in site.engine.submitted] == ["a", "b", "c"]
    assert [run.task for run in site.store.runs(job.uid)] == [0, 1, 2]


def test_a_task_that_fails_ends_its_lane(site: Site) -> None:
    site.engine.scripts = lambda spec: Script(exit_code=1 if spec.command == ("b",) else 0)
    tasks = tuple(replace(TASK, command=(name,)) for name in ("a", "b", "c"))
    job = site.run(roles=(Role(tasks=tasks),))
    assert job.state is State.FAILED
    assert [told.command[0] for told in site.engine.submitted] == ["a", "b"]


def test_a_task_is_tried_again_by_itself(site: Site) -> None:
    codes = iter([1, 1, 0, 0])
    site.engine.scripts = lambda _: Script(exit_code=next(codes))
    job = site.run(roles=(Role(tasks=(replace(TASK, retries=2), TASK)),))
    assert job.state is State.SUCCEEDED
    assert [run.task for run in site.store.runs(job.uid)] == [0, 1, 2, 4]  # 0, its retries, then the second
    assert job.attempt == 1


def test_roles_run_side_by_side_and_the_first_failure_ends_all(site: Site) -> None:
    site.engine.scripts = lambda spec: (
        Script(exit_code=9) if spec.command == ("bad",) else Script(running=None)
    )
    roles = (
        Role(name="good", count=3, tasks=(TASK,)),
        Role(name="bad", tasks=(replace(TASK, command=("bad",)),)),
    )
    job = site.run(roles=roles)
    assert job.state is State.FAILED
    assert job.reason is not None
    assert (job.reason.code, job.exit_code) == ("command_failed", 9)
    assert len(site.engine.submitted) == 4
    assert site.engine.tags() == []


@pytest.mark.parametrize("steps", range(8))
def test_cancelling_at_any_step(site: Site, steps: int) -> None:
    site.engine.scripts = Script(running=None, output=b"so far\n")
    job = site.submit()
    driver = Driver(site, site.tools())
    for _ in range(steps):
        driver.claim()
        for hold in list(driver.holds):
            driver.step(hold)
    site.store.wish(job.uid, Wish.CANCEL, job.owner, WISHED, site.clock.now())
    driver.run()
    ended = site.job(job.uid)
    assert ended.state is State.CANCELLED
    assert ended.reason is not None
    assert ended.reason.code == "cancelled"
    assert all(count == 1 for count in site.machine.starts.values())
    site.assert_clean()


def test_deleting_a_running_job_keeps_no_outputs(site: Site) -> None:
    site.engine.scripts = Script(running=None, act=write("outputs/x", b"x"))
    job = site.submit()
    driver = Driver(site, site.tools())
    for _ in range(4):
        driver.claim()
        driver.step(driver.holds[0])
    site.store.delete(job.uid, job.owner, site.clock.now())
    driver.run()
    assert site.job(job.uid).state is State.CANCELLED
    assert site.outputs(job.uid) == {}


def test_another_attempt_follows_a_loss(site: Site) -> None:
    scripts = iter([Script(lost=True, output=b"first"), Script(output=b"second")])
    site.engine.scripts = lambda _: next(scripts)
    job = site.run(retry=Retry(attempts=2))
    assert (job.state, job.attempt) == (State.SUCCEEDED, 2)
    assert site.states(job.uid).count("queued") == 2
    assert site.log(job.uid, "main.0.0.output", attempt=1) == b"first"
    assert site.log(job.uid, "main.0.0.output", attempt=2) == b"second"
    site.assert_clean()


def test_no_attempt_follows_the_owners_own_failure(site: Site) -> None:
    site.engine.scripts = Script(exit_code=1)
    assert site.run(retry=Retry(attempts=3)).attempt == 1


def test_a_loss_without_retries_ends_the_job(site: Site) -> None:
    site.engine.scripts = Script(lost=True)
    job = site.run()
    assert job.reason is not None
    assert (job.state, job.reason.code) == (State.FAILED, "engine_lost")


def test_silence_is_never_a_verdict(site: Site) -> None:
    site.engine.scripts = Script(silent=50)
    assert site.run().state is State.SUCCEEDED


def test_images_that_cannot_be_had(site: Site) -> None:
    site.engine.pull_refused["gone:1"] = Reason("image_not_found", "There is no gone:1.")
    job = site.run(roles=(Role(tasks=(replace(TASK, image=Image(name="gone:1")),)),))
    assert job.reason is not None
    assert (job.state, job.reason.code) == (State.FAILED, "image_not_found")
    assert b"image gone:1" in site.log(job.uid, "staging")
    assert site.engine.submitted == []


def test_a_run_that_is_refused(site: Site) -> None:
    site.engine.scripts = Script(refused=Reason("command_not_found", "There is no true."))
    job = site.run()
    assert job.reason is not None
    assert (job.state, job.reason.code) == (State.FAILED, "command_not_found")


def test_an_engine_that_is_away_lets_jobs_wait(site: Site) -> None:
    site.engine.away = True
    job = site.submit()
    site.drive()
    waiting = site.job(job.uid)
    assert waiting.reason is not None
    assert (waiting.state, waiting.reason.code) == (State.QUEUED, "engine_away")
    site.engine.away = False
    site.clock.move(60)
    site.drive()
    assert site.job(job.uid).state is State.SUCCEEDED


def test_an_engine_that_goes_away_under_a_run(site: Site) -> None:
    site.engine.scripts = Script(running=None)
    job = site.submit()
    driver = Driver(site, site.tools())
    for _ in range(5):
        driver.claim()
        driver.step(driver.holds[0])
    site.engine.away = True
    driver.holds[0].away = "start it"
    driver.step(driver.holds[0])
    told = site.job(job.uid)
    assert told.reason is not None
    assert (told.state, told.reason.code) == (State.RUNNING, "engine_away")
    site.engine.away = False
    driver.step(driver.holds[0])
    assert site.job(job.uid).reason is None
    site.engine.finish(site.engine.tags()[0])
    driver.run()
    assert site.job(job.uid).state is State.SUCCEEDED


def test_waiting_too_long_for_a_place(site: Site) -> None:
    site.engine.away = True
    job = site.run(clocks=Clocks(queue=100))
    assert job.reason is not None
    assert (job.state, job.reason.code) == (State.FAILED, "queue_timeout")


def test_an_engine_that_does_not_end_what_is_over(site: Site) -> None:
    site.engine.scripts = Script(running=None)
    job = site.run(clocks=Clocks(run=50))
    assert job.reason is not None
    assert (job.state, job.reason.code) == (State.FAILED, "run_timeout")


def test_a_required_output_that_is_missing(site: Site) -> None:
    job = site.run(outputs=(Output(folder="/work", pattern="*.csv", required=True),))
    assert job.reason is not None
    assert (job.state, job.reason.code) == (State.FAILED, "output_missing")


def test_someone_else_holds_the_job(site: Site) -> None:
    site.engine.scripts = Script(running=5)
    job = site.submit()
    first = Driver(site, site.tools())
    for _ in range(4):
        first.claim()
        first.step(first.holds[0])
    stale = first.holds[0]
    site.clock.move(31)
    site.drive()
    assert site.job(job.uid).state is State.SUCCEEDED
    stale.give_up()
    with pytest.raises(GivenUp):
        first.step(stale)
    assert site.machine.starts == {f"tg-{job.uid}.1.main.0.0": 1}
