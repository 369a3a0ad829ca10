"""Factories: what is refused, and the values that their jobs get (contract 3.1)."""

from decimal import Decimal
from typing import Any

import pytest

from services.compute.domain.sweep import Grid, Parameter, Sweep, Way
from tests.fakes.prominence_documents import a_workflow, workflow, workflow_refusal

pytestmark = pytest.mark.clause("prominence 3.1")


def _factory(**more: Any) -> dict[str, Any]:
    given = {"name": "f", "type": "parameterSweep", "jobs": ["a"], "parameters": [_parameter()], **more}
    return {name: value for name, value in given.items() if value is not ...}


def _parameter(**more: Any) -> dict[str, Any]:
    given = {"name": "x", "start": 1, "end": 3, "step": 1, **more}
    return {name: value for name, value in given.items() if value is not ...}


def _sweep(**more: Any) -> Sweep:
    found = workflow(factories=[_factory(**more)]).steps[0].sweep
    assert found is not None
    return found


def _values(sweep: Sweep) -> list[list[Any]]:
    return [list(sweep.values(number).values()) for number in range(sweep.count)]


@pytest.mark.parametrize(
    ("factories", "text"),
    [
        ({}, ": factories must be a list"),
        ([1], "/0: a factory must be a dict"),
        ([_factory(type=...)], "/0: a factory type must be specified"),
        ([_factory(type="grid")], "/0/type: invalid factory type"),
        ([_factory(type=[])], "/0/type: invalid factory type"),
        ([_factory(name=...)], "/0: a factory name must be specified"),
        ([_factory(jobs=...)], "/0: a list of jobs must be specified"),
        ([_factory(jobs="a")], "/0/jobs: jobs must be a list"),
        ([_factory(jobs=["a", "c"])], "/0/jobs: factory f references a job c which is not defined"),
        ([_factory(jobs=[[]])], "/0/jobs: factory f references a job [] which is not defined"),
        ([_factory(), _factory()], '/1/jobs: job "a" is named by more than one factory'),
        ([_factory(parameters=...)], "/0: a factory of type parameterSweep must have parameters specified"),
        ([_factory(parameters={})], "/0/parameters: parameters must be a list"),
        (
            [_factory(parameters=[])],
            "/0/parameters: a factory of type parameterSweep must have parameters specified",
        ),
        (
            [_factory(parameters=[_parameter(name=c) for c in "vwxyz"])],
            "/0/parameters: Currently only parameter sweeps up to 4D are supported",
        ),
        ([_factory(parameters=[_parameter()] * 2)], "/0/parameters: each parameter must have a unique name"),
        ([_factory(parameters=[1])], "/0/parameters/0: a parameter must contain a name"),
        ([_factory(parameters=[_parameter(name=...)])], "/0/parameters/0: a parameter must contain a name"),
        (
            [_factory(parameters=[_parameter(name="a-b")])],
            "/0/parameters/0/name: the name of a parameter must have letters, digits and underscores "
            "and start with no digit",
        ),
        (
            [_factory(parameters=[_parameter(start=...)])],
            "/0/parameters/0: a parameter must contain a start value",
        ),
        (
            [_factory(parameters=[_parameter(end=...)])],
            "/0/parameters/0: a parameter must contain an end value",
        ),
        (
            [_factory(parameters=[_parameter(step=...)])],
            "/0/parameters/0: a parameter must contain a step size or number of steps",
        ),
        (
            [_factory(parameters=[_parameter(number=2)])],
            "/0/parameters/0: a parameter cannot have both a step size and number of steps",
        ),
        (
            [_factory(parameters=[_parameter(start="1")])],
            "/0/parameters/0/start: a parameter must contain a start value that is a number",
        ),
        (
            [_factory(parameters=[_parameter(end=True)])],
            "/0/parameters/0/end: a parameter must contain an end value that is a number",
        ),
        (
            [_factory(parameters=[_parameter(step=0)])],
            "/0/parameters/0/step: the step size must not be zero and must lead from start to end",
        ),
        (
            [_factory(parameters=[_parameter(step=-1)])],
            "/0/parameters/0/step: the step size must not be zero and must lead from start to end",
        ),
        (
            [_factory(parameters=[_parameter(start=4)])],
            "/0/parameters/0/step: the step size must not be zero and must lead from start to end",
        ),
        (
            [_factory(parameters=[_parameter(step=1e-300)])],
            "/0/parameters/0: a factory must not make more than 1000000 jobs",
        ),
        (
            [_factory(parameters=[_parameter(step=..., number=0)])],
            "/0/parameters/0/number: number of steps must be at least 1",
        ),
        (
            [_factory(parameters=[_parameter(name=c, end=1001) for c in "xy"])],
            "/0: a factory must not make more than 1000000 jobs",
        ),
        (
            [
                _factory(
                    type="zip", parameters=[{"name": "x", "values": [1, 2]}, {"name": "y", "values": [1]}]
                )
            ],
            "/0/parameters: all parameters must lists of values the same length",
        ),
        (
            [_factory(type="zip", parameters=[{"name": "x"}])],
            "/0/parameters/0: a parameter must contain a list of values",
        ),
        (
            [_factory(type="zip", parameters=[{"name": "x", "values": "ab"}])],
            "/0/parameters/0/values: values must be a list",
        ),
        (
            [_factory(type="zip", parameters=[{"name": "x", "values": []}])],
            "/0/parameters/0/values: a parameter must contain a list of values",
        ),
        (
            [_factory(type="zip", parameters=[{"name": "x", "values": [1, None]}])],
            "/0/parameters/0/values/1: a value must be a number or a string of at most 4096 characters",
        ),
        (
            [_factory(type="zip", parameters=[{"name": "x", "values": ["\ud800"]}])],
            "/0/parameters/0/values/0: a value must be a number or a string of at most 4096 characters",
        ),
        (
            [_factory(type="repeat", parameters=...)],
            "/0: a factory of type repeat must have number specified",
        ),
        ([_factory(type="repeat", number="3")], "/0/number: number of repeats must be an integer"),
        ([_factory(type="repeat", num=0)], "/0/num: number of repeats must be at least 1"),
        (
            [_factory(type="repeat", number=10**9)],
            "/0/number: a factory must not make more than 1000000 jobs",
        ),
    ],
)
def test_factories_that_are_refused(factories: Any, text: str) -> None:
    assert workflow_refusal(a_workflow(factories=factories)) == "/factories" + text


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        (_parameter(), [1, 2, 3]),
        (_parameter(start=0, end=0.3, step=0.1), [0, 0.1, 0.2, 0.3]),
        (_parameter(start=0, end=0.35, step=0.1), [0, 0.1, 0.2, 0.3]),
        (_parameter(start=1, end=1, step=5), [1]),
        (_parameter(start=3, end=1, step=-1), [3, 2, 1]),
        (_parameter(start=-0.5, end=0.5, step=0.25), [-0.5, -0.25, 0, 0.25, 0.5]),
        (_parameter(start=1e22, end=1e22, step=1), [10**22]),
        (_parameter(start=0, end=1, step=..., number=5), [0, 0.25, 0.5, 0.75, 1]),
        (_parameter(start=0, end=1, step=..., number=4), [0, 1 / 3, 2 / 3, 1]),
        (_parameter(start=0, end=3, step=..., number=4.0), [0, 1, 2, 3]),
        (_parameter(start=2, end=9, step=..., number=1), [2]),
        (_parameter(start=5, end=0, step=..., number=2), [5, 0]),
    ],
)
def test_grids_have_exact_points_and_their_end(parameter: dict[str, Any], values: list[float]) -> None:
    found = [row[0] for row in _values(_sweep(parameters=[parameter]))]
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


def test_the_first_parameter_varies_slowest() -> None:
    sweep = _sweep(parameters=[_parameter(end=2), _parameter(name="y", start=5, end=7)])
    assert _values(sweep) == [[1, 5], [1, 6], [1, 7], [2, 5], [2, 6], [2, 7]]


def test_zip_takes_values_as_they_are() -> None:
    given = [{"name": "x", "values": ["a/b", 1, 2.50]}, {"name": "y", "values": [True and "t", 3.0, "1.0"]}]
    sweep = _sweep(type="zip", parameters=given)
    assert sweep.way is Way.ZIP
    assert _values(sweep) == [["a/b", "t"], [1, 3.0], [2.5, "1.0"]]


@pytest.mark.parametrize("member", ["number", "num"])
def test_repeat(member: str) -> None:
    sweep = _sweep(type="repeat", **{member: 3})
    assert sweep == Sweep(way=Way.REPEAT, number=3)
    assert sweep.values(2) == {}


def test_old_words_for_factories() -> None:
    old = {"type": "parametricSweep", "parameters": [_parameter(end=2)]}
    steps = workflow(factory=old).steps
    assert steps[0].sweep == Sweep(
        way=Way.PRODUCT, parameters=(Parameter("x", Grid(start=Decimal(1), step=Decimal(1), count=2)),)
    )
    assert steps[1].sweep is None
    assert _sweep(type="parametricSweep").count == 3


def test_members_that_libraries_add_to_factories_are_nothing() -> None:
    assert _sweep(policies={"x": 1}, notifications=[1]).count == 3
