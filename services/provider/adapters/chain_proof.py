"""`orderExecuted` on the datatoken, signed by provider and consumer: a download written on chain.

Source: contract 8.7. Costs the provider's key gas for each download.
"""

from typing import Protocol

from eth_abi.abi import encode

from libs.chain.errors import ChainError, RpcRefused
from libs.chain.types import SendingTerms
from libs.signing.errors import SigningError
from libs.signing.keccak import keccak256
from libs.signing.keys import PrivateKey
from libs.signing.personal import parse_signature, sign_hash
from services.provider.adapters.proofs import ProofNotSent
from services.provider.ports import Keys, ProofOfDownload

_SELECTOR = keccak256(b"orderExecuted(bytes32,bytes,bytes,bytes,bytes,address)")[:4]
_ARGUMENTS = ("bytes32", "bytes", "bytes", "bytes", "bytes", "address")
_ATTEMPTS = 4  # processes that share the key may take the same nonce


class SendingChain(Protocol):
    def sending_terms(self, sender: str, to: str, data: bytes) -> SendingTerms: ...

    def send_raw_transaction(self, raw: bytes) -> str: ...


class SendingChains(Protocol):
    def get(self, chain_id: int) -> SendingChain: ...


class ChainProof:
    """A ProofSender."""

    def __init__(self, chains: SendingChains, keys: Keys) -> None:
        self._chains = chains
        self._keys = keys

    def send(self, proof: ProofOfDownload) -> None:
        if not proof.consumer_signature:
            raise ProofNotSent("a download by AuthToken leaves no signature for the contract")
        key = self._keys.for_chain(proof.chain_id)
        data = _call_data(proof, key)
        chain = self._chains.get(proof.chain_id)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                _send(chain, proof, key, data)
            except RpcRefused as error:
                if attempt == _ATTEMPTS or not _nonce_was_taken(error):
                    raise ProofNotSent("the node refused it") from error
            except ChainError as error:
                raise ProofNotSent(type(error).__name__) from error
            else:
                return


def _send(chain: SendingChain, proof: ProofOfDownload, key: PrivateKey, data: bytes) -> None:
    terms = chain.sending_terms(key.address, proof.datatoken, data)
    unsigned = [
        _number(terms.nonce),
        _number(terms.gas_price),
        _number(terms.gas * 5 // 4),
        bytes.fromhex(proof.datatoken[2:]),
        b"",
        data,
    ]
    chain.send_raw_transaction(_signed(unsigned, proof.chain_id, key))


def _signed(fields: list[bytes], chain_id: int, key: PrivateKey) -> bytes:
    """A legacy transaction, replay-protected by EIP-155. eth_account would do, but loads half of the Ethereum
    tool box, and with it a recursion limit under which nested JSON crashes the process."""
    digest = keccak256(_list([*fields, _number(chain_id), b"", b""]))
    raw = key.native.sign_recoverable(digest, hasher=None)
    v = 35 + 2 * chain_id + raw[64]
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big")
    return _list([*fields, _number(v), _number(r), _number(s)])


def _number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _list(items: list[bytes]) -> bytes:
    """RLP (Ethereum yellow paper, appendix B) of a flat list of byte strings."""
    body = b"".join(item if len(item) == 1 and item[0] < 0x80 else _header(0x80, item) for item in items)
    return _header(0xC0, body)


def _header(base: int, body: bytes) -> bytes:
    if len(body) < 56:
        return bytes((base + len(body),)) + body
    length = _number(len(body))
    return bytes((base + 55 + len(length),)) + length + body


def _call_data(proof: ProofOfDownload, key: PrivateKey) -> bytes:
    order_tx_id = bytes.fromhex(proof.order_tx_id[2:])
    provider_data = proof.provider_data.encode()
    v, r, s = sign_hash(keccak256(order_tx_id + provider_data), key)
    return _SELECTOR + encode(
        _ARGUMENTS,
        (
            order_tx_id,
            provider_data,
            r + s + bytes((v,)),
            proof.consumer_data.encode(),
            _consumer_signature(proof.consumer_signature),
            proof.consumer_address,
        ),
    )


def _consumer_signature(text: str) -> bytes:
    """As contracts want it, v 27 or 28. Raises ProofNotSent for a smart account's, which has no such form."""
    try:
        signature = parse_signature(text)
    except SigningError as error:
        raise ProofNotSent("a smart account's signature is of no use to the contract") from error
    return signature[:64] + bytes((signature[64] + 27,))


def _nonce_was_taken(error: RpcRefused) -> bool:
    text = error.message.lower()
    return "nonce" in text or "underpriced" in text or "already known" in text
