"""Golden exchanges: the queries that the market builds (contract 2.2), on both databases."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from services.catalogue.domain.facts import AssetRecord
from tests.fakes.catalogue_assets import ALICE, BOB

pytestmark = pytest.mark.clause("ocean C2.2")

Ask = Callable[[Mapping[str, Any]], dict[str, Any]]
Found = Callable[[Mapping[str, Any]], list[str]]

FIELDS = [
    "id",
    "nft.owner",
    "datatokens.address",
    "datatokens.name",
    "datatokens.symbol",
    "metadata.name^10",
    "metadata.author",
    "metadata.description",
    "metadata.tags",
]


def wrapped(*terms: Any, query: Any = None, chains: tuple[int, ...] = (8996,), **rest: Any) -> dict[str, Any]:
    """What the market puts around every query of its own."""
    inner: dict[str, Any] = {
        "filter": [
            *terms,
            {"terms": {"chainId": list(chains)}},
            {"term": {"_index": "aquarius"}},
            {"term": {"purgatory.state": False}},
            {"bool": {"must_not": [{"term": {"nft.state": 5}}]}},
        ]
    }
    if query is not None:
        inner["must"] = [query]
    return {"from": 0, "size": 21, "query": {"bool": inner}, **rest}


def text_query(text: str) -> dict[str, Any]:
    """The market's text search; `text` has its reserved characters escaped already."""
    return {
        "bool": {
            "should": [
                {
                    "query_string": {
                        "query": " OR ".join(text.split()),
                        "fields": FIELDS,
                        "minimum_should_match": "2<75%",
                        "phrase_slop": 2,
                        "boost": 5,
                    }
                },
                {
                    "query_string": {
                        "query": f"{text.replace(' ', '')}*",
                        "fields": FIELDS,
                        "boost": 5,
                        "lenient": True,
                    }
                },
                {"match_phrase": {"content": {"query": text, "boost": 10}}},
                {"query_string": {"query": f"*{text}*", "fields": FIELDS, "default_operator": "AND"}},
            ]
        }
    }


def test_newest_first(found: Found) -> None:
    body = wrapped(sort={"nft.created": "desc"})
    assert found(body) == ["trainer", "rain", "music", "wind"]


def test_oldest_first(found: Found) -> None:
    assert found(wrapped(sort={"nft.created": "asc"})) == ["wind", "music", "rain", "trainer"]


def test_best_selling(found: Found) -> None:
    assert found(wrapped(sort={"stats.orders": "desc"})) == ["wind", "rain", "trainer", "music"]


@pytest.mark.parametrize(
    ("direction", "expected"),
    [("asc", ["music", "wind", "rain", "trainer"]), ("desc", ["rain", "wind", "music", "trainer"])],
)
def test_assets_without_a_price_come_last_in_both_directions(
    found: Found, direction: str, expected: list[str]
) -> None:
    assert found(wrapped(sort={"stats.price.value": direction})) == expected


def test_several_chains(found: Found) -> None:
    body = wrapped(chains=(137, 8996), sort={"stats.orders": "desc"})
    assert found(body) == ["wind", "rain", "elsewhere", "trainer", "music"]


def test_null_and_false_in_filter_lists_are_skipped(found: Found) -> None:
    body = wrapped(None, False, sort={"stats.orders": "desc"})
    assert found(body) == ["wind", "rain", "trainer", "music"]


def test_types_compare_with_lower_cased_words(found: Found) -> None:
    assert found(wrapped({"terms": {"metadata.type": ["algorithm"]}})) == ["trainer"]
    assert found(wrapped({"term": {"services.type": "compute"}})) == ["trainer"]
    assert found(wrapped({"term": {"metadata.type": "Algorithm"}})) == []


def test_keyword_fields_are_exact_and_case_sensitive(found: Found) -> None:
    assert found(wrapped({"terms": {"metadata.tags.keyword": ["Weather"]}}, sort={"nft.created": "asc"})) == [
        "wind",
        "rain",
        "trainer",
    ]
    assert found(wrapped({"terms": {"metadata.tags.keyword": ["weather"]}})) == []
    assert found(wrapped({"terms": {"metadata.tags.keyword": ["Arts & Culture"]}})) == ["music"]


def test_tags_as_words(found: Found) -> None:
    assert found(wrapped({"term": {"metadata.tags": "arts"}})) == ["music"]
    assert found(wrapped({"term": {"metadata.tags": "Arts & Culture"}})) == []


def test_owners(found: Found) -> None:
    lower = wrapped({"terms": {"nft.owner": [BOB.lower()]}}, sort={"nft.created": "asc"})
    assert found(lower) == ["music", "trainer"]
    exact = wrapped({"term": {"nft.owner.keyword": BOB}}, sort={"nft.created": "asc"})
    assert found(exact) == ["music", "trainer"]
    assert found(wrapped({"term": {"nft.owner": BOB}})) == []


def test_datatokens_by_lower_cased_address(found: Found, assets: dict[str, AssetRecord]) -> None:
    body = wrapped({"terms": {"services.datatokenAddress": list(assets["rain"].datatokens)}})
    assert found(body) == ["rain"]


def test_dids(found: Found, assets: dict[str, AssetRecord]) -> None:
    wanted = [assets["music"].did, assets["rain"].did, "did:op:unknown"]
    body = wrapped({"terms": {"_id": wanted}}, sort={"nft.created": "asc"})
    assert found(body) == ["music", "rain"]
    assert found({"query": {"ids": {"values": wanted}}, "sort": {"nft.created": "asc"}}) == ["music", "rain"]
    assert found({"query": {"term": {"id": assets["rain"].did}}}) == ["rain"]


def test_states_and_excluded_nfts(found: Found, assets: dict[str, AssetRecord]) -> None:
    nft = assets["wind"].document["nftAddress"]
    body = wrapped(
        {"terms": {"nft.state": [0, 4, 5]}},
        {"bool": {"must_not": [{"terms": {"nftAddress.keyword": [nft]}}]}},
        sort={"stats.orders": "desc"},
    )
    assert found(body) == ["rain", "trainer", "music"]


def test_unlisted_assets_are_found_when_asked_for(found: Found) -> None:
    assert found({"query": {"term": {"nft.state": 5}}}) == ["unlisted"]


def test_revoked_assets_keep_their_short_form_in_the_index(ask: Ask) -> None:
    hits = ask({"query": {"term": {"nft.state": 3}}})["hits"]["hits"]
    assert set(hits[0]["_source"]) == {"event", "nft", "datatokens", "stats"}


def test_text_search_ranks_names_over_descriptions(found: Found) -> None:
    hits = found(wrapped(query=text_query("rain"), sort={"_score": "desc"}))
    assert hits[0] == "rain"
    assert set(hits) == {"rain", "wind", "music", "trainer"}  # "Forecast trainer" has rain inside a word


def test_text_search_finds_parts_of_words(found: Found) -> None:
    assert found(wrapped(query=text_query("gaug"))) == ["rain"]
    assert found(wrapped(query=text_query("orecas"))) == ["trainer"]


def test_text_search_with_several_words(found: Found) -> None:
    hits = found(wrapped(query=text_query("rain gauges europe")))
    assert hits == ["rain"]


def test_text_search_for_a_did_and_for_its_hash(found: Found, assets: dict[str, AssetRecord]) -> None:
    did = assets["music"].did
    escaped = did.replace(":", "\\:")
    assert found(wrapped(query=text_query(escaped)))[0] == "music"
    assert found(wrapped(query=text_query(did.removeprefix("did:op:")))) == ["music"]


def test_text_search_for_an_owner(found: Found) -> None:
    hits = found(wrapped(query=text_query(BOB)))
    assert sorted(hits) == ["music", "trainer"]


@pytest.mark.parametrize("text", ["\\(rain\\)", "rain\\!", "\\[rain\\]", "rain\\?", "rain\\/wind", "\\*"])
def test_escaped_reserved_characters_are_text(found: Found, text: str) -> None:
    found(wrapped(query=text_query(text)))


def test_an_empty_text_finds_everything(found: Found) -> None:
    body = wrapped(query=text_query(""), sort={"nft.created": "desc"})
    assert found(body) == ["trainer", "rain", "music", "wind"]


def test_scores_are_given_only_when_they_decide(ask: Ask) -> None:
    scored = ask(wrapped(query=text_query("rain")))["hits"]
    assert all(hit["_score"] > 0 for hit in scored["hits"])
    assert scored["max_score"] == scored["hits"][0]["_score"]
    sorted_hits = ask(wrapped(query=text_query("rain"), sort={"nft.created": "desc"}))["hits"]
    assert all(hit["_score"] is None for hit in sorted_hits["hits"])
    assert [hit["sort"] for hit in sorted_hits["hits"]][-1] == ["2023-05-01T10:00:00Z"]


def test_pages(ask: Ask, found: Found) -> None:
    body = wrapped(sort={"nft.created": "desc"}) | {"from": 1, "size": 2}
    assert found(body) == ["rain", "music"]
    assert ask(body)["hits"]["total"]["value"] == 4
    assert found(body | {"from": 100}) == []


def test_top_tags_by_sales(ask: Ask) -> None:
    body = wrapped(
        aggs={
            "topTags": {
                "terms": {"field": "metadata.tags.keyword", "size": 20, "order": {"totalSales": "desc"}},
                "aggs": {"totalSales": {"sum": {"field": "stats.orders"}}},
            },
            "totalOrders": {"sum": {"field": "stats.orders"}},
        }
    ) | {"size": 0}
    answer = ask(body)
    assert answer["hits"]["hits"] == []
    assert answer["aggregations"]["totalOrders"] == {"value": 16.0}
    assert answer["aggregations"]["topTags"]["buckets"] == [
        {"key": "Weather", "doc_count": 3, "totalSales": {"value": 16.0}},
        {"key": "rain", "doc_count": 1, "totalSales": {"value": 5.0}},
        {"key": "ml", "doc_count": 1, "totalSales": {"value": 2.0}},
        {"key": "Arts & Culture", "doc_count": 1, "totalSales": {"value": 0.0}},
    ]


def test_top_publishers(ask: Ask) -> None:
    body = wrapped(
        aggs={
            "topPublishers": {
                "terms": {"field": "nft.owner.keyword", "size": 1, "order": {"totalSales": "desc"}},
                "aggs": {"totalSales": {"sum": {"field": "stats.orders"}}},
            }
        }
    )
    found = ask(body)["aggregations"]["topPublishers"]
    assert found["buckets"] == [{"key": ALICE, "doc_count": 2, "totalSales": {"value": 14.0}}]
    assert found["sum_other_doc_count"] == 2


def test_buckets_count_an_asset_once_and_numbers_have_buckets_too(ask: Ask) -> None:
    body = {
        "size": 0,
        "aggs": {
            "chains": {"terms": {"field": "chainId"}},
            "prices": {"avg": {"field": "stats.price.value"}},
            "known": {"value_count": {"field": "stats.price.value"}},
            "highest": {"max": {"field": "stats.orders"}},
            "lowest": {"min": {"field": "stats.nothing"}},
        },
    }
    answer = ask(body)["aggregations"]
    assert answer["chains"]["buckets"] == [{"key": 8996, "doc_count": 5}, {"key": 137, "doc_count": 1}]
    assert answer["prices"]["value"] == pytest.approx(3.5 / 3)
    assert answer["known"] == {"value": 3}
    assert answer["highest"] == {"value": 50.0}
    assert answer["lowest"] == {"value": None}


def test_totals_count_everything_and_hits_only_the_page(ask: Ask) -> None:
    answer = ask({"size": 2})
    assert answer["hits"]["total"] == {"value": 7, "relation": "eq"}
    assert len(answer["hits"]["hits"]) == 2


def test_equal_keys_are_ordered_by_did(ask: Ask) -> None:
    hits = ask({"query": {"match_all": {}}, "size": 100})["hits"]["hits"]
    assert [hit["_id"] for hit in hits] == sorted(hit["_id"] for hit in hits)


OTHERS = [
    ({"match": {"metadata.description": "hourly measurements"}},
     {"wind", "music", "trainer", "unlisted", "elsewhere"}),
    ({"match": {"metadata.description": {"query": "hourly wind", "operator": "and"}}}, {"wind"}),
    ({"match": {"metadata.author": "carol"}}, {"music"}),
    ({"match": {"nft.state": "3"}}, {"revoked"}),
    ({"match_phrase": {"metadata.name": "gauges of europe"}}, {"rain"}),
    ({"match_phrase": {"metadata.name": "europe of gauges"}}, set()),
    ({"match_phrase": {"metadata.name": {"query": "rain europe", "slop": 2}}}, {"rain"}),
    ({"match_phrase": {"metadata.name": {"query": "rain europe", "slop": 1}}}, set()),
    ({"match_phrase": {"metadata.tags": "Weather rain"}}, set()),
    ({"range": {"stats.price.value": {"gt": 0, "lte": 2.5}}}, {"rain", "wind"}),
    ({"range": {"stats.orders": {"gte": "9"}}}, {"wind", "unlisted"}),
    ({"range": {"nft.created": {"gte": "2023-05-03"}}}, {"rain", "trainer"}),
    ({"range": {"event.block": {"lt": 3}}}, {"rain", "wind"}),
    ({"exists": {"field": "metadata.tags"}}, {"rain", "wind", "music", "trainer", "unlisted", "elsewhere"}),
    ({"exists": {"field": "stats.price"}}, {"rain", "wind", "music"}),
    ({"bool": {"must_not": [{"exists": {"field": "metadata"}}]}}, {"revoked"}),
    ({"prefix": {"metadata.name": "gau"}}, {"rain"}),
    ({"prefix": {"metadata.name.keyword": "Rain "}}, {"rain", "elsewhere"}),
    ({"prefix": {"metadata.name.keyword": "rain "}}, set()),
    ({"wildcard": {"metadata.name.keyword": "*unlisted"}}, {"unlisted"}),
    ({"wildcard": {"metadata.name.keyword": "RAIN*"}}, set()),
    ({"wildcard": {"metadata.name": "spee?s"}}, {"wind"}),
    ({"query_string": {"query": "rain AND polygon"}}, {"elsewhere"}),
    ({"query_string": {"query": "metadata.name:rain -polygon", "default_operator": "AND"}},
     {"rain", "unlisted"}),
    ({"query_string": {"query": '"hourly wind"', "fields": ["metadata.description"]}}, {"wind"}),
    ({"query_string": {"query": "(music OR wind) AND charts", "fields": ["metadata.name"]}}, {"music"}),
    ({"query_string": {"query": "nft.state:3 OR metadata.type:algorithm"}}, {"revoked", "trainer"}),
    ({"multi_match": {"query": "carol", "fields": ["metadata.name", "metadata.author"]}}, {"music"}),
    ({"bool": {"should": [{"term": {"chainId": 137}}, {"term": {"nft.state": 3}}],
               "minimum_should_match": 1}}, {"elsewhere", "revoked"}),
    ({"bool": {"should": [{"term": {"metadata.tags": "weather"}}, {"term": {"metadata.tags": "rain"}}],
               "minimum_should_match": 2}}, {"rain"}),
    ({"bool": {"should": [{"term": {"metadata.tags": "weather"}}, {"term": {"metadata.tags": "ml"}},
                          {"term": {"chainId": 8996}}], "minimum_should_match": "67%"}},
     {"rain", "wind", "trainer", "unlisted"}),
    ({"constant_score": {"filter": {"term": {"chainId": 137}}}}, {"elsewhere"}),
    ({"match_none": {}}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("query", "expected"), OTHERS)
def test_each_kind_of_query(found: Found, query: dict[str, Any], expected: set[str]) -> None:
    assert set(found({"query": query, "size": 100})) == expected
    # The same without scores takes another way through SQL.
    assert set(found({"query": query, "size": 100, "sort": {"nft.created": "desc"}})) == expected
    assert set(found({"query": {"bool": {"filter": [query]}}, "size": 100})) == expected
