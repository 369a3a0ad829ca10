import gzip

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from libs.web.json_bodies import UnknownCoding, read_json_object
from libs.web.params import BadParams, TooLarge
from libs.web.strict_json import parse_json, plain

MOST = 1000
WHOLE = gzip.compress(b"{}", mtime=0)  # parameters of tests must not change with the clock


def read(body: bytes, coding: str | None = None, kind: str = "text/plain") -> object:
    headers = {} if coding is None else {"Content-Encoding": coding}
    builder = EnvironBuilder(method="POST", data=body, content_type=kind, headers=headers)
    return read_json_object(Request(builder.get_environ()), MOST)


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain"])
def test_an_object_is_read_whatever_it_is_called(kind: str) -> None:
    assert read(b' {"a": "b"}', kind=kind) == {"a": "b"}
    assert read(b"", kind=kind) == read(b" \n", kind=kind) == {}


@pytest.mark.parametrize("coding", ["gzip", "GZIP", " x-gzip "])
def test_gzip_is_undone(coding: str) -> None:
    assert read(gzip.compress(b'{"a": "b"}'), coding) == {"a": "b"}


@pytest.mark.parametrize("coding", ["", "identity"])
def test_no_coding(coding: str) -> None:
    assert read(b'{"a": "b"}', coding) == {"a": "b"}


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip"])
def test_another_coding_is_refused(coding: str) -> None:
    with pytest.raises(UnknownCoding):
        read(b"{}", coding)


def test_the_limit_counts_before_and_after() -> None:
    fits = b'{"a":"' + b"x" * (MOST - 8) + b'"}'
    assert read(fits) == read(gzip.compress(fits), "gzip")
    for body, coding in ((fits + b" ", None), (gzip.compress(fits + b" "), "gzip")):
        with pytest.raises(TooLarge):
            read(body, coding)
    with pytest.raises(TooLarge):
        read(gzip.compress(b" " * 50_000_000), "gzip")


@pytest.mark.parametrize("body", [b"{}", b"", WHOLE[:-1], WHOLE * 2])
def test_what_is_not_one_gzip_member_is_refused(body: bytes) -> None:
    with pytest.raises(BadParams):
        read(body, "gzip")


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"a=b", b'{"a":1,"a":1}', b"\xff"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadParams):
        read(body)


def test_numbers_become_numbers_where_64_bits_hold_them() -> None:
    value = parse_json(b'{"a": [1, -9223372036854775808, 4.2, 1e3, "x", true, null]}')
    assert plain(value) == {"a": [1, -(2**63), 4.2, 1000.0, "x", True, None]}
    assert type(plain(parse_json(b"[7]"))[0]) is int  # type: ignore[index]


@pytest.mark.parametrize("text", [b"9223372036854775808", b"1e999", b"-1e999", b"1" * 5000])
def test_numbers_that_no_64_bits_hold_are_refused(text: bytes) -> None:
    with pytest.raises(BadParams):
        plain(parse_json(text))
