"""The contract functions we read: call data and how to decode what comes back. Ocean contracts 3.1.0."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from libs.chain.abi import (
    ERC1271_MAGIC,
    MalformedData,
    Words,
    address_word,
    bytes32_and_bytes,
    call_data,
    checksum,
    uint_word,
)
from libs.chain.errors import CallReverted, ChainError
from libs.chain.parse import parse_data
from libs.chain.types import NftMetadata

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class View(Generic[Value]):
    """A view call, ready to be sent: `data` is 0x hex. `decode` raises MalformedData."""

    to: str
    data: str
    decode: Callable[[bytes], Value]


def _view(to: str, signature: str, words: Sequence[bytes], decode: Callable[[Words], Value]) -> View[Value]:
    return View(to, call_data(signature, words), lambda answer: decode(Words(answer)))


def nft_metadata(nft: str) -> View[NftMetadata]:
    return _view(
        nft,
        "getMetaData()",
        (),
        lambda words: NftMetadata(words.text(0), words.text(1), words.uint(2, 8), words.boolean(3)),
    )


def listed_in_factory(factory: str, nft: str) -> View[bool]:
    wanted = checksum(nft)
    return _view(
        factory, "erc721List(address)", (address_word(nft),), lambda words: words.address(0) == wanted
    )


def deployed_by(nft: str, datatoken: str) -> View[bool]:
    return _view(nft, "isDeployed(address)", (address_word(datatoken),), lambda words: words.boolean(0))


def decimals(token: str) -> View[int]:
    return _view(token, "decimals()", (), lambda words: words.uint(0, 8))


def symbol(token: str) -> View[str]:
    return _view(token, "symbol()", (), lambda words: words.text(0))


def name(token: str) -> View[str]:
    return _view(token, "name()", (), lambda words: words.text(0))


def owner_of(nft: str, token_id: int) -> View[str]:
    return _view(nft, "ownerOf(uint256)", (uint_word(token_id),), lambda words: words.address(0))


def valid_signature(account: str, digest: bytes, signature: bytes) -> View[bool]:
    """EIP-1271. The whole first word must be the magic value: the identity precompile, asked the same
    question, echoes it back and so also begins with these four bytes."""
    return _view(
        account,
        "isValidSignature(bytes32,bytes)",
        (bytes32_and_bytes(digest, signature),),
        lambda words: words.word(0) == ERC1271_MAGIC,
    )


def decode_answer(view: View[Value], answer: Any) -> Value:
    """A node's answer, or the exception of a failed member of a batch, as the view's value."""
    if isinstance(answer, ChainError):
        raise answer
    try:
        return view.decode(parse_data(answer))
    except MalformedData as error:
        raise CallReverted(f"the contract does not answer as expected: {error}") from None


def agrees(view: View[Value], answer: Any, value: Value) -> bool:
    """Whether an answer from another block says the same."""
    try:
        return decode_answer(view, answer) == value
    except ChainError:
        return False  # not there yet at that depth, or the node keeps no state that old


def failed_in_contract(refusal: ChainError) -> bool:
    """Nodes have no common code for a contract that ran out of gas or hit a bad opcode, only words."""
    words = ("gas", "opcode", "stack", "evm", "execution", "jump", "halt")
    return any(word in str(refusal).lower() for word in words)
