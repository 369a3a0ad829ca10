"""`/api/v1/virtual-clusters`. Source: OpenPAI contract 3.5 (row 24 of 1)."""

from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from libs.web.gate import Gate, install_gate
from services.compute.dialects.openpai import clusters as room_of_clusters
from services.compute.domain.clusters import Cluster, ClusterBook
from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.errors import QuotaExceeded
from services.compute.domain.job import NewJob
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.spec import Resources, Role, Spec, Task
from services.compute.domain.states import State
from services.compute.ports.store import Change
from services.compute.usecases.clusters import FACT, Clusters
from tests.fakes.compute_store import MemoryJobStore

pytestmark = pytest.mark.clause("openpai 3.5")

PATH = "/api/v1/virtual-clusters"
NOW = 1_700_000_000.0
GIB = 1 << 30
BOOK = EnvironmentBook(
    [
        Environment(id="small", engine="process", cpus=2.0, max_jobs=10),
        Environment(id="large", engine="docker", cpus=8.0, gpus=4, max_jobs=5),
    ]
)
GPU = Cluster(name="gpu", environment="large", quota=Quota(cpus=20.0, jobs=3))
CLUSTERS = ClusterBook([GPU, Cluster(name="night", capacity=12.5)])
QUOTAS = CLUSTERS.limits(Quotas(principal=Quota()))


@pytest.fixture
def store() -> MemoryJobStore:
    return MemoryJobStore()


@pytest.fixture
def client(store: MemoryJobStore) -> FlaskClient:
    app = Flask(__name__, static_folder=None)
    room = Blueprint("openpai", __name__)
    room_of_clusters.add(room, Clusters(CLUSTERS, store, BOOK))
    app.register_blueprint(room)
    install_gate(app, Gate())
    return app.test_client()


def submit(store: MemoryJobStore, cluster: Cluster, dialect: str = "openpai", **size: Any) -> str:
    role = Role(tasks=(Task(command=("true",)),), resources=Resources(**size))
    new = NewJob(
        owner="person:1",
        dialect=dialect,
        spec=Spec(environment="large", roles=(role,)),
        groups=("physics", cluster.group),
        facts={FACT: cluster.name},
    )
    return str(store.submit(new, QUOTAS, NOW).job.uid)


def begin(store: MemoryJobStore, *uids: str) -> None:
    for claimed in store.claim("w", {"large": 100}, NOW, 30.0):
        if claimed.job.uid in uids:
            store.change(claimed.lease, Change(to=State.STAGING, attempt_begins=True), NOW)
        store.release([claimed.lease])


def test_nothing_is_asked_of_anybody_and_default_is_always_there(client: FlaskClient) -> None:
    answer = client.get(PATH)
    assert answer.status_code == 200
    assert list(answer.json) == ["default", "gpu", "night"]
    assert answer.json["default"] == {
        "capacity": 42.86,  # 60 cpus in both environments, of those, gpu's 20 and night's 60
        "maxCapacity": 42.86,
        "usedCapacity": 0.0,
        "numActiveJobs": 0,
        "numJobs": 0,
        "numPendingJobs": 0,
        "resourcesUsed": {"memory": 0, "vCores": 0, "GPUs": 0},
        "state": "running",
    }
    assert answer.json["night"]["capacity"] == 12.5
    assert client.get(f"{PATH}/").json == answer.json


def test_jobs_are_counted_in_their_cluster(client: FlaskClient, store: MemoryJobStore) -> None:
    first = submit(store, GPU, cpus=4.0, memory_bytes=2 * GIB, gpus=2)
    second = submit(store, GPU, cpus=1.0, memory_bytes=GIB, gpus=1)
    submit(store, GPU)
    foreign = submit(store, Cluster(name="other"), dialect="native", cpus=1.0)
    begin(store, first, second, foreign)
    found = client.get(f"{PATH}/gpu").json
    assert found["resourcesUsed"] == {"memory": 3072, "vCores": 5.0, "GPUs": 3}
    assert (found["numActiveJobs"], found["numPendingJobs"], found["numJobs"]) == (2, 1, 3)
    assert found["usedCapacity"] == 25.0  # 5 of the 20 cpus that it may have
    assert client.get(PATH).json["gpu"] == found
    assert client.get(f"{PATH}/default").json["numJobs"] == 0


def test_one_that_is_not_there(client: FlaskClient) -> None:
    answer = client.get(f"{PATH}/none")
    refusal = {"code": "NoVirtualClusterError", "message": "Virtual cluster none is not found."}
    assert (answer.status_code, answer.json) == (404, refusal)


def test_a_cluster_takes_no_more_than_it_may(store: MemoryJobStore) -> None:
    submit(store, GPU, cpus=16.0)
    with pytest.raises(QuotaExceeded, match="vc:gpu"):
        submit(store, GPU, cpus=5.0)
    submit(store, Cluster(name="night"), cpus=5.0)
    submit(store, GPU, cpus=4.0)
