"""A node's JSON: what fits becomes a value, everything else is the node's fault."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.chain import parse
from libs.chain.errors import MalformedAnswer
from tests.fakes.chain import FakeNode, fake_hash

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=70) | st.just("0x0"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
PARSERS = [
    parse.parse_head,
    parse.parse_receipt,
    parse.parse_transaction,
    parse.parse_logs,
    parse.parse_data,
    parse.parse_quantity,
]


@pytest.mark.parametrize("parser", PARSERS)
@given(value=JSON)
def test_any_json_is_parsed_or_refused_never_another_error(parser: Any, value: Any) -> None:
    try:
        parser(value)
    except MalformedAnswer:
        return


@given(value=JSON, key=st.sampled_from(["number", "hash", "timestamp", "parentHash"]))
def test_a_block_with_one_bad_member_is_refused_or_parsed(value: Any, key: str) -> None:
    block = {**FakeNode().blocks[0], key: value}
    try:
        parse.parse_head(block)
    except MalformedAnswer:
        return


def test_hashes_are_lower_case() -> None:
    block = dict(FakeNode().blocks[0])
    block["hash"] = "0x" + block["hash"][2:].upper()
    assert parse.parse_head(block).hash == block["hash"].lower()


@pytest.mark.parametrize("value", ["", "1", "0x", "0xg", 1, None, "-0x1"])
def test_what_is_no_quantity_is_refused(value: Any) -> None:
    with pytest.raises(MalformedAnswer):
        parse.parse_quantity(value)


@pytest.mark.parametrize("value", ["", "00", "0x0", "0xzz", 1, None])
def test_what_is_no_data_is_refused(value: Any) -> None:
    with pytest.raises(MalformedAnswer):
        parse.parse_data(value)


def test_a_contract_creation_has_no_receiver() -> None:
    found = parse.parse_transaction(
        {"hash": fake_hash(1), "from": "0x" + "11" * 20, "nonce": "0x2", "blockNumber": "0x3"}
    )
    assert (found.to, found.nonce, found.block_number) == (None, 2, 3)
