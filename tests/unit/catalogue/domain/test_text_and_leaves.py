from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.domain.leaves import (
    MAX_EXACT,
    MAX_LEAVES,
    MAX_OCCURRENCES,
    POSITION_GAP,
    Leaf,
    leaves,
    value_text,
    word_occurrences,
)
from services.catalogue.domain.text import MAX_WORD, occurrences, words

DID = "did:op:" + "1a" * 32


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ...!? ", []),
        ("Rain Gauges", ["rain", "gauges"]),
        ("data-set_v2 file.csv", ["data", "set_v2", "file.csv"]),
        ("o'neil's 1.5 1,000 v1.2", ["o'neil's", "1.5", "1,000", "v1.2"]),
        ("end. Next", ["end", "next"]),
        ("Arts & Culture", ["arts", "culture"]),
        ("ÄRGER straße", ["ärger", "straße"]),
        ("日本 data", ["日", "本", "data"]),
        ("abc日本def", ["abc", "日", "本", "def"]),
        ("https://a.example/x", ["https", "a.example", "x"]),
        (f"see {DID}.", ["see", DID]),
        ("0xAbC", ["0xabc"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_long_runs_are_cut() -> None:
    assert [len(word) for word in words("x" * 600)] == [MAX_WORD, MAX_WORD, 600 - 2 * MAX_WORD]


def test_the_hash_of_a_did_can_be_found_alone() -> None:
    assert list(occurrences(f"a {DID} b")) == [(0, "a"), (1, DID), (1, "1a" * 32), (2, "b")]


@given(st.text())
def test_words_are_stable(text: str) -> None:
    for word in words(text):
        assert 0 < len(word) <= MAX_WORD
        assert "\0" not in word
        assert word.encode()  # no half characters


def test_leaves() -> None:
    document = {
        "a": {"b": "text", "c": [1, 2.5, {"d": True}, None, [None]]},
        "long": "x" * (MAX_EXACT + 1),
        "nul": "a\0b",
        "half": "\ud800",
        "huge": 10**400,
    }
    assert leaves(document) == [
        Leaf("a.b", 0, "text", None),
        Leaf("a.c", 0, None, 1.0),
        Leaf("a.c", 1, None, 2.5),
        Leaf("a.c.d", 0, None, None),
        Leaf("long", 0, None, None),
        Leaf("nul", 0, None, None),
        Leaf("half", 0, None, None),
        Leaf("huge", 0, None, None),
    ]


def test_word_occurrences() -> None:
    document = {"t": ["red cat", "cat"], "n": 5, "f": 2.0, "b": False, "services": {"files": "0xabc"}}
    found = [(item.path, item.word, item.position) for item in word_occurrences(document)]
    assert found == [
        ("t", "red", 0),
        ("t", "cat", 1),
        ("t", "cat", 1 + POSITION_GAP),
        ("n", "5", 0),
        ("f", "2", 0),
        ("b", "false", 0),
    ]


def test_repeated_words_weigh_less_each_time_and_short_fields_more() -> None:
    once, twice, third = (item.weight for item in word_occurrences({"a": "w w w"}))
    assert once > twice > third > 0
    assert word_occurrences({"a": "w"})[0].weight > word_occurrences({"a": "w " + "x " * 50})[0].weight


def test_documents_cannot_flood_the_index() -> None:
    assert len(leaves({"a": list(range(10 * MAX_LEAVES))})) == MAX_LEAVES
    assert len(word_occurrences({"a": "w " * (2 * MAX_OCCURRENCES)})) == MAX_OCCURRENCES


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (5, "5"), (5.0, "5"), (5.5, "5.5"), ("5.0", "5.0"), (1e300, "1e+300")],
)
def test_value_text(value: Any, text: str) -> None:
    assert value_text(value) == text
