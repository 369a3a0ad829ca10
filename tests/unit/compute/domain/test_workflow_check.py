"""What is wrong with a workflow is told at once, with its place."""

from decimal import Decimal
from typing import Any

import pytest

from services.compute.domain.errors import BadSpec
from services.compute.domain.spec import Folder, Input, Source
from services.compute.domain.sweep import Grid, Parameter, Sweep, Way
from services.compute.domain.workflow import MAX_STEPS, NewWorkflow
from services.compute.domain.workflow_check import MOST_TOLD, check_workflow
from tests.fakes.compute_flows import echo, grid, new_workflow, step, swept
from tests.fakes.compute_jobs import spec


def told(new: NewWorkflow) -> list[str]:
    """The places."""
    with pytest.raises(BadSpec) as caught:
        check_workflow(new)
    return [place for place, _ in caught.value.problems]


def zipped(*parameters: Parameter, way: Way = Way.ZIP, number: int = 1) -> Sweep:
    return Sweep(way=way, parameters=parameters, number=number)


X, Y = Parameter("x", (1, 2)), Parameter("y", ("a", "b", "c"))


def test_what_is_sound_is_taken() -> None:
    check_workflow(new_workflow(step("a"), swept("b c/d", 10_000, "a"), step("e", "b c/d", "a"), name=""))
    for sweep in (
        zipped(X),
        zipped(X, Y, way=Way.PRODUCT),
        zipped(way=Way.REPEAT, number=7),
        zipped(X, way=Way.REPEAT, number=2),
    ):
        check_workflow(new_workflow(step("s", spec=echo("$x"), sweep=sweep)))


@pytest.mark.parametrize(
    ("new", "places"),
    [
        (new_workflow(), ["/steps"]),
        (new_workflow(step("")), ["/steps/0/name"]),
        (new_workflow(step("a\n")), ["/steps/0/name"]),
        (new_workflow(step("a"), step("a")), ["/steps/1/name"]),
        (new_workflow(step("a", "ab"), step("ab x")), ["/steps/0/after/0"]),
        (new_workflow(step("a", "a")), ["/steps"]),
        (new_workflow(step("a", "b"), step("b", "a"), step("c")), ["/steps"]),
        (new_workflow(step("a"), name="\0"), ["/name"]),
        (new_workflow(step("a"), labels={" ": "x"}), ["/labels/ "]),
        (new_workflow(step("a"), step("b", labels={"": "x"})), ["/steps/1/labels/"]),
        (new_workflow(step("a", spec=spec(roles=()))), ["/steps/0/spec/roles"]),
        (new_workflow(step("a", sweep=zipped())), ["/steps/0/sweep/parameters", "/steps/0/sweep"]),
        (new_workflow(step("a", sweep=zipped(X, Y))), ["/steps/0/sweep/parameters"]),
        (new_workflow(step("a", sweep=zipped(X, X))), ["/steps/0/sweep/parameters/1/name"]),
        (
            new_workflow(step("a", sweep=zipped(Parameter("x", ())))),
            ["/steps/0/sweep/parameters/0", "/steps/0/sweep"],
        ),
        (new_workflow(step("a", sweep=zipped(way=Way.REPEAT, number=0))), ["/steps/0/sweep"]),
        (
            new_workflow(step("a", sweep=zipped(X, way=Way.REPEAT, number=3))),
            ["/steps/0/sweep/parameters"],
        ),
        (new_workflow(step("a", sweep=grid(1_000_001))), ["/steps/0/sweep/parameters/0", "/steps/0/sweep"]),
        (new_workflow(swept("a", 600_000), swept("b", 600_000)), ["/steps"]),
    ],
)
def test_problems_and_their_places(new: NewWorkflow, places: list[str]) -> None:
    assert told(new) == places


def test_a_product_too_large_to_count_by_hand() -> None:
    wide = [Parameter(f"p{n}", Grid(start=Decimal(0), step=Decimal(1), count=1_000_000)) for n in range(50)]
    assert told(new_workflow(step("a", sweep=zipped(*wide, way=Way.PRODUCT)))) == ["/steps/0/sweep"]


@pytest.mark.parametrize(
    ("source", "value", "is_taken"),
    [
        (Source.OUTPUT, "$x/out.txt", False),
        (Source.OUTPUT, "a" * 32 + "/$x", True),
        (Source.OBJECT, "group:$x/name", False),
        (Source.OBJECT, "owner:person%3Aalice/$x.csv", True),
        (Source.OBJECT, "$x", False),
    ],
)
def test_whose_an_input_is_depends_on_no_parameter(source: Source, value: str, is_taken: bool) -> None:
    given = Input(source=source, path="/work/in", value=value)
    swept_step = swept("s", 3, spec=spec(folders=(Folder(path="/work"),), inputs=(given,)))
    if is_taken:
        check_workflow(new_workflow(swept_step))
    else:
        assert "/steps/0/spec/inputs/0/value" in told(new_workflow(swept_step))


def test_a_long_chain_and_many_steps() -> None:
    chain = [step("s0"), *(step(f"s{n}", f"s{n - 1}") for n in range(1, 3000))]
    check_workflow(new_workflow(*chain))
    ring = [step("s0", "s2999"), *chain[1:]]
    assert told(new_workflow(*ring)) == ["/steps"]
    assert told(new_workflow(*[step("a")] * (MAX_STEPS + 1))) == ["/steps"]


def test_not_every_problem_of_thousands_is_told() -> None:
    bad: Any = [step(f"s{n}", "nobody") for n in range(500)]
    assert len(told(new_workflow(*bad))) == MOST_TOLD
