"""What a window files a job under, to list, count and find it again by: one sheet each, beside the spec.

Jobs without one (of other windows) are found too, with the defaults below; their owner alone sees them.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.compute.domain.states import State

ANY_SITE: Final = "ANY"
SEVERAL_SITES: Final = "Multiple"
NO_BATCH: Final = "00000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """`owner_name` and `owner_group` are names of people and groups as they were at submission; `realm` is
    the virtual organisation, `batch` what belongs together, `kind` the sort of job. `cpu_seconds` were asked
    for, normalised.
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
    SUBMITTED = "submitted"  # times in UTC seconds
    CHANGED = "changed"
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
    LIKE = "like"  # `%` and `_`, whatever the case
    NOT_LIKE = "not_like"


@dataclass(frozen=True, slots=True)
class Condition:
    """`values`: of the column's kind; several of IN and NOT_IN. What has no value fits no condition but NE,
    NOT_IN and NOT_LIKE.
    """

    column: Column
    comparison: Comparison
    values: tuple[int | float | str | bool, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """All of where a job stands that windows make their states of."""

    state: State
    code: str | None  # of the reason
    is_deleted: bool


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
    a job without a reason). Sorted by `order`, then newest first.
    """

    scope: Scope
    conditions: tuple[Condition, ...] = ()
    situations: Collection[Situation] | None = None
    order: tuple[tuple[Column, bool], ...] = field(default=((Column.ID, False),))  # True: ascending


@dataclass(frozen=True, slots=True)
class Tally:
    """How many jobs have these values (in the order of the columns asked for) and stand so."""

    values: tuple[int | float | str | bool | None, ...]
    situation: Situation
    count: int
