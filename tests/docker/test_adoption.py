"""Workers that die and come back: runs are taken up again, started once, their logs whole."""

import concurrent.futures
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import docker
import pytest

from services.compute.adapters.engines.docker.container import Connection, config
from services.compute.adapters.engines.docker.daemon import Daemon
from services.compute.adapters.engines.docker.engine import DockerEngine
from services.compute.adapters.engines.docker.images import Images
from services.compute.adapters.engines.docker.notes import starting
from services.compute.adapters.engines.docker.record import instance_of, record_of
from services.compute.ports.engines import Activity, RunSpec
from tests.docker.runs import PYTHON, SHELL, Runs, log_of, starts_in, write_once
from tests.waiting import wait_for

COUNTING = (
    "import sys, time\nfor n in range(3000): print(n, 'x' * (n % 97), flush=n % 7 == 0); time.sleep(0.0005)"
)
COUNTED = "".join(f"{n} {'x' * (n % 97)}\n" for n in range(3000)).encode()


# Lines that Docker stores in several parts.
LONG = "import time\nfor n in range(200): print('x' * (n * 331), flush=True); time.sleep(0.02)\nprint('end')"
LONG_LINES = "".join(f"{'x' * (n * 331)}\n" for n in range(200)).encode() + b"end\n"


def _created(runs: Runs, spec: RunSpec) -> str:
    """What a worker leaves that died between creating a container and starting it."""
    daemon = Daemon()
    facts = Images(daemon).facts(SHELL)
    body = config(spec, facts, instance_of(runs.folder), 1_000_000_000, Connection("none"))
    with starting(record_of(spec)), daemon.asking() as api:
        identity: str = api.create_container_from_config(body, name=spec.tag)["Id"]
    daemon.close()
    return identity


@pytest.mark.parametrize(("program", "written"), [(COUNTING, COUNTED), (LONG, LONG_LINES)])
def test_a_log_goes_on_where_the_last_worker_stopped(runs: Runs, program: str, written: bytes) -> None:
    spec = runs.spec("python3", "-c", program, image=PYTHON, log_bytes=16 << 20)
    handle = runs.engine.submit(spec)
    for _ in range(5):
        size = len(log_of(spec))
        wait_for(lambda size=size: len(log_of(spec)) > size, "more log")
        runs.engine.close()
        runs.restarted().observe([handle])
    assert runs.end_of(handle).exit_code == 0
    assert log_of(spec) == written


def test_a_log_of_a_run_that_ended_while_no_worker_was_there(runs: Runs) -> None:
    spec = runs.spec("python3", "-c", COUNTING, image=PYTHON, split_logs=True)
    handle = runs.engine.submit(spec)
    wait_for(lambda: len(log_of(spec, "stdout")) > 1000, "some log")
    runs.engine.close()
    client = docker.APIClient(version="auto")
    client.wait(handle)
    client.close()
    runs.restarted()
    assert runs.end_of(handle).exit_code == 0
    assert log_of(spec, "stdout") == COUNTED


def test_two_workers_that_follow_one_run_write_one_log(runs: Runs) -> None:
    spec = runs.spec("python3", "-c", COUNTING, image=PYTHON)
    stuck = runs.engine
    handle = stuck.submit(spec)
    runs.restarted()
    assert runs.end_of(handle).exit_code == 0
    assert stuck.observe([handle])[handle].activity in (Activity.RUNNING, Activity.ENDED)
    assert log_of(spec) == COUNTED


def test_limits_hold_after_a_restart(runs: Runs) -> None:
    spec = runs.sh("sleep 60", wall_seconds=1)
    handle = runs.engine.submit(spec)
    runs.engine.close()
    runs.restarted()
    seen = runs.end_of(handle)
    assert seen.reason is not None
    assert seen.reason.code == "run_timeout"


def test_why_it_was_ended_outlives_the_worker(runs: Runs) -> None:
    spec = runs.sh("sleep 60")
    handle = runs.engine.submit(spec)
    runs.engine.cancel(handle)
    runs.engine.close()
    runs.restarted()
    seen = runs.end_of(handle)
    assert seen.reason is not None
    assert seen.reason.code == "cancelled"


@pytest.mark.parametrize("way", ["submit", "observe"])
def test_a_container_that_was_created_and_never_started(runs: Runs, way: str) -> None:
    mount = runs.mount("/work")
    spec = runs.sh(write_once(mount), mounts=(mount,))
    identity = _created(runs, spec)
    handle = runs.engine.find(spec.tag)
    assert handle == identity
    if way == "submit":
        assert runs.engine.submit(spec) == handle
    assert runs.end_of(handle).exit_code == 0
    assert starts_in(mount) == 1


def test_a_cancelled_container_never_starts(runs: Runs) -> None:
    mount = runs.mount("/work")
    spec = runs.sh(write_once(mount), mounts=(mount,))
    _created(runs, spec)
    handle = runs.engine.find(spec.tag)
    assert handle is not None
    runs.engine.cancel(handle)
    runs.engine.submit(spec)
    seen = runs.end_of(handle)
    assert seen.reason is not None
    assert seen.reason.code == "cancelled"
    assert starts_in(mount) == 0


def test_a_start_that_is_still_on_its_way_is_waited_for(runs: Runs) -> None:
    """Of a worker that died when it had asked for the start: a second start would run the job twice."""
    mount = runs.mount("/work")
    spec = runs.sh(write_once(mount), mounts=(mount,))
    identity = _created(runs, spec)
    client = docker.APIClient(version="auto")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        submitting = pool.submit(runs.engine.submit, spec)
        time.sleep(0.3)  # the order travels that long
        client.start(identity)
        assert submitting.result() == identity
    client.close()
    handle = runs.engine.find(spec.tag)
    assert handle is not None
    assert runs.end_of(handle).exit_code == 0
    assert starts_in(mount) == 1


def test_two_workers_submit_at_once(runs: Runs) -> None:
    mount = runs.mount("/work")
    spec = runs.sh(write_once(mount), mounts=(mount,))
    engines = [runs.restarted() for _ in range(4)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        handles = set(pool.map(lambda n: engines[n % 4].submit(spec), range(8)))
    assert len(handles) == 1
    assert runs.end_of(handles.pop()).exit_code == 0
    assert starts_in(mount) == 1


SUBMITTER = """
import sys
from pathlib import Path
from services.compute.adapters.engines.docker.engine import DockerEngine
from services.compute.domain.ids import Tag
from services.compute.domain.spec import Image
from services.compute.ports.engines import Limits, Mount, RunSpec
work, logs, mount, tag = sys.argv[1:]
limits = Limits(
    cpus=1, memory_bytes=64 << 20, disk_bytes=1 << 20, processes=16, log_bytes=1 << 20, wall_seconds=60
)
engine = DockerEngine(Path(work))
engine.ping()
print("go", flush=True)
engine.submit(RunSpec(tag=Tag(tag), image=Image(name="tidegate/test-shell:1"), environment={}, limits=limits,
    command=("sh", "-c", "echo started >> /work/starts"), working_folder=None, log_folder=Path(logs),
    mounts=(Mount(host=Path(mount), path="/work", writable=True),), log_name="main.0.0"))
"""


@pytest.mark.parametrize("milliseconds", [0, 5, 10, 15, 20, 30, 40, 60, 80, 120, 160, 200, 250, 300, 400])
def test_a_worker_killed_while_it_submits(runs: Runs, tmp_path: Path, milliseconds: int) -> None:
    """At any point: the run is there once, or is submitted once by the next worker."""
    mount = runs.mount("/work")
    spec = runs.sh(write_once(mount), mounts=(mount,))
    arguments = [str(runs.folder), str(spec.log_folder), str(mount.host), spec.tag]
    worker = subprocess.Popen([sys.executable, "-c", SUBMITTER, *arguments], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    assert worker.stdout.readline() == b"go\n"
    time.sleep(milliseconds / 1000)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    handle = runs.engine.submit(spec)
    assert runs.end_of(handle).exit_code == 0
    assert starts_in(mount) == 1
    assert runs.engine.tags() == [spec.tag]


def test_deployments_do_not_see_each_other(runs: Runs, tmp_path: Path) -> None:
    handle = runs.engine.submit(runs.sh("sleep 60"))
    tag = runs.engine.tags()[0]
    stranger = DockerEngine(tmp_path / "other")
    assert stranger.tags() == []
    assert stranger.find(tag) is None
    stranger.close()
    assert runs.look(handle).activity is Activity.RUNNING


def test_a_container_that_somebody_removed_is_lost(runs: Runs) -> None:
    handle = runs.engine.submit(runs.sh("sleep 60"))
    client = docker.APIClient(version="auto")
    client.remove_container(handle, force=True)
    client.close()
    seen = runs.end_of(handle)
    assert seen.activity is Activity.LOST
    assert seen.reason is not None
    assert seen.reason.is_transient
