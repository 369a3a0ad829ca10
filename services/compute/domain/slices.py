"""Slices: an open-ended row of pieces of work for one function, numbered from 1 (DCP contract, 3 and 5).

A number never changes and is never given again. Data and values are JSON texts: whoever hands them on need
not read them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

MOST_SLICES: Final = 1_000_000  # of a job, unless the operator says otherwise
MOST_TRIES: Final = 3  # of a slice whose sandbox was lost under it
BLOCK_ITEMS: Final = 1000  # of slices that are kept together
PAGE_CHARS: Final = 8 << 20  # of results that are read at once; the one that reaches it is the last


class Form(StrEnum):
    """How a block holds its data; domain/slice_forms.py has the shapes and reads them."""

    ITEMS = "items"  # a JSON list, one item for each slice
    RANGE = "range"  # numbers at a distance: made when they are needed
    PRODUCT = "product"  # of several ranges, the last one fastest: made when they are needed
    URLS = "urls"  # a JSON list: what is to be fetched for each


@dataclass(frozen=True, slots=True)
class Block:
    """`count` slices in a row; `body` is JSON text of the form's shape."""

    form: Form
    count: int
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSlices:
    """What a sliced job begins with. `account` and `offer` (of each slice, in credits): what is paid from."""

    blocks: Sequence[Block] = ()
    account: str | None = None
    offer: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Piece:
    """One slice to be worked on. `is_url`: its data names what is to be fetched for it."""

    number: int
    data: str  # JSON text
    is_url: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Slices that an instance has in hand. `seq` counts up within the job."""

    seq: int
    attempt: int
    lane: int
    numbers: Sequence[int]  # rising


class SliceState(StrEnum):
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceResult:
    """`body` is JSON text: the value, or of a slice that failed an object with code, name, message, stack."""

    number: int
    state: SliceState
    body: str
    note: str = ""  # what JSON could not hold: NaN, Infinity
    cpu_seconds: float = 0.0
    tries: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceLine:
    """What a work function said. `level` is log, info, warn, error or debug."""

    number: int
    level: str
    text: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceCounts:
    """`distributed`: handed out at least once. total >= distributed >= active + done + failed."""

    total: int = 0
    distributed: int = 0
    active: int = 0
    done: int = 0
    failed: int = 0
    cpu_seconds: float = 0.0
    is_closed: bool = False

    @property
    def waiting(self) -> int:
        return self.total - self.active - self.done - self.failed

    @property
    def are_all_over(self) -> bool:
        return self.done + self.failed == self.total


@dataclass(frozen=True, slots=True)
class Added:
    """The slices that one call appended; `first` is above `last` when there were none."""

    first: int
    last: int
    total: int


@dataclass(frozen=True, slots=True)
class Span:
    """Slice numbers, both ends inclusive; `last` None: up to the end."""

    first: int
    last: int | None


def lost_body() -> str:
    """Of a slice whose sandbox was lost under it as often as it may be."""
    text = f"The sandbox was lost {MOST_TRIES} times while this slice was at work."
    return json.dumps({"code": "EWORKERLOST", "name": "WorkerLost", "message": text, "stack": ""})
