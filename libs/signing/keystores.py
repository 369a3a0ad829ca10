"""Version 3 keystores ("Web3 secret storage") from strangers: checked, bounded, opened.

Whoever sends one chooses what opening it costs, so every limit (DCP contract 2.3) is looked at before a key
is derived. Keystore files of our own operators are opened by keys.load_keystore.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Never

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from libs.signing.errors import KeystoreRefused, MalformedKey
from libs.signing.keccak import keccak256
from libs.signing.keys import PrivateKey

MAX_DEPTH: Final = 8
MAX_LABEL_CHARS: Final = 255
MAX_N: Final = 1 << 18
MAX_R: Final = 16
MAX_P: Final = 4
MAX_MEMORY: Final = 256 << 20  # bytes, of scrypt
MAX_ROUNDS: Final = 2_000_000  # of PBKDF2
MAX_SALT_BYTES: Final = 64
KEY_BYTES: Final = 32
# Up to these a key is derived in some ten milliseconds and few megabytes, as dcp-client's are (n = 1024).
CHEAP_SCRYPT_BYTES: Final = 4 << 20  # 128 * n * r * p
CHEAP_ROUNDS: Final = 10_000

_HEX = re.compile(r"(?:0[xX])?((?:[0-9a-fA-F]{2})*)")
_ADDRESS = re.compile(r"(?:0[xX])?([0-9a-fA-F]{40})")
# Strings whole, so that brackets in them do not count; possessive, and an open string takes all that is left.
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Scrypt:
    salt: bytes = field(repr=False)
    n: int
    r: int
    p: int

    @property
    def is_cheap(self) -> bool:
        return 128 * self.n * self.r * self.p <= CHEAP_SCRYPT_BYTES

    def derive(self, password: bytes) -> bytes:
        memory = 128 * self.r * (self.n + self.p + 4) + (1 << 16)  # OpenSSL's own bookkeeping included
        return hashlib.scrypt(
            password, salt=self.salt, n=self.n, r=self.r, p=self.p, maxmem=memory, dklen=KEY_BYTES
        )


@dataclass(frozen=True, slots=True)
class Pbkdf2:
    salt: bytes = field(repr=False)
    rounds: int

    @property
    def is_cheap(self) -> bool:
        return self.rounds <= CHEAP_ROUNDS

    def derive(self, password: bytes) -> bytes:
        return hashlib.pbkdf2_hmac("sha256", password, self.salt, self.rounds, KEY_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keystore:
    """Everything a version 3 keystore must hold, within limits. Nothing was derived yet."""

    kdf: Scrypt | Pbkdf2
    iv: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    address: str | None  # 40 lower-case hex digits, as it says itself: it proves nothing
    label: str

    def open(self, password: bytes) -> PrivateKey:
        """Slow on purpose. The address of what is returned is the identity. Raises KeystoreRefused."""
        try:
            derived = self.kdf.derive(password)
        except ValueError:  # the library's own idea of what is too much
            raise KeystoreRefused("its key cannot be derived") from None
        if not hmac.compare_digest(keccak256(derived[16:32] + self.ciphertext), self.mac):
            raise KeystoreRefused("the password is wrong")
        opener = Cipher(algorithms.AES128(derived[:16]), modes.CTR(self.iv)).decryptor()
        try:
            key = PrivateKey(opener.update(self.ciphertext) + opener.finalize())
        except MalformedKey:
            raise KeystoreRefused("what it holds is no key") from None
        if self.address is not None and self.address != key.address[2:].lower():
            raise KeystoreRefused("its address is not the key's")
        return key


def read_keystore(text: str) -> tuple[Keystore, int]:
    """The keystore that `text` starts with, and where its JSON ends. Raises KeystoreRefused, nothing else."""
    _check_depth(text)
    try:
        document, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        raise KeystoreRefused("it is not JSON") from None
    return keystore_of(document), end


def keystore_of(document: object) -> Keystore:
    """Raises KeystoreRefused, whose text says what is wrong and quotes nothing."""
    if not isinstance(document, dict):
        raise KeystoreRefused("it is not a JSON object")
    _check_version(document)
    spellings = [document[name] for name in ("crypto", "Crypto") if name in document]
    crypto = _object(spellings[0] if len(spellings) == 1 else None, "crypto")
    if crypto.get("cipher") != "aes-128-ctr":
        raise KeystoreRefused("its cipher is not aes-128-ctr")
    return Keystore(
        kdf=_kdf(crypto),
        iv=_bytes(_object(crypto.get("cipherparams"), "cipherparams").get("iv"), "iv", 16),
        ciphertext=_bytes(crypto.get("ciphertext"), "ciphertext", KEY_BYTES),
        mac=_bytes(crypto.get("mac"), "mac", 32),
        address=_address(document.get("address")),
        label=_label(document.get("label")),
    )


def _check_version(document: Mapping[str, Any]) -> None:
    version = document.get("version")
    if type(version) is int and version == 1:
        raise KeystoreRefused("version 1 keystores are not opened here")
    if "encseed" in document:
        raise KeystoreRefused("keystores of the 2014 sale are not opened here")
    if (type(version) is not int or version != 3) and version != "3":
        raise KeystoreRefused("its version is not 3")


def _kdf(crypto: Mapping[str, Any]) -> Scrypt | Pbkdf2:
    name, params = crypto.get("kdf"), _object(crypto.get("kdfparams"), "kdfparams")
    if _whole(params, "dklen", KEY_BYTES) != KEY_BYTES:
        raise KeystoreRefused("its dklen is not 32")
    salt = _bytes(params.get("salt"), "salt")
    if len(salt) > MAX_SALT_BYTES:
        raise KeystoreRefused("its salt is too long")
    if name == "scrypt":
        n, r, p = _whole(params, "n", MAX_N), _whole(params, "r", MAX_R), _whole(params, "p", MAX_P)
        if n < 2 or n & (n - 1):
            raise KeystoreRefused("its n is not a power of two")
        if 128 * n * r > MAX_MEMORY:
            raise KeystoreRefused("its key derivation takes too much memory")
        return Scrypt(salt, n, r, p)
    if name == "pbkdf2":
        if params.get("prf") != "hmac-sha256":
            raise KeystoreRefused("its prf is not hmac-sha256")
        return Pbkdf2(salt, _whole(params, "c", MAX_ROUNDS))
    raise KeystoreRefused("its kdf is neither scrypt nor pbkdf2")


def _whole(params: Mapping[str, Any], name: str, most: int) -> int:
    """An integer between 1 and `most`; no text, no fraction, no bool stands for one."""
    value = params.get(name)
    if type(value) is not int or not 1 <= value <= most:
        raise KeystoreRefused(f"its {name} is not within the limits")
    return value


def _bytes(value: object, name: str, length: int | None = None) -> bytes:
    match = _HEX.fullmatch(value) if isinstance(value, str) else None
    found = None if match is None else bytes.fromhex(match.group(1))
    if found is None or (length is not None and len(found) != length):
        raise KeystoreRefused(f"its {name} is not hex of the right length")
    return found


def _address(value: object) -> str | None:
    if value is None:
        return None
    match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise KeystoreRefused("its address is not one")
    return match.group(1).lower()


def _label(value: object) -> str:
    """Shown to its owner, and no reason to refuse anything."""
    return value[:MAX_LABEL_CHARS] if isinstance(value, str) and value.isprintable() else ""


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise KeystoreRefused(f"its {name} is not an object")
    return value


def _check_depth(text: str) -> None:
    """Before the parser recurses: brackets up to the end of the first value; what follows may hold any."""
    depth = 0
    for match in _STRUCTURE.finditer(text):
        if match.group() in ("{", "["):
            depth += 1
            if depth > MAX_DEPTH:
                raise KeystoreRefused("it is nested too deeply")
        elif match.group() in ("}", "]"):
            depth -= 1
            if depth <= 0:
                return


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise KeystoreRefused("a member is there twice")
    return members


def _refuse_constant(name: str) -> Never:
    raise KeystoreRefused("it is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)
