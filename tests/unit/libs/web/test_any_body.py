"""Bodies whose encoding is decided by looking. Source: OpenPAI contract 2.1."""

import contextlib
import json
import time

import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st

from libs.web.any_body import EATEN, NEITHER, decode_body, read_any_body
from libs.web.params import BadParams, TooLarge

pytestmark = pytest.mark.clause("openpai 2.1")


def said(body: bytes) -> str:
    with pytest.raises(BadParams) as caught:
        decode_body(body)
    return caught.value.message


@pytest.mark.parametrize(
    ("body", "members"),
    [
        (b"", {}),
        (b" \r\n", {}),
        (b"username=u&password=p", {"username": "u", "password": "p"}),
        (b"a=1&a=2", {"a": "2"}),
        (b"a=x+y%26%C3%A9&b", {"a": "x y&é", "b": ""}),
        (b'\xef\xbb\xbf {"a": "b"}', {"a": "b"}),
        (b'{"a": 1, // one\n "b": [1, 2,], /* two */ }', {"a": "1", "b": ["1", "2"]}),
        (b'{"a": "x // y /* z */ ,]", }', {"a": "x // y /* z */ ,]"}),
        (b'{"a": "\\"//", /*\n*/ "b": 1}', {"a": '"//', "b": "1"}),
        (b"r[0][name]=w&r[0][n]=2&r[5][name]=p", {"r": [{"name": "w", "n": "2"}, {"name": "p"}]}),
        (b"a[]=1&a[]=2", {"a": ["1", "2"]}),
        (b"a[10]=k&a[9]=j", {"a": ["j", "k"]}),
        (b"a[b][c]=1", {"a": {"b": {"c": "1"}}}),
        (b"a[=1", {"a[": "1"}),
    ],
)
def test_members(body: bytes, members: object) -> None:
    assert decode_body(body) == members


def test_what_cannot_be_read_is_named() -> None:
    assert said(b"hello") == NEITHER
    assert said(b"[1]") == "The body must be a JSON object."
    assert said(b'{"a": 1,\n "b" 2}') == "The body is not valid JSON. Line 2, column 6."
    assert said(b'{"a": 1 // one "b": 2}') == EATEN
    assert said(b'{"a": 1, "a": 2}').startswith("The a field is given more than once.")
    assert said(b'{"a": 1 /* open') == EATEN
    assert said(b"a=\xff") == "The body is not valid UTF-8."
    assert said(b"a=\x00") == said(b"a=%00").replace("a field", "body")
    assert said(b"a[0]=1&a=2") == said(b"a=1&a[0]=2")
    assert "too deeply" in said(b"a[b][c][d][e][f][g]=1")
    assert "too deeply" in said(b"[" * 5000)


def test_ten_thousand_fields_are_enough() -> None:
    assert len(decode_body(b"&".join(b"a%d=1" % number for number in range(10_000)))) == 10_000
    with pytest.raises(TooLarge):
        decode_body(b"&".join(b"a%d=1" % number for number in range(10_001)))


@pytest.mark.parametrize(
    "body",
    [
        b"{/*" * 100_000,
        b"{" + b"// " * 100_000,
        b"{" + b", " * 100_000,
        b'{"' * 100_000,
        b"{," + b" //\n" * 50_000,
    ],
)
def test_hostile_text_is_read_in_one_pass(body: bytes) -> None:
    started = time.process_time()
    said(body)
    assert time.process_time() - started < 5


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_members_or_a_mistake(body: bytes) -> None:
    with contextlib.suppress(BadParams):
        assert isinstance(decode_body(body), dict)


@given(st.dictionaries(st.text(alphabet="abc", min_size=1), st.text().filter(lambda text: "\0" not in text)))
def test_json_text_survives(members: dict[str, str]) -> None:
    assert decode_body(json.dumps(members).encode("utf-8", "surrogatepass")) == members


@pytest.mark.parametrize("label", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
def test_the_label_does_not_count(label: str) -> None:
    for body in (b"a=1", b'{"a": "1"}'):
        with Flask("t").test_request_context("/?b=2", method="POST", data=body, content_type=label):
            assert read_any_body(request, 100) == {"a": "1"}


def test_multipart_fields_count_and_are_limited() -> None:
    app = Flask("t")
    with app.test_request_context(
        "/", method="PUT", data={"a": "1", "r[0]": "x"}, content_type="multipart/form-data"
    ):
        assert read_any_body(request, 1000) == {"a": "1", "r": ["x"]}
    with (
        app.test_request_context(
            "/", method="PUT", data={"a": "1" * 999}, content_type="multipart/form-data"
        ),
        pytest.raises(TooLarge),
    ):
        read_any_body(request, 500)
    with app.test_request_context("/", method="PUT", data=b"x", content_type="multipart/form-data"):
        assert read_any_body(request, 500) == {}
