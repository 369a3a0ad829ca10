"""ABI words by hand: selectors, argument encoding, and a reader that cannot be made to misread.

eth_abi is right but an order of magnitude slower, and strict about UTF-8 that publishers get wrong;
the unit tests compare this module with it. Source: Solidity ABI specification.
"""

from collections.abc import Iterable
from functools import lru_cache

from libs.signing.errors import MalformedAddress
from libs.signing.keccak import keccak256
from libs.signing.keys import checksum as signing_checksum

WORD = 32
ZERO_ADDRESS = "0x" + "00" * 20
ERC1271_MAGIC = bytes.fromhex("1626ba7e") + bytes(28)


class MalformedData(ValueError):
    """Bytes that do not hold what the ABI says they hold."""


@lru_cache(maxsize=16384)
def checksum_address(address: bytes) -> str:
    """20 bytes to EIP-55 text; cached, because keccak per log address adds up."""
    return signing_checksum("0x" + address.hex())


def checksum(address: str) -> str:
    """0x text in any case to EIP-55 text. Raises MalformedData."""
    try:
        return signing_checksum(address)
    except MalformedAddress:
        raise MalformedData("not an address") from None


def selector(signature: str) -> bytes:
    """The four bytes that name a function, e.g. `selector("decimals()")`."""
    return keccak256(signature.encode())[:4]


def topic(signature: str) -> str:
    """The topic0 of an event, 0x hex."""
    return "0x" + keccak256(signature.encode()).hex()


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % WORD)


def address_word(address: str) -> bytes:
    return bytes(12) + bytes.fromhex(checksum(address)[2:])


def uint_word(value: int) -> bytes:
    return value.to_bytes(WORD, "big")


def bytes32_and_bytes(first: bytes, second: bytes) -> bytes:
    """Arguments `(bytes32, bytes)`."""
    return first + uint_word(2 * WORD) + uint_word(len(second)) + _padded(second)


@lru_cache(maxsize=256)
def _selector_hex(signature: str) -> str:
    return "0x" + selector(signature).hex()


def call_data(signature: str, words: Iterable[bytes] = ()) -> str:
    """0x hex of a call: selector and already encoded words."""
    return _selector_hex(signature) + b"".join(words).hex()


class Words:
    """Reads 32-byte words of an ABI-encoded tuple; every out-of-range read raises MalformedData."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def word(self, index: int) -> bytes:
        start = index * WORD
        chunk = self._data[start : start + WORD]
        if len(chunk) != WORD:
            raise MalformedData("data ends early")
        return chunk

    def uint(self, index: int, bits: int = 256) -> int:
        value = int.from_bytes(self.word(index), "big")
        if value >> bits:
            raise MalformedData(f"not a uint{bits}")
        return value

    def boolean(self, index: int) -> bool:
        return bool(self.uint(index, 1))

    def address(self, index: int) -> str:
        word = self.word(index)
        if any(word[:12]):
            raise MalformedData("not an address")
        return checksum_address(word[12:])

    def dynamic(self, index: int) -> bytes:
        """The `bytes` whose offset stands at `index`."""
        offset = self.uint(index)
        if offset + WORD > len(self._data):
            raise MalformedData("offset past the end")
        length = int.from_bytes(self._data[offset : offset + WORD], "big")
        start = offset + WORD
        if start + length > len(self._data):
            raise MalformedData("length past the end")
        return self._data[start : start + length]

    def text(self, index: int) -> str:
        """A `string`; bytes that are not UTF-8 become U+FFFD, so that a bad name loses no event."""
        return self.dynamic(index).decode("utf-8", "replace")
