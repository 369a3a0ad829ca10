"""The search language: what it means, and that nothing but its own error ever comes out."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalogue.domain.query.build import MAX_CLAUSES, Budget
from services.catalogue.domain.query.clauses import parse_clause
from services.catalogue.domain.query.errors import UnsupportedQuery
from services.catalogue.domain.query.minimum import minimum_of
from services.catalogue.domain.query.nodes import (
    Bool,
    Exists,
    Ids,
    MatchAll,
    MatchNone,
    Metric,
    Node,
    Pattern,
    Phrase,
    Range,
    Search,
    SortKey,
    Terms,
    Values,
    Words,
)
from services.catalogue.domain.query.query_string import Options, parse_query_string
from services.catalogue.domain.query.search import parse_search

pytestmark = pytest.mark.clause("ocean C2.2")

A = (("a", 1.0),)


def string(text: str, *, every: bool = False, minimum: object = None, **options: Any) -> Node:
    return parse_query_string(text, Options(fields=A, all_required=every, **options), minimum, Budget())


def word(text: str, boost: float = 1.0) -> Words:
    return Words(A, (text,), boost)


@pytest.mark.parametrize(
    ("spec", "optional", "expected"),
    [
        (2, 5, 2), (9, 5, 5), (-1, 5, 4), (-9, 5, 0), ("75%", 4, 3), ("75%", 3, 2), ("-25%", 4, 3),
        ("0%", 4, 0),
        ("2<75%", 1, 1), ("2<75%", 2, 2), ("2<75%", 4, 3), ("2<75%", 3, 2),
        ("2<-25% 9<-3", 2, 2), ("2<-25% 9<-3", 8, 6), ("2<-25% 9<-3", 12, 9), ("3", 0, 0),
    ],
)  # fmt: skip
def test_minimum_should_match(spec: object, optional: int, expected: int) -> None:
    assert minimum_of(spec, optional) == expected


@pytest.mark.parametrize("spec", ["", "x", "2<", "<3", "2<75% x", None, True, 1.5, [], "1e9", "99999999"])
def test_minimum_should_match_refuses(spec: object) -> None:
    with pytest.raises(UnsupportedQuery):
        minimum_of(spec, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", MatchNone()),
        ("  \t", MatchNone()),
        ("...", MatchNone()),
        ("Red", word("red")),
        ("red^2.5", word("red", 2.5)),
        ("red cat", Bool(should=(word("red"), word("cat")), minimum=1)),
        ("red OR cat", Bool(should=(word("red"), word("cat")), minimum=1)),
        ("red || cat", Bool(should=(word("red"), word("cat")), minimum=1)),
        ("red AND cat", Bool(must=(word("red"), word("cat")))),
        ("red && cat", Bool(must=(word("red"), word("cat")))),
        ("+red cat", Bool(must=(word("red"),), should=(word("cat"),))),
        ("red -cat", Bool(should=(word("red"),), must_not=(word("cat"),), minimum=0)),
        ("NOT cat", Bool(must_not=(word("cat"),))),
        ("!cat", Bool(must_not=(word("cat"),))),
        ("red AND NOT cat", Bool(must=(word("red"),), must_not=(word("cat"),))),
        ("(red cat)^3 dog", Bool(should=(Bool(should=(word("red"), word("cat")), minimum=1, boost=3.0),
                                         word("dog")), minimum=1)),
        ('"red cat"', Phrase(A, ("red", "cat"))),
        ('"red cat"~3', Phrase(A, ("red", "cat"), 3)),
        ('"red"', word("red")),
        ('""', MatchNone()),
        ('"a \\" b"', Phrase(A, ("a", "b"))),
        ("b:red", Words((("b", 1.0),), ("red",))),
        ("b.c:(red OR cat)", Bool(should=(Words((("b.c", 1.0),), ("red",)), Words((("b.c", 1.0),), ("cat",))),
                                  minimum=1)),
        ("b.keyword:Red", Values("b", ("Red",))),
        ("red*", Pattern(A, ("red", None))),
        ("*RED*", Pattern(A, (None, "red", None))),
        ("r?d", Pattern(A, ("r", "", "d"))),
        ("*", Exists("a")),
        ("**", Exists("a")),
        ("red\\*", word("red")),
        ("\\*", MatchNone()),
        ("red\\-cat", Bool(should=(word("red"), word("cat")), minimum=1)),
        ("*red-cat*", Bool(must=(Pattern(A, (None, "red")), Pattern(A, ("cat", None))))),
        ("did:op:" + "ab" * 32, word("did:op:" + "ab" * 32)),
        ("did\\:op\\:" + "ab" * 32, word("did:op:" + "ab" * 32)),
        ("AND red OR", word("red")),
        ("ANDROID", word("android")),
        ("- red", Bool(must_not=(word("red"),))),
    ],
)  # fmt: skip
def test_query_string(text: str, expected: Node) -> None:
    assert string(text) == expected


def test_a_lone_word_beside_a_forbidden_one_is_not_optional() -> None:
    node = string("red -cat", every=True)
    assert node == Bool(must=(word("red"),), must_not=(word("cat"),))


def test_query_string_with_default_operator_and() -> None:
    assert string("red cat", every=True) == Bool(must=(word("red"), word("cat")))
    assert string("red OR cat", every=True) == Bool(should=(word("red"), word("cat")), minimum=1)
    assert string("red-cat", every=True) == Bool(must=(word("red"), word("cat")))


def test_query_string_options() -> None:
    assert string("a b c d", minimum="2<75%") == Bool(should=tuple(map(word, "abcd")), minimum=3)
    assert string("a b", minimum="2<75%") == Bool(should=(word("a"), word("b")), minimum=2)
    assert string('"a b"', slop=2) == Phrase(A, ("a", "b"), 2)
    assert string("a-b", phrases=True) == Phrase(A, ("a", "b"))


@pytest.mark.parametrize(
    "text",
    ["a~", "a~2", "/a/", "[a TO b]", "{a}", '"a', "(a", "a)", "a:", ":a", "a*:b", "a^", "x" * 5000, "(" * 50],
)
def test_query_string_refuses(text: str) -> None:
    with pytest.raises(UnsupportedQuery):
        string(text)


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ({"match_all": {}}, MatchAll()),
        ({"match_all": {"boost": 2}}, MatchAll(2.0)),
        ({"match_none": {}}, MatchNone()),
        ({"term": {"a": "X y"}}, Words(A, ("X y",))),
        ({"term": {"a": {"value": 5, "boost": 2}}}, Words(A, ("5",), 2.0)),
        ({"term": {"a": False}}, Words(A, ("false",))),
        ({"term": {"a.keyword": "X y"}}, Values("a", ("X y",))),
        ({"term": {"_index": "anything"}}, MatchAll()),
        ({"terms": {"_index": []}}, MatchAll()),
        ({"terms": {"a": [1, None, "x"], "boost": 1}}, Words(A, ("1", "x"))),
        ({"terms": {"a": []}}, MatchNone()),
        ({"terms": {"_id": ["d1"]}}, Ids(("d1",))),
        ({"ids": {"values": ["d1", None]}}, Ids(("d1",))),
        ({"match": {"a": "Red"}}, word("red")),
        ({"match": {"a": "!"}}, MatchNone()),
        ({"match": {"a": {"query": "x y", "operator": "AND"}}}, Bool(must=(word("x"), word("y")))),
        ({"match": {"a": {"query": "x y z", "minimum_should_match": 2}}},
         Bool(should=(word("x"), word("y"), word("z")), minimum=2)),
        ({"match": {"a.keyword": "X y"}}, Values("a", ("X y",))),
        ({"match_phrase": {"a": {"query": "X y", "slop": 1, "boost": 3}}}, Phrase(A, ("x", "y"), 1, 3.0)),
        ({"match_phrase": {"a.keyword": "X y"}}, Values("a", ("X y",))),
        ({"multi_match": {"query": "x", "fields": ["a", "b^2"]}}, Words((("a", 1.0), ("b", 2.0)), ("x",))),
        ({"multi_match": {"query": "x y", "type": "phrase"}}, Phrase((), ("x", "y"))),
        ({"range": {"a": {"gte": 1, "lt": "2.5"}}}, Range("a", (("gte", 1.0), ("lt", 2.5)))),
        ({"range": {"a.keyword": {"gt": "b"}}}, Range("a", (("gt", "b"),))),
        ({"range": {"a": {}}}, Exists("a")),
        ({"exists": {"field": "a.keyword"}}, Exists("a")),
        ({"exists": {"field": "_id"}}, MatchAll()),
        ({"prefix": {"a": "Re"}}, Pattern(A, ("re", None))),
        ({"prefix": {"a.keyword": "Re"}}, Pattern(A, ("Re", None), exact=True)),
        ({"prefix": {"a": ""}}, Exists("a")),
        ({"wildcard": {"a": {"value": "r\\*d*"}}}, Bool(must=(Pattern(A, ("r",)), Pattern(A, ("d", None))))),
        ({"wildcard": {"a.keyword": {"wildcard": "\\??"}}}, Pattern(A, ("?", ""), exact=True)),
        ({"constant_score": {"filter": {"term": {"a": 1}}, "boost": 2}},
         Bool(must=(MatchAll(2.0),), filter=(Words(A, ("1",)),))),
        ({"bool": {}}, Bool()),
        ({"bool": {"filter": {"term": {"a": 1}}}}, Bool(filter=(Words(A, ("1",)),))),
        ({"bool": {"should": [{"match_all": {}}, None, False]}}, Bool(should=(MatchAll(),), minimum=1)),
        ({"bool": {"should": [{"match_all": {}}], "must": {"match_none": {}}}},
         Bool(should=(MatchAll(),), must=(MatchNone(),), minimum=0)),
        ({"bool": {"should": {"match_all": {}}, "minimum_should_match": "100%", "boost": 2}},
         Bool(should=(MatchAll(),), minimum=1, boost=2.0)),
        ({"query_string": {"query": "x", "fields": ["a^3"], "boost": 2, "lenient": True}},
         Words((("a", 3.0),), ("x",), 2.0)),
        ({"query_string": {"query": "x", "default_field": "a"}}, word("x")),
        ({"query_string": {"query": "x"}}, Words((), ("x",))),
        ({"query_string": {"query": "x", "fields": ["*"]}}, Words((), ("x",))),
        ({"query_string": {"query": "**", "fields": ["a", "nft.owner"]}}, MatchAll()),
    ],
)  # fmt: skip
def test_clauses(clause: dict[str, Any], expected: Node) -> None:
    assert parse_clause(clause, Budget()) == expected


@pytest.mark.parametrize(
    "clause",
    [
        None, [], "x", {}, {"a": 1, "b": 2}, {"fuzzy": {"a": "b"}}, {"nested": {}}, {"script": {}},
        {"bool": []}, {"bool": {"musst": []}}, {"bool": {"must": [1]}}, {"bool": {"must": {}}},
        {"bool": {"boost": "x"}}, {"bool": {"boost": -1}}, {"bool": {"boost": True}},
        {"term": {}}, {"term": {"a": None}}, {"term": {"a": []}}, {"term": {"a": {"value": {}}}},
        {"term": {"a*": 1}}, {"term": {"": 1}}, {"term": {"a": 1, "b": 2}}, {"term": {"a": {"x": 1}}},
        {"terms": {"a": "x"}}, {"terms": {"a": [[]]}}, {"terms": {"a": {"index": "b"}}},
        {"terms": {"a": ["x"] * 10_001}}, {"match": {"a": {"query": "x", "fuzziness": 2}}},
        {"match": {"a": {"query": "x", "operator": "xor"}}},
        {"match_phrase": {"a": {"query": "x", "slop": -1}}},
        {"range": {"a": {"gte": 1, "lt": "x"}}}, {"range": {"a": {"gte": "now-1d"}}},
        {"range": {"a": {"gte": "2020-01-01||/d"}}}, {"range": {"a": {"gte": True}}}, {"range": {"a": 5}},
        {"range": {"a": {"gte": 10**400}}}, {"range": {"a": {"gte": "1e999"}}}, {"range": {"a": {"from": 1}}},
        {"exists": {}}, {"exists": {"field": 5}}, {"ids": {"values": "x"}}, {"prefix": {"a": None}},
        {"wildcard": {"a": "x" * 300}}, {"constant_score": {}}, {"match_all": []},
        {"query_string": {}}, {"query_string": {"query": []}},
        {"query_string": {"query": "x", "fields": "a"}}, {"query_string": {"query": "x", "fields": ["a.*"]}},
        {"query_string": {"query": "x", "fields": ["a^b"]}}, {"query_string": {"query": "x", "type": "z"}},
        {"query_string": {"query": "x", "phrase_slop": "2"}},
        {"query_string": {"query": "x", "time_zone": "z"}},
        {"query_string": {"query": "x", "minimum_should_match": "x"}},
        {"query_string": {"query": "x " * (MAX_CLAUSES + 1), "default_field": "a"}},
    ],
)  # fmt: skip
def test_clauses_refused(clause: Any) -> None:
    with pytest.raises(UnsupportedQuery) as caught:
        parse_clause(clause, Budget())
    assert caught.value.reason


def test_depth_and_number_of_clauses_are_bounded() -> None:
    clause: dict[str, Any] = {"match_all": {}}
    for _ in range(40):
        clause = {"bool": {"must": [clause]}}
    with pytest.raises(UnsupportedQuery, match="deeply"):
        parse_clause(clause, Budget())
    with pytest.raises(UnsupportedQuery, match="more than"):
        parse_clause({"bool": {"should": [{"match_all": {}}] * (MAX_CLAUSES + 1)}}, Budget())


def test_search_bodies() -> None:
    assert parse_search({}) == Search()
    assert parse_search({"from": None, "size": 21.0, "query": None, "sort": None}) == Search(size=21)
    assert parse_search({"index": "aquarius", "track_total_hits": True, "_source": True}) == Search()
    found = parse_search(
        {
            "from": 2,
            "sort": [{"_score": "desc"}, {"a.keyword": {"order": "asc"}}, "b", "c:desc", "_score", None],
            "aggs": {
                "t": {"terms": {"field": "a.keyword", "order": [{"s": "asc"}, {"_term": "desc"}]},
                      "aggs": {"s": {"sum": {"field": "b"}}}},
                "m": {"max": {"field": "b"}},
                "none": None,
            },
        }
    )  # fmt: skip
    assert found.start == 2
    assert found.sort == (
        SortKey(None, True), SortKey("a", False), SortKey("b", False), SortKey("c", True),
        SortKey(None, True),
    )  # fmt: skip
    assert found.aggregations == (
        ("t", Terms("a", 10, (("s", False), ("_key", True)), (("s", Metric("sum", "b")),))),
        ("m", Metric("max", "b")),
    )
    assert found.scored
    assert not parse_search({"sort": {"a": "asc"}}).scored


@pytest.mark.parametrize(
    "body",
    [
        {"script_fields": {}}, {"index": "x"}, {"_source": ["a"]}, {"_source": False}, {"size": True},
        {"size": -1},
        {"size": 1.5}, {"from": 10_001}, {"from": 9_000, "size": 1_001}, {"sort": 5}, {"sort": {"a": "up"}},
        {"sort": {"a": {"order": "asc", "mode": "max"}}}, {"sort": {"a": {"missing": "_first"}}},
        {"sort": {"_script": {}}}, {"sort": {"_id": "asc"}}, {"sort": ["a"] * 9}, {"sort": {"": "asc"}},
        {"aggs": []}, {"aggs": {"a": []}}, {"aggs": {"a": {}}}, {"aggs": {"a": {"sum": {}}}},
        {"aggs": {"a": {"sum": {"field": "b"}, "max": {"field": "b"}}}},
        {"aggs": {"": {"sum": {"field": "b"}}}},
        {"aggs": {"a[b]": {"sum": {"field": "b"}}}}, {"aggs": {"a": {"sum": {"script": "b"}}}},
        {"aggs": {"a": {"sum": {"field": "b"}, "aggs": {"c": {"sum": {"field": "b"}}}}}},
        {"aggs": {"a": {"terms": {"field": "b"}, "aggs": {"c": {"terms": {"field": "b"}}}}}},
        {"aggs": {"a": {"terms": {"field": "b", "size": 0}}}},
        {"aggs": {"a": {"terms": {"field": "b", "size": 9999}}}},
        {"aggs": {"a": {"terms": {"field": "b", "order": {"x": "asc"}}}}},
        {"aggs": {"a": {"terms": {"field": "b", "order": {"_key": "up"}}}}},
        {"aggs": {"a": {"terms": {"field": "b", "order": ["_key"]}}}},
        {"aggs": {"a": {"terms": {"field": "b", "min_doc_count": 0}}}},
        {"aggs": {"a": {"date_histogram": {"field": "b"}}}},
        {"aggs": {str(number): {"sum": {"field": "b"}} for number in range(17)}},
    ],
)  # fmt: skip
def test_search_bodies_refused(body: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedQuery):
        parse_search(body)


NAMES = st.sampled_from(
    [
        "bool", "must", "should", "filter", "must_not", "minimum_should_match", "term", "terms", "match",
        "match_phrase", "multi_match", "match_all", "query_string", "query", "fields", "range", "gte",
        "exists",
        "field", "ids", "values", "prefix", "wildcard", "constant_score", "boost", "slop", "a", "a.keyword",
        "_id",
        "_index", "from", "size", "sort", "aggs", "sum", "order", "default_operator", "type", "phrase_slop",
    ]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | NAMES
SPECS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=15,
)


def assert_own_errors_only(parse: Callable[[], object]) -> None:
    reason = "fine"
    try:
        parse()
    except UnsupportedQuery as error:
        reason = error.reason
    assert reason.isprintable()


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(NAMES, SPECS, max_size=4))
def test_no_body_makes_the_parser_fail(body: dict[str, Any]) -> None:
    for query in (body, {"query": body}, {"query": {"bool": body}}, {"aggs": body}, {"sort": body}):
        assert_own_errors_only(lambda query=query: parse_search(query))


TEXTS = st.text(max_size=40) | st.text(alphabet='ab *?"\\()+-!&|:^~[]{}/ANDORT1.', max_size=40)


@settings(max_examples=800, deadline=None)
@given(text=TEXTS, every=st.booleans(), minimum=st.none() | st.text(alphabet="0123456789<%- ", max_size=8))
def test_no_text_makes_query_string_fail(text: str, every: bool, minimum: str | None) -> None:
    assert_own_errors_only(lambda: string(text, every=every, minimum=minimum))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30))
def test_escaped_text_is_always_accepted(text: str) -> None:
    escaped = "".join(f"\\{character}" if not character.isalnum() else character for character in text)
    string(escaped)
    string(f"*{escaped}*", every=True)
