"""The site's storage with a worker as the operator starts it, and programs that really run."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from services.compute.adapters.engines.process.engine import end_all
from services.compute.adapters.store_sql.store import SqlJobStore, open_store
from services.compute.domain.ids import JobUid
from services.compute.domain.job import Job, NewJob
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.spec import Folder, Image, Input, Output, Role, Source, Spec, Task
from services.compute.domain.states import State
from tests.processes import end_group
from tests.waiting import wait_for

pytestmark = pytest.mark.clause("openpai 7.4")

ENVIRONMENTS = '[[environment]]\nid = "small"\nengine = "process"\nimage = "python:3"\n'
FOLDERS = (Folder(path="/pai/code"), Folder(path="/pai/in"), Folder(path="/pai/out", writable=True))
OUTPUT = Output(folder="/pai/out", to="Output/alice/j")
MANY = 2000


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    (tmp_path / "environments.toml").write_text(ENVIRONMENTS)
    return {
        **os.environ,
        "COMPUTE_DATABASE_URL": f"sqlite:///{tmp_path}/compute.db",
        "COMPUTE_WORK_DIR": f"{tmp_path}/work",
        "COMPUTE_FILES_URL": f"file://{tmp_path}/files",
        "COMPUTE_OPENPAI_STORAGE_URL": f"file://{tmp_path}/storage",
        "COMPUTE_ENVIRONMENTS_FILE": f"{tmp_path}/environments.toml",
        "AUTH_URL": "http://127.0.0.1:1",
        "PROVIDER_URL": "http://127.0.0.1:1",
        "SERVICE_SECRET": "canary of a secret",
        "WORKER_HEALTH_PORT": "0",
        "WORKER_LEASE_SECONDS": "1",
        "WORKER_POLL_SECONDS": "0.02",
    }


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlJobStore]:
    store = open_store(f"sqlite:///{tmp_path}/compute.db")
    yield store
    store.close()
    end_all(tmp_path / "work" / ".process")


@contextlib.contextmanager
def working(environ: Mapping[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("ab") as log:
        command = [sys.executable, "-m", "services.compute.worker"]
        process = subprocess.Popen(command, env=environ, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        end_group(process)


def submit(store: SqlJobStore, program: str, *inputs: Input) -> JobUid:
    task = Task(command=("python3", "-c", program), image=Image(name="python:3"), working_folder="/pai/out")
    spec = Spec(
        environment="small", roles=(Role(tasks=(task,)),), folders=FOLDERS, inputs=inputs, outputs=(OUTPUT,)
    )
    new = NewJob(owner="person:1", dialect="openpai", spec=spec)
    return store.submit(new, Quotas(principal=Quota()), time.time()).job.uid


def ended(store: SqlJobStore, uid: JobUid) -> Job:
    wait_for(lambda: store.find(uid, None).is_final, "the job to end", seconds=60)
    return store.find(uid, None)


def stored(value: str, path: str) -> Input:
    return Input(source=Source.STORAGE, path=path, value=value, group="alice")


def test_one_job_reads_what_another_wrote(
    environ: Mapping[str, str], store: SqlJobStore, tmp_path: Path
) -> None:
    code = tmp_path / "storage" / "code"
    (code / "lib").mkdir(parents=True)
    (code / "train.py").write_text("from lib.words import WORD\nopen('model', 'w').write(WORD)\n")
    (code / "lib" / "words.py").write_text("WORD = 'weights'\n")
    with working(environ, tmp_path):
        program = "import runpy, sys; sys.path.insert(0, '/pai/code'); runpy.run_path('/pai/code/train.py')"
        first = ended(store, submit(store, program, stored("code", "/pai/code")))
        assert first.state is State.SUCCEEDED, first.reason
        assert (tmp_path / "storage/Output/alice/j/model").read_text() == "weights"
        assert next(file.path for file in store.files(first.uid)) == "model"
        program = "open('model', 'w').write(open('/pai/in/data/model').read().upper())"
        second = ended(store, submit(store, program, stored("Output/alice/j", "/pai/in/data")))
        assert second.state is State.SUCCEEDED, second.reason
    assert (tmp_path / "storage/Output/alice/j/model").read_text() == "WEIGHTS"
    assert list((tmp_path / "storage" / ".parts").iterdir()) == []


def test_what_is_missing_is_told(environ: Mapping[str, str], store: SqlJobStore, tmp_path: Path) -> None:
    with working(environ, tmp_path):
        job = ended(store, submit(store, "print()", stored("none", "/pai/code")))
    assert job.state is State.FAILED
    assert job.reason is not None
    assert job.reason.code == "input_unavailable"


def test_a_worker_killed_while_it_writes_loses_nothing(
    environ: Mapping[str, str], store: SqlJobStore, tmp_path: Path
) -> None:
    program = f"for n in range({MANY}): open(f'{{n}}', 'w').write(str(n) * 10)"
    uid = submit(store, program)
    written = tmp_path / "storage" / "Output" / "alice" / "j"
    with working(environ, tmp_path) as process:
        wait_for(lambda: written.is_dir() and any(written.iterdir()), "the first file", seconds=60)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert store.find(uid, None).state is State.PUBLISHING
    assert len(list(written.iterdir())) < MANY
    with working(environ, tmp_path):
        assert ended(store, uid).state is State.SUCCEEDED
    assert {path.name: path.read_text() for path in written.iterdir()} == {
        str(n): str(n) * 10 for n in range(MANY)
    }
