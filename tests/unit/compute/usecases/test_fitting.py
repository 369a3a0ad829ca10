"""What an environment takes, and what it adds."""

from dataclasses import replace
from typing import Any

import pytest

from services.compute.domain.environments import Environment
from services.compute.domain.errors import EnvironmentRefuses
from services.compute.domain.spec import Clocks, Image, Resources, Role, Spec, Task
from services.compute.ports.engines import Abilities
from services.compute.usecases.fitting import fit

PLACE = Environment(id="e", engine="docker", cpus=4, memory_bytes=4 << 30, disk_bytes=4 << 30, gpus=2)
ABLE = Abilities(pins_images=True, nodes=2, gpus=2)
PINNED = Image(name="node", digest="sha256:" + "0" * 64)
SPEC = Spec(environment="e", roles=(Role(tasks=(Task(command=("x",), image=Image(name="node")),)),))


def asking(count: int = 1, **resources: Any) -> Spec:
    return replace(SPEC, roles=(replace(SPEC.roles[0], count=count, resources=Resources(**resources)),))


def with_image(image: Image | None) -> Spec:
    return replace(SPEC, roles=(Role(tasks=(Task(command=("x",), image=image),)),))


def test_what_the_spec_leaves_open_the_environment_fills() -> None:
    place = replace(PLACE, image="debian:12", storage_seconds=77)
    fitted = fit(with_image(None), place, ABLE)
    assert fitted.roles[0].tasks[0].image == Image(name="debian:12")
    assert fitted.keep_seconds == 77
    assert fitted.clocks == Clocks(queue=604800, stage_in=3600, pull=1800, run=3600, publish=3600)
    assert fit(fitted, place, ABLE) == fitted


def test_what_the_spec_says_stays() -> None:
    own = replace(SPEC, clocks=Clocks(run=5.0, pull=1.0), keep_seconds=3.0)
    fitted = fit(own, PLACE, ABLE)
    assert (fitted.clocks.run, fitted.clocks.pull, fitted.keep_seconds) == (5.0, 1.0, 3.0)
    assert fitted.roles == own.roles


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        (asking(5, memory_bytes=1 << 20, disk_bytes=0), "/roles/0/resources/cpus"),
        (asking(cpus=4.5), "/roles/0/resources/cpus"),
        (asking(2, cpus=1, nodes=2, memory_bytes=2 << 30, disk_bytes=0), "/roles/0/resources/memory"),
        (asking(disk_bytes=5 << 30), "/roles/0/resources/disk"),
        (asking(3, gpus=1), "/roles/0/resources/gpus"),
        (asking(nodes=3), "/roles/0/resources/nodes"),
        (asking(processes=257), "/roles/0/resources/processes"),
        (with_image(None), "/roles/0/tasks/0/image"),
        (replace(SPEC, network=True), "/network"),
        (replace(SPEC, clocks=Clocks(run=3601.0)), "/clocks/run"),
        (replace(SPEC, keep_seconds=1e6), "/keep_seconds"),
    ],
)
def test_what_is_too_much_is_refused_at_its_place(spec: Spec, place: str) -> None:
    with pytest.raises(EnvironmentRefuses) as caught:
        fit(spec, PLACE, ABLE)
    assert [found for found, _ in caught.value.problems] == [place]
    assert "e" in str(caught.value)


def test_a_network_needs_both_the_environment_and_the_engine() -> None:
    wanting, offering = replace(SPEC, network=True), replace(PLACE, network=True)
    assert fit(wanting, offering, ABLE).network
    for place, engine in ((PLACE, ABLE), (offering, replace(ABLE, network=False))):
        with pytest.raises(EnvironmentRefuses):
            fit(wanting, place, engine)


def test_instances_are_gathered_only_by_an_engine_that_can() -> None:
    wanting = replace(asking(2, cpus=1, memory_bytes=1 << 20, disk_bytes=0), gathered=True)
    assert fit(wanting, PLACE, replace(ABLE, gathers=True)).gathered
    with pytest.raises(EnvironmentRefuses) as caught:
        fit(wanting, PLACE, ABLE)
    sentence = "The environment e cannot let the instances of a job reach each other."
    assert caught.value.problems == [("/gathered", sentence)]
    assert fit(replace(SPEC, gathered=True), PLACE, ABLE).gathered  # one alone reaches itself


def test_a_digest_is_held_or_refused_and_dropped_only_where_the_operator_says_so() -> None:
    blind = Abilities(pins_images=False)
    assert fit(with_image(PINNED), PLACE, ABLE).roles[0].tasks[0].image == PINNED
    with pytest.raises(EnvironmentRefuses):
        fit(with_image(PINNED), PLACE, blind)
    taken = fit(with_image(PINNED), replace(PLACE, unpinned=True), blind)
    assert taken.roles[0].tasks[0].image == Image(name="node")
    assert fit(with_image(PINNED), replace(PLACE, unpinned=True), ABLE).roles[0].tasks[0].image == PINNED
