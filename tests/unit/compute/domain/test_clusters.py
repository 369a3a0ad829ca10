"""Virtual clusters: which there are, and who may use which. Source: OpenPAI contract 3.5 and 4.1."""

import pytest

from services.compute.domain.clusters import (
    Cluster,
    ClusterBook,
    ClusterForbidden,
    ClusterUnknown,
    is_cluster_name,
)
from services.compute.domain.quotas import Quota, Quotas

pytestmark = pytest.mark.clause("openpai 3.5")

GPU = Cluster(name="gpu", environment="large", quota=Quota(jobs=3))
BOOK = ClusterBook([GPU])


def test_default_is_there_whatever_the_operator_says() -> None:
    assert [cluster.name for cluster in BOOK.all()] == ["default", "gpu"]
    assert [cluster.name for cluster in ClusterBook().all()] == ["default"]
    own = Cluster(name="default", environment="small")
    assert ClusterBook([GPU, own]).find("").environment == "small"


@pytest.mark.parametrize("allowed", [(), ("gpu",), ("*",)])
def test_the_default_is_everybodys(allowed: tuple[str, ...]) -> None:
    assert BOOK.admit("default", allowed).name == BOOK.admit("", allowed).name == "default"


@pytest.mark.parametrize("allowed", [("gpu",), ("default", "gpu"), ("*",)])
def test_who_may_use_one_may(allowed: tuple[str, ...]) -> None:
    assert BOOK.admit("gpu", allowed) is GPU


@pytest.mark.parametrize("allowed", [(), ("default",), ("gp",), ("vc:gpu",)])
def test_others_may_not(allowed: tuple[str, ...]) -> None:
    with pytest.raises(ClusterForbidden):
        BOOK.admit("gpu", allowed)


@pytest.mark.parametrize("name", ["none", "GPU", "*", "vc:gpu"])
def test_what_there_is_not_is_nobodys(name: str) -> None:
    with pytest.raises(ClusterUnknown):
        BOOK.admit(name, ("*", name))


def test_limits_stand_beside_those_of_groups_and_only_where_there_are_some() -> None:
    quotas = Quotas(groups={"physics": Quota(cpus=4.0)})
    assert BOOK.limits(quotas).groups == {"physics": Quota(cpus=4.0), "vc:gpu": Quota(jobs=3)}


@pytest.mark.parametrize(("name", "good"), [("gpu_1", True), ("", False), ("a-b", False), ("a" * 65, False)])
def test_names(name: str, good: bool) -> None:
    assert is_cluster_name(name) is good
