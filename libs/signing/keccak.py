"""Keccak-256 as Ethereum uses it (not SHA3-256)."""

from eth_hash.auto import keccak as _keccak


def keccak256(data: bytes) -> bytes:
    """32 bytes."""
    return _keccak(data)
