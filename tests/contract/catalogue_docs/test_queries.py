"""docs/catalogue-queries.md: every example is run, and finds what the page says."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from libs.signing.keys import PrivateKey
from libs.sql.engine import Database
from libs.web.settings import Secret
from services.catalogue.adapters.store_sql.index import SqlIndex
from services.catalogue.domain.query import build, query_string, search
from services.catalogue.domain.query.errors import SUPPORTED, UnsupportedQuery
from services.catalogue.settings import Settings
from services.catalogue.usecases.search import MAX_QUERY_BYTES, SearchAssets
from services.catalogue.wiring import build as build_deps
from tests.fakes.catalogue_assets import market

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "catalogue-queries.md").read_text()
EXAMPLE = re.compile(r"^```json\n(?P<body>.*?)^```\n(?P<outcome>→ [^\n]+)?", re.MULTILINE | re.DOTALL)
NAMES = {asset.did: nickname for nickname, asset in market().items()}


@dataclass(frozen=True, slots=True)
class Example:
    body: str
    outcome: str

    @property
    def query(self) -> dict[str, Any]:
        query: dict[str, Any] = json.loads(self.body)
        return query


EXAMPLES = [Example(found["body"], found["outcome"] or "") for found in EXAMPLE.finditer(PAGE)]
REFUSED = [example for example in EXAMPLES if example.outcome.startswith("→ 400 ")]
COUNTED = [example for example in EXAMPLES if example.outcome.startswith("→ {")]
FINDING = [example for example in EXAMPLES if example not in REFUSED + COUNTED]


def shown(example: Example) -> str:
    return " ".join(example.body.split())[:60]


@pytest.fixture(scope="module")
def search_assets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchAssets]:
    url = f"sqlite:///{tmp_path_factory.mktemp('docs')}/market.db"
    key = PrivateKey("0x" + "42" * 32)
    deps = build_deps(Settings(database_url=Secret(url), key=key, public_url="/", log_level="INFO"))
    database = Database.open(url)
    with SqlIndex(database).unit() as unit:
        for asset in market().values():
            unit.put_asset(asset)
    database.dispose()
    yield deps.usecases.search
    deps.close()


def answer(search_assets: SearchAssets, example: Example) -> dict[str, Any]:
    found = search_assets(example.body.encode())
    return dict(json.loads(found if isinstance(found, bytes) else b"".join(found)))


def test_every_example_says_what_comes_of_it() -> None:
    assert len(FINDING) > 15
    assert len(REFUSED) >= 3
    assert COUNTED
    assert [shown(example) for example in EXAMPLES if not example.outcome] == []


@pytest.mark.parametrize("example", FINDING, ids=shown)
def test_the_example_finds_what_the_page_says(search_assets: SearchAssets, example: Example) -> None:
    promised = [] if example.outcome == "→ nothing" else example.outcome.removeprefix("→ ").split(", ")
    hits = [NAMES[hit["_id"]] for hit in answer(search_assets, example)["hits"]["hits"]]
    assert sorted(hits) == sorted(promised)
    if "sort" in example.query:
        assert hits == promised


@pytest.mark.parametrize("example", COUNTED, ids=shown)
def test_the_example_counts_what_the_page_says(search_assets: SearchAssets, example: Example) -> None:
    assert answer(search_assets, example)["aggregations"] == json.loads(example.outcome.removeprefix("→ "))


@pytest.mark.parametrize("example", REFUSED, ids=shown)
def test_the_example_is_refused_as_the_page_says(search_assets: SearchAssets, example: Example) -> None:
    with pytest.raises(UnsupportedQuery) as refused:
        answer(search_assets, example)
    assert refused.value.reason.startswith(example.outcome.removeprefix("→ 400 "))


def test_every_kind_of_query_and_metric_is_on_the_page() -> None:
    prose = {"Supported", "the", "queries", "and", "aggregations", "with", "metrics", "inside"}
    offered = set(re.findall(r"[A-Za-z_]+", SUPPORTED)) - prose
    assert {"bool", "query_string", "constant_score", "terms", *search.METRICS} <= offered
    named = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`\n]+`", PAGE)))) | {"query"}
    assert offered - named == set()


def test_the_limits_on_the_page_are_the_codes() -> None:
    limits = PAGE.partition("## Limits")[2]
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|$", limits, re.MULTILINE))
    assert rows["body"] == f"{MAX_QUERY_BYTES // 1024} KiB"
    assert rows["clauses and words in one query"] == f"{build.MAX_CLAUSES:,}"
    assert rows["values in `terms` and `ids`"] == f"{build.MAX_VALUES:,}"
    assert rows["nesting"] == f"{build.MAX_DEPTH}"
    texts = f"{query_string.MAX_TEXT:,} and {build.MAX_PATTERN} characters"
    assert rows["text of `query_string`, of a wildcard"] == texts
    assert rows["buckets of `terms`"] == f"{search.MAX_BUCKETS:,}"
    assert f"together at most {search.WINDOW:,}" in PAGE
