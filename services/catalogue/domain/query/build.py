"""Small constructors shared by the clause and query_string parsers; keeps count of what a query costs."""

from dataclasses import dataclass, replace

from services.catalogue.domain.query.errors import UnsupportedQuery
from services.catalogue.domain.query.nodes import (
    Bool,
    Exists,
    Ids,
    MatchAll,
    MatchNone,
    Node,
    Pattern,
    Phrase,
    Values,
    Words,
)
from services.catalogue.domain.text import words

KEYWORD = ".keyword"
EVERYWHERE = frozenset({"_id", "nft.owner", "nft.owner.keyword"})  # no served document lacks these
Fields = tuple[tuple[str, float], ...]

MAX_DEPTH = 16
MAX_CLAUSES = 256  # a scored word is one part of a UNION, and SQLite takes 500 of them
MAX_VALUES = 10_000
MAX_PATTERN = 256


@dataclass(slots=True)
class Budget:
    """What one request may still ask for; one instance per request."""

    clauses: int = MAX_CLAUSES
    values: int = MAX_VALUES

    def clause(self, count: int = 1) -> None:
        self.clauses -= count
        if self.clauses < 0:
            raise UnsupportedQuery(f"The query has more than {MAX_CLAUSES} clauses or words.")

    def value(self, count: int) -> None:
        self.values -= count
        if self.values < 0:
            raise UnsupportedQuery(f"The query lists more than {MAX_VALUES} values.")


def bare(path: str) -> str:
    return path[: -len(KEYWORD)] if path.endswith(KEYWORD) else path


def boosted(node: Node, boost: float) -> Node:
    if isinstance(node, MatchNone) or boost == 1.0:
        return node
    return replace(node, boost=node.boost * boost)


def any_of(nodes: list[Node]) -> Node:
    if len(nodes) == 1:
        return nodes[0]
    return Bool(should=tuple(nodes), minimum=1) if nodes else MatchNone()


def all_of(nodes: list[Node]) -> Node:
    if len(nodes) == 1:
        return nodes[0]
    return Bool(must=tuple(nodes)) if nodes else MatchNone()


def exact_values(path: str, values: tuple[str, ...], boost: float = 1.0) -> Node:
    """What `term` and `terms` mean at this path: nothing is analysed."""
    if path == "_index":
        return MatchAll(boost)
    if path == "_id":
        return Ids(values, boost)
    if path.endswith(KEYWORD):
        return Values(bare(path), values, boost)
    return Words(((path, 1.0),), values, boost)


def text_query(fields: Fields, text: str, budget: Budget) -> list[Node]:
    """One node per word of `text`, each to be found at any of the fields."""
    exact = [field for field in fields if field[0].endswith(KEYWORD) or field[0].startswith("_")]
    if exact and len(exact) == len(fields):
        return [any_of([exact_values(path, (text,), boost) for path, boost in exact])]
    analysed = tuple(field for field in fields if field not in exact)
    found = words(text)
    budget.clause(len(found))
    return [Words(analysed, (word,)) for word in found]


def phrase(fields: Fields, text: str, slop: int, budget: Budget) -> Node:
    exact = [field for field in fields if field[0].endswith(KEYWORD) or field[0].startswith("_")]
    if exact and len(exact) == len(fields):
        return any_of([exact_values(path, (text,), boost) for path, boost in exact])
    found = tuple(words(text))
    budget.clause(len(found))
    if not found:
        return MatchNone()
    analysed = tuple(field for field in fields if field not in exact)
    return Words(analysed, found) if len(found) == 1 else Phrase(analysed, found, slop)


def pattern(fields: Fields, parts: list[str | None], budget: Budget) -> Node:
    """A wildcard over words (see nodes.Pattern); over whole values where all fields are `.keyword`."""
    budget.clause()
    if sum(len(part or "*") for part in parts) > MAX_PATTERN:
        raise UnsupportedQuery(f"A wildcard pattern is longer than {MAX_PATTERN} characters.")
    if all(part is None for part in parts):
        if any(path in EVERYWHERE for path, _ in fields):
            return MatchAll()
        return any_of([Exists(bare(path), boost) for path, boost in fields]) if fields else MatchAll()
    exact = bool(fields) and all(path.endswith(KEYWORD) for path, _ in fields)
    if exact:
        return Pattern(tuple((bare(path), boost) for path, boost in fields), tuple(parts), exact=True)
    analysed = tuple(field for field in fields if not field[0].endswith(KEYWORD))
    pieces = _split_at_word_ends(parts)
    return all_of([Pattern(analysed, piece) for piece in pieces])


def _split_at_word_ends(parts: list[str | None]) -> list[tuple[str | None, ...]]:
    """`*red-blue*` can only fit words: it becomes `*red` and `blue*`."""
    pieces: list[list[str | None]] = [[]]
    for part in parts:
        if not part:
            pieces[-1].append(part)
            continue
        lowered = part.lower()
        found = words(lowered)
        if not found or found == [lowered]:
            pieces[-1].append(lowered)
            continue
        pieces[-1].append(found[0])
        pieces.extend([word] for word in found[1:])
    return [tuple(piece) for piece in pieces]
