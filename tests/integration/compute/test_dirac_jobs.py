"""Jobs that came in through the DIRAC room, as a real worker and the process engine run them."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.compute.adapters.store_sql.store import open_store
from services.compute.domain.job import Job, Stored
from services.compute.domain.layout import stored_log, stored_output
from services.compute.domain.states import State
from tests.fakes.compute_dirac import SMALL, Dirac
from tests.processes import end_group
from tests.waiting import wait_for

pytestmark = pytest.mark.clause("dirac 2.12", "dirac 2.13")

ENVIRONMENTS = '[[environment]]\nid = "small"\nengine = "process"\nimage = "debian:12"\nmax_jobs = 4\n'


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Dirac]:
    store = open_store(f"sqlite:///{tmp_path}/compute.db")
    yield Dirac(tmp_path, environments=(replace(SMALL, network=False),), store=store)
    store.close()


@pytest.fixture
def worker(room: Dirac, tmp_path: Path) -> Iterator[None]:
    (tmp_path / "environments.toml").write_text(ENVIRONMENTS)
    environ = {
        **os.environ,
        "COMPUTE_DATABASE_URL": f"sqlite:///{tmp_path}/compute.db",
        "COMPUTE_WORK_DIR": f"{tmp_path}/work",
        "COMPUTE_FILES_URL": f"file://{tmp_path}/objects",
        "COMPUTE_ENVIRONMENTS_FILE": f"{tmp_path}/environments.toml",
        "AUTH_URL": "http://127.0.0.1:1",
        "PROVIDER_URL": "http://127.0.0.1:1",
        "SERVICE_SECRET": "a secret of tests",
        "WORKER_HEALTH_PORT": "0",
    }
    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "-m", "services.compute.worker"]
        process = subprocess.Popen(command, env=environ, stderr=log, start_new_session=True)
    yield
    end_group(process)


def ended(room: Dirac, jid: int) -> Job:
    return wait_for(
        lambda: job if (job := room.store.find(jid, None)).is_final else None, f"job {jid} to end", 60
    )


def left(room: Dirac, job: Job) -> Mapping[str, bytes]:
    """Outputs by path, streams by their last word."""
    found = {}
    for file in room.store.files(job.uid):
        is_output = file.kind is Stored.OUTPUT
        path = stored_output(job.uid, file.path) if is_output else stored_log(job.uid, job.attempt, file.path)
        found[file.path if is_output else file.path.rpartition(".")[2]] = b"".join(room.files.open(path))
    return found


def submitted(room: Dirac, manifest: Mapping[str, Any], **files: bytes) -> list[int]:
    data = {"manifest": json.dumps(manifest)}
    parts = {name: (io.BytesIO(content), name.replace("__", ".")) for name, content in files.items()}
    answer = room.call("POST", "/jobs", data={**data, **parts}, content_type="multipart/form-data")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    jids: list[int] = answer.get_json()["jids"]
    return jids


@pytest.mark.usefixtures("worker")
def test_a_script_that_came_along(room: Dirac) -> None:
    script = (
        b'echo "$1|$2|$DIRACJOBID|$JOBID|$DIRACSITE|$MINE" && echo bad >&2 && cat in.dat > out_$JOBID.dat\n'
    )
    manifest = {
        "Executable": "run.sh",
        "Arguments": "'a b' %j",
        "Parameters": 1,
        "OutputSandbox": ["out_%j.dat", "std.out"],
        "ExecutionEnvironment": ["MINE=x y"],
        "Site": "Here.x",
    }
    (jid,) = submitted(room, manifest, run__sh=script, in__dat=b"\x00data")
    job = ended(room, jid)
    assert job.state is State.SUCCEEDED, job.reason
    found = left(room, job)
    assert found["stdout"].decode() == f"a b|{jid}|{jid}|{jid}|Here.x|x y\n"
    assert (found["stderr"], found[f"out_{jid}.dat"]) == (b"bad\n", b"\x00data")


@pytest.mark.usefixtures("worker")
def test_the_seeds_example_and_a_program_in_an_earlier_sandbox(room: Dirac) -> None:
    (first,) = room.submit({"Executable": "/bin/echo", "Arguments": "Hello World", "Sites": ["A", "B"]})
    assert left(room, ended(room, first))["stdout"] == b"Hello World\n"
    (second,) = submitted(room, {"Executable": "tool"}, tool=b"#!/bin/sh\necho tool; exit 3\n")
    failed = ended(room, second)
    assert (failed.state, failed.exit_code) == (State.FAILED, 3)
    (reference,) = room.manifest(second)["InputSandbox"]
    (third,) = room.submit({"Executable": "tool", "Arguments": "; true", "InputSandbox": reference})
    again = ended(room, third)
    assert (again.state, left(room, again)["stdout"]) == (State.SUCCEEDED, b"tool\n")
