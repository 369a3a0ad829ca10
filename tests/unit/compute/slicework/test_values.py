"""What Python's values are as JSON."""

import collections
import dataclasses
import datetime
import enum
import json
import sys
import types
from typing import Any

import pytest

from services.compute.slicework.inside.python.values import Unserializable, text_of

pytestmark = pytest.mark.clause("dcp 4.3", "dcp 4.4")
MOST = 1 << 20


@dataclasses.dataclass
class Point:
    x: int
    y: Any


Pair = collections.namedtuple("Pair", "a b")


class Level(enum.IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (10**30, 10**30),
        (0.5, 0.5),
        ("é\ud800", "é\ud800"),
        ((1, 2), [1, 2]),
        (range(3), [0, 1, 2]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a"}), ["a", "b"]),
        (b"ab", {"$bytes": "YWI="}),
        (bytearray(b"ab"), {"$bytes": "YWI="}),
        (Point(1, Pair([2], None)), {"x": 1, "y": {"a": [2], "b": None}}),
        (datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC), "2020-01-02T00:00:00+00:00"),
        (datetime.date(2020, 1, 2), "2020-01-02"),
        (Level.LOW, 1),
        ({None: "b", True: "c", 0.5: "d"}, {"true": "c", "null": "b", "0.5": "d"}),
        (collections.OrderedDict(a=1), {"a": 1}),
        ([[[]], {}], [[[]], {}]),
    ],
)
def test_values(value: Any, plain: Any) -> None:
    text, note = text_of(value, MOST)
    assert json.loads(text) == plain
    assert text.isascii()
    assert note == ""


def test_sets_that_have_no_order_are_lists_all_the_same() -> None:
    found = json.loads(text_of({1, "a"}, MOST)[0])
    assert sorted(map(str, found)) == ["1", "a"]


@pytest.mark.parametrize(
    ("value", "note"),
    [(float("nan"), "NaN"), ([float("inf")], "Infinity"), ({"a": float("-inf")}, "-Infinity")],
    ids=["nan", "inf", "minus"],
)
def test_what_json_cannot_hold_is_null_with_a_note(value: Any, note: str) -> None:
    text, said = text_of(value, MOST)
    assert "null" in text
    assert said == note


def own() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(5000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        object(),
        lambda: 1,
        1j,
        own(),
        deep(),
        {(1, 2): 3},
        10**5000,
        "x" * (MOST + 1),
        (n for n in [1]),
        Point,
        sys,
    ],
    ids=[
        "object",
        "function",
        "complex",
        "own",
        "deep",
        "key",
        "digits",
        "long",
        "generator",
        "class",
        "module",
    ],
)
def test_what_is_no_value(value: Any) -> None:
    with pytest.raises(Unserializable):
        text_of(value, MOST)


def test_arrays_of_numpy_are_nested_lists() -> None:
    """By what they can do: numpy itself is not there."""

    def tolist(self: Any) -> Any:
        return [[1, 2.5], [float("nan"), None]]

    array = type("ndarray", (), {"tolist": tolist, "__module__": "numpy"})()
    assert text_of(array, MOST) == ("[[1,2.5],[null,null]]", "NaN")
    odd = type("void", (), {"tolist": lambda self: self, "__module__": "numpy.core"})()
    with pytest.raises(Unserializable):
        text_of(odd, MOST)
    stranger = types.SimpleNamespace(tolist=lambda: [1])
    with pytest.raises(Unserializable):
        text_of(stranger, MOST)
