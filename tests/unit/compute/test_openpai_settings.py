"""Settings about OpenPAI's window."""

import json
from typing import Any

import pytest

from libs.web.settings import BadSettings, Env
from services.compute.domain.clusters import Cluster
from services.compute.domain.quotas import Quota
from services.compute.openpai_settings import OpenPaiSettings, read_openpai

GIB = 1 << 30


def read(**environ: str) -> OpenPaiSettings:
    env = Env(environ)
    found = read_openpai(env)
    env.check()
    return found


def test_without_any() -> None:
    found = read()
    assert found.root_uri == "hdfs://storage:9000"
    assert [cluster.name for cluster in found.clusters.all()] == ["default"]


def test_clusters_and_the_storages_name() -> None:
    clusters = {
        "gpu": {"environment": "large", "cpus": 64, "memory_bytes": "256 GiB", "jobs": 10, "capacity": 40},
        "night": {},
    }
    found = read(
        OPENPAI_VIRTUAL_CLUSTERS=json.dumps(clusters), COMPUTE_OPENPAI_FS_URI="hdfs://namenode:8020/"
    )
    assert found.root_uri == "hdfs://namenode:8020"
    assert found.clusters.all() == (
        Cluster(name="default"),
        Cluster(
            name="gpu",
            environment="large",
            capacity=40,
            quota=Quota(cpus=64, memory_bytes=256 * GIB, jobs=10),
        ),
        Cluster(name="night"),
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([], "JSON object of objects"),
        ({"gpu": 3}, "JSON object of objects"),
        ({"a-b": {}}, "letters, digits and underscores"),
        ({"gpu": {"cpu": 3}}, "members are capacity, cpus, environment"),
        ({"gpu": {"environment": 3}}, "environment must be"),
        ({"gpu": {"capacity": 101}}, "capacity must be"),
        ({"gpu": {"capacity": "half"}}, "capacity must be"),
        ({"gpu": {"cpus": 0}}, "cpus must be"),
        ({"gpu": {"cpus": "4"}}, "cpus must be"),
        ({"gpu": {"jobs": -1}}, "jobs must be"),
        ({"gpu": {"jobs": 1.5}}, "jobs must be"),
        ({"gpu": {"jobs": True}}, "jobs must be"),
        ({"gpu": {"memory_bytes": "much"}}, "memory_bytes must be"),
    ],
    ids=lambda value: value if isinstance(value, str) else json.dumps(value),
)
def test_clusters_that_cannot_be(value: Any, told: str) -> None:
    with pytest.raises(BadSettings, match=told):
        read(OPENPAI_VIRTUAL_CLUSTERS=json.dumps(value))


@pytest.mark.parametrize(
    "value", ["storage:9000", "hdfs://storage", "hdfs://:9000", "hdfs://h:port", "s3://h:1"]
)
def test_names_of_the_storage_that_jobs_could_not_use(value: str) -> None:
    with pytest.raises(BadSettings, match="hdfs://host:port"):
        read(COMPUTE_OPENPAI_FS_URI=value)
