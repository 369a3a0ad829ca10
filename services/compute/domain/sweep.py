"""Many jobs from one description: each instance has its parameters' values, found by its number alone.

Nothing is ever written out: a sweep of a million points is as small as one of two. Grids are decimal, so that
no step adds an error and the end belongs to it when the step meets it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any, Final

Value = int | float | str
MAX_INSTANCES: Final = 1_000_000
ARITHMETIC: Final = Context(prec=60)
"""Of grids: enough for any numbers that people write down, and for a third of them."""


class Way(StrEnum):
    PRODUCT = "product"  # every value with every other; the first parameter varies slowest
    ZIP = "zip"  # the i-th values of all
    REPEAT = "repeat"  # the same `number` times


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """`count` evenly spaced numbers from `start`, `step` apart."""

    start: Decimal
    step: Decimal
    count: int


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    values: tuple[Value, ...] | Grid

    @property
    def count(self) -> int:
        return self.values.count if isinstance(self.values, Grid) else len(self.values)

    def value(self, number: int) -> Value:
        if isinstance(self.values, Grid):
            return _plain(ARITHMETIC.fma(self.values.step, number, self.values.start))
        return self.values[number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Of ZIP all parameters have equally many values; `number` is REPEAT's."""

    way: Way
    parameters: tuple[Parameter, ...] = ()
    number: int = 1

    @property
    def count(self) -> int:
        if self.way is Way.REPEAT:
            return self.number
        if self.way is Way.ZIP:
            return min((parameter.count for parameter in self.parameters), default=0)
        size = 1
        for parameter in self.parameters:
            size *= parameter.count
        return size

    def values(self, instance: int) -> dict[str, Value]:
        """Of the instance of this number, from 0. Raises IndexError."""
        if not 0 <= instance < self.count:
            raise IndexError(instance)
        if self.way is not Way.PRODUCT:
            return {parameter.name: parameter.value(instance) for parameter in self.parameters}
        found: dict[str, Value] = {}
        for parameter in reversed(self.parameters):
            instance, number = divmod(instance, parameter.count)
            found[parameter.name] = parameter.value(number)
        return dict(reversed(found.items()))


def spaced(start: Decimal, end: Decimal, number: int) -> Grid:
    """`number` points, evenly from `start` to `end`, both among them; of one point, `start`."""
    if number == 1:
        return Grid(start=start, step=Decimal(0), count=1)
    step = ARITHMETIC.divide(ARITHMETIC.subtract(end, start), number - 1)
    return Grid(start=start, step=step, count=number)


def stepped(start: Decimal, end: Decimal, step: Decimal) -> Grid | None:
    """From `start` on while `end` is not passed; None when `step` does not lead there. No more points are
    counted than MAX_INSTANCES and one.
    """
    span = ARITHMETIC.subtract(end, start)
    if step == 0 or (span != 0 and (span > 0) != (step > 0)):
        return None
    steps = min(ARITHMETIC.divide(span, step), Decimal(MAX_INSTANCES))
    return Grid(start=start, step=step, count=int(steps) + 1)


def encode(sweep: Sweep) -> dict[str, Any]:
    """Plain JSON values. `decode` gives an equal sweep."""
    return {
        "way": sweep.way.value,
        "number": sweep.number,
        "parameters": [
            {"name": parameter.name, **_encoded(parameter.values)} for parameter in sweep.parameters
        ],
    }


def decode(document: Mapping[str, Any]) -> Sweep:
    """The inverse of encode; for what was checked before it was kept."""
    return Sweep(
        way=Way(document["way"]),
        number=document["number"],
        parameters=tuple(Parameter(entry["name"], _decoded(entry)) for entry in document["parameters"]),
    )


def text_of(value: Value) -> str:
    """As it stands in a command: whole numbers without a point, other numbers as Python writes them."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _encoded(values: tuple[Value, ...] | Grid) -> dict[str, Any]:
    if isinstance(values, Grid):
        return {"start": str(values.start), "step": str(values.step), "count": values.count}
    return {"values": list(values)}


def _decoded(entry: Mapping[str, Any]) -> tuple[Value, ...] | Grid:
    if "values" in entry:
        return tuple(entry["values"])
    return Grid(start=Decimal(entry["start"]), step=Decimal(entry["step"]), count=entry["count"])


def _plain(number: Decimal) -> Value:
    if number == number.to_integral_value():
        return int(number)
    nearest = float(number)
    return int(nearest) if nearest.is_integer() else nearest
