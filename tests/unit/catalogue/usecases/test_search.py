"""Answers are kept for as long as the index does not change, and within bounds."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from services.catalogue.domain.query.errors import UnsupportedQuery
from services.catalogue.domain.query.nodes import Search
from services.catalogue.ports import SearchResult
from services.catalogue.usecases.search import KEPT_ANSWERS, LARGEST_KEPT, LARGEST_KEPT_PAGE, SearchAssets


class CountingCatalogue:
    """Counts searches; its index is at the revision that the test sets."""

    def __init__(self) -> None:
        self.current = 1
        self.searches: list[Search] = []

    def revision(self) -> int:
        return self.current

    def search(self, search: Search) -> SearchResult:
        self.searches.append(search)
        return SearchResult(len(self.searches), None, iter(()), {})


def render(result: SearchResult) -> Iterator[bytes]:
    yield b"answer "
    yield str(result.total).encode()


@pytest.fixture
def catalogue() -> CountingCatalogue:
    return CountingCatalogue()


@pytest.fixture
def search(catalogue: CountingCatalogue) -> SearchAssets:
    return SearchAssets(catalogue, render)  # type: ignore[arg-type]


def body(**members: Any) -> bytes:
    return json.dumps(members).encode()


def test_a_question_is_worked_out_once_per_revision(
    search: SearchAssets, catalogue: CountingCatalogue
) -> None:
    assert [search(body()), search(body()), search(body(size=5))] == [b"answer 1", b"answer 1", b"answer 2"]
    catalogue.current = 2
    assert [search(body()), search(body())] == [b"answer 3", b"answer 3"]
    catalogue.current = 1  # another process reads an older snapshot: nothing is mixed up
    assert search(body()) == b"answer 4"
    catalogue.current = 2
    assert search(body()) == b"answer 3"


def test_long_pages_are_handed_through_and_not_kept(search: SearchAssets) -> None:
    long = body(size=LARGEST_KEPT_PAGE + 1)
    answer = search(long)
    assert not isinstance(answer, bytes)
    assert b"".join(answer) == b"answer 1"
    assert b"".join(search(long)) == b"answer 2"  # type: ignore[arg-type]


def test_the_number_and_size_of_kept_answers_is_bounded(catalogue: CountingCatalogue) -> None:
    def large(result: SearchResult) -> Iterator[bytes]:
        yield b"x" * (LARGEST_KEPT if len(catalogue.searches) == 1 else 300_000)

    search = SearchAssets(catalogue, large)  # type: ignore[arg-type]
    search(body())
    search(body())
    assert len(catalogue.searches) == 2  # the first answer was too large to keep
    for number in range(200):
        search(body(**{"from": number}))
    assert search._answers._bytes <= 32 * 1024 * 1024
    assert len(search._answers._kept) < 120


def test_the_least_recently_used_answer_goes_first(
    search: SearchAssets, catalogue: CountingCatalogue
) -> None:
    for number in range(KEPT_ANSWERS):
        search(body(**{"from": number}))
    search(body(**{"from": 0}))
    search(body(size=99))
    before = len(catalogue.searches)
    search(body(**{"from": 0}))
    assert len(catalogue.searches) == before
    search(body(**{"from": 1}))
    assert len(catalogue.searches) == before + 1


def test_refusals_are_not_kept(search: SearchAssets) -> None:
    query: Mapping[str, Any] = {"query": {"script": {}}}
    for _ in range(2):
        with pytest.raises(UnsupportedQuery):
            search(body(**query))
