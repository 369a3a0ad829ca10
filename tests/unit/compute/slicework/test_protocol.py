"""What comes out of a sandbox is whatever somebody wrote there."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.compute.domain.slices import Piece, SliceState
from services.compute.slicework import protocol
from services.compute.slicework.protocol import Begun, End, Over, batch_of, failure, told

pytestmark = pytest.mark.clause("dcp 5.5")


def over(line: str | bytes) -> Over:
    said = told(line if isinstance(line, bytes) else line.encode())
    assert isinstance(said, Over)
    return said


def test_what_the_programs_say() -> None:
    assert told(b'{"begin":3}') == Begun(3)
    assert told(b'{"end":true}') == End()
    result = over('{"t":2,"n":5,"c":0.25,"v":[1,null],"o":"NaN","l":[["warn","hm",12.5]]}')
    assert (result.result.number, result.result.state, result.result.body) == (5, SliceState.DONE, "[1,null]")
    assert (result.result.note, result.result.cpu_seconds, result.result.tries) == ("NaN", 0.25, 2)
    assert [(line.number, line.level, line.text, line.at) for line in result.lines] == [
        (5, "warn", "hm", 12.5)
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"nothing",
        b"[]",
        b"5",
        b"{}",
        b'{"n":1}',
        b'{"n":0,"v":1}',
        b'{"n":-1,"v":1}',
        b'{"n":true,"v":1}',
        b'{"n":"1","v":1}',
        b'{"n":1.0,"v":1}',
        b'{"n":99999999999999999999,"v":1}',
        b'{"n":1,"v":NaN}',
        b'{"n":1,"v":-Infinity}',
        b'{"n":1,"v":1e999}',
        b'{"n":1,"v":1,"e":{}}',
        b'{"n":1,"e":"text"}',
        b'{"n":1,"v":' + b"9" * 5000 + b"}",
        b'{"n":1,"v":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"n":1,"v":"\xff"}',
        b'{"begin":"x"}',
        b'{"begin":[]}',
        b'{"end":1}',
        b'{"n":1,"v":1',
    ],
    ids=lambda line: line[:24].decode("latin-1"),
)
def test_what_says_nothing(line: bytes) -> None:
    assert told(line) is None


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_nothing_breaks_it(line: bytes) -> None:
    told(line)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.sampled_from(["n", "v", "e", "c", "t", "o", "l", "begin", "end"])


@given(st.dictionaries(FIELDS, JSON | st.integers(1, 5)))
def test_whatever_is_told_can_be_kept(document: dict[str, object]) -> None:
    said = told(json.dumps(document).encode())
    if not isinstance(said, Over):
        return
    result = said.result
    assert result.body.isascii()
    assert json.loads(result.body, parse_constant=pytest.fail) == json.loads(result.body)
    assert 0 <= result.cpu_seconds <= protocol.MOST_CPU
    assert 1 <= result.tries <= protocol.MOST_TRIES
    assert result.note in {"", *protocol.NOTES}
    for line in said.lines:
        assert line.level in protocol.LEVELS
        assert "\x00" not in line.text
        line.text.encode()


def test_errors_are_of_one_shape_and_bounded() -> None:
    error = {"code": "ROOT", "name": 5, "message": "m" * 10_000, "stack": "s\x00\ud800" * 10_000, "more": 1}
    body = json.loads(over(json.dumps({"n": 1, "e": error})).result.body)
    assert sorted(body) == ["code", "message", "name", "stack"]
    assert (body["code"], body["name"], len(body["message"])) == ("EUNCAUGHT", "", protocol.MOST_MESSAGE)
    assert len(body["stack"]) == protocol.MOST_STACK
    assert body["stack"][:3] == "s�?"


def test_lines_are_bounded_and_clean() -> None:
    lines = [
        ["shout", "a\x00b", -5],
        "none",
        ["log"],
        ["log", 5, 1],
        ["log", "x" * 20_000, 1e300],
        ["log", "y", 1],
    ]
    found = over(json.dumps({"n": 1, "v": None, "l": lines})).lines
    assert [(line.level, line.at) for line in found] == [("log", 0.0), ("log", 253_402_300_799.0)]
    assert found[0].text == "a�b"
    assert sum(len(line.text) for line in found) < protocol.MOST_STACK


def test_a_batch_is_a_line_for_each() -> None:
    pieces = [Piece(1, '{\n "a":\r\n 1}'), Piece(2, '"\\n\u2028"'), Piece(17, "null")]
    lines = batch_of(pieces).decode().split("\n")
    assert [json.loads(line) for line in lines[:-1]] == [[1, {"a": 1}], [2, "\n\u2028"], [17, None]]
    assert lines[-1] == ""


def test_a_failure_is_bounded() -> None:
    body = json.loads(failure(3, "EFETCH", "x" * 5000, 2).body)
    assert (body["code"], len(body["message"])) == ("EFETCH", protocol.MOST_MESSAGE)
