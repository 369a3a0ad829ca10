import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.domain.documents import (
    MAX_DEPTH,
    MAX_DOCUMENT_BYTES,
    UnreadableDocument,
    member_span,
    parse_object,
    revision_of,
    serialise,
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b"1", "not a JSON object"),
        (b'{"a":1} x', "not valid JSON"),
        (b'{"a":NaN}', "does not know"),
        (b'{"a":-Infinity}', "does not know"),
        (b'{"a":1e400}', "too large"),
        (b'{"a":' + b"1" * 5000 + b"}", "too long"),
        (b'{"a":1,"a":1}', "twice"),
        (b'{"b":[{"a":1,"a":1}]}', "twice"),
        (b'{"a":"\\u0000"}', "NUL"),
        (b'{"\\u0000":1}', "NUL"),
        (b'{"a":"\\ud800"}', "Unicode"),
        (b'{"a":"\xff"}', "UTF-8"),
        (b'\xef\xbb\xbf{"a":1}', "not valid JSON"),
        (b'{"a":"' + b"x" * MAX_DOCUMENT_BYTES + b'"}', "larger"),
        (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "nested"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested"),
        (b'{"' + b"k" * 600 + b'":1}', "keys"),
        (b'{"' + b"k" * 300 + b'":{"' + b"k" * 300 + b'":1}}', "keys"),
    ],
)
def test_refused(body: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason):
        parse_object(body)


def test_deep_json_is_refused_whatever_the_recursion_limit() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        with pytest.raises(UnreadableDocument, match="nested"):
            parse_object(b'{"a":' + b"[" * 500_000)
    finally:
        sys.setrecursionlimit(limit)


def test_brackets_in_texts_nest_nothing() -> None:
    text = '["{' * 200 + '\\"[' * 50
    assert parse_object(json.dumps({"a": text, "b": [[[1]]]}).encode()) == {"a": text, "b": [[[1]]]}


def test_the_greatest_depth_is_accepted() -> None:
    body = b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH
    assert parse_object(body)


CLEAN = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
KEYS = st.text(CLEAN, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(CLEAN),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)


@given(
    before=st.dictionaries(KEYS.filter(lambda key: key != "ddo"), VALUES, max_size=3),
    inner=VALUES,
    space=st.sampled_from(["", " ", "\n\t "]),
    ascii_only=st.booleans(),
    last=st.booleans(),
)
def test_the_span_of_a_member_is_its_very_bytes(
    before: dict[str, object], inner: object, space: str, ascii_only: bool, last: bool
) -> None:
    spelled = json.dumps(inner, ensure_ascii=ascii_only, indent=2 if space else None)
    members = [
        f"{space}{json.dumps(key)}{space}:{space}{json.dumps(value)}{space}" for key, value in before.items()
    ]
    mine = f'{space}"ddo"{space}:{space}{spelled}{space}'
    members = [*members, mine] if last else [mine, *members]
    body = (space + "{" + ",".join(members) + "}" + space).encode()
    parse_object(body)
    assert member_span(body, "ddo") == spelled.encode()


def test_a_member_that_is_not_there_has_no_span() -> None:
    for body in (b"{}", b" { } ", b'{"a":{"ddo":1}}'):
        assert member_span(body, "ddo") is None


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\u0d8a1 nulte', max_size=60).map(str.encode))
def test_nothing_but_its_own_error(body: bytes) -> None:
    try:
        document = parse_object(body)
    except UnreadableDocument:
        return
    assert parse_object(serialise(document)) == document


def test_serialise_keeps_order_and_has_one_spelling() -> None:
    document = {"b": 1, "a": ["ä", 1.5, None, True]}
    body = serialise(document)
    assert body == '{"b":1,"a":["ä",1.5,null,true]}'.encode()
    assert len(revision_of(body)) == 32
    assert serialise({"a": "\ud800"}) == b'{"a":"?"}'
