"""What consumers send along, and what publishers declare about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provider.domain.userdata import (
    ParametersMissing,
    UserdataUnreadable,
    as_json,
    as_query,
    parse_userdata,
    with_consumer_parameters,
)

pytestmark = pytest.mark.clause("ocean 6")


@pytest.mark.parametrize("value", [None, "", {}, "{}"])
def test_no_userdata(value: object) -> None:
    assert parse_userdata(value) == {}


def test_text_and_object() -> None:
    assert parse_userdata('{"a": [1, 2.5, "x"]}') == {"a": [1, 2.5, "x"]}
    assert parse_userdata({"a": 1}) == {"a": 1}


@pytest.mark.parametrize(
    "value",
    [
        "{",
        "x",
        "null",
        '{"a": NaN}',
        '{"a": -Infinity}',
        "5",
        "[]",
        '"x"',
        5,
        True,
        ["a"],
        "[" * 100_000,
        "x" * 100_000,
        '{"a":' * 40 + "1" + "}" * 40,
    ],
)
def test_unreadable_userdata_is_refused_and_not_dropped(value: object) -> None:
    with pytest.raises(UserdataUnreadable):
        parse_userdata(value)


def test_lone_surrogates_do_no_harm() -> None:
    userdata = parse_userdata('{"a": "\\ud800", "\\udfff": "x"}')
    assert as_query({"a": userdata["a"]}) == "a=%3F"
    assert as_json(userdata) == b'{"a":"?","?":"x"}'
    assert as_query(userdata).isascii()


class TestConsumerParameters:
    def test_defaults_are_filled_in(self) -> None:
        declared = [
            {"name": "a", "required": True, "default": "x"},
            {"name": "b", "required": False, "default": 0},
            {"name": "c", "required": False, "default": ""},
        ]
        assert with_consumer_parameters({"a": "mine"}, declared) == {"a": "mine", "b": 0}

    def test_required_ones_without_default_are_named(self) -> None:
        declared = [{"name": "a", "required": True}, {"name": "b", "required": True, "default": ""}]
        with pytest.raises(ParametersMissing) as caught:
            with_consumer_parameters({}, declared)
        assert caught.value.names == ("a", "b")

    def test_undeclared_userdata_stays(self) -> None:
        assert with_consumer_parameters({"z": 1}, [{"name": "a"}]) == {"z": 1}

    @pytest.mark.parametrize(
        "declared", [None, "x", {}, [None], [5], [{}], [{"name": 5, "required": True}], [{"name": ""}]]
    )
    def test_nonsense_of_the_publisher_is_ignored(self, declared: object) -> None:
        assert with_consumer_parameters({}, declared) == {}

    def test_required_means_true(self) -> None:
        assert with_consumer_parameters({}, [{"name": "a", "required": "false"}]) == {}


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers() | st.none() | st.booleans()))
def test_queries_are_ascii(userdata: dict[str, object]) -> None:
    query = as_query(userdata)
    assert query.isascii()
    assert " " not in query
    assert "#" not in query
