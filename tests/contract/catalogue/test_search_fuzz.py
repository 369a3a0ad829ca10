"""Whatever the language allows, both databases run; whatever it does not allow is refused. Never a 500."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.catalogue.conftest import PREFIX

pytestmark = pytest.mark.clause("ocean C2.2")

PATHS = st.sampled_from(
    [
        "chainId", "nft.state", "purgatory.state", "nft.created", "stats.orders", "stats.price.value",
        "metadata",
        "metadata.name", "metadata.name.keyword", "metadata.tags.keyword", "nft.owner", "services.type",
        "_id", "id",
        "_index", "event.block", "nothing", "metadata.description", "stats",
    ]
)  # fmt: skip
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.sampled_from(
        ["rain", "Weather", "8996", "true", "2023-05-01", "nan", "1e400", "*", "r?in*", "%", "_", "[a]", "\\"]
    ),
)
WORDS = st.sampled_from(
    ["rain", "wind", "Rain*", "*in*", "of", "AND", "OR", "NOT", "-rain", '"rain gauges"', "?ind", "x^2", "**"]
)
TEXTS = st.lists(WORDS, max_size=8).map(" ".join) | st.text(max_size=12)
FIELDS = st.none() | st.lists(PATHS | PATHS.map(lambda path: f"{path}^3"), max_size=4)
BOUNDS = st.dictionaries(st.sampled_from(["gt", "gte", "lt", "lte"]), SCALARS, max_size=2)
LEAVES = st.one_of(
    st.builds(lambda path, value: {"term": {path: value}}, PATHS, SCALARS),
    st.builds(lambda path, values: {"terms": {path: values}}, PATHS, st.lists(SCALARS, max_size=4)),
    st.builds(lambda path, text: {"match": {path: text}}, PATHS, SCALARS),
    st.builds(
        lambda path, text, slop: {"match_phrase": {path: {"query": text, "slop": slop}}},
        PATHS, TEXTS, st.integers(0, 3),
    ),
    st.builds(lambda path, text: {"prefix": {path: text}}, PATHS, SCALARS),
    st.builds(lambda path, text: {"wildcard": {path: text}}, PATHS, SCALARS),
    st.builds(lambda path, bounds: {"range": {path: bounds}}, PATHS, BOUNDS),
    st.builds(lambda path: {"exists": {"field": path}}, PATHS),
    st.builds(
        lambda text, fields, operator: {
            "query_string": {"query": text, "fields": fields, "default_operator": operator, "phrase_slop": 1}
        },
        TEXTS, FIELDS, st.sampled_from(["AND", "or"]),
    ),
    st.builds(lambda text, fields: {"multi_match": {"query": text, "fields": fields}}, TEXTS, FIELDS),
)  # fmt: skip


def _bool(parts: list[list[dict[str, Any]]], minimum: object) -> dict[str, Any]:
    must, should, filters, must_not = parts
    return {
        "bool": {
            "must": must, "should": should, "filter": filters, "must_not": must_not,
            "minimum_should_match": minimum,
        }
    }  # fmt: skip


QUERIES = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        _bool,
        st.lists(st.lists(inner, max_size=3), min_size=4, max_size=4),
        st.sampled_from([None, 1, 2, "50%", "-1", "2<75%"]),
    ),
    max_leaves=8,
)
SORTS = st.none() | st.dictionaries(
    st.sampled_from(
        ["_score", "nft.created", "stats.orders", "metadata.name", "metadata.tags", "nothing", "chainId"]
    ),
    st.sampled_from(["asc", "desc"]),
    max_size=3,
)
METRICS = st.builds(
    lambda kind, path: {kind: {"field": path}},
    st.sampled_from(["sum", "min", "max", "avg", "value_count"]),
    PATHS,
)
AGGREGATIONS = st.dictionaries(
    st.sampled_from(["a", "b"]),
    METRICS
    | st.builds(
        lambda path, metric, order: {
            "terms": {"field": path, "order": {order: "desc"}},
            "aggs": {"m": metric},
        },
        PATHS,
        METRICS,
        st.sampled_from(["_count", "_key", "m"]),
    ),
    max_size=2,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=QUERIES, sort=SORTS, aggregations=AGGREGATIONS, start=st.integers(0, 3), size=st.integers(0, 10))
def test_searches_answer_or_are_refused(
    filled: FlaskClient, query: Any, sort: Any, aggregations: Any, start: int, size: int
) -> None:
    body = {"query": query, "sort": sort, "aggs": aggregations, "from": start, "size": size}
    response = filled.post(f"{PREFIX}/assets/query", data=json.dumps(body))
    assert response.status_code in (200, 400), response.get_data(as_text=True)
    if response.status_code == 400:
        assert response.get_json()["error"]
        return
    hits = response.get_json()["hits"]
    assert len(hits["hits"]) == max(0, min(size, hits["total"]["value"] - start))
    if sort:
        return
    # Scored and unscored matching must agree.
    unscored = body | {"query": {"bool": {"filter": [query]}}, "sort": {"nothing": "asc"}}
    again = filled.post(f"{PREFIX}/assets/query", data=json.dumps(unscored)).get_json()
    assert again["hits"]["total"] == hits["total"]
