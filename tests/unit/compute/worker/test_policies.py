"""Tasks that fail, sidecars, programs in many processes, what runs are told, where else their words go."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from services.compute.domain.ids import JobId, JobUid
from services.compute.domain.job import Pull, Wish, WorkflowPlace
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Clocks, Image, Mpi, MpiKind, OnTaskFailure, Resources, Role, Task
from services.compute.domain.states import State
from services.compute.ports.engines import RunSpec
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import SPEC, TASK, Driver, Site
from tests.unit.compute.worker.test_life import WISHED, write

pytestmark = pytest.mark.clause("prominence 6")


def task(name: str, **changes: object) -> Task:
    return replace(TASK, command=(name,), **changes)  # type: ignore[arg-type]


def failing(**codes: int) -> Callable[[RunSpec], Script]:
    return lambda spec: Script(exit_code=codes.get(spec.command[0], 0))


SERVER = Role(name="sidecar-0", tasks=(task("server"),), sidecar=True)


def serving(spec: RunSpec) -> Script:
    """A sidecar never ends by itself."""
    return Script(running=None if spec.command == ("server",) else 1)


class TestFailures:
    TASKS = (task("a"), task("b"), task("c"))

    @pytest.mark.parametrize(
        ("policy", "state", "ran", "code"),
        [
            (OnTaskFailure.STOP, State.FAILED, ["a", "b"], 3),
            (OnTaskFailure.CONTINUE, State.SUCCEEDED, ["a", "b", "c"], 0),
            (OnTaskFailure.FORGIVE, State.SUCCEEDED, ["a", "b"], 3),
        ],
    )
    def test_one_task_fails(
        self, site: Site, policy: OnTaskFailure, state: State, ran: list[str], code: int
    ) -> None:
        site.engine.scripts = failing(b=3)
        job = site.run(roles=(Role(tasks=self.TASKS),), on_task_failure=policy)
        assert (job.state, job.exit_code) == (state, code)
        assert [told.command[0] for told in site.engine.submitted] == ran
        assert (job.reason is None) is (state is State.SUCCEEDED)
        assert [run.exit_code for run in site.store.runs(job.uid)][1] == 3

    def test_the_last_task_fails_and_the_job_goes_on_to_its_end(self, site: Site) -> None:
        site.engine.scripts = failing(c=7)
        job = site.run(roles=(Role(tasks=self.TASKS),), on_task_failure=OnTaskFailure.CONTINUE)
        assert (job.state, job.exit_code) == (State.SUCCEEDED, 7)

    def test_its_retries_come_first(self, site: Site) -> None:
        site.engine.scripts = failing(a=1)
        tasks = (task("a", retries=2), task("b"))
        job = site.run(roles=(Role(tasks=tasks),), on_task_failure=OnTaskFailure.CONTINUE)
        assert job.state is State.SUCCEEDED
        assert [told.command[0] for told in site.engine.submitted] == ["a", "a", "a", "b"]
        assert [run.task for run in site.store.runs(job.uid)] == [0, 1, 2, 4]

    def test_a_command_that_is_not_there_is_a_failure_of_the_task(self, site: Site) -> None:
        absent = Reason("command_not_found", "There is no b.")
        site.engine.scripts = lambda spec: Script(refused=absent if spec.command == ("b",) else None)
        job = site.run(roles=(Role(tasks=self.TASKS),), on_task_failure=OnTaskFailure.CONTINUE)
        assert job.state is State.SUCCEEDED
        assert [run.task for run in site.store.runs(job.uid)] == [0, 1, 2]

    def test_the_last_command_is_refused_at_once(self, site: Site) -> None:
        absent = Reason("command_not_found", "There is no c.")
        site.engine.scripts = lambda spec: Script(refused=absent if spec.command == ("c",) else None)
        roles = (Role(tasks=self.TASKS), replace(SERVER, tasks=(task("a"),)))
        assert site.run(roles=roles, on_task_failure=OnTaskFailure.CONTINUE).state is State.SUCCEEDED

    @pytest.mark.parametrize("policy", [OnTaskFailure.CONTINUE, OnTaskFailure.FORGIVE])
    @pytest.mark.parametrize("code", ["memory_limit", "disk_limit", "run_timeout", "engine_failed"])
    def test_limits_and_engines_are_no_failure_of_the_task(
        self, site: Site, policy: OnTaskFailure, code: str
    ) -> None:
        site.engine.scripts = Script(exit_code=1, reason=Reason(code, "It did not end well."))
        job = site.run(roles=(Role(tasks=self.TASKS),), on_task_failure=policy)
        assert job.reason is not None
        assert (job.state, job.reason.code) == (State.FAILED, code)
        assert len(site.engine.submitted) == 1

    @pytest.mark.parametrize("policy", list(OnTaskFailure))
    def test_stopping_such_a_job(self, site: Site, policy: OnTaskFailure) -> None:
        site.engine.scripts = Script(running=None)
        job = site.submit(roles=(Role(tasks=self.TASKS),), on_task_failure=policy)
        driver = Driver(site, site.tools())
        for _ in range(5):
            driver.claim()
            driver.step(driver.holds[0])
        site.store.wish(job.uid, Wish.CANCEL, job.owner, WISHED, site.clock.now())
        driver.run()
        assert site.job(job.uid).state is State.CANCELLED
        assert len(site.engine.submitted) == 1

    def test_what_is_forgiven_ends_the_other_instances_too(self, site: Site) -> None:
        site.engine.scripts = lambda spec: (
            Script(exit_code=9) if spec.command == ("bad",) else Script(running=None)
        )
        roles = (Role(name="good", count=2, tasks=(TASK,)), Role(name="bad", tasks=(task("bad"),)))
        job = site.run(roles=roles, on_task_failure=OnTaskFailure.FORGIVE)
        assert (job.state, job.exit_code, job.reason) == (State.SUCCEEDED, 9, None)
        assert site.engine.tags() == []


class TestSidecars:
    def test_it_starts_first_and_is_ended_last(self, site: Site) -> None:
        site.engine.scripts = serving
        job = site.run(roles=(Role(tasks=(task("a"), task("b"))), SERVER))
        assert (job.state, job.exit_code, job.reason) == (State.SUCCEEDED, 0, None)
        assert [told.command[0] for told in site.engine.submitted] == ["server", "a", "b"]
        runs = {run.role: run for run in site.store.runs(job.uid)}
        assert runs["sidecar-0"].reason is not None
        assert runs["sidecar-0"].reason.code == "cancelled"
        site.assert_clean()

    @pytest.mark.parametrize("code", [0, 1])
    def test_how_it_ends_decides_nothing(self, site: Site, code: int) -> None:
        site.engine.scripts = lambda spec: Script(
            exit_code=code if spec.command == ("server",) else 0,
            running=0 if spec.command == ("server",) else 5,
        )
        job = site.run(roles=(Role(tasks=(task("a"), task("b"))), SERVER))
        assert (job.state, job.exit_code, job.reason) == (State.SUCCEEDED, 0, None)
        assert len(site.engine.submitted) == 3

    def test_one_that_cannot_start_decides_nothing(self, site: Site) -> None:
        absent = Reason("command_not_found", "There is no server.")
        site.engine.scripts = lambda spec: Script(refused=absent if spec.command == ("server",) else None)
        assert site.run(roles=(SERVER, Role(tasks=(task("a"),)))).state is State.SUCCEEDED

    def test_the_tasks_fail(self, site: Site) -> None:
        site.engine.scripts = lambda spec: replace(serving(spec), exit_code=4)
        job = site.run(roles=(SERVER, Role(tasks=(task("a"), task("b")))))
        assert job.reason is not None
        assert (job.state, job.exit_code, job.reason.code) == (State.FAILED, 4, "command_failed")
        site.assert_clean()

    def test_it_is_not_started_any_more(self, site: Site) -> None:
        """Its first try ended, and its next is due when nothing is left to serve."""
        site.engine.scripts = lambda spec: (
            Script(exit_code=1, running=3) if "server" in spec.command else Script()
        )
        patient = replace(SERVER, tasks=(task("server", retries=50),))
        job = site.run(roles=(patient, Role(tasks=(task("a"),))))
        assert job.state is State.SUCCEEDED
        assert len(site.engine.submitted) <= 3

    def test_time_is_over_for_all(self, site: Site) -> None:
        site.engine.scripts = Script(running=None)
        job = site.run(roles=(SERVER, Role(tasks=(task("a"),))), clocks=Clocks(run=50))
        assert job.reason is not None
        assert (job.state, job.reason.code) == (State.FAILED, "run_timeout")
        site.assert_clean()

    def test_they_share_the_folders(self, site: Site) -> None:
        site.engine.scripts = lambda spec: replace(serving(spec), act=write("outputs/x", b"x"))
        job = site.run(roles=(Role(tasks=(task("a"),)), SERVER))
        first, second = site.engine.submitted
        assert first.mounts == second.mounts
        assert site.outputs(job.uid) == {"x": b"x"}


class TestWords:
    @pytest.mark.parametrize(
        ("kind", "options"),
        [
            (MpiKind.OPENMPI, ("--bind-to", "none")),
            (MpiKind.MPICH, ("-launcher", "fork")),
            (MpiKind.INTEL, ("-launcher", "fork")),
        ],
    )
    @pytest.mark.parametrize(("asked", "cpus", "count"), [(None, 4, "4"), (3, 4, "3"), (None, 0.5, "1")])
    def test_many_processes(
        self, site: Site, kind: MpiKind, options: tuple[str, ...], asked: int | None, cpus: float, count: str
    ) -> None:
        program = replace(TASK, command=("solve", "a b"), mpi=Mpi(kind=kind, processes=asked))
        site.run(roles=(Role(tasks=(program,), resources=Resources(cpus=cpus)),))
        [told] = site.engine.submitted
        assert told.command == ("mpirun", "-np", count, *options, "solve", "a b")
        assert ("OMPI_MCA_rmaps_base_oversubscribe" in told.environment) is (kind is MpiKind.OPENMPI)

    def test_the_numbers_of_a_job(self, site: Site) -> None:
        told = replace(
            TASK,
            command=("run", "${TIDEGATE_JOB_ID}-$TIDEGATE_JOB_ID-${TIDEGATE_WORKFLOW_ID}", "$${HOME}"),
            environment={"A": "${TIDEGATE_JOB_ID}", "TIDEGATE_JOB_ID": "666"},
            working_folder="/work/${TIDEGATE_JOB_ID}${TIDEGATE_INSTANCE}",
        )
        job = site.run(roles=(Role(tasks=(told,)),))
        [run] = site.engine.submitted
        assert run.command == ("run", f"{job.id}-$TIDEGATE_JOB_ID-", "$${HOME}")
        assert run.environment == {
            "A": str(job.id), "TIDEGATE_JOB_ID": str(job.id), "TIDEGATE_JOB_UID": job.uid,
            "TIDEGATE_INDEX": "0",
        }  # fmt: skip
        assert run.working_folder == f"/work/{job.id}"

    def test_the_numbers_of_a_workflows_job(self, site: Site) -> None:
        told = replace(TASK, command=("${TIDEGATE_WORKFLOW_ID}", "${TIDEGATE_INSTANCE}"))
        site.submit(roles=(Role(tasks=(told,)),))
        place = WorkflowPlace(
            id=JobId(77), uid=JobUid("7" * 32), name="w", step="s", instance=0, parameters={"x": 1}
        )
        driver = Driver(site, site.tools())
        driver.claim()
        [hold] = driver.holds
        for _ in range(3):
            driver.step(hold)
        hold.job = replace(hold.job, workflow=place)
        driver.step(hold)
        [run] = site.engine.submitted
        assert run.command == ("77", "0")
        assert (run.environment["TIDEGATE_WORKFLOW_ID"], run.environment["TIDEGATE_INSTANCE"]) == ("77", "0")

    def test_how_images_came(self, site: Site) -> None:
        site.engine.fetches = {"python:3"}
        site.engine.digests = {"debian": "sha256:" + "1" * 64}
        images = (Image(name="debian"), Image(name="python:3"), Image(name="debian"))
        job = site.run(roles=(Role(tasks=tuple(replace(TASK, image=image) for image in images)),))
        assert job.pulls == (Pull("debian", None, "sha256:" + "1" * 64), Pull("python:3", 0.0, None))

    def test_those_that_came_before_one_that_did_not(self, site: Site) -> None:
        site.engine.pull_refused["gone"] = Reason("pull_failed", "The registry is away.")
        tasks = (TASK, replace(TASK, image=Image(name="gone")))
        assert site.run(roles=(Role(tasks=tasks),)).pulls == (Pull("debian", None, None),)


class TestTee:
    """What runs wrote comes into a file of the job's, and nowhere else."""

    FILE = "/work/outputs/log.txt"

    def run(self, site: Site, act: Callable[[Path], object], **changes: object) -> dict[str, bytes]:
        def acts(spec: RunSpec) -> None:
            host = spec.mounts[0].host / "outputs"
            host.mkdir(exist_ok=True)
            act(host)

        site.engine.scripts = lambda spec: Script(output=b"said\n", errors=b"oh\n", act=acts)
        tasks = (task("a", tee=self.FILE, **changes), task("b", tee=self.FILE, **changes))
        job = site.run(roles=(Role(tasks=tasks),))
        assert job.state is State.SUCCEEDED
        self.said = site.log(job.uid, "publishing").decode()
        return dict(site.outputs(job.uid))

    @pytest.mark.parametrize("is_split", [False, True])
    def test_one_after_the_other(self, site: Site, is_split: bool) -> None:
        kept = self.run(site, lambda _: None, split_logs=is_split)
        assert kept == {"log.txt": b"said\noh\nsaid\noh\n"}

    def test_behind_what_is_there(self, site: Site) -> None:
        def act(outputs: Path) -> None:
            if not (outputs / "log.txt").exists():
                (outputs / "log.txt").write_bytes(b"own ")

        assert self.run(site, act) == {"log.txt": b"own said\noh\nsaid\noh\n"}

    @pytest.mark.parametrize("hostile", ["link", "pipe", "folder", "above"])
    def test_no_link_and_nothing_else_than_a_file(self, site: Site, tmp_path: Path, hostile: str) -> None:
        victim = tmp_path / "victim"
        victim.mkdir()
        (victim / "log.txt").write_bytes(b"precious")

        def act(outputs: Path) -> None:
            file = outputs / "log.txt"
            if hostile == "above" and not outputs.is_symlink():
                outputs.rmdir()
                outputs.symlink_to(victim)
            elif hostile == "link" and not file.is_symlink():
                file.symlink_to(victim / "log.txt")
            elif hostile == "pipe" and not file.exists():
                os.mkfifo(file)
            elif hostile == "folder":
                file.mkdir(exist_ok=True)

        def acts(spec: RunSpec) -> None:
            act(_outputs(spec))

        tasks = (task("a", tee=self.FILE),)
        site.engine.scripts = Script(output=b"said\n", act=acts)
        job = site.run(roles=(Role(tasks=tasks),), outputs=())
        assert job.state is State.SUCCEEDED
        assert (victim / "log.txt").read_bytes() == b"precious"
        assert sorted(path.name for path in victim.iterdir()) == ["log.txt"]
        assert b"could not be added" in site.log(job.uid, "publishing")

    @pytest.mark.parametrize("path", ["/etc/passwd", "/work", "/work/../../x", "relative", "/data/in/x"])
    def test_places_that_are_none(self, site: Site, path: str) -> None:
        job = site.run(roles=(Role(tasks=(task("a", tee=path),)),))
        assert job.state is State.SUCCEEDED
        assert b"could not be added" in site.log(job.uid, "publishing")

    def test_a_job_that_was_stopped(self, site: Site) -> None:
        site.engine.scripts = Script(running=None, output=b"so far\n")
        job = site.submit(roles=(Role(tasks=(task("a", tee="/work/log.txt"),)),), outputs=SPEC.outputs)
        driver = Driver(site, site.tools())
        for _ in range(5):
            driver.claim()
            driver.step(driver.holds[0])
        site.store.wish(job.uid, Wish.CANCEL, job.owner, WISHED, site.clock.now())
        driver.step(driver.holds[0])
        [told] = site.engine.submitted
        assert (told.mounts[0].host / "log.txt").read_bytes() == b"so far\n"


def _outputs(spec: RunSpec) -> Path:
    folder = spec.mounts[0].host / "outputs"
    folder.mkdir(exist_ok=True)
    return folder


def test_a_stopped_job_ends_for_the_reason_of_who_stopped_it(site: Site) -> None:
    site.engine.scripts = Script(running=None)
    job = site.submit()
    driver = Driver(site, site.tools())
    for _ in range(5):
        driver.claim()
        driver.step(driver.holds[0])
    why = Reason("cancelled", "The room was needed.")
    site.store.wish(job.uid, Wish.CANCEL, job.owner, why, site.clock.now())
    driver.run()
    assert (site.job(job.uid).state, site.job(job.uid).reason) == (State.CANCELLED, why)
