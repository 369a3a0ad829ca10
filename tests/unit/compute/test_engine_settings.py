"""What the engines are told by the environment."""

from ipaddress import IPv4Network

import pytest

from libs.web.settings import BadSettings, Env
from services.compute.adapters.engines.docker.networks import POOL
from services.compute.settings import EngineSettings, read_engines


def read(**given: str) -> EngineSettings:
    env = Env(given)
    found = read_engines(env)
    env.check()
    return found


def test_networks_of_gathered_jobs_have_a_usual_place_and_another_by_choice() -> None:
    assert read().docker_networks == POOL
    assert read(DOCKER_NETWORKS="172.30.0.0/24").docker_networks == IPv4Network("172.30.0.0/24")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("10.0.0.1/8", "DOCKER_NETWORKS is no IPv4 network such as 10.212.0.0/14."),
        ("many", "DOCKER_NETWORKS is no IPv4 network such as 10.212.0.0/14."),
        ("fd00::/64", "DOCKER_NETWORKS is no IPv4 network such as 10.212.0.0/14."),
        ("10.0.0.0/25", "DOCKER_NETWORKS is smaller than /24."),
    ],
)
def test_what_is_no_network_for_them_is_refused(given: str, told: str) -> None:
    with pytest.raises(BadSettings) as refused:
        read(DOCKER_NETWORKS=given)
    assert refused.value.problems == [told]
