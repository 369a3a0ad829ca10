"""Owners in turn."""

import pytest

from services.compute.domain.turns import in_turn

QUEUES = {"b": [4, 5, 6], "a": [1], "c": [2, 3]}


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (-1, []),
        (0, []),
        (1, [("b", 4)]),
        (3, [("b", 4), ("a", 1), ("c", 2)]),
        (5, [("b", 4), ("a", 1), ("c", 2), ("b", 5), ("c", 3)]),
        (99, [("b", 4), ("a", 1), ("c", 2), ("b", 5), ("c", 3), ("b", 6)]),
    ],
)
def test_one_of_each_and_then_another_one(places: int, expected: list[tuple[str, int]]) -> None:
    assert in_turn(QUEUES, places) == expected


def test_nobody_waits() -> None:
    assert in_turn({}, 3) == []
    assert in_turn({"a": []}, 3) == []
