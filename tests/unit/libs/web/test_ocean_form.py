"""The room's reading of parameters: bail order, texts, tokens."""

from typing import Any

import pytest
from flask import Flask

from libs.web.ocean_form import Form, auth_token, is_address, is_integer, is_nonce, plain
from libs.web.ocean_shapes import FieldErrors
from libs.web.params import NumberText, Params

pytestmark = pytest.mark.clause("ocean 0.2")


def form(bail: bool = False, **values: Any) -> Form:
    return Form(Params(values), bail=bail)


def test_without_bail_every_wrong_field_is_named() -> None:
    asked = form(a="x", b=["list"])
    asked.need("a", is_integer)
    asked.need("b")
    asked.need("c")
    with pytest.raises(FieldErrors) as refused:
        asked.done()
    assert list(refused.value.messages) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "a"),
        ({"a": "x"}, "a"),
        ({"a": ["x"], "b": "x"}, "a"),
        ({"a": "1"}, "b"),
        ({"a": "1", "b": ["x"]}, "b"),
    ],
)
def test_with_bail_the_first_wrong_field_ends_it(values: dict[str, Any], field: str) -> None:
    asked = form(bail=True, **values)
    with pytest.raises(FieldErrors) as refused:  # noqa: PT012 - which of the two raises is the question
        asked.need("a", is_integer)
        asked.need("b")
    assert list(refused.value.messages) == [field]


def test_optional_fields_may_be_absent_or_empty_but_not_wrong() -> None:
    asked = form(a="", b="7", c="x")
    assert asked.take("a", is_integer) is None
    assert asked.take("b", is_integer) == "7"
    assert asked.take("none", is_integer) is None
    asked.done()
    asked.take("c", is_integer)
    with pytest.raises(FieldErrors):
        asked.done()


@pytest.mark.parametrize("value", ["", "x", "-1", "1.0", "1e3", " 1", "1 ", "٣", "1" * 19, "0x1"])
def test_integers_are_digits_only(value: str) -> None:
    assert is_integer("f", value) == "The f must be an integer."


def test_messages_are_upstreams() -> None:
    assert is_nonce("nonce", "1e3") == "The nonce must be a number."
    assert is_nonce("nonce", "1.5") is None
    assert is_integer("fileIndex", "0") is None
    assert is_address("a", "0x" + "aB" * 20) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"AuthToken": "a.b.c"}, "a.b.c"),
        ({"authtoken": "anything at all"}, "anything at all"),
        ({"Authorization": "a.b.c"}, "a.b.c"),
        ({"AuthToken": "a.b.c", "Authorization": "d.e.f"}, "a.b.c"),
        ({"AuthToken": "", "Authorization": "d.e.f"}, "d.e.f"),
        ({"Authorization": "Bearer a.b.c"}, None),
        ({"Authorization": "Basic dXNlcjpwYXNz"}, None),
        ({"Authorization": "a.b"}, None),
        ({"Authorization": "a.b.c.d"}, None),
        ({"Authorization": "a.b.c\u00e9"}, None),
    ],
)
def test_auth_token_header_and_its_synonym(headers: dict[str, str], expected: str | None) -> None:
    with Flask(__name__).test_request_context(headers=headers):
        assert auth_token() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7", 7), ("1.5", 1.5), ("1" + "0" * 400, 10**400), ("1e400", "1e400"), ("1" * 5000, "1" * 5000)],
    ids=["small", "fraction", "four hundred digits", "beyond floats", "beyond integers"],
)
def test_numbers_of_any_size_are_plain(text: str, expected: object) -> None:
    assert plain({"a": [NumberText(text)]}) == {"a": [expected]}
