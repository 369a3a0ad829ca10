"""What keeps a job inside, as Docker has it, and what its container tells about it."""

import json
import os
from collections.abc import Iterator
from typing import Any

import docker
import pytest

from services.compute.domain.ids import new_uid, tag_of
from services.compute.ports.engines import Activity, RunSpec
from tests.docker.runs import PYTHON, Runs, log_of
from tests.waiting import wait_for

CANARY = "https://origin.test/canary-81c2"


@pytest.fixture
def client() -> Iterator[docker.APIClient]:
    client = docker.APIClient(version="auto")
    yield client
    client.close()


def _inspected(runs: Runs, client: docker.APIClient, spec: RunSpec) -> dict[str, Any]:
    found: dict[str, Any] = client.inspect_container(runs.engine.submit(spec))
    return found


def test_a_container_has_no_privileges(runs: Runs, client: docker.APIClient) -> None:
    found = _inspected(runs, client, runs.sh("sleep 60"))
    host = found["HostConfig"]
    assert found["Config"]["User"].split(":")[0] not in ("", "0", "root")
    assert (host["CapDrop"], host["CapAdd"], host["Privileged"]) == (["ALL"], None, False)
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["ReadonlyRootfs"] is True
    assert (host["NetworkMode"], host["PidMode"], host["IpcMode"]) == ("none", "", "private")
    assert (host["Binds"], host["Devices"], host["VolumesFrom"]) == (None, None, None)
    assert host["RestartPolicy"]["Name"] == "no"


def test_limits_are_dockers_own(runs: Runs, client: docker.APIClient) -> None:
    spec = runs.sh("sleep 60", memory_bytes=64 << 20, cpus=0.5, processes=20, disk_bytes=1 << 20)
    host = _inspected(runs, client, spec)["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (64 << 20, 64 << 20)
    assert (host["NanoCpus"], host["PidsLimit"]) == (500_000_000, 21)
    assert {"Name": "fsize", "Soft": 1 << 20, "Hard": 1 << 20} in host["Ulimits"]


def test_inspect_shows_nothing_but_what_the_run_was_given(
    runs: Runs, client: docker.APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No address, nothing of the worker's own surroundings, no content of inputs."""
    monkeypatch.setenv("SERVICE_SECRET", CANARY)
    monkeypatch.setenv("HTTPS_PROXY", CANARY)
    inputs = runs.mount("/data/inputs", {"0": CANARY.encode()}, writable=False)
    found = _inspected(runs, client, runs.sh("sleep 60", mounts=(inputs,), environment={"A": "b"}))
    told = json.dumps(found)
    assert "://" not in told
    assert "canary" not in told
    names = sorted(line.partition("=")[0] for line in found["Config"]["Env"])
    assert names == ["A", "HOME", "PATH", "TMPDIR"]


def test_jobs_with_a_network_do_not_reach_each_other(runs: Runs, client: docker.APIClient) -> None:
    program = (
        "import socket\ns = socket.create_server(('0.0.0.0', 8000))\nprint('up', flush=True)\ns.accept()"
    )
    listening = runs.spec("python3", "-c", program, image=PYTHON, network=True)
    handle = runs.engine.submit(listening)
    wait_for(lambda: log_of(listening) == b"up\n", "the listener")
    networks = client.inspect_container(handle)["NetworkSettings"]["Networks"]
    address = networks["tidegate-jobs"]["IPAddress"]
    probe = (
        f"import socket\ntry: socket.create_connection(('{address}', 8000), 2)\n"
        "except OSError: print('closed')"
    )
    _, log = runs.done(runs.spec("python3", "-c", probe, image=PYTHON, network=True))
    assert log == b"closed\n"


def test_jobs_have_different_users_and_tasks_of_a_job_one(runs: Runs) -> None:
    outputs = runs.mount("/work")
    first = runs.sh("id -u; touch /work/mine; chmod 600 /work/mine", mounts=(outputs,))
    _, one = runs.done(first)
    second = runs.sh("id -u; cat /work/mine", mounts=(outputs,), tag=type(first.tag)(f"{first.tag[:-1]}1"))
    seen, two = runs.done(second)
    _, other = runs.done(runs.sh("id -u"))
    assert (seen.exit_code, one) == (0, two)
    assert one != other or os.getuid() != 0


VICTIM = """
import os, socket, time
listening = socket.socket(socket.AF_UNIX)
listening.bind("\\0meeting")
listening.listen()
for folder in ("/tmp", "/dev/shm"):
    open(folder + "/secret", "w").close()
open("/work/up", "w").close()
while not os.path.exists("/work/over"):
    time.sleep(0.02)
"""
INTRUDER = """
import os, signal, socket
found = [folder for folder in ("/tmp", "/dev/shm") if os.path.exists(folder + "/secret")]
try:
    socket.socket(socket.AF_UNIX).connect("\\0meeting")
    found.append("socket")
except OSError:
    pass
processes = [name for name in os.listdir("/proc") if name.isdigit()]
print(found, len(processes) <= 2, os.path.exists("/work/up"), flush=True)
try:
    os.kill(-1, signal.SIGKILL)
except ProcessLookupError:
    print("nobody else")
"""


def test_two_roles_of_a_job_meet_in_its_folders_and_nowhere_else(runs: Runs) -> None:
    """One user, and one of them means harm to the other."""
    uid, outputs = new_uid(), runs.mount("/work")
    victim = runs.spec(
        "python3", "-c", VICTIM, image=PYTHON, mounts=(outputs,), tag=tag_of(uid, 1, "victim", 0, 0)
    )
    intruder = runs.spec(
        "python3", "-c", INTRUDER, image=PYTHON, mounts=(outputs,), tag=tag_of(uid, 1, "intruder", 0, 0)
    )
    handle = runs.engine.submit(victim)
    wait_for((outputs.host / "up").exists, "the victim")
    _, log = runs.done(intruder)
    assert log == b"[] True True\nnobody else\n"
    assert runs.look(handle).activity is Activity.RUNNING
    (outputs.host / "over").touch()
    assert runs.end_of(handle).exit_code == 0


def test_removing_leaves_no_volume_and_no_note(runs: Runs, client: docker.APIClient) -> None:
    spec = runs.sh("true")
    handle = runs.engine.submit(spec)
    before = client.volumes()["Volumes"]
    runs.end_of(handle)
    runs.engine.remove(handle)
    assert client.volumes()["Volumes"] == before
    assert [path.name for path in spec.log_folder.iterdir()] == ["main.0.0.output"]
