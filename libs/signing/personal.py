"""Wallet signatures: EIP-191 over the 32-byte hash of a text (contract 3.1) or over the text as it stands
(EIP-4361), EIP-1271 by a passed-in call.
"""

import re
from collections.abc import Callable

import coincurve

from libs.signing.errors import (
    MalformedAddress,
    MalformedMessage,
    MalformedSignature,
    SignatureMismatch,
)
from libs.signing.keccak import keccak256
from libs.signing.keys import CURVE_ORDER, PrivateKey, address_of, checksum

ContractCall = Callable[[str, bytes, bytes], bool]
"""(checksummed address, digest, signature bytes) -> did isValidSignature say yes?"""

_PREFIX = b"\x19Ethereum Signed Message:\n"
_PREFIX_32 = _PREFIX + b"32"
_HALF_ORDER = CURVE_ORDER // 2
_HEX_65 = re.compile(r"(?:0x)?([0-9a-fA-F]{130})")
_HEX_ANY = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2})*)")
_MAX_CONTRACT_SIGNATURE_CHARS = 2 * 8192 + 2
_V = {0: 0, 1: 1, 27: 0, 28: 1}


def message_hash(text: str) -> bytes:
    """keccak256 of the UTF-8 text. Raises MalformedMessage for lone surrogates."""
    try:
        return keccak256(text.encode())
    except UnicodeEncodeError as error:
        raise MalformedMessage("text is not valid Unicode") from error


def digest(hash32: bytes) -> bytes:
    """The one EIP-191 prefix over the raw 32-byte hash, not over its hex text."""
    return keccak256(_PREFIX_32 + hash32)


def digests(text: str) -> tuple[bytes, ...]:
    """Acceptable digests: the canonical one, then the stripped one of contract 3.3 (c).

    ocean.js 5.1.1+ drops leading zero bytes of the hash (ethers 6 `toBeArray`) and prefixes the
    shorter length; that form exists only when the hash really starts with a zero byte.
    """
    hashed = message_hash(text)
    canonical = digest(hashed)
    if hashed[0] != 0:
        return (canonical,)
    stripped = hashed.lstrip(b"\0")
    return canonical, keccak256(_PREFIX + str(len(stripped)).encode() + stripped)


def text_digest(text: str) -> bytes:
    """The EIP-191 digest of the text itself, as `personal_sign` makes it. Raises MalformedMessage."""
    try:
        raw = text.encode()
    except UnicodeEncodeError as error:
        raise MalformedMessage("text is not valid Unicode") from error
    return keccak256(_PREFIX + str(len(raw)).encode() + raw)


def parse_signature(text: str) -> bytes:
    """65 bytes r||s||v with v 0 or 1. Raises MalformedSignature.

    High s is refused (EIP-2): no wallet makes it, and it would be a second spelling of a signature.
    """
    match = _HEX_65.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise MalformedSignature("signature must be 130 hex digits")
    raw = bytes.fromhex(match.group(1))
    v = _V.get(raw[64])
    if v is None:
        raise MalformedSignature("v must be 0, 1, 27 or 28")
    if not 0 < int.from_bytes(raw[:32], "big") < CURVE_ORDER:
        raise MalformedSignature("r is out of range")
    if not 0 < int.from_bytes(raw[32:64], "big") <= _HALF_ORDER:
        raise MalformedSignature("s is out of range")
    return raw[:64] + bytes((v,))


def recover(digest32: bytes, signature: bytes) -> str:
    """EIP-55 address that made `signature` (as parse_signature returns it). Raises MalformedSignature."""
    try:
        key = coincurve.PublicKey.from_signature_and_message(signature, digest32, hasher=None)
    except ValueError as error:
        raise MalformedSignature("r is not on the curve") from error
    return address_of(key.format(compressed=False)[1:])


def is_signed_by(text: str, signature: str, address: str) -> bool:
    """True when a plain account signed the text; anything malformed is False, never an error."""
    try:
        verify(text, signature, address)
    except SignatureMismatch:
        return False
    return True


def verify(text: str, signature: str, address: str, contract_call: ContractCall | None = None) -> None:
    """Plain account first, then the contract at `address` (EIP-1271) when a call is given.

    Raises SignatureMismatch for everything that is wrong with the three texts, and lets through what
    `contract_call` raises.
    """
    _verify(lambda: digests(text), signature, address, contract_call)


def verify_text(text: str, signature: str, address: str, contract_call: ContractCall | None = None) -> None:
    """As `verify`, for a text that was signed as it stands (EIP-4361)."""
    _verify(lambda: (text_digest(text),), signature, address, contract_call)


def _verify(
    digested: Callable[[], tuple[bytes, ...]],
    signature: str,
    address: str,
    contract_call: ContractCall | None,
) -> None:
    try:
        expected = checksum(address)
        accepted = digested()
    except (MalformedAddress, MalformedMessage) as error:
        raise SignatureMismatch(address, None) from error
    recovered = _recover_first(accepted, signature, expected)
    if recovered == expected:
        return
    if contract_call is not None:
        raw = _contract_signature(signature)
        if raw is not None and any(contract_call(expected, item, raw) for item in accepted):
            return
    raise SignatureMismatch(expected, recovered)


def _recover_first(accepted: tuple[bytes, ...], signature: str, expected: str) -> str | None:
    """The expected address if any digest gives it, else what the canonical digest gives."""
    try:
        raw = parse_signature(signature)
    except MalformedSignature:
        return None
    first: str | None = None
    for item in accepted:
        try:
            found = recover(item, raw)
        except MalformedSignature:
            continue
        if found == expected:
            return found
        first = first or found
    return first


def _contract_signature(signature: str) -> bytes | None:
    """Contract wallets define their own signature bytes: any even hex up to 8 KiB."""
    if len(signature) > _MAX_CONTRACT_SIGNATURE_CHARS:
        return None
    match = _HEX_ANY.fullmatch(signature)
    if match is None or not match.group(1):
        return None
    return bytes.fromhex(match.group(1))


def sign_hash(hash32: bytes, key: PrivateKey) -> tuple[int, bytes, bytes]:
    """(v 27/28, r, s as 32 bytes each) over the EIP-191 digest of a 32-byte hash. Deterministic, low s."""
    if len(hash32) != 32:
        raise MalformedMessage("a hash has 32 bytes")
    raw = key.native.sign_recoverable(digest(hash32), hasher=None)
    return 27 + raw[64], raw[:32], raw[32:64]


def sign_text(text: str, key: PrivateKey) -> str:
    """0x-hex r||s||v, v 27/28."""
    v, r, s = sign_hash(message_hash(text), key)
    return "0x" + (r + s + bytes((v,))).hex()


def sign_personal(text: str, key: PrivateKey) -> str:
    """As `sign_text`, over the text itself: what a wallet's `personal_sign` gives."""
    raw = key.native.sign_recoverable(text_digest(text), hasher=None)
    return "0x" + (raw[:64] + bytes((27 + raw[64],))).hex()
