"""Query nodes as SQL conditions over `facets.asset_id`: what matches, without a score.

Every leaf is an uncorrelated IN (SELECT asset_id ...), which both databases work out once per query.
"""

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
)

from services.catalogue.adapters.store_sql import tables as t
from services.catalogue.adapters.store_sql.facets import FACETS, Facet, words_condition
from services.catalogue.domain.leaves import MAX_EXACT
from services.catalogue.domain.query.nodes import (
    Bool,
    Exists,
    Ids,
    MatchAll,
    MatchNone,
    Node,
    Pattern,
    Phrase,
    Range,
    Values,
    Words,
)

Condition = ColumnElement[bool]
AssetIds = Select[tuple[int]]
ESCAPE = "\\"


class Matcher:
    """Builds conditions; `sqlite` picks the spelling of case-sensitive patterns."""

    def __init__(self, *, sqlite: bool) -> None:
        self._sqlite = sqlite

    def condition(self, node: Node) -> Condition:
        match node:
            case Bool():
                return self._bool(node)
            case MatchAll():
                return true()
            case MatchNone():
                return false()
            case Ids():
                return t.facets.c.did.in_(node.dids)
            case Words(fields=((path, _),)) if (quick := words_condition(path, node.words)) is not None:
                return quick
            case Range() if (facet := FACETS.get(node.path)) is not None and _comparable(facet, node):
                return and_(true(), *(_compare(facet.column, name, bound) for name, bound in node.bounds))
            case _:
                return t.facets.c.asset_id.in_(self._assets(node))

    def _bool(self, node: Bool) -> Condition:
        parts = [self.condition(item) for item in (*node.must, *node.filter)]
        parts.extend(not_(self.condition(item)) for item in node.must_not)
        if node.minimum > 0:
            parts.append(self.at_least([self.condition(item) for item in node.should], node.minimum))
        return and_(true(), *parts)

    @staticmethod
    def at_least(conditions: list[Condition], minimum: int) -> Condition:
        if minimum > len(conditions):
            return false()
        if minimum == 1:
            return or_(false(), *conditions)
        if minimum == len(conditions):
            return and_(true(), *conditions)
        total: ColumnElement[int] = literal(0)
        for condition in conditions:
            total = total + case((condition, 1), else_=0)
        return total >= minimum

    def _assets(self, node: Words | Phrase | Pattern | Values | Range | Exists) -> AssetIds:
        match node:
            case Words():
                return self._words(node)
            case Phrase():
                return phrase_assets(node)
            case Pattern():
                return self.pattern_assets(node)
            case Values():
                return self._values(node)
            case Range():
                return self._range(node)
            case Exists():
                return self._exists(node)

    def _words(self, node: Words) -> AssetIds:
        chosen = select(t.terms.c.id).where(t.terms.c.term.in_(node.words), at_paths(node.fields))
        return select(t.postings.c.asset_id).where(t.postings.c.term_id.in_(chosen))

    def pattern_assets(self, node: Pattern) -> AssetIds:
        return self._exact_pattern(node) if node.exact else self._pattern(node)

    def _pattern(self, node: Pattern) -> AssetIds:
        chosen = select(t.terms.c.id).where(at_paths(node.fields), _fits(t.terms.c.term, node.parts))
        return select(t.postings.c.asset_id).where(t.postings.c.term_id.in_(chosen))

    def _exact_pattern(self, node: Pattern) -> AssetIds:
        table = t.asset_fields
        paths = [path for path, _ in node.fields]
        fits = _globs(table.c.text, node.parts) if self._sqlite else _fits(table.c.text, node.parts)
        return select(table.c.asset_id).where(table.c.path.in_(paths), fits)

    def _values(self, node: Values) -> AssetIds:
        table = t.asset_fields
        values = [value for value in node.values if len(value) <= MAX_EXACT]
        return select(table.c.asset_id).where(table.c.path == node.path, table.c.text.in_(values))

    def _range(self, node: Range) -> AssetIds:
        table = t.asset_fields
        bounds = [
            _compare(table.c.text if isinstance(bound, str) else table.c.number, name, bound)
            for name, bound in node.bounds
        ]
        return select(table.c.asset_id).where(table.c.path == node.path, *bounds)

    def _exists(self, node: Exists) -> AssetIds:
        path = t.asset_fields.c.path
        inside = and_(path >= f"{node.path}.", path < f"{node.path}/")  # "/" follows "." in code order
        return select(t.asset_fields.c.asset_id).where(or_(path == node.path, inside))


def _comparable(facet: Facet, node: Range) -> bool:
    if facet.kind == "truth":
        return False
    return all(isinstance(bound, str) == (facet.kind == "text") for _, bound in node.bounds)


def at_paths(fields: tuple[tuple[str, float], ...]) -> Condition:
    """The term belongs to one of the fields; no fields means any."""
    return t.terms.c.path.in_([path for path, _ in fields]) if fields else true()


def phrase_assets(node: Phrase) -> AssetIds:
    return _loose_phrase(node) if node.slop and len(node.words) <= 10 else _strict_phrase(node)


def _strict_phrase(node: Phrase) -> AssetIds:
    """All words of the phrase stand at one and the same start."""
    places = union_all(
        *(
            select(literal(word).label("word"), literal(place).label("place"))
            for place, word in enumerate(node.words)
        )
    ).subquery()
    start = t.postings.c.position - places.c.place
    return (
        select(t.postings.c.asset_id)
        .select_from(places)
        .join(t.terms, and_(t.terms.c.term == places.c.word, at_paths(node.fields)))
        .join(t.postings, t.postings.c.term_id == t.terms.c.id)
        .group_by(t.postings.c.asset_id, t.terms.c.path, start)
        .having(func.count() == len(node.words))
    )


def _loose_phrase(node: Phrase) -> AssetIds:
    """Each word follows the one before it, at most `slop` words late."""
    first_term, first = t.terms.alias(), t.postings.alias()
    joined = first_term.join(first, first.c.term_id == first_term.c.id)
    before = first
    for word in node.words[1:]:
        term, place = t.terms.alias(), t.postings.alias()
        joined = joined.join(term, and_(term.c.term == word, term.c.path == first_term.c.path))
        follows = place.c.position.between(before.c.position + 1, before.c.position + 1 + node.slop)
        joined = joined.join(
            place, and_(place.c.term_id == term.c.id, place.c.asset_id == first.c.asset_id, follows)
        )
        before = place
    paths = [path for path, _ in node.fields]
    where = [first_term.c.term == node.words[0], *([first_term.c.path.in_(paths)] if paths else [])]
    return select(first.c.asset_id).select_from(joined).where(*where)


def _fits(column: ColumnElement[str], parts: tuple[str | None, ...]) -> Condition:
    if len(parts) == 2 and parts[0] and parts[1] is None:
        return and_(column >= parts[0], column < parts[0] + "\U0010ffff")
    return column.like("".join(_like(part) for part in parts), escape=ESCAPE)


def _like(part: str | None) -> str:
    if part is None:
        return "%"
    if not part:
        return "_"
    return part.replace(ESCAPE, ESCAPE * 2).replace("%", ESCAPE + "%").replace("_", ESCAPE + "_")


def _globs(column: ColumnElement[str], parts: tuple[str | None, ...]) -> Condition:
    """SQLite's LIKE ignores case; GLOB does not."""
    return column.op("GLOB", is_comparison=True)("".join(_glob(part) for part in parts))


def _glob(part: str | None) -> str:
    if part is None:
        return "*"
    if not part:
        return "?"
    return "".join(f"[{character}]" if character in "*?[" else character for character in part)


def _compare(column: ColumnElement[object], name: str, bound: float | str) -> Condition:
    if name == "gt":
        return column > bound
    if name == "gte":
        return column >= bound
    if name == "lt":
        return column < bound
    return column <= bound
