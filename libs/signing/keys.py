"""secp256k1 account keys, EIP-55 addresses and Ocean DIDs."""

import re
import sys
from functools import lru_cache
from hashlib import sha256
from typing import Any

import coincurve

from libs.signing.errors import KeystoreRefused, MalformedAddress, MalformedKey, PureCurveRefused
from libs.signing.flat_json import loads_flat
from libs.signing.keccak import keccak256

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_KEY = re.compile(r"(?:0x)?([0-9a-fA-F]{64})")


class PrivateKey:
    """A secp256k1 account key. Its repr, str and pickles never hold the secret.

    Takes 32 bytes or 64 hex digits (0x optional). Raises MalformedKey.
    """

    __slots__ = ("address", "native", "public_key64")

    native: coincurve.PrivateKey
    address: str  # EIP-55
    public_key64: bytes  # X||Y, the Ethereum form without the leading 04

    def __init__(self, key: str | bytes) -> None:
        secret = _key_bytes(key)
        if not 0 < int.from_bytes(secret, "big") < CURVE_ORDER:
            raise MalformedKey("private key is out of range")
        self.native = coincurve.PrivateKey(secret)
        self.public_key64 = self.native.public_key.format(compressed=False)[1:]
        self.address = address_of(self.public_key64)

    @property
    def secret(self) -> bytes:
        """32 bytes."""
        return bytes(self.native.secret)

    def __repr__(self) -> str:
        return f"PrivateKey({self.address})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PrivateKey) and self.address == other.address

    def __hash__(self) -> int:
        return hash(self.address)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a private key is not to be pickled")


def _key_bytes(key: str | bytes) -> bytes:
    if isinstance(key, bytes):
        if len(key) != 32:
            raise MalformedKey("private key must have 32 bytes")
        return key
    match = _KEY.fullmatch(key.strip())
    if match is None:
        raise MalformedKey("private key must be 64 hex digits")
    return bytes.fromhex(match.group(1))


def load_keystore(json_text: str, password: str) -> PrivateKey:
    """Open a version 3 (or 1) keystore file. Slow on purpose: scrypt or PBKDF2. Raises KeystoreRefused."""
    try:
        document = loads_flat(json_text)
        if not isinstance(document, dict):
            raise KeystoreRefused("keystore is not a JSON object")
        return PrivateKey(_decode_keyfile(document, password.encode()))
    except (ValueError, KeyError, TypeError, AttributeError, NotImplementedError):
        # The cause may quote the file: it is dropped on purpose.
        raise KeystoreRefused("keystore is malformed or its password is wrong") from None


def _decode_keyfile(document: dict[str, Any], password: bytes) -> bytes:
    # Imported here because it pulls in half of the Ethereum tool box, for one call at start-up. A part of
    # that (py_ecc) raises the recursion limit of the whole process, which makes deep JSON a crash.
    limit = sys.getrecursionlimit()
    from eth_keyfile.keyfile import decode_keyfile_json

    sys.setrecursionlimit(limit)
    return bytes(decode_keyfile_json(document, password))


def address_of(public_key64: bytes) -> str:
    """EIP-55 address of a 64-byte public key."""
    return _checksummed(keccak256(public_key64)[12:].hex())


def checksum(address: str) -> str:
    """EIP-55 form of an address in any case. Raises MalformedAddress."""
    if not _is_address(address):
        raise MalformedAddress("address must be 0x and 40 hex digits")
    return _checksummed(address[2:].lower())


@lru_cache(maxsize=16384)
def _checksummed(lower_hex: str) -> str:
    digest = keccak256(lower_hex.encode()).hex()
    return "0x" + "".join(
        char.upper() if nibble > "7" else char for char, nibble in zip(lower_hex, digest[:40], strict=True)
    )


def same_address(a: str, b: str) -> bool:
    """Equal in any case; malformed ones equal nothing."""
    return _is_address(a) and _is_address(b) and a.lower() == b.lower()


def _is_address(value: object) -> bool:
    return isinstance(value, str) and _ADDRESS.fullmatch(value) is not None


def did_for(nft: str, chain_id: int) -> str:
    """`did:op:` + sha256 of checksummed NFT address and decimal chain id (contract 7.1)."""
    return "did:op:" + sha256(f"{checksum(nft)}{int(chain_id)}".encode()).hexdigest()


_PROBE_DIGEST = bytes.fromhex("68ab2f3ae0d58ddae5da38bf51f44ead3bd33ecbe6e4c418db00d641738cc360")
_PROBE_SIGNATURE = bytes.fromhex(
    "48167442ee128b132d7113614432827100de3c1bbbfca5221b415bf8f2262f88"
    "7255da5706e68c74d4f29838ac3e2a05a7346a0b45357265e7b5a2e0363a954a01"
)
_PROBE_ADDRESS = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"


def require_native_curve() -> None:
    """Start-up check: a known answer comes from the native curve. Raises PureCurveRefused.

    This library signs and recovers with coincurve alone. eth-keys, which web3 brings along, falls back to
    a pure-Python curve in silence; it is asked only where it is loaded, since loading costs 24 MiB.
    """
    key = coincurve.PublicKey.from_signature_and_message(_PROBE_SIGNATURE, _PROBE_DIGEST, hasher=None)
    if address_of(key.format(compressed=False)[1:]) != _PROBE_ADDRESS:
        raise PureCurveRefused("the native curve gives wrong answers")
    if "eth_keys" in sys.modules:
        from eth_keys.backends import get_backend

        backend = type(get_backend()).__name__
        if backend != "CoinCurveECCBackend":
            raise PureCurveRefused(f"eth-keys runs on {backend}; install coincurve")
