"""ABI words against eth_abi, and what must not be read from bytes that hold something else."""

import eth_abi
import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from libs.chain import abi

ADDRESS = "0xe08A1dAe983BC701D05E492DB80e0144f8f4b909"


@given(
    st.integers(0, 2**256 - 1),
    st.binary(min_size=20, max_size=20),
    st.binary(max_size=200),
    st.booleans(),
    st.text(max_size=50),
)
def test_reads_what_eth_abi_writes(number: int, address: bytes, blob: bytes, flag: bool, text: str) -> None:
    data = eth_abi.encode(
        ["uint256", "address", "bytes", "bool", "string"], [number, address, blob, flag, text]
    )
    words = abi.Words(data)
    assert words.uint(0) == number
    assert words.address(1).lower() == "0x" + address.hex()
    assert words.dynamic(2) == blob
    assert words.boolean(3) is flag
    assert words.text(4) == text


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_encodes_a_digest_and_a_signature_as_eth_abi_does(digest: bytes, signature: bytes) -> None:
    assert abi.bytes32_and_bytes(digest, signature) == eth_abi.encode(
        ["bytes32", "bytes"], [digest, signature]
    )


@given(st.binary(max_size=200), st.integers(0, 8))
def test_any_bytes_are_read_or_refused_never_an_other_error(data: bytes, index: int) -> None:
    words = abi.Words(data)
    for read in (words.uint, words.address, words.boolean, words.dynamic, words.text, words.word):
        try:
            read(index)
        except abi.MalformedData:
            continue


def test_a_huge_offset_or_length_is_refused_without_reading() -> None:
    with pytest.raises(abi.MalformedData):
        abi.Words(abi.uint_word(2**255)).dynamic(0)
    with pytest.raises(abi.MalformedData):
        abi.Words(abi.uint_word(32) + abi.uint_word(2**255)).dynamic(0)


def test_dirty_padding_of_an_address_is_refused() -> None:
    with pytest.raises(abi.MalformedData):
        abi.Words(b"\1" + bytes(31)).address(0)


def test_a_number_too_wide_for_its_type_is_refused() -> None:
    assert abi.Words(abi.uint_word(255)).uint(0, 8) == 255
    with pytest.raises(abi.MalformedData):
        abi.Words(abi.uint_word(256)).uint(0, 8)


def test_text_that_is_not_utf8_loses_no_event() -> None:
    data = abi.uint_word(32) + abi.uint_word(2) + b"\xff\xfe" + bytes(30)
    assert abi.Words(data).text(0) == "��"


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("erc721List(address)", "0x72f670f0"),
        ("getMetaData()", "0xd2786ba4"),
        ("isDeployed(address)", "0x90184b02"),
        ("decimals()", "0x313ce567"),
    ],
)
def test_selectors_of_the_contract(signature: str, expected: str) -> None:
    assert abi.call_data(signature) == expected
    assert abi.selector(signature) == keccak(text=signature)[:4]


def test_checksum_takes_any_case() -> None:
    assert abi.checksum(ADDRESS.lower()) == abi.checksum("0x" + ADDRESS[2:].upper()) == ADDRESS
    assert abi.checksum_address(bytes.fromhex(ADDRESS[2:])) == ADDRESS


@pytest.mark.parametrize("text", ["", "0x", ADDRESS[2:], ADDRESS + "0", ADDRESS[:-1] + "g", " " + ADDRESS])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(abi.MalformedData):
        abi.checksum(text)


def test_address_word_is_padded_on_the_left() -> None:
    assert abi.address_word(ADDRESS) == eth_abi.encode(["address"], [ADDRESS])
