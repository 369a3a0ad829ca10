"""What is wrong with inputs: where they lie, what they name, and how they stand in each other's way."""

from typing import Any

import pytest

from services.compute.domain import input_check
from services.compute.domain.input_check import MAX_LABEL, MAX_URL, inputs_problems, lfn_problem, url_problem
from services.compute.domain.spec import Input, Source

FOLDERS = ("/w", "/w/deep", "/shown")
UID = "ab" * 16


def given(path: str = "/w/a", value: str = "x", source: Source = Source.INLINE, **more: Any) -> Input:
    return Input(source=source, path=path, value=value, **more)


def problems(*inputs: Input) -> list[tuple[str, str]]:
    return list(inputs_problems(inputs, FOLDERS, {"/shown"}))


GRANT, SANDBOX = "This is no grant.", "A sandbox's name has letters, digits, `.`, `_` and `-`."
OBJECT = "A stored object is named `owner:<subject>/<name>` or `group:<group>/<name>`."
OUTPUT = "An output is named `<job uid>/<path>`."
LFN = "A file of the catalogue is named by its whole path: /<vo>/..., without empty parts and dots."
SCHEME = "Only http and https URLs are fetched."
SHAPE = f"A URL has {MAX_URL} characters at most, no spaces and no control characters."


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (Source.INLINE, ""),
        (Source.INLINE, "\0ü"),
        (Source.GRANT, "h-_.~"),
        (Source.SANDBOX, "a.tgz"),
        (Source.OBJECT, "owner:person%3Aalice/a/b"),
        (Source.OUTPUT, f"{UID}/a/b"),
        (Source.URL, "https://h.example:8443/u?x=y#z"),
        (Source.LFN, "/vo/d/f"),
    ],
)
def test_good_ones(source: Source, value: str) -> None:
    assert problems(given(value=value, source=source)) == []


@pytest.mark.parametrize(
    ("source", "value", "told"),
    [
        (Source.INLINE, "\ud800", "It is not valid Unicode."),
        (Source.GRANT, "", GRANT),
        (Source.GRANT, "a/b", GRANT),
        (Source.GRANT, "x" * 513, GRANT),
        (Source.SANDBOX, "../a", SANDBOX),
        (Source.SANDBOX, "", SANDBOX),
        (Source.OBJECT, "a", OBJECT),
        (Source.OBJECT, "nobody:a/b", OBJECT),
        (Source.OBJECT, "owner:a/../b", OBJECT),
        (Source.OBJECT, "owner:a:b/c", OBJECT),
        (Source.OUTPUT, "a", OUTPUT),
        (Source.OUTPUT, f"{UID}/", OUTPUT),
        (Source.OUTPUT, f"{UID}/../a", OUTPUT),
        (Source.OUTPUT, f"{'1' * 32}/a", OUTPUT),
        (Source.URL, "ftp://h/a", SCHEME),
        (Source.URL, "file:///etc/passwd", SCHEME),
        (Source.URL, "http:///a", SCHEME),
        (Source.URL, "", SCHEME),
        (Source.URL, "http://[::1/", "This is no URL."),
        (Source.URL, "http://me:pw@h/", "A URL must not hold a user name or password."),
        (Source.URL, "http://h/a b", SHAPE),
        (Source.URL, "http://h/\x7f", SHAPE),
        (Source.URL, "http://h/" + "x" * MAX_URL, SHAPE),
        (Source.LFN, "vo/f", LFN),
        (Source.LFN, "/vo//f", LFN),
        (Source.LFN, "/", LFN),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_a_value_is_held_to_its_source(source: Source, value: str, told: str) -> None:
    assert problems(given(value=value, source=source)) == [("/inputs/0/value", told)]
    if source is Source.URL:
        assert url_problem(value) == told
    if source is Source.LFN:
        assert lfn_problem(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("aGk=", None),
        ("", None),
        ("aGk", "It is not base64."),
        ("aGk=\n", "It is not base64."),
        ("ü===", "It is not base64."),
    ],
)
def test_what_says_that_it_is_base64(value: str, told: str | None) -> None:
    assert problems(given(value=value, encoded=True)) == ([("/inputs/0/value", told)] if told else [])


IN_FOLDER = "An input lies in one of the job's folders."
PATH = "A path has no empty part, no `.` or `..`, no control character, and no / at the end."


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("a", "A path inside the job starts with /."),
        ("/w/../etc/passwd", PATH),
        ("/w/a/", PATH),
        ("/w", IN_FOLDER),
        ("/x/a", IN_FOLDER),
        ("/wide/a", IN_FOLDER),
        ("/shown/a", "This folder shows another one: put the input there."),
    ],
)
def test_where_one_may_lie(path: str, told: str) -> None:
    assert problems(given(path)) == [("/inputs/0/path", told)]


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        (["/w/a", "/w/b"], []),
        (["/w/a", "/w/a"], [("/inputs/1/path", "Another input has this path.")]),
        (["/w/a", "/w/a/b"], [("/inputs/0/path", "This is a folder, of the job or of another input.")]),
        (["/w/a/b", "/w/a"], [("/inputs/1/path", "This is a folder, of the job or of another input.")]),
        (["/w/deep"], [("/inputs/0/path", "This is a folder, of the job or of another input.")]),
    ],
    ids=range(5),
)
def test_no_two_are_in_each_others_way(paths: list[str], told: list[tuple[str, str]]) -> None:
    assert problems(*map(given, paths)) == told


def test_pins_and_labels() -> None:
    odd = given(sha256="A" * 64, label="a\n", group="x" * (MAX_LABEL + 1))
    assert problems(given(path="/w/b", sha256="a" * 64, label="ü", group="did:op:1"), odd) == [
        ("/inputs/1/sha256", "64 lower-case hex digits."),
        ("/inputs/1/label", f"At most {MAX_LABEL} characters that can be printed."),
        ("/inputs/1/group", f"At most {MAX_LABEL} characters that can be printed."),
    ]


def test_there_are_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_check, "MAX_INPUTS", 2)
    assert problems(given("/w/a"), given("/w/b")) == []
    assert problems(*[given("nowhere")] * 3) == [("/inputs", "A job has 2 inputs at most.")]


def test_what_stands_in_the_spec_itself_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_check, "MAX_INLINE", 4)
    other = given("/w/c", "https://h.example/long", Source.URL)
    assert problems(given("/w/a", "xx"), given("/w/b", "xx"), other) == []
    told = "Inputs in the spec itself have 4 characters at most: upload a sandbox."
    assert problems(given("/w/a", "xx"), given("/w/b", "xxx")) == [("/inputs", told)]
