"""A whole search request to `Search`: paging, order and aggregations around the query itself."""

from collections.abc import Mapping
from typing import Any

from services.catalogue.domain.query.build import KEYWORD, Budget, bare
from services.catalogue.domain.query.clauses import parse_clause
from services.catalogue.domain.query.errors import SUPPORTED, UnsupportedQuery, shown
from services.catalogue.domain.query.nodes import MatchAll, Metric, Search, SortKey, Terms

WINDOW = 10_000  # from + size
INDEX = "aquarius"
MAX_SORTS = 8
MAX_AGGREGATIONS = 16
MAX_BUCKETS = 3000
METRICS = ("sum", "min", "max", "avg", "value_count")

_IGNORED = {"track_total_hits", "track_scores", "timeout", "explain"}
_TERMS_KEYS = {"field", "size", "order", "shard_size", "min_doc_count", "missing_ok"}


def parse_search(body: Mapping[str, Any]) -> Search:
    """Raises UnsupportedQuery for everything that is not of the supported language."""
    known = {"from", "size", "query", "sort", "aggs", "aggregations", "index", "_source"} | _IGNORED
    for key in body:
        if key not in known:
            raise UnsupportedQuery(f"{shown(key)} is not supported. {SUPPORTED}")
    if body.get("index") not in (None, INDEX):
        raise UnsupportedQuery(f"There is one index, {INDEX}.")
    if body.get("_source") not in (None, True):
        raise UnsupportedQuery("_source filters are not supported; documents come whole.")
    start = _count("from", body.get("from"), 0)
    size = _count("size", body.get("size"), 10)
    if start + size > WINDOW:
        raise UnsupportedQuery(f"from + size must not exceed {WINDOW}.")
    query = body.get("query")
    node = MatchAll() if query is None else parse_clause(query, Budget())
    aggregations = body.get("aggs") if body.get("aggs") is not None else body.get("aggregations")
    return Search(node, start, size, _sort(body.get("sort")), _aggregations(aggregations))


def _count(name: str, value: Any, default: int) -> int:
    if value is None:
        return default
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= WINDOW:
        raise UnsupportedQuery(f"{name} must be a whole number from 0 to {WINDOW}.")
    return value


def _sort(spec: Any) -> tuple[SortKey, ...]:
    if spec is None:
        return ()
    items = spec if isinstance(spec, list) else [spec]
    keys = [key for item in items if item is not None for key in _sort_keys(item)]
    if len(keys) > MAX_SORTS:
        raise UnsupportedQuery(f"sort takes at most {MAX_SORTS} fields.")
    return tuple(keys)


def _sort_keys(item: Any) -> list[SortKey]:
    if isinstance(item, str):
        path, _, direction = item.partition(":")
        return [_sort_key(path, direction or None)]
    if not isinstance(item, Mapping):
        raise UnsupportedQuery('sort must be like {"nft.created": "desc"}.')
    return [_sort_key(path, direction) for path, direction in item.items()]


def _sort_key(path: Any, direction: Any) -> SortKey:
    if isinstance(direction, Mapping):
        if set(direction) - {"order", "missing", "unmapped_type"}:
            raise UnsupportedQuery("sort supports order only.")
        if direction.get("missing") not in (None, "_last"):
            raise UnsupportedQuery("sort puts missing values last.")
        direction = direction.get("order")
    if direction is None:
        direction = "desc" if path == "_score" else "asc"
    if not isinstance(path, str) or not path or len(path) > 512 or direction not in ("asc", "desc"):
        raise UnsupportedQuery('sort must be like {"nft.created": "desc"}.')
    if path.startswith("_") and path != "_score":
        raise UnsupportedQuery(f"sort by {shown(path)} is not supported.")
    return SortKey(None if path == "_score" else bare(path), direction == "desc")


def _aggregations(spec: Any) -> tuple[tuple[str, Terms | Metric], ...]:
    if spec is None:
        return ()
    if not isinstance(spec, Mapping) or len(spec) > MAX_AGGREGATIONS:
        raise UnsupportedQuery(f"aggs must be an object of at most {MAX_AGGREGATIONS} members.")
    return tuple((_name(name), _aggregation(inner)) for name, inner in spec.items() if inner is not None)


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name or len(name) > 128 or set(name) & set("[]>"):
        raise UnsupportedQuery("The name of an aggregation is malformed.")
    return name


def _aggregation(spec: Any) -> Terms | Metric:
    if not isinstance(spec, Mapping):
        raise UnsupportedQuery("Each aggregation must be an object. " + SUPPORTED)
    kinds = [key for key in spec if key not in ("aggs", "aggregations", "meta")]
    if len(kinds) != 1:
        raise UnsupportedQuery("Each aggregation must have exactly one kind. " + SUPPORTED)
    nested = spec.get("aggs") if spec.get("aggs") is not None else spec.get("aggregations")
    if kinds[0] in METRICS:
        if nested:
            raise UnsupportedQuery(f"{kinds[0]} takes no aggregations inside.")
        return Metric(kinds[0], _agg_path(kinds[0], spec[kinds[0]], {"field"}))
    if kinds[0] != "terms":
        raise UnsupportedQuery(f"The aggregation {shown(kinds[0])} is not supported. {SUPPORTED}")
    return _terms(spec["terms"], nested)


def _agg_path(kind: str, spec: Any, known: set[str]) -> str:
    if not isinstance(spec, Mapping) or set(spec) - known:
        raise UnsupportedQuery(f"The aggregation {kind} takes {', '.join(sorted(known))}.")
    path = spec.get("field")
    if not isinstance(path, str) or not path or len(path) > 512:
        raise UnsupportedQuery(f"The aggregation {kind} needs a field.")
    return path[: -len(KEYWORD)] if path.endswith(KEYWORD) else path


def _terms(spec: Any, nested: Any) -> Terms:
    path = _agg_path("terms", spec, _TERMS_KEYS)
    inner = _aggregations(nested)
    metrics = tuple((name, metric) for name, metric in inner if isinstance(metric, Metric))
    if len(metrics) != len(inner):
        raise UnsupportedQuery("terms takes metrics inside, no further terms.")
    size = _count("size", spec.get("size"), 10)
    if not 0 < size <= MAX_BUCKETS:
        raise UnsupportedQuery(f"terms gives from 1 to {MAX_BUCKETS} buckets.")
    if spec.get("min_doc_count") not in (None, 1):
        raise UnsupportedQuery("terms counts buckets of one document and more.")
    return Terms(path, size, _order(spec.get("order"), {name for name, _ in metrics}), metrics)


def _order(spec: Any, metrics: set[str]) -> tuple[tuple[str, bool], ...]:
    if spec is None:
        return (("_count", True),)
    items = spec if isinstance(spec, list) else [spec]
    pairs: list[tuple[str, bool]] = []
    for item in items:
        if not isinstance(item, Mapping):
            raise UnsupportedQuery('order must be like {"_count": "desc"}.')
        for key, direction in item.items():
            name = str(key).removesuffix(".value")
            name = "_key" if name == "_term" else name
            if name not in metrics | {"_count", "_key"} or direction not in ("asc", "desc"):
                raise UnsupportedQuery('order names _count, _key or a metric inside, "asc" or "desc".')
            pairs.append((name, direction == "desc"))
    return tuple(pairs[:4])
