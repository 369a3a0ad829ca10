"""Whatever arrives, reading parameters gives values that databases can hold, or BadParams."""

import io
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.wrappers import Request

from libs.web.params import BadParams, Json, NumberText, Params, parse_json, to_json
from libs.web.strict_json import SAFE_NAME

CONTENT_TYPES = st.sampled_from(
    [
        "",
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data",
        "application/json; charset=utf-16",
        "application/ld+json",
        "x",
        ";;;",
        "application/json;charset=\xff",
    ]
)
NASTY = st.sampled_from(
    [
        b"%00",
        b"%ff",
        b"\\u0000",
        b"\\ud800",
        b"\\udc00\\ud800",
        b"\x00",
        b"\xff",
        b"&&",
        b"=",
        b"%",
        b"%2",
        b'{"a":1,"a":2}',
        b'{"a":[[[',
        b"NaN",
        b"1e999999",
        b"[" * 2000,
        b'{"":' * 50,
        b"9" * 5000,
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"nonce=1&nonce=1",
        b"a.b=1",
        b"\r\n",
        b"+",
        b'"',
        b"{}",
        b"null",
        b'{"a":{"b":"c"}}',
    ]
)
BYTES = st.lists(st.one_of(NASTY, st.binary(max_size=30)), max_size=6).map(b"".join)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)), max_leaves=20
).map(lambda value: json.dumps(value).encode())
LENGTHS = st.one_of(
    st.none(), st.sampled_from(["", "0", "5", "-1", "x", "99999999999999999999", "1e3", " 3 "])
)


def environ(
    method: str, query: bytes, body: bytes, kind: str, length: str | None, is_chunked: bool
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": "/",
        "SCRIPT_NAME": "",
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "QUERY_STRING": query.decode("latin1"),
        "CONTENT_TYPE": kind,
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)) if length is None else length,
        "wsgi.url_scheme": "http",
    }
    if is_chunked:
        found |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    return found


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    BYTES,
    st.one_of(BYTES, DOCUMENTS),
    CONTENT_TYPES,
    LENGTHS,
    st.booleans(),
)
def test_reading_parameters_raises_nothing_but_bad_params(
    method: str, query: bytes, body: bytes, kind: str, length: str | None, is_chunked: bool
) -> None:
    try:
        found = Params.of(Request(environ(method, query, body, kind, length, is_chunked)))
    except BadParams as error:
        _is_safe_to_show(error)
        return
    for name in [*found, "a.b", "dataset.documentId", "", ".", "a..b"]:
        _is_clean(name)
        try:
            text = found.text(name)
        except BadParams as error:
            _is_about(error, name)
        else:
            assert text is None or type(text) is str
            _is_clean(text)
        found.has(name)
    _is_clean(dict(found))


@settings(max_examples=300, deadline=None)
@given(st.one_of(DOCUMENTS, BYTES))
def test_json_that_is_read_can_be_written_and_read_again(document: bytes) -> None:
    try:
        value = parse_json(document)
    except BadParams as error:
        _is_safe_to_show(error)
        return
    assert parse_json(to_json(value)) == value


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.integers(),
        st.decimals(allow_nan=False, allow_infinity=False).map(str).filter(lambda t: t[-1] in "0123456789"),
    )
)
def test_any_number_keeps_its_text(number: int | str) -> None:
    text = str(number)
    try:
        value = parse_json(text)
    except BadParams:
        return  # Python writes some numbers in ways that JSON does not know
    assert isinstance(value, NumberText)
    assert value == text


def _is_safe_to_show(error: BadParams) -> None:
    assert SAFE_NAME.fullmatch(error.field)
    assert error.message.isascii()
    assert len(error.message) < 200


def _is_about(error: BadParams, name: str) -> None:
    assert error.field == name


def _is_clean(value: Json) -> None:
    if isinstance(value, dict):
        for name, member in value.items():
            _is_clean(name)
            _is_clean(member)
    elif isinstance(value, list):
        for member in value:
            _is_clean(member)
    elif isinstance(value, str):
        assert "\0" not in value
        value.encode()
