"""Whatever stands in a Basic token, its reader answers with readings or with its own refusal."""

import base64
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from libs.signing.errors import KeystoreRefused
from libs.signing.keystores import MAX_MEMORY, MAX_N, MAX_ROUNDS, Pbkdf2, Scrypt, read_keystore
from services.auth.domain.keystores import KeystoreLoginRefused, read_basic, read_form
from tests.dcp_vectors import A

pytestmark = pytest.mark.clause("dcp 2.1", "dcp 9")

KEYSTORE: dict[str, Any] = json.loads(A.keystore)
NUMBERS = st.integers() | st.floats() | st.sampled_from([2**18, 2**20, 1024, True, -0.0, 1e308])
HEX = st.binary(max_size=70).map(bytes.hex) | st.text("0123456789abcdefxX ", max_size=70)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=20) | HEX,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
PLACES = [
    ("version",),
    ("id",),
    ("address",),
    ("label",),
    ("crypto",),
    ("Crypto",),
    *(("crypto", name) for name in ("ciphertext", "cipherparams", "cipher", "kdf", "kdfparams", "mac")),
    ("crypto", "cipherparams", "iv"),
    *(("crypto", "kdfparams", name) for name in ("dklen", "salt", "n", "r", "p", "c", "prf")),
]


def changed(place: tuple[str, ...], value: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(A.keystore)
    inner = found
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    return found


def assert_bounded(text: str) -> None:
    try:
        keystore, end = read_keystore(text)
    except KeystoreRefused:
        return
    assert 0 < end <= len(text)
    kdf = keystore.kdf
    if isinstance(kdf, Scrypt):
        assert 2 <= kdf.n <= MAX_N
        assert 128 * kdf.n * kdf.r <= MAX_MEMORY
    else:
        assert isinstance(kdf, Pbkdf2)
        assert 1 <= kdf.rounds <= MAX_ROUNDS
    assert (len(keystore.iv), len(keystore.ciphertext), len(keystore.mac)) == (16, 32, 32)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=1))
def test_a_keystore_with_another_member_is_bounded_or_refused(changes: list[tuple[Any, Any]]) -> None:
    ((place, value),) = changes
    assert_bounded(json.dumps(changed(place, value)))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300) | st.text('{}[]":,\\ 0123abcnN.-e', max_size=600))
@example("{" * 6000)
@example('{"a":"' + "\\" * 6000)
@example('{"":' * 3000 + "0")
def test_texts_are_bounded_or_refused(text: str) -> None:
    assert_bounded(text)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(A.keystore)), st.text(max_size=12), st.integers(0, 30))
def test_a_keystore_cut_and_patched_is_bounded_or_refused(place: int, patch: str, gone: int) -> None:
    assert_bounded(A.keystore[:place] + patch + A.keystore[place + gone :])


def assert_read_or_refused(credentials: str) -> None:
    try:
        attempts = read_basic(credentials)
    except KeystoreLoginRefused:
        return
    assert 1 <= len(attempts) <= 2
    assert all(1 <= len(attempt.passwords) <= 2 for attempt in attempts)


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=400) | st.text("ABCXYZabc019+/-_= \t\r\n", max_size=400))
@example("A" * 20_000)
@example("=" * 100)
def test_headers_are_read_or_refused(credentials: str) -> None:
    assert_read_or_refused(credentials)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=400), st.binary(max_size=40), st.booleans())
def test_tokens_are_read_or_refused(before: bytes, after: bytes, with_keystore: bool) -> None:
    middle = A.keystore.encode() if with_keystore else b""
    assert_read_or_refused(base64.b64encode(before + middle + after).decode())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
@example(b"")
@example(b"\n")
@example(b"\r\n")
@example(b"\xc3\xa9")
@example(b"\xef\xbb\xbf")
def test_every_password_comes_through(password: bytes) -> None:
    """As UTF-8 where it is that, else as Latin-1; the whole of it, and first of all."""
    attempts = read_basic(base64.b64encode(A.keystore.encode() + b":" + password).decode())
    try:
        expected = password.decode().encode()
    except UnicodeDecodeError:
        expected = password.decode("latin-1").encode()
    assert attempts[0].passwords[0] == expected


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.text(max_size=100))
def test_forms_are_read_or_refused(keystore: str, password: str) -> None:
    for text in (keystore, A.keystore + keystore):
        try:
            (attempt,) = read_form(text, password)
        except KeystoreLoginRefused:
            continue
        assert attempt.passwords == (password.encode(),)
