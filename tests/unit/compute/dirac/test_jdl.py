"""DIRAC's job description language: what is read, where a mistake is, and that writing is the inverse."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.web.strict_json import Json, NumberText
from services.compute.dialects.dirac.limits import MAX_DEPTH, MAX_MANIFEST
from services.compute.dialects.dirac.manifest.jdl import read_jdl, write_jdl
from services.compute.dialects.dirac.manifest.problems import BadManifest

pytestmark = pytest.mark.clause("dirac 2.13", "dirac 5.4")

SAMPLE = """
# a comment
[
  Executable = "/bin/echo";   // another one
  Arguments = "Hello [World] {x}; \\"quoted\\" # no comment // neither";
  Site = { "A.b.c", LCG.CERN.ch };
  CPUTime = 1000;
  Nested = [ Deep = { [ a = 1 ], { } }; ];
  Bare = some words here ;
  Empty = ;
  List = {};
]
"""


def test_all_that_the_language_has() -> None:
    found = read_jdl(SAMPLE).document
    assert found == {
        "Executable": "/bin/echo",
        "Arguments": 'Hello [World] {x}; "quoted" # no comment // neither',
        "Site": ["A.b.c", "LCG.CERN.ch"],
        "CPUTime": "1000",
        "Nested": {"Deep": [{"a": "1"}, []]},
        "Bare": "some words here",
        "Empty": "",
        "List": [],
    }
    assert isinstance(found["CPUTime"], NumberText)


@pytest.mark.parametrize(
    "text",
    [
        'Executable = "a";\nArguments = "b";',
        '[ Executable = "a"; Arguments = "b" ]',
        '\n[Executable="a";Arguments="b";];\n',
        '# c\nExecutable = "a"; # d\n// e\nArguments = "b"; // f',
        "Executable = a; Arguments = b",
        "Executable=a\n;;Arguments=b;;",
        "'Executable' = a; Arguments = b;",
    ],
)
def test_with_and_without_brackets(text: str) -> None:
    assert read_jdl(text).document == {"Executable": "a", "Arguments": "b"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"a\\\\b"', "a\\b"),
        (r'"a\nb"', r"a\nb"),
        ('"two\nlines"', "two\nlines"),
        ('"]"', "]"),
        ('"["', "["),
        ('"}"', "}"),
        ('"a;b"', "a;b"),
        ('""', ""),
        ("LFN:/vo/a//b", "LFN:/vo/a//b"),
        ("a, b", "a, b"),
        ('other.CE == "x" && 1 < 2', 'other.CE == "x" && 1 < 2'),
        ("true", "true"),
        ("007", "007"),
        ("-1.5e3", NumberText("-1.5e3")),
        ('{"a,b", c d, 3}', ["a,b", "c d", NumberText("3")]),
        ('{"a",}', ["a"]),
        ("{{1},{2}}", [["1"], ["2"]]),
        ("[x = [y = z]]", {"x": {"y": "z"}}),
    ],
)
def test_values(written: str, value: Any) -> None:
    found = read_jdl(f"X = {written};").document["X"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("Executable", 1, 11),
        ('Executable =\n "a"\nArguments = b', 3, 1),
        ('A = "x', 1, 5),
        ("A = {a", 1, 7),
        ("A = {a;}", 1, 7),
        ("A = {,}", 1, 6),
        ("[ A = 1", 1, 8),
        ("[ A = 1 ] B = 2", 1, 11),
        ("A = 1; A = 2;", 1, 8),
        ("= 1", 1, 1),
        ("A = }", 1, 5),
        ("A == 1; ]", 1, 9),
        ("\n\n  {", 3, 3),
        ("'" + "a" * 300 + "' = 1", 1, 1),
        ("A = 1; 'b", 1, 8),
    ],
)
def test_where_the_mistake_is(text: str, line: int, column: int) -> None:
    with pytest.raises(BadManifest) as caught:
        read_jdl(text, "/3")
    ((place, sentence),) = caught.value.problems
    assert place == "/3"
    assert f"line {line}, column {column}." in sentence


@pytest.mark.parametrize("text", ["A = \0;", "A = \ud800;", "x" * (MAX_MANIFEST + 1)])
def test_what_no_manifest_may_hold(text: str) -> None:
    with pytest.raises(BadManifest):
        read_jdl(text)


def test_depth_is_bounded() -> None:
    deepest = MAX_DEPTH - 1
    read_jdl("A = " + "{" * deepest + "}" * deepest)
    for opened in ("{", "[a="):
        with pytest.raises(BadManifest, match="nested"):
            read_jdl("A = " + opened * 100_000)


@pytest.mark.parametrize(
    "hostile",
    [
        lambda size: "[" * size,
        lambda size: '"' * size,
        lambda size: "A = " + '"\\' * (size // 3),
        lambda size: "A = " + '"a"' * (size // 4),
        lambda size: "A = {" + "a," * (size // 3),
        lambda size: "A=1;" * (size // 5),
        lambda size: "#" * size,
        lambda size: "#\n" * (size // 2),
        lambda size: " " * size,
        lambda size: "A = " + "b " * (size // 3) + '"',
        lambda size: "A = '" + "\\" * (size - 10),
        lambda size: "'" + "\\'" * (size // 2 - 5),
        lambda size: "/" * size,
        lambda size: "A = " + 'x"y"' * (size // 5) + '"',
    ],
)
def test_hostile_text_costs_no_more_than_its_length(hostile: Callable[[int], str]) -> None:
    """What grows with the square of it would cost 64 times as much for a text that is 8 times as long."""
    short, long = cost(hostile(MAX_MANIFEST // 8)), cost(hostile(MAX_MANIFEST))
    assert long < 30 * max(short, 0.005)


def cost(text: str) -> float:
    began = time.process_time()
    with contextlib.suppress(BadManifest):
        read_jdl(text)
    return time.process_time() - began


NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20).map(lambda number: NumberText(number)),
    st.decimals(-1000, 1000, places=3, allow_nan=False).map(lambda number: NumberText(format(number, "f"))),
)
TEXTS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=30)
NAMES = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=30)
VALUES = st.recursive(
    NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_what_is_written_is_read_again(document: dict[str, Json]) -> None:
    assert read_jdl(write_jdl(document)).document == document


def test_what_jdl_has_no_word_for() -> None:
    written = write_jdl({"a": None, "b": True, "c": [None, "x"], "d": {"e": None}})
    assert read_jdl(written).document == {"b": "true", "c": ["x"], "d": {}}


@given(st.text(st.sampled_from("[]{}\";=,#/\\'a1 \n"), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(BadManifest):
        found = read_jdl(text).document
        assert read_jdl(write_jdl(found)).document == found
