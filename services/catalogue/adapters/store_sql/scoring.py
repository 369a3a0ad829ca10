"""Scores as SQL: BM25 for words, rarity for phrases, constants for everything else.

Scored leaves are worked out once, as the parts of one UNION turned into a column each; the boolean
structure above them then costs only arithmetic.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Double,
    FromClause,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    column,
    func,
    literal,
    not_,
    select,
    true,
    union_all,
    values,
)

from services.catalogue.adapters.store_sql import tables as t
from services.catalogue.adapters.store_sql.asset_writer import count_assets
from services.catalogue.adapters.store_sql.matching import Condition, Matcher, phrase_assets
from services.catalogue.domain.query.nodes import Bool, MatchNone, Node, Pattern, Phrase, Words

Score = ColumnElement[float]
Scored = Words | Phrase | Pattern
MAX_TERMS = 2000


@dataclass(frozen=True, slots=True)
class _Term:
    id: int
    path: str
    word: str
    rarity: float  # inverse document frequency


@dataclass(frozen=True, slots=True)
class Plan:
    """`source` is what to select from; `condition` and `score` may be used in that select only."""

    source: FromClause
    condition: Condition
    score: Score


def plan(connection: Connection, matcher: Matcher, node: Node) -> Plan:
    leaves = list(dict.fromkeys(_scored_leaves(node)))
    terms = _terms(connection, leaves)
    weighed = [(leaf, term) for leaf in leaves if isinstance(leaf, Words) for term in _of_leaf(leaf, terms)]
    constants = {leaf: part for leaf in leaves if (part := _constant_part(matcher, leaf, terms)) is not None}
    found = {leaf for leaf, _ in weighed} | set(constants)
    by_leaf: dict[Scored, ColumnElement[float] | None] = dict.fromkeys(leaves)
    source: FromClause = t.facets
    if found:
        numbers = {leaf: number for number, leaf in enumerate(leaves) if leaf in found}
        pivot = _pivot(numbers, weighed, constants)
        by_leaf |= {leaf: pivot.c[f"leaf_{number}"] for leaf, number in numbers.items()}
        source = t.facets.outerjoin(pivot, pivot.c.asset_id == t.facets.c.asset_id)
    builder = _Builder(matcher, by_leaf)
    return Plan(source, builder.condition(node), builder.score(node))


def _pivot(
    numbers: dict[Scored, int],
    weighed: Sequence[tuple[Scored, _Term]],
    constants: dict[Scored, Select[tuple[int, float]]],
) -> Subquery:
    """One row per asset that any leaf finds, one column per leaf; a word's fields add up."""
    parts: list[Any] = [
        part.add_columns(literal(numbers[leaf]).label("leaf")) for leaf, part in constants.items()
    ]
    if weighed:
        factors = values(
            column("term_id", BigInteger), column("leaf", Integer), column("factor", Double), name="factors"
        ).data(
            [
                (term.id, numbers[leaf], term.rarity * dict(leaf.fields).get(term.path, 1.0))
                for leaf, term in weighed
            ]
        ).cte("factors")  # fmt: skip
        score = (t.postings.c.weight * factors.c.factor).label("score")
        parts.append(
            select(t.postings.c.asset_id, score, factors.c.leaf.label("leaf")).join(
                factors, factors.c.term_id == t.postings.c.term_id
            )
        )
    rows = union_all(*parts).subquery()
    columns = [
        func.sum(case((rows.c.leaf == number, rows.c.score))).label(f"leaf_{number}")
        for number in numbers.values()
    ]
    return select(rows.c.asset_id, *columns).group_by(rows.c.asset_id).subquery()


class _Builder:
    def __init__(self, matcher: Matcher, leaves: dict[Scored, ColumnElement[float] | None]) -> None:
        self._matcher = matcher
        self._leaves = leaves

    def condition(self, node: Node) -> Condition:
        """As Matcher.condition, with the scored leaves read from their columns."""
        if isinstance(node, Scored) and node in self._leaves:
            column = self._leaves[node]
            return self._matcher.condition(MatchNone()) if column is None else column.is_not(None)
        if not isinstance(node, Bool):
            return self._matcher.condition(node)
        parts = [self.condition(item) for item in node.must]
        parts.extend(self._matcher.condition(item) for item in node.filter)
        parts.extend(not_(self._matcher.condition(item)) for item in node.must_not)
        if node.minimum > 0:
            parts.append(self._matcher.at_least([self.condition(item) for item in node.should], node.minimum))
        return and_(true(), *parts)

    def score(self, node: Node) -> Score:
        if isinstance(node, Scored):
            column = self._leaves[node]
            return literal(0.0) if column is None else func.coalesce(column, 0.0) * node.boost
        if not isinstance(node, Bool):
            return literal(0.0 if isinstance(node, MatchNone) else node.boost)
        total: Score = literal(0.0)
        for item in node.must:
            total = total + self.score(item)
        for item in node.should:
            total = total + self._if_matching(item)
        return total * node.boost

    def _if_matching(self, node: Node) -> Score:
        if isinstance(node, Scored):
            return self.score(node)
        return case((self.condition(node), self.score(node)), else_=0.0)


def _scored_leaves(node: Node) -> Iterator[Scored]:
    if isinstance(node, Scored):
        yield node
    elif isinstance(node, Bool):
        for item in (*node.must, *node.should):
            yield from _scored_leaves(item)


def _terms(connection: Connection, leaves: list[Scored]) -> list[_Term]:
    """The index terms of all scored words, with how rare each is at its path."""
    worded = [leaf for leaf in leaves if not isinstance(leaf, Pattern)]
    words = sorted({word for leaf in worded for word in leaf.words})
    if not words:
        return []
    everywhere = any(not leaf.fields for leaf in worded)
    paths = sorted({path for leaf in worded for path, _ in leaf.fields})
    frequency = func.count()  # of occurrences: cheaper than counting assets, and as good for rarity
    query = (
        select(t.terms.c.id, t.terms.c.path, t.terms.c.term, frequency.label("frequency"))
        .join(t.postings, t.postings.c.term_id == t.terms.c.id)
        .where(t.terms.c.term.in_(words), true() if everywhere else t.terms.c.path.in_(paths))
        .group_by(t.terms.c.id, t.terms.c.path, t.terms.c.term)
        .order_by(t.terms.c.path, t.terms.c.term)
        .limit(MAX_TERMS)
    )
    total = count_assets(connection)
    return [
        _Term(row.id, row.path, row.term, _rarity(total, row.frequency)) for row in connection.execute(query)
    ]


def _rarity(total: int, frequency: int) -> float:
    known = min(frequency, total)
    return math.log(1 + (total - known + 0.5) / (known + 0.5))


def _of_leaf(leaf: Words | Phrase, terms: list[_Term]) -> list[_Term]:
    paths = {path for path, _ in leaf.fields}
    return [term for term in terms if term.word in leaf.words and (not paths or term.path in paths)]


def _constant_part(matcher: Matcher, leaf: Scored, terms: list[_Term]) -> Select[tuple[int, float]] | None:
    """Phrases and patterns score the same wherever they are found."""
    if isinstance(leaf, Words):
        return None
    if isinstance(leaf, Pattern):
        places, value = matcher.pattern_assets(leaf).subquery(), 1.0
    else:
        rarity = {term.word: term.rarity for term in _of_leaf(leaf, terms)}
        if len(rarity) < len(set(leaf.words)):
            return None  # a word that the index does not know
        boost = max((boost for _, boost in leaf.fields), default=1.0)
        places, value = phrase_assets(leaf).subquery(), sum(rarity[word] for word in leaf.words) * boost
    return select(places.c.asset_id, literal(value).label("score")).group_by(places.c.asset_id)
