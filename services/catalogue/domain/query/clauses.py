"""Query clauses (bool, term, match, query_string ...) to nodes. Total: anything odd is UnsupportedQuery."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from services.catalogue.domain.query.arguments import (
    as_object,
    boost_of,
    known_only,
    lowered,
    one_field,
    one_of,
    path_of,
    scalar_text,
    slop_of,
)
from services.catalogue.domain.query.build import (
    MAX_DEPTH,
    Budget,
    all_of,
    any_of,
    bare,
    boosted,
    exact_values,
    pattern,
    phrase,
    text_query,
)
from services.catalogue.domain.query.errors import SUPPORTED, UnsupportedQuery, shown
from services.catalogue.domain.query.minimum import minimum_of
from services.catalogue.domain.query.nodes import Bool, Exists, Ids, MatchAll, MatchNone, Node, Range
from services.catalogue.domain.query.query_string import Options, fields_of, parse_query_string

Parser = Callable[[Any, Budget, int], Node]

_BOUNDS = ("gt", "gte", "lt", "lte")
_TYPES = ("best_fields", "most_fields", "cross_fields", "phrase")


def parse_clause(spec: Any, budget: Budget, depth: int = 0) -> Node:
    """One `{name: {...}}`. Raises UnsupportedQuery."""
    if depth > MAX_DEPTH:
        raise UnsupportedQuery("The query is nested too deeply.")
    if not isinstance(spec, Mapping) or len(spec) != 1:
        raise UnsupportedQuery("Each query must be an object with exactly one member. " + SUPPORTED)
    ((name, value),) = spec.items()
    parser = _PARSERS.get(name)
    if parser is None:
        raise UnsupportedQuery(f"The query {shown(name)} is not supported. {SUPPORTED}")
    budget.clause()
    return parser(value, budget, depth + 1)


def _bool(value: Any, budget: Budget, depth: int) -> Node:
    spec = as_object("bool", value)
    known = {"must", "should", "filter", "must_not", "minimum_should_match", "boost", "adjust_pure_negative"}
    known_only("bool", spec, known | {"_name"})
    must, should, filters, must_not = (
        tuple(parse_clause(item, budget, depth) for item in _list(spec.get(name)))
        for name in ("must", "should", "filter", "must_not")
    )
    minimum = 1 if should and not must and not filters else 0
    if spec.get("minimum_should_match") is not None:
        minimum = minimum_of(spec["minimum_should_match"], len(should))
    node = Bool(must=must, should=should, filter=filters, must_not=must_not, minimum=minimum)
    return boosted(node, boost_of(spec))


def _list(value: Any) -> list[Any]:
    """One clause or many; null and false are skipped (JavaScript's short circuits leave them)."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if item is not None and item is not False]


def _term(value: Any, budget: Budget, depth: int) -> Node:
    path, inner = one_field("term", value)
    spec = inner if isinstance(inner, Mapping) else {"value": inner}
    known_only("term", spec, {"value", "boost", "_name"})
    return exact_values(path, (scalar_text("term", spec.get("value")),), boost_of(spec))


def _terms(value: Any, budget: Budget, depth: int) -> Node:
    spec = dict(as_object("terms", value))
    boost = boost_of(spec)
    spec.pop("boost", None)
    spec.pop("_name", None)
    path, values = one_field("terms", spec)
    if not isinstance(values, list):
        raise UnsupportedQuery("terms needs a list of values.")
    texts = tuple(scalar_text("terms", item) for item in values if item is not None)
    budget.value(len(texts))
    return exact_values(path, texts, boost) if texts or path == "_index" else MatchNone()


def _match(value: Any, budget: Budget, depth: int) -> Node:
    path, inner = one_field("match", value)
    spec = inner if isinstance(inner, Mapping) else {"query": inner}
    known_only("match", spec, {"query", "operator", "minimum_should_match", "boost", "lenient", "_name"})
    text = scalar_text("match", spec.get("query"))
    nodes = text_query(((path, 1.0),), text, budget)
    return boosted(_combined(nodes, spec, "operator"), boost_of(spec))


def _multi_match(value: Any, budget: Budget, depth: int) -> Node:
    spec = as_object("multi_match", value)
    known = {"query", "fields", "operator", "minimum_should_match", "boost", "lenient", "type", "slop"}
    known_only("multi_match", spec, known | {"tie_breaker", "_name"})
    text = scalar_text("multi_match", spec.get("query"))
    if one_of("type", spec.get("type"), _TYPES, "best_fields") == "phrase":
        return boosted(phrase(fields_of(spec), text, slop_of(spec.get("slop")), budget), boost_of(spec))
    return boosted(_combined(text_query(fields_of(spec), text, budget), spec, "operator"), boost_of(spec))


def _combined(nodes: list[Node], spec: Mapping[str, Any], operator_name: str) -> Node:
    if not nodes:
        return MatchNone()
    if one_of(operator_name, lowered(spec.get(operator_name)), ("or", "and"), "or") == "and":
        return all_of(nodes)
    minimum = spec.get("minimum_should_match")
    if minimum is None:
        return any_of(nodes)
    return Bool(should=tuple(nodes), minimum=max(1, minimum_of(minimum, len(nodes))))


def _match_phrase(value: Any, budget: Budget, depth: int) -> Node:
    path, inner = one_field("match_phrase", value)
    spec = inner if isinstance(inner, Mapping) else {"query": inner}
    known_only("match_phrase", spec, {"query", "slop", "boost", "_name"})
    text = scalar_text("match_phrase", spec.get("query"))
    return boosted(phrase(((path, 1.0),), text, slop_of(spec.get("slop")), budget), boost_of(spec))


def _match_all(value: Any, budget: Budget, depth: int) -> Node:
    spec = as_object("match_all", value)
    known_only("match_all", spec, {"boost", "_name"})
    return MatchAll(boost_of(spec))


def _match_none(value: Any, budget: Budget, depth: int) -> Node:
    as_object("match_none", value)
    return MatchNone()


def _query_string(value: Any, budget: Budget, depth: int) -> Node:
    spec = as_object("query_string", value)
    known = {"query", "fields", "default_field", "default_operator", "minimum_should_match", "phrase_slop"}
    ignored = {"lenient", "analyze_wildcard", "allow_leading_wildcard", "tie_breaker", "_name"}
    known_only("query_string", spec, known | ignored | {"boost", "type"})
    text = scalar_text("query_string", spec.get("query"))
    options = Options(
        fields=fields_of(spec),
        all_required=one_of("default_operator", lowered(spec.get("default_operator")), ("or", "and"), "or")
        == "and",
        slop=slop_of(spec.get("phrase_slop")),
        phrases=one_of("type", spec.get("type"), _TYPES, "best_fields") == "phrase",
    )
    node = parse_query_string(text, options, spec.get("minimum_should_match"), budget)
    return boosted(node, boost_of(spec))


def _range(value: Any, budget: Budget, depth: int) -> Node:
    path, inner = one_field("range", value)
    spec = as_object("range", inner)
    known_only("range", spec, {*_BOUNDS, "boost", "_name"})
    bounds = tuple((name, _bound(spec[name])) for name in _BOUNDS if spec.get(name) is not None)
    if len({isinstance(bound, str) for _, bound in bounds}) > 1:
        raise UnsupportedQuery("range needs bounds of one kind, numbers or texts.")
    return Range(bare(path), bounds, boost_of(spec)) if bounds else Exists(bare(path), boost_of(spec))


def _bound(value: Any) -> float | str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise UnsupportedQuery("range takes numbers and texts.")
    if not isinstance(value, str):
        return _float(value)
    if value.startswith("now") or "||" in value:
        raise UnsupportedQuery("range offers no date arithmetic; give a time such as 2024-01-31T00:00:00Z.")
    try:
        return _float(float(value))
    except ValueError:
        return value


def _float(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        raise UnsupportedQuery("A number is too large.") from None
    if not math.isfinite(number):
        raise UnsupportedQuery("A number is too large.")
    return number


def _exists(value: Any, budget: Budget, depth: int) -> Node:
    spec = as_object("exists", value)
    known_only("exists", spec, {"field", "boost", "_name"})
    path = path_of("exists", spec.get("field"))
    return MatchAll(boost_of(spec)) if path in ("_id", "_index") else Exists(bare(path), boost_of(spec))


def _ids(value: Any, budget: Budget, depth: int) -> Node:
    spec = as_object("ids", value)
    known_only("ids", spec, {"values", "boost", "_name"})
    values = spec.get("values")
    if not isinstance(values, list):
        raise UnsupportedQuery("ids needs a list of values.")
    budget.value(len(values))
    return Ids(tuple(scalar_text("ids", item) for item in values if item is not None), boost_of(spec))


def _prefix(value: Any, budget: Budget, depth: int) -> Node:
    path, inner = one_field("prefix", value)
    spec = inner if isinstance(inner, Mapping) else {"value": inner}
    known_only("prefix", spec, {"value", "boost", "_name"})
    text = scalar_text("prefix", spec.get("value"))
    return boosted(pattern(((path, 1.0),), [text, None] if text else [None], budget), boost_of(spec))


def _wildcard(value: Any, budget: Budget, depth: int) -> Node:
    path, inner = one_field("wildcard", value)
    spec = inner if isinstance(inner, Mapping) else {"value": inner}
    known_only("wildcard", spec, {"value", "wildcard", "boost", "_name"})
    text = scalar_text("wildcard", spec.get("value", spec.get("wildcard")))
    return boosted(pattern(((path, 1.0),), _wildcard_parts(text), budget), boost_of(spec))


def _wildcard_parts(text: str) -> list[str | None]:
    parts: list[str | None] = []
    literal = ""
    characters = iter(text)
    for character in characters:
        if character not in "*?":
            literal += next(characters, "\\") if character == "\\" else character
            continue
        if literal:
            parts.append(literal)
            literal = ""
        parts.append(None if character == "*" else "")
    return [*parts, literal] if literal or not parts else parts


def _constant_score(value: Any, budget: Budget, depth: int) -> Node:
    spec = as_object("constant_score", value)
    known_only("constant_score", spec, {"filter", "boost", "_name"})
    inner = parse_clause(spec.get("filter"), budget, depth)
    return Bool(must=(MatchAll(boost_of(spec)),), filter=(inner,))


_PARSERS: dict[str, Parser] = {
    "bool": _bool,
    "term": _term,
    "terms": _terms,
    "match": _match,
    "multi_match": _multi_match,
    "match_phrase": _match_phrase,
    "match_all": _match_all,
    "match_none": _match_none,
    "query_string": _query_string,
    "range": _range,
    "exists": _exists,
    "ids": _ids,
    "prefix": _prefix,
    "wildcard": _wildcard,
    "constant_score": _constant_score,
}
