"""The worker as the operator starts it: `python -m services.compute.worker`."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from services.compute.adapters.engines.process.engine import end_all
from services.compute.adapters.store_sql.store import SqlJobStore, open_store
from services.compute.domain.ids import JobUid
from services.compute.domain.job import NewJob
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.spec import Image, Role, Spec, Task
from services.compute.domain.states import State
from tests.processes import end_group
from tests.waiting import wait_for

ENVIRONMENTS = '[[environment]]\nid = "small"\nengine = "process"\nimage = "debian"\n'


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    (tmp_path / "environments.toml").write_text(ENVIRONMENTS)
    return {
        **os.environ,
        "COMPUTE_DATABASE_URL": f"sqlite:///{tmp_path}/compute.db",
        "COMPUTE_WORK_DIR": f"{tmp_path}/work",
        "COMPUTE_FILES_URL": f"file://{tmp_path}/files",
        "COMPUTE_ENVIRONMENTS_FILE": f"{tmp_path}/environments.toml",
        "AUTH_URL": "http://127.0.0.1:1",
        "PROVIDER_URL": "http://127.0.0.1:1",
        "SERVICE_SECRET": "canary of a secret",
        "WORKER_HEALTH_PORT": "0",
    }


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlJobStore]:
    store = open_store(f"sqlite:///{tmp_path}/compute.db")
    yield store
    store.close()


class Started:
    """A worker process; `said` are its log records so far."""

    def __init__(self, environ: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as stream:
            command = [sys.executable, "-m", "services.compute.worker"]
            self.process = subprocess.Popen(command, env=environ, stderr=stream, start_new_session=True)

    def said(self) -> list[dict[str, object]]:
        lines = self._log.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]

    def health(self) -> str:
        """The URL of its health port, once it says so."""

        def port() -> object:
            assert self.process.poll() is None, self._log.read_text()
            return next((record["health_port"] for record in self.said() if "health_port" in record), None)

        return f"http://127.0.0.1:{wait_for(port, 'the worker to start')}"


@pytest.fixture
def worker(environ: Mapping[str, str], tmp_path: Path) -> Iterator[Started]:
    started = Started(environ, tmp_path / "log")
    yield started
    end_group(started.process)
    end_all(tmp_path / "work" / ".process")


def submit(store: SqlJobStore, *command: str) -> JobUid:
    role = Role(tasks=(Task(command=command, image=Image(name="debian")),))
    new = NewJob(owner="person:1", dialect="native", spec=Spec(environment="small", roles=(role,)))
    return store.submit(new, Quotas(principal=Quota()), time.time()).job.uid


def test_it_is_ready_works_and_leaves_when_told(worker: Started, store: SqlJobStore, tmp_path: Path) -> None:
    url = worker.health()
    with urllib.request.urlopen(f"{url}/health/ready", timeout=10) as answer:
        assert json.load(answer)["checks"] == {
            "database": "ok",
            "files": "ok",
            "storage": "ok",
            "loop": "ok",
        }
    uid = submit(store, "sh", "-c", "echo hello")
    wait_for(lambda: store.find(uid, None).is_final, "the job to end")
    assert store.find(uid, None).state is State.SUCCEEDED
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
        assert b'compute_jobs_ended_total{reason="none",state="succeeded"} 1.0' in answer.read()
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(20) == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=2)
    assert "canary" not in (tmp_path / "log").read_text()


def test_a_run_outlives_the_worker_that_was_told_to_go(
    worker: Started, environ: Mapping[str, str], store: SqlJobStore, tmp_path: Path
) -> None:
    worker.health()
    uid = submit(store, "sh", "-c", "echo begun; sleep 1; echo done")
    wait_for(lambda: any(run.handle for run in store.runs(uid)), "the run")
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(20) == 0
    assert store.find(uid, None).state is State.RUNNING
    with contextlib.ExitStack() as stack:
        stack.callback(end_group, Started(environ, tmp_path / "log2").process)
        wait_for(lambda: store.find(uid, None).is_final, "the job to end")
    assert store.find(uid, None).state is State.SUCCEEDED
    assert (tmp_path / f"files/jobs/{uid}/logs/1/main.0.0.output").read_bytes() == b"begun\ndone\n"


def test_bad_settings_are_told_at_once(environ: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "environments.toml").write_text('[[environment]]\nid = "small"\nengine = "spoon"\n')
    started = Started(environ, tmp_path / "log")
    assert started.process.wait(60) == 2
    assert "COMPUTE_ENVIRONMENTS_FILE" in (tmp_path / "log").read_text()
