"""Evenly spaced numbers."""

from decimal import Decimal

import pytest

from services.compute.domain.sweep import MAX_INSTANCES, Grid, Parameter, spaced, stepped


def values(grid: Grid | None) -> list[object]:
    assert grid is not None
    return [Parameter("x", grid).value(number) for number in range(grid.count)]


@pytest.mark.parametrize(
    ("start", "end", "step", "found"),
    [
        ("0", "0.3", "0.1", [0, 0.1, 0.2, 0.3]),
        ("0", "0.35", "0.1", [0, 0.1, 0.2, 0.3]),
        ("1", "-1", "-1", [1, 0, -1]),
        ("5", "5", "-3", [5]),
        ("0", "1", "1e-3", None),
    ],
)
def test_stepped(start: str, end: str, step: str, found: list[object] | None) -> None:
    grid = stepped(Decimal(start), Decimal(end), Decimal(step))
    assert len(values(grid)) == 1001 if found is None else values(grid) == found


@pytest.mark.parametrize(("end", "step"), [("1", "0"), ("1", "-1"), ("-1", "1")])
def test_steps_that_do_not_lead_there(end: str, step: str) -> None:
    assert stepped(Decimal(0), Decimal(end), Decimal(step)) is None


def test_too_many_are_not_counted() -> None:
    grid = stepped(Decimal(0), Decimal(10) ** 40, Decimal(10) ** -100)
    assert grid is not None
    assert grid.count == MAX_INSTANCES + 1


def test_spaced() -> None:
    assert values(spaced(Decimal(0), Decimal(1), 3)) == [0, 0.5, 1]
    assert values(spaced(Decimal(7), Decimal(9), 1)) == [7]
    assert values(spaced(Decimal(0), Decimal(1), 4))[-1] == 1
