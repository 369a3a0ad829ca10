"""ECIES on secp256k1, byte-compatible with eciespy's default scheme (contract 5.1).

blob = ephemeral public key (65, uncompressed) | GCM nonce (16) | GCM tag (16) | ciphertext (n).
AES-256 key = HKDF-SHA256(ephemeral public key | uncompressed shared point), no salt, no info.
"""

import os
from functools import lru_cache
from typing import Final

import coincurve
from coincurve.utils import get_valid_secret
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from libs.signing.errors import DecryptionFailed, MalformedKey
from libs.signing.keys import PrivateKey

PUBLIC_SIZE: Final = 65
NONCE_SIZE: Final = 16  # not the usual 12
TAG_SIZE: Final = 16
OVERHEAD: Final = PUBLIC_SIZE + NONCE_SIZE + TAG_SIZE

Data = bytes | bytearray | memoryview


def encrypt(public_key: bytes, data: Data) -> bytes:
    """Encrypt for a public key of 64 bytes (Ethereum form), 65 or 33. Raises MalformedKey."""
    return seal(_receiver(public_key), data, get_valid_secret(), os.urandom(NONCE_SIZE))


def seal(receiver: coincurve.PublicKey, data: Data, ephemeral: bytes, nonce: bytes) -> bytes:
    """The deterministic core of `encrypt`; a pair of ephemeral secret and nonce must never be used twice."""
    # Not through coincurve.PrivateKey, which derives a second (x-only) public key each time.
    ephemeral_public = coincurve.PublicKey.from_valid_secret(ephemeral).format(compressed=False)
    shared = receiver.multiply(ephemeral).format(compressed=False)
    sealed = AESGCM(_derive(ephemeral_public, shared)).encrypt(nonce, data, None)
    view = memoryview(sealed)
    return b"".join((ephemeral_public, nonce, view[-TAG_SIZE:], view[:-TAG_SIZE]))


def decrypt(key: PrivateKey | bytes, blob: Data) -> bytes:
    """The plaintext. Raises DecryptionFailed for every blob that `encrypt` did not make for this key."""
    if len(blob) < OVERHEAD:
        raise DecryptionFailed("blob is too short")
    native = key.native if isinstance(key, PrivateKey) else PrivateKey(key).native
    view = memoryview(blob)
    ephemeral_public = bytes(view[:PUBLIC_SIZE])
    if ephemeral_public[0] != 4:
        raise DecryptionFailed("ephemeral key is not uncompressed")
    try:
        shared = coincurve.PublicKey(ephemeral_public).multiply(native.secret).format(compressed=False)
        cipher = AESGCM(_derive(ephemeral_public, shared))
        tag_at = PUBLIC_SIZE + NONCE_SIZE
        joined = b"".join((view[OVERHEAD:], view[tag_at:OVERHEAD]))
        return cipher.decrypt(bytes(view[PUBLIC_SIZE:tag_at]), joined, None)
    except (ValueError, InvalidTag) as error:
        raise DecryptionFailed("blob is not for this key or was changed") from error


@lru_cache(maxsize=64)  # a provider has one key per chain
def _receiver(public_key: bytes) -> coincurve.PublicKey:
    try:
        return coincurve.PublicKey(b"\x04" + public_key if len(public_key) == 64 else public_key)
    except ValueError as error:
        raise MalformedKey("not a secp256k1 public key") from error


def _derive(ephemeral_public: bytes, shared: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"").derive(ephemeral_public + shared)
