"""A job as it is described to a two-role program of servers and workers: servers wait for ever, workers know
all servers and all workers, and the job has done well when the workers have.
"""

from dataclasses import replace

from services.compute.domain.job import Job
from services.compute.domain.spec import Folder, Image, Resources, Role, Spec, Task
from services.compute.domain.states import State
from services.compute.ports.engines import Engine
from tests.waiting import wait_for
from tests.works import Works

SMALL = Resources(cpus=0.5, memory_bytes=64 << 20, disk_bytes=16 << 20, processes=32)
SERVERS = "${TIDEGATE_ADDRESS:server:0}:7001,${TIDEGATE_ADDRESS:server:1}:7002"
WORKERS = "${TIDEGATE_ADDRESS:worker:0}:7003,${TIDEGATE_ADDRESS:worker:1}:7004"
SERVE = """
import os, socket
port = 7001 + int(os.environ["TIDEGATE_INDEX"])
assert f"{os.environ['TIDEGATE_ADDRESS']}:{port}" == os.environ["SERVERS"].split(",")[port - 7001]
with socket.create_server(("", port)) as server:
    while True:
        asking, _ = server.accept()
        with asking:
            asking.sendall(f"{port} hears {asking.recv(100).decode()}".encode())
"""
WORK = """
import os, socket, time
print(os.environ["SERVERS"] + " " + os.environ["WORKERS"])
for place in os.environ["SERVERS"].split(","):
    host, port = place.split(":")
    for _ in range(600):
        try:
            with socket.create_connection((host, int(port)), 5) as server:
                server.sendall(os.environ["TIDEGATE_INDEX"].encode())
                print(server.recv(100).decode())
            break
        except OSError:
            time.sleep(0.05)
    else:
        raise SystemExit(9)
"""


def spec(image: Image) -> Spec:
    told = {"SERVERS": SERVERS, "WORKERS": WORKERS}

    def role(name: str, program: str) -> Role:
        task = Task(command=("python3", "-c", program), image=image, environment=told, working_folder="/work")
        return Role(name=name, count=2, tasks=(task,), resources=SMALL)

    return Spec(
        environment="small",
        roles=(role("server", SERVE), role("worker", WORK)),
        folders=(Folder(path="/work", writable=True),),
        gathered=True,
        least_succeeded=2,
    )


def assert_it_works(works: Works, engine: Engine, image: Image) -> Job:
    """From its submission to its last trace."""
    job = works.run(spec(image))
    assert (job.state, job.exit_code, job.reason) == (State.SUCCEEDED, 0, None)
    runs = {(run.role, run.index): run for run in works.site.store.runs(job.uid)}
    addresses = {place: run.address for place, run in runs.items()}
    servers = f"{addresses['server', 0]}:7001,{addresses['server', 1]}:7002"
    workers = f"{addresses['worker', 0]}:7003,{addresses['worker', 1]}:7004"
    for index in range(2):
        said = works.site.log(job.uid, f"worker.{index}.0.output").decode().splitlines()
        assert said == [f"{servers} {workers}", f"7001 hears {index}", f"7002 hears {index}"]
    ends = {place: run.reason and run.reason.code for place, run in runs.items()}
    assert ends == {
        ("server", 0): "cancelled", ("server", 1): "cancelled", ("worker", 0): None, ("worker", 1): None,
    }  # fmt: skip
    wait_for(lambda: not engine.tags() and not engine.gatherings(), "nothing to be left of it")
    return job


def without_a_gathering(image: Image) -> Spec:
    """Its servers listen, and no worker finds one."""
    plain = spec(image)
    lonely = WORK.replace("range(600)", "range(3)")
    task = replace(plain.roles[1].tasks[0], command=("python3", "-c", lonely))
    serve = SERVE.replace("assert", "# ")
    server = replace(plain.roles[0].tasks[0], command=("python3", "-c", serve))
    told = {"SERVERS": "127.0.0.1:7001,127.0.0.1:7002", "WORKERS": ""}
    roles = (
        replace(plain.roles[0], tasks=(replace(server, environment=told),)),
        replace(plain.roles[1], tasks=(replace(task, environment=told),)),
    )
    return replace(plain, gathered=False, roles=roles)
