"""Sweeps: every instance found by its number alone, and grids that add no error."""

import json
from decimal import Decimal, localcontext
from itertools import product
from typing import Any

import pytest

from services.compute.domain.sweep import Grid, Parameter, Sweep, Value, Way, decode, encode, text_of


def _grid(start: str, step: str, count: int) -> Grid:
    return Grid(start=Decimal(start), step=Decimal(step), count=count)


X = Parameter("x", _grid("0", "0.1", 4))
Y = Parameter("y", ("a", "b/c", 2))
SWEEPS = (
    Sweep(way=Way.PRODUCT, parameters=(X, Y)),
    Sweep(way=Way.ZIP, parameters=(Parameter("x", (1, 2.5, "z")), Y)),
    Sweep(way=Way.REPEAT, number=5),
    Sweep(way=Way.PRODUCT),
)


def test_a_product_is_every_value_with_every_other_the_first_slowest() -> None:
    sweep = SWEEPS[0]
    wanted = list(product([0, 0.1, 0.2, 0.3], ["a", "b/c", 2]))
    assert sweep.count == 12
    assert [tuple(sweep.values(number).values()) for number in range(12)] == wanted
    assert list(sweep.values(7)) == ["x", "y"]


def test_a_zip_is_the_values_at_one_place() -> None:
    sweep = SWEEPS[1]
    assert [sweep.values(number) for number in range(sweep.count)] == [
        {"x": 1, "y": "a"},
        {"x": 2.5, "y": "b/c"},
        {"x": "z", "y": 2},
    ]


def test_a_zip_is_as_long_as_its_shortest() -> None:
    assert Sweep(way=Way.ZIP, parameters=(X, Y)).count == 3
    assert Sweep(way=Way.ZIP).count == 0


def test_a_repetition_has_no_values() -> None:
    assert SWEEPS[2].count == 5
    assert SWEEPS[2].values(4) == {}


@pytest.mark.parametrize("sweep", SWEEPS)
def test_there_is_no_instance_beyond(sweep: Sweep) -> None:
    for number in (-1, sweep.count):
        with pytest.raises(IndexError):
            sweep.values(number)


def test_a_large_product_is_as_quick_as_a_small_one() -> None:
    axis = _grid("0", "1", 100)
    sweep = Sweep(way=Way.PRODUCT, parameters=tuple(Parameter(name, axis) for name in "abc"))
    assert sweep.count == 1_000_000
    assert sweep.values(987_654) == {"a": 98, "b": 76, "c": 54}


@pytest.mark.parametrize(
    ("grid", "values"),
    [
        (_grid("0", "0.1", 4), [0, 0.1, 0.2, 0.3]),
        (_grid("-1", "0.5", 3), [-1, -0.5, 0]),
        (_grid("1e21", "1", 2), [10**21, 10**21 + 1]),
        (_grid("3", "-1.5", 3), [3, 1.5, 0]),
        (_grid("7", "0", 1), [7]),
    ],
)
def test_grids(grid: Grid, values: list[Value]) -> None:
    found = [Parameter("x", grid).value(number) for number in range(grid.count)]
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


def test_a_third_three_times_is_one() -> None:
    with localcontext(prec=60):
        third = Decimal(1) / 3
    found = [Parameter("x", Grid(start=Decimal(0), step=third, count=4)).value(n) for n in range(4)]
    assert found == [0, 1 / 3, 2 / 3, 1]
    assert type(found[3]) is int


@pytest.mark.parametrize("sweep", SWEEPS)
def test_written_down_and_read_again(sweep: Sweep) -> None:
    assert decode(json.loads(json.dumps(encode(sweep)))) == sweep


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        (10**30, "1" + "0" * 30),
        ("1.0", "1.0"),
    ],
)
def test_values_in_commands(value: Any, text: str) -> None:
    assert text_of(value) == text
