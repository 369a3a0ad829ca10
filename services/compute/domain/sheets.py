"""What a window files a job under, to list, count and find it again by: one sheet each, beside the spec.

Jobs without one (of other windows) are found too, with the defaults below; their owner alone sees them.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from operator import eq, ge, gt, le, lt
from typing import Any, Final

from services.compute.domain.states import State

ANY_SITE: Final = "ANY"
SEVERAL_SITES: Final = "Multiple"
NO_BATCH: Final = "00000000"
Value = int | float | str | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """`owner_name` and `owner_group` are names of people and groups as they were at submission; `realm` is
    the virtual organisation, `batch` what belongs together, `kind` the sort of job. `cpu_seconds` were asked
    for, normalised; `retries` is how often it was submitted again.
    """

    owner_name: str
    owner_group: str
    realm: str
    site: str = ANY_SITE
    setup: str = ""
    batch: str = NO_BATCH
    kind: str = "User"
    priority: int = 1
    cpu_seconds: int = 0
    has_input: bool = False  # files came with it
    retries: int = 0

    def again(self) -> "Sheet":
        """Of the next try."""
        return replace(self, retries=self.retries + 1)


UNFILED: Final = Sheet(owner_name="", owner_group="", realm="")


class Column(StrEnum):
    ID = "id"
    NAME = "name"
    OWNER_NAME = "owner_name"
    OWNER_GROUP = "owner_group"
    REALM = "realm"
    SITE = "site"
    SETUP = "setup"
    BATCH = "batch"
    KIND = "kind"
    PRIORITY = "priority"
    CPU_SECONDS = "cpu_seconds"
    HAS_INPUT = "has_input"
    RETRIES = "retries"
    SUBMITTED = "submitted"  # times in UTC seconds
    CHANGED = "changed"  # last moved, or deleted
    STARTED = "started"
    FINISHED = "finished"


class Comparison(StrEnum):
    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    IN = "in"
    NOT_IN = "not_in"
    LIKE = "like"  # `%` and `_`, a backslash before what is meant as it is; whatever the case
    NOT_LIKE = "not_like"
    WITHIN = "within"  # from the first of two values until before the second
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Condition:
    """`values`: of the column's kind; several of IN and NOT_IN, two of WITHIN and OUTSIDE. What has no value
    fits no condition but NE, NOT_IN, NOT_LIKE and OUTSIDE.
    """

    column: Column
    comparison: Comparison
    values: tuple[int | float | str | bool, ...]

    def fits(self, value: Value) -> bool:
        """Whether a job with this value in the column is meant."""
        if self.comparison in (Comparison.WITHIN, Comparison.OUTSIDE):
            first, last = self.values
            is_within = value is not None and first <= value < last  # type: ignore[operator]
            return is_within == (self.comparison is Comparison.WITHIN)
        matches, is_meant = _TESTS[self.comparison]
        if value is None:
            return not is_meant
        return any(matches(value, each) for each in self.values) == is_meant


@dataclass(frozen=True, slots=True)
class Situation:
    """All of where a job stands that windows make their states of. `is_stopping`: it has not ended, and its
    owner wants it to.
    """

    state: State
    code: str | None  # of the reason
    is_deleted: bool
    is_stopping: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose jobs: those of `owners` (subjects), and those filed under `realm`, in one of `groups` (None: any
    group). A scope without owners and without a realm is empty.
    """

    owners: Collection[str] = ()
    realm: str | None = None
    groups: Collection[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """All conditions hold. `situations` are the only ones that count (None: all; a `code` of None stands for
    a job without a reason). Sorted by `order`, then newest first. `unfiled` stands for the sheets of jobs
    that have none.
    """

    scope: Scope
    conditions: tuple[Condition, ...] = ()
    situations: Collection[Situation] | None = None
    order: tuple[tuple[Column, bool], ...] = field(default=((Column.ID, False),))  # True: ascending
    unfiled: Sheet = UNFILED


@dataclass(frozen=True, slots=True)
class Tally:
    """How many jobs have these values (in the order of the columns asked for) and stand so."""

    values: tuple[Value, ...]
    situation: Situation
    count: int


def like_parts(pattern: str) -> list[str]:
    """`%`, `_`, and characters that are meant as they are: with a backslash before `%`, `_` and itself."""
    parts: list[str] = re.findall(r"\\.|[^\\]|\\$", pattern, re.DOTALL)
    return [part if part in "%_" else _literal(part[-1]) for part in parts]


def _literal(character: str) -> str:
    return "\\" + character if character in "%_\\" else character


def _is_like(value: Any, pattern: Any) -> bool:
    """In steps: what was tried after the last `%` never has to be tried again for one before it."""
    text, parts = str(value).casefold(), like_parts(str(pattern).casefold())
    at = part = 0
    last: tuple[int, int] | None = None  # after the last `%`: the part, and where it was tried
    while at < len(text) or part < len(parts):
        if part < len(parts) and parts[part] == "%":
            part += 1
            last = (part, at)
        elif part < len(parts) and at < len(text) and parts[part] in ("_", _literal(text[at])):
            at, part = at + 1, part + 1
        elif last is not None and last[1] < len(text):
            last = (last[0], last[1] + 1)
            part, at = last
        else:
            return False
    return True


# How one value is looked at, and whether a job is meant when any of them matches or when none does.
_TESTS: Final[Mapping[Comparison, tuple[Callable[[Any, Any], bool], bool]]] = {
    Comparison.EQ: (eq, True),
    Comparison.NE: (eq, False),
    Comparison.LT: (lt, True),
    Comparison.LE: (le, True),
    Comparison.GT: (gt, True),
    Comparison.GE: (ge, True),
    Comparison.IN: (eq, True),
    Comparison.NOT_IN: (eq, False),
    Comparison.LIKE: (_is_like, True),
    Comparison.NOT_LIKE: (_is_like, False),
}
