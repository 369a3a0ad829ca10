"""`{"start", "end", "step", "group"}`: numbers in a row, the end inclusive when it is hit (contract 3.1).

Counted exactly, as decimals, whatever their size; the numbers themselves are made when they are needed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import isinf
from typing import Any, Final

from libs.web.strict_json import Json, NumberText
from services.compute.dialects.dcp.slices.faults import InvalidSlices

MEMBERS: Final = frozenset({"start", "end", "step", "group"})
MOST_CHARS: Final = 40  # of one number
MOST_IN_ONE: Final = 10_000  # numbers of one slice: whoever hands it out makes all of them
MOST_EXPONENT: Final = 300
_NUMBER: Final = re.compile(r"(-?[0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,4}))?")


@dataclass(frozen=True, slots=True)
class Numbers:
    """`count` points from `start` on; `group` of them make one slice where it is set."""

    start: str  # as the user wrote it
    step: str
    count: int
    group: int | None = None

    @property
    def slices(self) -> int:
        return self.count if self.group is None else -(-self.count // self.group)

    def as_json(self, is_factor: bool = False) -> str:
        """As blocks hold it (domain/slice_forms.py); `is_factor`: one of several ranges."""
        more = "" if self.group is None else f',"group":{self.group},"values":{self.count}'
        more += f',"count":{self.slices}' if is_factor else ""
        return f'{{"start":{self.start},"step":{self.step}{more}}}'


def read_numbers(given: Mapping[str, Json], path: str) -> Numbers:
    """Raises InvalidSlices."""
    start, end = _number(given.get("start"), f"{path}.start"), _number(given.get("end"), f"{path}.end")
    if given.get("step") is None:
        step, step_text = (Fraction(1), "1") if end >= start else (Fraction(-1), "-1")
    else:
        step, step_text = _number(given["step"], f"{path}.step"), str(given["step"])
    if step == 0 or (end - start) * step < 0:
        raise InvalidSlices(f"{path}.step", "must lead from start to end")
    count = int((end - start) / step) + 1
    group = _group(given.get("group"), f"{path}.group")
    if group is not None and min(group, count) > MOST_IN_ONE:
        raise InvalidSlices(f"{path}.group", f"may bring {MOST_IN_ONE} numbers together")
    return Numbers(str(given["start"]), step_text, count, group)


def _number(value: Json | Any, path: str) -> Fraction:
    match = _NUMBER.fullmatch(value) if isinstance(value, NumberText) and len(value) <= MOST_CHARS else None
    if match is None:
        raise InvalidSlices(path, f"must be a number of {MOST_CHARS} characters at most")
    whole, part, exponent = match[1], match[2] or "", int(match[3] or 0)
    if abs(exponent) > MOST_EXPONENT or isinf(float(match[0])):
        raise InvalidSlices(path, "must be a number of a usual size")
    return int(whole + part) * Fraction(10) ** (exponent - len(part))


def _group(value: Json, path: str) -> int | None:
    if value is None:
        return None
    whole = isinstance(value, NumberText) and value.is_integer and len(value) <= 9
    if not whole or int(str(value)) < 1:
        raise InvalidSlices(path, "must be a whole number from 1 on")
    return int(str(value))
