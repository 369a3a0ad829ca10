"""Where a job goes that names no environment."""

from dataclasses import replace
from decimal import Decimal

import pytest

from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.errors import EnvironmentRefuses
from services.compute.domain.spec import Image, Resources, Role, Spec, Task
from services.compute.ports.engines import Abilities
from services.compute.usecases.placing import Make, Placing

FIRST = Environment(id="first", engine="process", cpus=1)
LARGE = Environment(id="large", engine="docker", cpus=8, network=True)
OTHER = Environment(id="other", engine="process", cpus=2)
PRICED = Environment(id="priced", engine="process", cpus=64, price_per_minute=Decimal(1))
ENGINES = {"process": Abilities(pins_images=False), "docker": Abilities(pins_images=True, network=True)}


def _placing(*environments: Environment) -> Placing:
    return Placing(EnvironmentBook(environments), ENGINES)


ALL = _placing(PRICED, FIRST, LARGE, OTHER)


def _asking(cpus: float, nodes: int = 1) -> Make:
    def make(environment: Environment, abilities: Abilities) -> Spec:
        task = Task(image=Image(name="x"))
        role = Role(tasks=(task,), resources=Resources(cpus=cpus, memory_bytes=1 << 20, nodes=nodes))
        return Spec(
            environment=environment.id, roles=(role,), network=abilities.network and environment.network
        )

    return make


@pytest.mark.parametrize(
    ("cpus", "required", "preferred", "chosen"),
    [
        (1, (), (), "first"),
        (2, (), (), "large"),
        (1, (), ("other",), "other"),
        (1, (), ("moon", "other", "large"), "other"),
        (4, (), ("other", "first"), "large"),
        (1, ("other", "large"), (), "large"),
        (1, ("other", "large"), ("other",), "other"),
    ],
)
def test_the_first_that_can(
    cpus: float, required: tuple[str, ...], preferred: tuple[str, ...], chosen: str
) -> None:
    spec = ALL.place(_asking(cpus), required, preferred)
    assert spec.environment == chosen
    assert spec.network is (chosen == "large")


def test_a_priced_environment_is_never_chosen() -> None:
    with pytest.raises(EnvironmentRefuses, match="large has 8 cpus"):
        ALL.place(_asking(9))
    with pytest.raises(EnvironmentRefuses, match="of the sites that are required"):
        ALL.place(_asking(1), required=("priced",))


def test_without_a_free_environment() -> None:
    with pytest.raises(EnvironmentRefuses) as refused:
        _placing(PRICED).place(_asking(1))
    assert refused.value.problems == [("/environment", "There is no free environment at all.")]


def test_the_nearest_tells_why() -> None:
    tiny = replace(FIRST, id="tiny", memory_bytes=1 << 10)
    with pytest.raises(EnvironmentRefuses) as refused:
        _placing(tiny, OTHER).place(_asking(3, nodes=1))
    assert refused.value.problems == [
        ("/roles/0/resources/cpus", "The job asks for 3 cpus; other has 2 cpus for one job.")
    ]


def test_nodes_where_there_are_none() -> None:
    with pytest.raises(EnvironmentRefuses, match=r"on 1 node\(s\) at most"):
        ALL.place(_asking(1, nodes=2))
