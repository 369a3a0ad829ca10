"""What a query asks for, freed of the many spellings it may arrive in.

Paths are dotted and without `.keyword`. Words are compared with analysed text, values with whole values.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MatchAll:
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class MatchNone:
    pass


@dataclass(frozen=True, slots=True)
class Words:
    """One of the words occurs at one of the fields. No fields: anywhere in the document."""

    fields: tuple[tuple[str, float], ...]  # path, boost
    words: tuple[str, ...]
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Phrase:
    """The words follow each other at one of the fields, each at most `slop` words late."""

    fields: tuple[tuple[str, float], ...]
    words: tuple[str, ...]
    slop: int = 0
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Pattern:
    """A word at one of the fields (exact: a whole value) fits the pattern.

    `parts` alternates literal text with None for `*` and an empty text for `?`.
    """

    fields: tuple[tuple[str, float], ...]
    parts: tuple[str | None, ...]
    exact: bool = False
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Values:
    """The whole value at `path` is one of these texts (`.keyword`)."""

    path: str
    values: tuple[str, ...]
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Range:
    """Every bound holds for one value at `path`: numbers against numbers, texts against texts."""

    path: str
    bounds: tuple[tuple[str, float | str], ...]  # gt | gte | lt | lte
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Exists:
    path: str
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Ids:
    dids: tuple[str, ...]
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Bool:
    """`minimum` of the `should` parts must hold beside all of `must` and `filter` and none of `must_not`."""

    must: tuple["Node", ...] = ()
    should: tuple["Node", ...] = ()
    filter: tuple["Node", ...] = ()
    must_not: tuple["Node", ...] = ()
    minimum: int = 0
    boost: float = 1.0


Leaf = MatchAll | MatchNone | Words | Phrase | Pattern | Values | Range | Exists | Ids
Node = Leaf | Bool


@dataclass(frozen=True, slots=True)
class SortKey:
    """`path` None means the score."""

    path: str | None
    descending: bool


@dataclass(frozen=True, slots=True)
class Metric:
    """sum, min, max, avg or value_count of the numbers at `path`."""

    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Terms:
    """Buckets by the whole values at `path`, ordered by (`_count`, `_key` or a metric's name, descending)."""

    path: str
    size: int
    order: tuple[tuple[str, bool], ...]
    metrics: tuple[tuple[str, Metric], ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """One whole request: what, in which order, which part of it, and what to count."""

    node: Node = field(default_factory=MatchAll)
    start: int = 0
    size: int = 10
    sort: tuple[SortKey, ...] = ()
    aggregations: tuple[tuple[str, Terms | Metric], ...] = ()

    @property
    def scored(self) -> bool:
        """Scores are worked out only where they can be seen: without a sort, or when sorting by them."""
        return not self.sort or any(key.path is None for key in self.sort)
