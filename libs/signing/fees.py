"""Provider fees: what the datatoken contract checks before it takes an order (contract 8.3)."""

import json
from dataclasses import dataclass

from libs.signing.errors import MalformedAddress, MalformedMessage, MalformedSignature
from libs.signing.flat_json import loads_flat
from libs.signing.keccak import keccak256
from libs.signing.keys import PrivateKey, checksum
from libs.signing.personal import digest, parse_signature, recover, sign_hash

_UINT256 = 1 << 256
_MAX_PROVIDER_DATA_BYTES = 16384


@dataclass(frozen=True, slots=True)
class FeeQuote:
    """Amount in base units of `token`; `valid_until` in UTC seconds, 0 for access services."""

    provider_data: bytes
    address: str
    token: str
    amount: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class SignedFee:
    """v is 27 or 28; r and s are 32 bytes each."""

    v: int
    r: bytes
    s: bytes


@dataclass(frozen=True, slots=True)
class ProviderData:
    """What we put into `providerData`; `timestamp` is None when it is missing or no number."""

    environment: str | None
    timestamp: float | None
    datatoken: str
    service_id: str


def fee_hash(quote: FeeQuote) -> bytes:
    """keccak256 of the packed fields. Raises MalformedAddress, MalformedMessage (a number out of range)."""
    return keccak256(
        b"".join(
            (
                quote.provider_data,
                bytes.fromhex(checksum(quote.address)[2:]),
                bytes.fromhex(checksum(quote.token)[2:]),
                _uint256(quote.amount),
                _uint256(quote.valid_until),
            )
        )
    )


def sign_fee(quote: FeeQuote, key: PrivateKey) -> SignedFee:
    v, r, s = sign_hash(fee_hash(quote), key)
    return SignedFee(v, r, s)


def fee_is_signed_by(quote: FeeQuote, v: int, r: bytes, s: bytes, address: str) -> bool:
    """True when `address` signed exactly this quote; anything malformed is False."""
    try:
        if not 0 <= v <= 255 or len(r) != 32 or len(s) != 32:
            return False
        signature = parse_signature((r + s + bytes((v,))).hex())
        return recover(digest(fee_hash(quote)), signature) == checksum(address)
    except (MalformedSignature, MalformedAddress, MalformedMessage):
        return False


def encode_provider_data(environment: str | None, timestamp: float, datatoken: str, service_id: str) -> bytes:
    """Compact JSON in upstream's key order; `timestamp` in UTC seconds."""
    return json.dumps(
        {"environment": environment, "timestamp": timestamp, "dt": datatoken, "id": service_id},
        separators=(",", ":"),
    ).encode()


def decode_provider_data(data: bytes) -> ProviderData | None:
    """None when these bytes are not a fee description (anybody can emit any bytes)."""
    if len(data) > _MAX_PROVIDER_DATA_BYTES:
        return None
    try:
        document = loads_flat(data.decode())
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    datatoken, service_id = document.get("dt"), document.get("id")
    environment = document.get("environment")
    if not isinstance(datatoken, str) or not isinstance(service_id, str):
        return None
    if environment is not None and not isinstance(environment, str):
        return None
    return ProviderData(environment, _timestamp(document.get("timestamp")), datatoken, service_id)


def _timestamp(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None


def _uint256(value: int) -> bytes:
    if not 0 <= value < _UINT256:
        raise MalformedMessage("number does not fit a uint256")
    return value.to_bytes(32, "big")
