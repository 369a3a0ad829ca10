"""Keystores from strangers, held against eth_account, which made or opens each of them too."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from eth_account import Account
from eth_keyfile.keyfile import create_keyfile_json

from libs.signing import keystores
from libs.signing.errors import KeystoreRefused
from libs.signing.keccak import keccak256
from libs.signing.keystores import Keystore, Pbkdf2, Scrypt, keystore_of, read_keystore
from tests.dcp_vectors import VECTORS, A, KeystoreVector

pytestmark = pytest.mark.clause("dcp 2.2", "dcp 2.3", "dcp 8.1")

SECRET = bytes([0x46]) * 32
Document = dict[str, Any]
Change = Callable[[Document], object]


def document() -> Document:
    found: Document = json.loads(A.keystore)
    return found


def changed(change: Change) -> Document:
    found = document()
    change(found)
    return found


def opened(found: Document, password: bytes = A.password) -> str:
    return keystore_of(found).open(password).address


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_keystores_of_dcp_client_open(vector: KeystoreVector) -> None:
    keystore, end = read_keystore(vector.keystore)
    assert end == len(vector.keystore)
    # JavaScript hands the password's UTF-8 to the derivation, whatever its header was encoded in.
    key = keystore.open(vector.password.decode("latin-1").encode())
    assert (key.address, key.secret) == (vector.address, vector.private_key)


@pytest.mark.parametrize("password", [b"", b'p:w"}: 1', "пароль ☂".encode(), b"\x00\n", b"x" * 5000])
@pytest.mark.parametrize(("kdf", "cost"), [("scrypt", 2), ("scrypt", 4096), ("pbkdf2", 1), ("pbkdf2", 5000)])
def test_what_eth_account_encrypts_is_opened(kdf: str, cost: int, password: bytes) -> None:
    made = create_keyfile_json(SECRET, password, kdf=kdf, iterations=cost)
    assert keystore_of(made).open(password).secret == SECRET
    with pytest.raises(KeystoreRefused, match="password"):
        keystore_of(made).open(password + b"!")


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("id"),
        lambda d: d.pop("address"),
        lambda d: d.update(address=None),
        lambda d: d.update(address=A.address),
        lambda d: d.update(address=A.address[2:].upper()),
        lambda d: d.update(Crypto=d.pop("crypto")),
        lambda d: d.update(version="3"),
        lambda d: d.update(label=["not", "a", "text"]),
        lambda d: d.update(surplus={"a": [1, {"b": None}]}),
        lambda d: d["crypto"].update(mac="0x" + d["crypto"]["mac"].upper()),
        lambda d: d["crypto"].update(ciphertext="0x" + d["crypto"]["ciphertext"]),
        lambda d: d["crypto"]["kdfparams"].update(salt="0X" + d["crypto"]["kdfparams"]["salt"]),
    ],
)
def test_foreign_spellings_are_the_same_keystore(change: Change) -> None:
    assert opened(changed(change)) == A.address


def test_eth_account_opens_what_we_open_and_does_not_see_a_forged_address() -> None:
    forged = changed(lambda d: d.update(address="0" * 40))
    assert Account.from_key(Account.decrypt(forged, A.password.decode())).address == A.address
    with pytest.raises(KeystoreRefused, match="address"):
        opened(forged)


def kdf(**changes: Any) -> Change:
    return lambda d: d["crypto"]["kdfparams"].update(changes)


def pbkdf2(**changes: Any) -> Change:
    params = {"dklen": 32, "salt": "00" * 32, "c": 1000, "prf": "hmac-sha256", **changes}
    return lambda d: d["crypto"].update(kdf="pbkdf2", kdfparams=params)


REFUSED: dict[str, Change] = {
    "version missing": lambda d: d.pop("version"),
    "version 4": lambda d: d.update(version=4),
    "version 1": lambda d: d.update(version=1),
    "version is a fraction": lambda d: d.update(version=3.0),
    "version is a bool": lambda d: d.update(version=True),
    "version has a blank": lambda d: d.update(version=" 3"),
    "version is a list": lambda d: d.update(version=[3]),
    "sale of 2014": lambda d: (d.pop("version"), d.update(encseed="00", ethaddr="00", bkp="00")),
    "address is short": lambda d: d.update(address="11" * 19),
    "address is empty": lambda d: d.update(address=""),
    "address is a number": lambda d: d.update(address=17),
    "no crypto": lambda d: d.pop("crypto"),
    "crypto is a list": lambda d: d.update(crypto=[d["crypto"]]),
    "crypto twice": lambda d: d.update(Crypto=d["crypto"]),
    "another cipher": lambda d: d["crypto"].update(cipher="aes-128-cbc"),
    "cipher is none": lambda d: d["crypto"].pop("cipher"),
    "cipher is a list": lambda d: d["crypto"].update(cipher=["aes-128-ctr"]),
    "no cipherparams": lambda d: d["crypto"].pop("cipherparams"),
    "iv is short": lambda d: d["crypto"]["cipherparams"].update(iv="00" * 15),
    "iv has half a byte": lambda d: d["crypto"]["cipherparams"].update(iv="00" * 15 + "0"),
    "iv is a number": lambda d: d["crypto"]["cipherparams"].update(iv=0),
    "ciphertext is long": lambda d: d["crypto"].update(ciphertext="00" * 33),
    "ciphertext is empty": lambda d: d["crypto"].update(ciphertext=""),
    "ciphertext has blanks": lambda d: d["crypto"].update(ciphertext=" ".join(["00"] * 32)),
    "mac is no hex": lambda d: d["crypto"].update(mac="zz" * 32),
    "mac has foreign digits": lambda d: d["crypto"].update(mac="\uff11" * 64),
    "mac is missing": lambda d: d["crypto"].pop("mac"),
    "kdf unknown": lambda d: d["crypto"].update(kdf="argon2id"),
    "kdf is an object": lambda d: d["crypto"].update(kdf={}),
    "kdfparams is a text": lambda d: d["crypto"].update(kdfparams="n=1024"),
    "n is 2^20": kdf(n=1 << 20),
    "n is 2^64": kdf(n=1 << 64),
    "n is no power of two": kdf(n=1000),
    "n is 1": kdf(n=1),
    "n is 0": kdf(n=0),
    "n is negative": kdf(n=-1024),
    "n is a text": kdf(n="1024"),
    "n is a fraction": kdf(n=1024.0),
    "n is a bool": kdf(n=True),
    "n is null": kdf(n=None),
    "n is a list": kdf(n=[1024]),
    "r is 0": kdf(r=0),
    "r is 17": kdf(r=17),
    "r is a fraction": kdf(r=8.5),
    "p is 0": kdf(p=0),
    "p is 5": kdf(p=5),
    "p is a bool": kdf(p=True),
    "memory": kdf(n=1 << 18, r=9),
    "dklen is 64": kdf(dklen=64),
    "dklen is 16": kdf(dklen=16),
    "dklen is a fraction": kdf(dklen=32.0),
    "salt is long": kdf(salt="00" * 65),
    "salt is a list": kdf(salt=["00"]),
    "salt is missing": lambda d: d["crypto"]["kdfparams"].pop("salt"),
    "c is 0": pbkdf2(c=0),
    "c is 2,000,001": pbkdf2(c=2_000_001),
    "c is a text": pbkdf2(c="1000"),
    "prf is sha1": pbkdf2(prf="hmac-sha1"),
    "prf is missing": pbkdf2(prf=None),
}


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was derived; nothing must be before the limits were looked at."""
    asked: list[str] = []
    for name in ("scrypt", "pbkdf2_hmac"):
        monkeypatch.setattr(keystores.hashlib, name, lambda *_, name=name, **__: asked.append(name))
    return asked


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_outside_the_limits_is_refused_before_anything_is_derived(
    name: str, derived: list[str]
) -> None:
    with pytest.raises(KeystoreRefused):
        read_keystore(json.dumps(changed(REFUSED[name])))
    assert derived == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '"{}"',
        "null",
        "3",
        "{}",
        "[" * 5000,
        '{"a":' * 5000,
        '{"a":' * 8 + "{}" + "}" * 8,
        '{"version":3,"version":3}',
        '{"version":3,"x":NaN}',
        '{"version":3,"x":-Infinity}',
        '{"version":' + "9" * 5000 + "}",
        '{"version":3,"x":1e999,"crypto":1}',
        '{"version":3,"x":"\x00"}',
        '{"x":"' + '\\"' * 5000,
        "{]" + "[" * 5000,
        A.keystore.replace('"n":1024', '"n":1024,"n":1024'),
        A.keystore.replace('"n":1024', '"n":1' + "0" * 5000),
        A.keystore.replace('"n":1024', '"n":1e3'),
        A.keystore.replace('"version":3', '"version":"\\ud800"'),
        A.keystore.replace('"salt":"', '"salt":"\\ud800'),
        A.keystore[:-1],
    ],
    ids=lambda text: text[:24],
)
def test_what_is_no_keystore_is_refused(text: str, derived: list[str]) -> None:
    with pytest.raises(KeystoreRefused):
        read_keystore(text)
    assert derived == []


def test_eight_levels_are_read_and_brackets_in_texts_do_not_count() -> None:
    deep = '{"a":' * 6 + "[]" + "}" * 6
    text = A.keystore.replace('"version":3', f'"label":"{"[{" * 50}","x":{deep},"version":3')
    keystore, end = read_keystore(text + "[" * 5000)
    assert (keystore.label, end) == ("[{" * 50, len(text))
    with pytest.raises(KeystoreRefused, match="deep"):
        read_keystore(text.replace("[]", "[[]]"))


def test_the_most_that_is_allowed_is_opened() -> None:
    """2^18 is what other wallets write: a quarter of a gigabyte and about a second."""
    made = create_keyfile_json(SECRET, b"pw", kdf="scrypt", iterations=1 << 18)
    keystore = keystore_of(made)
    assert keystore.kdf == Scrypt(bytes.fromhex(made["crypto"]["kdfparams"]["salt"]), 1 << 18, 8, 1)
    assert not keystore.kdf.is_cheap
    assert keystore.open(b"pw").secret == SECRET


@pytest.mark.parametrize(("r", "p"), [(1, 1), (16, 4), (3, 2)])
def test_odd_block_sizes_fit_into_the_memory_they_are_given(r: int, p: int) -> None:
    assert len(Scrypt(b"", 2, r, p).derive(b"")) == 32
    assert len(Scrypt(b"s" * 64, 1 << 14, r, p).derive(b"pw")) == 32


def test_a_derivation_that_the_library_refuses_is_a_refusal() -> None:
    keystore = Keystore(
        kdf=Scrypt(b"", 3, 1, 1), iv=bytes(16), ciphertext=bytes(32), mac=bytes(32), address=None, label=""
    )
    with pytest.raises(KeystoreRefused, match="derived"):
        keystore.open(b"")


def test_what_holds_no_key_is_refused() -> None:
    """A keystore with a right MAC over 32 zero bytes: zero is no key of the curve."""
    kdf = Pbkdf2(b"salt", 1)
    derived = kdf.derive(b"pw")
    stream = Cipher(algorithms.AES128(derived[:16]), modes.CTR(bytes(16))).encryptor().update(bytes(32))
    mac = keccak256(derived[16:32] + stream)
    keystore = Keystore(kdf=kdf, iv=bytes(16), ciphertext=stream, mac=mac, address=None, label="")
    with pytest.raises(KeystoreRefused, match="no key"):
        keystore.open(b"pw")


@pytest.mark.parametrize(
    ("kdf", "is_cheap"),
    [
        (Scrypt(b"", 1024, 8, 1), True),
        (Scrypt(b"", 4096, 8, 1), True),
        (Scrypt(b"", 4096, 8, 2), False),
        (Scrypt(b"", 1 << 18, 8, 1), False),
        (Pbkdf2(b"", 10_000), True),
        (Pbkdf2(b"", 10_001), False),
    ],
)
def test_cheap_is_what_takes_a_moment(kdf: Scrypt | Pbkdf2, is_cheap: bool) -> None:
    assert kdf.is_cheap is is_cheap


def test_labels_are_shown_only_when_they_can_be() -> None:
    def label(value: object) -> str:
        return keystore_of(changed(lambda d: d.update(label=value))).label

    assert label("Ärger ☂") == "Ärger ☂"
    assert label("x" * 300) == "x" * 255
    assert [label(value) for value in (None, 3, "a\nb", "\ud800", "\x1b[31m")] == [""] * 5


def test_a_keystore_hides_what_it_holds() -> None:
    shown = repr(read_keystore(A.keystore)[0])
    assert all(secret not in shown for secret in ("acd08938", "d1ce1cea", "dfbc1541", "\\xac", "\\xd1"))
