"""Contract views as files: encode the caller's arguments by the publisher's ABI, call, decode, write as
JSON.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError, ParseError

from libs.chain.errors import ChainError
from libs.signing.errors import SigningError
from libs.signing.keccak import keccak256
from libs.signing.keys import checksum
from services.provider.domain.origins import ContractCall, ContractReadFailed

MAX_DEPTH = 8
_ARRAY = re.compile(r"(.*)(\[[0-9]{0,4}\])")


class CallsChain(Protocol):
    def call(self, to: str, data: bytes | str) -> bytes: ...


class CallsChains(Protocol):
    def get(self, chain_id: int) -> CallsChain: ...
    def ids(self) -> Sequence[int]: ...


class ChainContractReader:
    def __init__(self, chains: CallsChains) -> None:
        self._chains = chains

    def read(self, call: ContractCall) -> bytes:
        """JSON text: one output as it is, several as a list; bytes as 0x hex. Raises ContractReadFailed."""
        try:
            data, outputs = _prepared(call)
            chain_id = self._chains.ids()[0] if call.chain_id is None else call.chain_id
            answer = self._chains.get(chain_id).call(checksum(call.address), data)
            values = decode(outputs, answer)
        except (ChainError, SigningError) as error:
            raise ContractReadFailed(type(error).__name__) from None
        except (
            EncodingError,
            DecodingError,
            ParseError,
            TypeError,
            ValueError,
            LookupError,
            OverflowError,
        ) as error:
            raise ContractReadFailed(f"ABI: {type(error).__name__}") from None
        plain = [_plain(value, kind) for value, kind in zip(values, outputs, strict=True)]
        return json.dumps(plain[0] if len(plain) == 1 else plain).encode()


def _prepared(call: ContractCall) -> tuple[bytes, list[str]]:
    """Call data and types of the outputs. Raises ValueError for what is no ABI."""
    inputs = [_type(item) for item in _items(call.abi.get("inputs"))]
    outputs = [_type(item) for item in _items(call.abi.get("outputs"))]
    if not outputs:
        raise ValueError("a function without outputs is no file")
    signature = f"{call.abi['name']}({','.join(inputs)})"
    given = zip(call.arguments, _items(call.abi.get("inputs")), strict=True)
    arguments = [_argument(value, item) for value, item in given]
    return keccak256(signature.encode())[:4] + encode(inputs, arguments), outputs


def _items(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise ValueError("not a list of ABI parameters")
    return value


def _type(item: Mapping[str, Any], depth: int = 0) -> str:
    """`uint256[]`, or `(address,uint256)[2]` for tuples: what eth_abi understands."""
    kind = item.get("type")
    if not isinstance(kind, str) or depth > MAX_DEPTH or len(kind) > 64:
        raise ValueError("not an ABI type")
    if kind.startswith("tuple"):
        members = ",".join(_type(member, depth + 1) for member in _items(item.get("components")))
        return f"({members}){kind[5:]}"
    return kind


def _argument(value: Any, item: Mapping[str, Any], depth: int = 0) -> Any:
    """A JSON value as the Python value eth_abi wants; numbers may be texts (JavaScript has no such
    integers).
    """
    kind = str(item.get("type"))
    array = _ARRAY.fullmatch(kind)
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if array:
        if not isinstance(value, list):
            raise ValueError("not a list")
        return [_argument(member, {**item, "type": array[1]}, depth + 1) for member in value]
    if kind == "tuple":
        members = _items(item.get("components"))
        values = value if isinstance(value, list) else [value[member["name"]] for member in members]
        pairs = zip(values, members, strict=True)
        return tuple(_argument(one, member, depth + 1) for one, member in pairs)
    return _scalar(value, kind)


def _scalar(value: Any, kind: str) -> Any:
    if kind == "address":
        return checksum(value)
    if kind.startswith(("uint", "int")):
        return int(value, 0) if isinstance(value, str) else value
    if kind.startswith("bytes"):
        return bytes.fromhex(str(value).removeprefix("0x"))
    if kind == "bool" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    return value


def _plain(value: Any, kind: str = "") -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list | tuple):
        return [_plain(member, kind) for member in value]
    if isinstance(value, str) and "address" in kind and re.fullmatch(r"0x[0-9a-f]{40}", value):
        return checksum(value)
    return value
