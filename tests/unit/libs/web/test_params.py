"""Parameters: where they come from, what text they keep, and that nothing odd gets past them."""

import io
import json
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from libs.web.params import BadParams, Limits, NumberText, Params, TooLarge, parse_json, to_json

pytestmark = pytest.mark.clause("ocean 0.2")

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def request(
    query: str = "", body: bytes = b"", content_type: str | None = JSON, method: str = "POST"
) -> Request:
    builder = EnvironBuilder(method=method, query_string=query, data=body, content_type=content_type)
    return Request(builder.get_environ())


def params(
    query: str = "", body: bytes = b"", content_type: str | None = JSON, method: str = "POST"
) -> Params:
    return Params.of(request(query, body, content_type, method))


def refused(query: str = "", body: bytes = b"", content_type: str | None = JSON) -> BadParams:
    with pytest.raises(BadParams) as caught:
        params(query, body, content_type)
    return caught.value


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_query_wins_over_json_and_both_are_seen(method: str) -> None:
    found = params("a=1&b=query", b'{"b": "json", "c": "json"}', method=method)
    assert dict(found) == {"a": "1", "b": "query", "c": "json"}


def test_query_wins_over_a_form() -> None:
    assert dict(params("a=1", b"a=2&b=3+4", FORM)) == {"a": "1", "b": "3 4"}


@pytest.mark.parametrize("content_type", [JSON, "application/json; charset=utf-8", "text/plain", FORM, None])
def test_a_body_that_starts_like_json_is_json_whatever_curl_called_it(content_type: str | None) -> None:
    assert params("", b' {"a": "b"}', content_type).text("a") == "b"


def test_empty_pairs_are_ignored() -> None:
    assert dict(params("&&a=1&&&b=&=x&")) == {"a": "1", "b": ""}


@pytest.mark.parametrize(
    "literal",
    [
        "8996",
        "1644315615.24195",
        "1e3",
        "-0",
        "1.50",
        "0.10",
        "1795295486993079057",
        "123456789012345678901.5",
    ],
)
def test_numbers_keep_their_literal_text(literal: str) -> None:
    found = params("", f'{{"nonce": {literal}, "list": [{literal}]}}'.encode())
    assert found.text("nonce") == literal
    assert type(found.text("nonce")) is str
    assert isinstance(found.value("nonce"), NumberText)
    assert found.value("list") == [literal]


def test_an_integer_is_told_from_other_numbers() -> None:
    found = params("", b'{"a": -12, "b": 1.0, "c": 1e3}')
    assert [found.value(name).is_integer for name in "abc"] == [True, False, False]  # type: ignore[union-attr]


def test_strings_keep_their_characters() -> None:
    found = params("address=0xAbC%20&plus=a%2Bb", '{"name": " Größe \\u00e9 "}'.encode())
    assert found.text("address") == "0xAbC "
    assert found.text("plus") == "a+b"
    assert found.text("name") == " Größe é "


def test_nested_names_are_looked_up_in_json() -> None:
    found = params("", b'{"dataset": {"documentId": "did:op:1", "serviceId": 0}}')
    assert found.text("dataset.documentId") == "did:op:1"
    assert found.text("dataset.serviceId") == "0"
    assert found.value("dataset.missing") is None
    assert found.value("dataset.documentId.deeper") is None


def test_a_flat_name_with_a_dot_cannot_stand_for_a_nested_one() -> None:
    found = params("dataset.documentId=did:op:other", b'{"dataset": {"documentId": "did:op:1"}}')
    assert found.text("dataset.documentId") == "did:op:1"


def test_absent_null_and_empty_count_as_nothing() -> None:
    found = params("empty=", b'{"null": null, "zero": 0, "no": false}')
    assert [found.has(name) for name in ("empty", "null", "absent", "zero", "no")] == [
        False, False, False, True, True,
    ]  # fmt: skip
    assert found.missing(["zero", "absent", "empty"]) == ["absent", "empty"]
    assert found.text("null") is None


def test_booleans_read_as_json_writes_them() -> None:
    found = params("", b'{"yes": true, "no": false}')
    assert (found.text("yes"), found.text("no")) == ("true", "false")


@pytest.mark.parametrize("value", ["[1]", '{"a": 1}', "[]", "{}"])
def test_a_list_or_object_is_no_text(value: str) -> None:
    with pytest.raises(BadParams) as caught:
        params("", f'{{"nonce": {value}}}'.encode()).text("nonce")
    assert caught.value.field == "nonce"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b'{"a": 1}}', "body"),
        (b'{"a": NaN}', "body"),
        (b'{"a": Infinity}', "body"),
        (b'{"a": -Infinity}', "body"),
        (b'{"a": 01}', "body"),
        (b"[1]", "body"),
        (b'"text"', "body"),
        (b"12", "body"),
        (b'{"a": "\xff"}', "body"),
        (b'{"a": "\x00"}', "body"),
        (b'{"nonce": "\\u0000"}', "nonce"),
        (b'{"nonce": "\\ud800"}', "nonce"),
        (b'{"nonce": ["x", "\\udfff"]}', "nonce"),
        (b'{"nonce": {"deep": ["\\ud800"]}}', "deep"),
        (b'{"a\\u0000": 1}', "body"),
        (b'{"nonce": 1, "nonce": 2}', "nonce"),
        (b'{"outer": {"nonce": 1, "nonce": 1}}', "nonce"),
        (b'{"<b>": 1, "<b>": 1}', "body"),
        (b"[" * 100_000, "body"),
        (b'{"a":' * 100_000, "body"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "body"),
        (b'{"a": ' + b"[" * 33 + b"]" * 33 + b"}", "body"),
    ],
)
def test_bad_json_names_the_field_at_fault(body: bytes, field: str) -> None:
    assert refused(body=body).field == field


@pytest.mark.parametrize("body", [b"null", b"", b"  ", b"\xef\xbb\xbf{}"])
def test_a_body_that_says_nothing_is_no_mistake(body: bytes) -> None:
    assert dict(params("a=1", body)) == {"a": "1"}


def test_nesting_up_to_the_limit_is_fine() -> None:
    assert params("", b'{"a": ' + b"[" * 31 + b"]" * 31 + b"}").has("a")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("nonce=1&nonce=2", "nonce"),
        ("nonce=1&nonce=1", "nonce"),
        ("nonce=%00", "nonce"),
        ("nonce=%ff", "nonce"),
        ("nonce=%ed%a0%80", "nonce"),
        ("%ff=1", "query"),
        ("%3Cscript%3E=1&%3Cscript%3E=1", "query"),
        ("x" * 65 + "=1&" + "x" * 65 + "=1", "query"),
    ],
)
def test_bad_queries_name_the_field_at_fault(query: str, field: str) -> None:
    assert refused(query).field == field


def test_bad_forms_name_the_field_at_fault() -> None:
    assert refused(body=b"nonce=1&nonce=2", content_type=FORM).field == "nonce"


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data; boundary=x", "application/octet-stream", "text/xml"]
)
def test_other_kinds_of_body_are_refused_by_name(content_type: str) -> None:
    assert refused(body=b"hello", content_type=content_type).field == "body"


def test_messages_never_repeat_what_was_sent() -> None:
    secret = "0x" + "ab" * 65
    for query, body in ((f"{secret}=1&{secret}=1", b""), ("", f'{{"{secret}": 1, "{secret}": 2}}'.encode())):
        error = refused(query, body)
        assert secret not in str(error) + error.field + error.message


@pytest.mark.parametrize("query", ["a=" + "x" * 20_000, "&".join(f"a{i}=1" for i in range(300))])
def test_queries_have_a_limit(query: str) -> None:
    with pytest.raises(TooLarge):
        params(query)


def test_bodies_have_a_limit_that_a_room_may_raise() -> None:
    body = b'{"a": "' + b"x" * (1024 * 1024) + b'"}'
    with pytest.raises(TooLarge):
        params("", body)
    assert Params.of(request("", body), Limits(body=2 * 1024 * 1024)).has("a")


def chunked(body: bytes, limit: int) -> Params:
    environ: dict[str, Any] = EnvironBuilder(method="POST", content_type=JSON).get_environ()
    environ.pop("CONTENT_LENGTH", None)
    environ |= {
        "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "wsgi.input": io.BytesIO(body),
    }  # fmt: skip
    return Params.of(Request(environ), Limits(body=limit))


def test_a_chunked_body_is_read_and_limited_without_a_length() -> None:
    assert chunked(b'{"a": "b"}', 100).text("a") == "b"
    with pytest.raises(TooLarge):
        chunked(b'{"a": "' + b"x" * 100 + b'"}', 100)


def test_a_body_shorter_than_its_length_is_a_callers_mistake() -> None:
    environ = EnvironBuilder(method="POST", content_type=JSON, data=b'{"a": 1}').get_environ()
    environ["CONTENT_LENGTH"] = "500"
    with pytest.raises(BadParams):
        Params.of(Request(environ))


def test_the_query_alone_leaves_the_body_for_the_room() -> None:
    asked = request("chainId=1", b"\xff\xff", "application/octet-stream")
    assert Params.of_query(asked).text("chainId") == "1"
    assert asked.get_data() == b"\xff\xff"


def test_the_json_body_alone_ignores_the_query() -> None:
    assert dict(Params.of_json(request("a=1", b'{"b": "2"}', "text/plain"))) == {"b": "2"}


def test_json_goes_out_as_it_came_in() -> None:
    text = '{"a":1.50,"b":[1e3,"é\\"",true,false,null,{}],"c":{"d":12345678901234567890}}'
    assert json.loads(to_json(parse_json(text))) == json.loads(text)
    assert '"a":1.50' in to_json(parse_json(text))
    assert "1e3" in to_json(parse_json(text))


def test_text_given_as_str_is_checked_too() -> None:
    with pytest.raises(BadParams) as caught:
        parse_json('{"a": "\ud800"}', "userdata")
    assert caught.value.field == "userdata"
