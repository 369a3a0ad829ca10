"""What blocks of slices hold, read without making more of them than are asked for.

    ITEMS    [item, ...]                   as many items as slices
    URLS     ["https://...", ...]          likewise
    RANGE    {"start", "step",             start, start + step, ...; with `group` each slice is a list of as
              "group"?, "values"?}         many numbers, and `values` says how many numbers there are in all
                                           (the last list may be shorter)
    PRODUCT  {"ranges": [axis, ...],       lists with one value of each axis, the last one fastest, from place
              "from"?}                     `from` (0) on; an axis is a list of values, or a RANGE with its
                                           "count"

Items are given on as they were written: their numbers are not read.
"""

import json
import re
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, Final

from services.compute.domain.slices import BLOCK_ITEMS, Block, Form

BLOCK_CHARS: Final = 256 * 1024  # of items that are kept together, unless one alone is longer
_LISTS: Final = frozenset({Form.ITEMS, Form.URLS})
_DECODER: Final = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
_BLANK: Final = re.compile(r"[ \t\n\r]*")


def texts_of(form: Form, body: str, first: int, count: int) -> list[str]:
    """JSON texts of slices `first` (of the block, from 0) and those after it. Raises ValueError."""
    if form in _LISTS:
        return _some(_items(body), first, count)
    document = json.loads(body)
    make = _number if form is Form.RANGE else _combination
    return [json.dumps(make(document, place), allow_nan=False) for place in range(first, first + count)]


def block_of(items: Sequence[str], form: Form = Form.ITEMS) -> Block:
    """Of JSON texts."""
    return Block(form, len(items), f"[{','.join(items)}]")


def kept(blocks: Sequence[Block]) -> list[Block]:
    """The same slices in blocks of a size that is read quickly; empty ones are left out. Raises ValueError
    for a block whose body does not hold as many slices as it says.
    """
    found: list[Block] = []
    for block in blocks:
        if block.form in _LISTS:
            found += _cut(block)
        elif block.count:
            texts_of(block.form, block.body, block.count - 1, 1)
            found.append(block)
    return found


def _cut(block: Block) -> list[Block]:
    items = list(_items(block.body))
    if len(items) != block.count:
        raise ValueError(f"a block of {len(items)} slices says it has {block.count}")
    if 0 < block.count <= BLOCK_ITEMS and len(block.body) <= BLOCK_CHARS:
        return [block]
    found: list[list[str]] = []
    chars = 0
    for item in items:
        chars += len(item)
        if not found or len(found[-1]) == BLOCK_ITEMS or chars > BLOCK_CHARS:
            found.append([])
            chars = len(item)
        found[-1].append(item)
    return [block_of(part, block.form) for part in found]


def _some(items: Iterator[str], first: int, count: int) -> list[str]:
    found = [item for place, item in zip(range(first + count), items, strict=False) if place >= first]
    if len(found) != count:
        raise ValueError("the block has less slices than it says")
    return found


def _items(body: str) -> Iterator[str]:
    """The items of a JSON list, as they stand there. Raises ValueError."""
    at = _after_blank(body, 0)
    if body[at : at + 1] != "[":
        raise ValueError("no JSON list")
    at = _after_blank(body, at + 1)
    if body[at : at + 1] == "]":
        return
    while True:
        _, end = _DECODER.raw_decode(body, at)
        yield body[at:end]
        at = _after_blank(body, end)
        mark = body[at : at + 1]
        if mark == "]":
            return
        if mark != ",":
            raise ValueError("no JSON list")
        at = _after_blank(body, at + 1)


def _after_blank(body: str, at: int) -> int:
    match = _BLANK.match(body, at)
    assert match is not None  # it matches nothing too
    return match.end()


def _number(document: Any, place: int) -> Any:
    """Of a range: one number, or a list of them."""
    start, step, group = document["start"], document["step"], document.get("group")
    if group is None:
        return start + step * place
    values = document.get("values")
    end = (place + 1) * group if values is None else min((place + 1) * group, values)
    return [start + step * each for each in range(place * group, end)]


def _combination(document: Any, place: int) -> list[Any]:
    axes = document["ranges"]
    sizes = [len(axis) if isinstance(axis, list) else axis["count"] for axis in axes]
    rest = document.get("from", 0) + place
    if rest >= prod(sizes):
        raise ValueError("the product has less slices than it says")
    found: list[Any] = []
    for axis, size in zip(reversed(axes), reversed(sizes), strict=True):
        rest, here = divmod(rest, size)
        found.append(axis[here] if isinstance(axis, list) else _number(axis, here))
    return found[::-1]
