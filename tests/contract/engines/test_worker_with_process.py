"""A worker's jobs on the process engine: sidecars, failures, what is brought, written aside and kept."""

import gzip
import io
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.compute.adapters.engines.process.engine import ProcessEngine, end_all
from services.compute.domain.spec import (
    Folder,
    Image,
    Input,
    Mpi,
    MpiKind,
    OnTaskFailure,
    Output,
    Resources,
    Role,
    Source,
    Spec,
    Take,
    Task,
)
from services.compute.domain.states import State
from tests import gathered_jobs
from tests.archives import tar
from tests.waiting import wait_for
from tests.works import Works

URL = "https://files.example/data.tgz"
HOME = "/home/user"
SMALL = Resources(cpus=1, memory_bytes=256 << 20, disk_bytes=64 << 20)


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    state = tmp_path / "engine"
    works = Works(tmp_path, ProcessEngine(state), lambda: end_all(state))
    yield works
    works.close()


def shell(*lines: str, **more: object) -> Task:
    task = Task(
        command=("/bin/sh", "-c", "\n".join(lines)),
        image=Image(name="debian"),
        working_folder=HOME,
        environment={"HOME": HOME},
        split_logs=True,
    )
    return replace(task, **more)  # type: ignore[arg-type]


def spec(*tasks: Task, sidecars: tuple[Task, ...] = (), **more: object) -> Spec:
    roles = [Role(tasks=tasks, resources=SMALL)]
    for number, task in enumerate(sidecars):
        roles.append(Role(name=f"sidecar-{number}", tasks=(task,), resources=SMALL, sidecar=True))
    folders = (Folder(path=HOME, writable=True), Folder(path="/tmp", writable=True))
    plain = Spec(environment="small", roles=tuple(roles), folders=folders)
    return replace(plain, **more)  # type: ignore[arg-type]


def test_a_sidecar_serves_and_is_ended(works: Works) -> None:
    serving = shell("while :; do [ -e question ] && echo 42 > answer; sleep 0.02; done")
    asking = shell("touch question", "until [ -s answer ]; do sleep 0.02; done", "cat answer")
    job = works.run(spec(asking, sidecars=(serving, shell("exit 9"))))
    assert (job.state, job.exit_code) == (State.SUCCEEDED, 0)
    assert works.site.log(job.uid, "main.0.0.stdout") == b"42\n"
    wait_for(lambda: not works.site.engine.tags(), "nothing to run any more")


@pytest.mark.parametrize(
    ("policy", "state", "said"),
    [
        (OnTaskFailure.STOP, State.FAILED, b"1\n"),
        (OnTaskFailure.CONTINUE, State.SUCCEEDED, b"1\n3\n"),
        (OnTaskFailure.FORGIVE, State.SUCCEEDED, b"1\n"),
    ],
)
def test_a_task_fails(works: Works, policy: OnTaskFailure, state: State, said: bytes) -> None:
    tasks = (shell("echo 1 >> log"), shell("exit 3"), shell("echo 3 >> log"))
    kept = Output(folder=HOME, pattern="l?g", take=Take.FIRST, required=True)
    job = works.run(spec(*tasks, on_task_failure=policy, outputs=(kept,)))
    assert job.state is state
    assert works.site.outputs(job.uid) == {"log": said}


def test_archives_come_and_folders_go(works: Works) -> None:
    program = {"content": b"#!/bin/sh\nmkdir -p ../out/deep && cp a ../out/deep/b\n", "mode": 0o755}
    works.site.web.files[URL] = gzip.compress(tar(("data/a", b"1"), ("data/run", program), ("data/l", "a")))
    given = Input(source=Source.URL, path=f"{HOME}/data.tgz", value=URL, unpack=True)
    outputs = (
        Output(folder=HOME, pattern="out", take=Take.ARCHIVE, required=True),
        Output(folder=HOME, pattern="log", take=Take.FIRST),
    )
    job = works.run(
        spec(
            shell("set -e", "ls data", "cd data", "./run", "ln -s ../data/a ../out/kept", tee=f"{HOME}/log"),
            shell("rm data/a", "echo more >&2", tee=f"{HOME}/log"),
            inputs=(given,),
            outputs=outputs,
        )
    )
    assert (job.state, job.reason and job.reason.code) == (State.FAILED, "output_refused")  # a link out of it
    kept = works.site.outputs(job.uid)
    assert kept["log"] == b"a\nl\nrun\nmore\n"
    with tarfile.open(fileobj=io.BytesIO(kept["out.tgz"])) as packed:
        assert packed.getnames() == ["out", "out/deep", "out/deep/b"]


def test_a_folder_that_is_seen_twice(works: Works) -> None:
    folders = (
        Folder(path=HOME, writable=True),
        Folder(path="/tmp", writable=True),
        Folder(path="/tmp/work", writable=True, shows=f"{HOME}/data"),
    )
    works.site.web.files[URL] = gzip.compress(tar(("data/a", b"1")))
    given = Input(source=Source.URL, path=f"{HOME}/data.tgz", value=URL, unpack=True)
    told = shell("set -e", "cat /tmp/work/a data/a", "echo 2 > /tmp/work/b", "! mv data gone")
    kept = Output(folder=HOME, pattern="data/b", take=Take.FIRST, required=True)
    job = works.run(spec(told, shell("cat data/b"), folders=folders, inputs=(given,), outputs=(kept,)))
    assert job.state is State.SUCCEEDED
    assert works.site.log(job.uid, "main.0.0.stdout") == b"11"
    assert works.site.log(job.uid, "main.0.1.stdout") == b"2\n"
    assert works.site.outputs(job.uid) == {"b": b"2\n"}


def test_a_hostile_job_writes_nowhere_else(works: Works, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    victim.chmod(0o666)
    hostile = shell(f"ln -s {victim} log", "ln -s /etc out", "echo said", tee=f"{HOME}/log")
    outputs = (Output(folder=HOME, pattern="out", take=Take.ARCHIVE),)
    job = works.run(spec(hostile, outputs=outputs))
    assert (job.state, works.site.outputs(job.uid)) == (State.FAILED, {})
    assert victim.read_bytes() == b"precious"
    assert b"could not be added" in works.site.log(job.uid, "publishing")


def test_many_processes_by_the_images_own_launcher(works: Works) -> None:
    """A stand-in for it, which the job brings: it says what it was asked."""
    launcher = Input(
        source=Source.INLINE, path=f"{HOME}/bin/mpirun", value='#!/bin/sh\necho "$@"\n', executable=True
    )
    solving = shell(
        mpi=Mpi(kind=MpiKind.MPICH, processes=3), environment={"PATH": f"{HOME}/bin:/usr/bin:/bin"}
    )
    job = works.run(spec(replace(solving, command=("solve", "a b")), inputs=(launcher,)))
    assert job.state is State.SUCCEEDED
    assert works.site.log(job.uid, "main.0.0.stdout") == b"-np 3 -launcher fork solve a b\n"


def test_the_jobs_own_numbers(works: Works) -> None:
    job = works.run(spec(shell('echo "$TIDEGATE_JOB_ID ${TIDEGATE_JOB_ID} $TIDEGATE_JOB_UID"')))
    assert works.site.log(job.uid, "main.0.0.stdout").decode() == f"{job.id} {job.id} {job.uid}\n"


def test_servers_and_workers_find_each_other(works: Works) -> None:
    job = gathered_jobs.assert_it_works(works, works.site.engine, Image(name="python:3"))
    assert {run.address for run in works.site.store.runs(job.uid)} == {"127.0.0.1"}


def test_ungathered_ones_do_not(works: Works) -> None:
    job = works.run(gathered_jobs.without_a_gathering(Image(name="python:3")))
    assert (job.state, job.exit_code) == (State.FAILED, 9)
