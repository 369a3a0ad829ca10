"""Contract views as files: arguments by the publisher's ABI, answers as JSON."""

import json
from typing import Any

import pytest
from eth_abi.abi import decode, encode

from libs.chain.errors import CallReverted, ChainError, RpcUnavailable, UnknownChain
from libs.signing.keccak import keccak256
from services.provider.adapters.contract_reader import ChainContractReader
from services.provider.domain.origins import ContractCall, ContractReadFailed

ADDRESS = "0x" + "Ab" * 20
OWNER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


class ScriptedChains:
    """Chains 5 and 7; every call is answered with `answer`, or raises it."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer
        self.asked: list[tuple[int, str, bytes]] = []
        self._current = 0

    def ids(self) -> tuple[int, ...]:
        return (5, 7)

    def get(self, chain_id: int) -> "ScriptedChains":
        if chain_id not in self.ids():
            raise UnknownChain(chain_id)
        self._current = chain_id
        return self

    def call(self, to: str, data: bytes | str) -> bytes:
        assert isinstance(data, bytes)
        self.asked.append((self._current, to, data))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def read(
    inputs: list[dict[str, Any]],
    outputs: list[dict[str, Any]],
    arguments: tuple[Any, ...],
    answer: bytes | Exception,
    chain_id: int | None = None,
) -> tuple[Any, ScriptedChains]:
    abi = {"type": "function", "stateMutability": "view", "name": "f", "inputs": inputs, "outputs": outputs}
    chains = ScriptedChains(answer)
    found = ChainContractReader(chains).read(ContractCall("0x" + "11" * 20, abi, arguments, chain_id))
    return json.loads(found), chains


def one(kind: str, **more: Any) -> list[dict[str, Any]]:
    return [{"name": "x", "type": kind, **more}]


UINT = one("uint256")


def test_selector_arguments_and_answer() -> None:
    found, chains = read(one("address"), UINT, (OWNER.lower(),), encode(["uint256"], [2**200]), 7)
    assert found == 2**200
    chain_id, to, data = chains.asked[0]
    assert (chain_id, to) == (7, "0x" + "11" * 20)
    assert data[:4] == keccak256(b"f(address)")[:4]
    assert decode(["address"], data[4:]) == (OWNER.lower(),)


def test_the_first_chain_by_default() -> None:
    _, chains = read([], UINT, (), encode(["uint256"], [1]))
    assert chains.asked[0][0] == 5


TUPLE = {"components": [{"name": "a", "type": "address"}, {"name": "n", "type": "uint8[]"}]}


@pytest.mark.parametrize(
    ("item", "value", "signature", "expected"),
    [
        (one("uint8"), 5, "uint8", 5),
        (one("uint256"), "123456789012345678901234567890", "uint256", 123456789012345678901234567890),
        (one("uint256"), "0x10", "uint256", 16),
        (one("int256"), -5, "int256", -5),
        (one("bool"), True, "bool", True),
        (one("bool"), "false", "bool", False),
        (one("string"), "\u00fc", "string", "\u00fc"),
        (one("bytes"), "0xff00", "bytes", b"\xff\x00"),
        (one("bytes32"), "0x" + "ab" * 32, "bytes32", b"\xab" * 32),
        (one("address[]"), [OWNER], "address[]", (OWNER.lower(),)),
        (one("uint8[2][]"), [[1, 2]], "uint8[2][]", ((1, 2),)),
        (one("tuple", **TUPLE), {"a": OWNER, "n": [1]}, "(address,uint8[])", (OWNER.lower(), (1,))),
        (one("tuple[]", **TUPLE), [[OWNER, [1]]], "(address,uint8[])[]", ((OWNER.lower(), (1,)),)),
    ],
)
def test_arguments(item: list[dict[str, Any]], value: Any, signature: str, expected: Any) -> None:
    _, chains = read(item, UINT, (value,), encode(["uint256"], [1]))
    data = chains.asked[0][2]
    assert data[:4] == keccak256(f"f({signature})".encode())[:4]
    assert decode([signature], data[4:]) == (expected,)


@pytest.mark.parametrize(
    ("item", "value"),
    [
        (one("uint8"), 256),
        (one("uint8"), -1),
        (one("uint8"), 1.5),
        (one("uint8"), "x"),
        (one("uint8"), None),
        (one("uint8"), [1]),
        (one("uint7"), 1),
        (one("address"), "0x12"),
        (one("address"), 5),
        (one("bytes32"), "0xzz"),
        (one("bytes4"), "0x" + "ab" * 5),
        (one("bool"), "maybe"),
        (one("string"), 5),
        (one("nonsense"), 5),
        (one("uint8;drop"), 5),
        (one("uint8)("), 5),
        (one(""), 5),
        (one("uint8[]"), 5),
        (one("tuple"), {}),
        (one("tuple", **TUPLE), {"a": OWNER}),
        (one("tuple", **TUPLE), [OWNER]),
        (one("tuple", components=[5]), [5]),
        (one("uint8" + "[]" * 30), [[[[[[[[[[[[1]]]]]]]]]]]]),
    ],
)
def test_arguments_that_do_not_fit_fail_in_words(item: list[dict[str, Any]], value: Any) -> None:
    with pytest.raises(ContractReadFailed):
        read(item, UINT, (value,), encode(["uint256"], [1]))


@pytest.mark.parametrize(
    ("outputs", "kinds", "values", "expected"),
    [
        (one("bool"), ["bool"], [True], True),
        (one("bytes"), ["bytes"], [b"\xff"], "0xff"),
        (one("address"), ["address"], [OWNER], OWNER),
        (one("string"), ["string"], ["\u00fc"], "\u00fc"),
        (one("string"), ["string"], ["0x" + "ab" * 20], "0x" + "ab" * 20),
        (one("uint8[]"), ["uint8[]"], [[1, 2]], [1, 2]),
        (one("string") + UINT, ["string", "uint256"], ["a", 5], ["a", 5]),
        (one("tuple", **TUPLE), ["(address,uint8[])"], [(OWNER, [1])], [OWNER, [1]]),
    ],
)
def test_answers(outputs: list[dict[str, Any]], kinds: list[str], values: list[Any], expected: Any) -> None:
    assert read([], outputs, (), encode(kinds, values))[0] == expected


@pytest.mark.parametrize("answer", [b"", b"\x01", CallReverted("0x"), RpcUnavailable("down")])
def test_answers_that_do_not_fit(answer: bytes | Exception) -> None:
    with pytest.raises(ContractReadFailed):
        read([], UINT, (), answer)


@pytest.mark.parametrize("outputs", [[], None, "x", [5]])
def test_a_function_without_outputs_is_no_file(outputs: Any) -> None:
    with pytest.raises(ContractReadFailed):
        read([], outputs, (), b"")


def test_unknown_chains_fail() -> None:
    with pytest.raises(ContractReadFailed):
        read([], UINT, (), b"", 99)


def test_failures_say_nothing_of_the_node() -> None:
    class Leaky(ChainError):
        pass

    with pytest.raises(ContractReadFailed) as caught:
        read([], UINT, (), Leaky("https://node.test/secret-key"))
    assert "secret" not in str(caught.value)
