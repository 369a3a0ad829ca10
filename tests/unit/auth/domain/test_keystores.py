"""The Basic token of DCP clients: where the keystore ends and the password starts (contract 2.1)."""

import base64
import json

import pytest

from services.auth.domain.keystores import (
    MAX_DECODED_BYTES,
    MAX_HEADER_CHARS,
    Attempt,
    KeystoreLoginRefused,
    read_basic,
    read_form,
)
from tests.dcp_vectors import VECTORS, A, B, KeystoreVector, basic

pytestmark = pytest.mark.clause("dcp 2.1")


def passwords(credentials: str) -> list[tuple[bytes, ...]]:
    return [attempt.passwords for attempt in read_basic(credentials)]


def address(attempts: list[Attempt]) -> str:
    (attempt,) = attempts
    return attempt.keystore.open(attempt.passwords[-1]).address


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_the_contracts_headers_open(vector: KeystoreVector) -> None:
    assert address(read_basic(vector.credentials)) == vector.address


PRETTY = json.dumps(json.loads(A.keystore), indent=2)


@pytest.mark.parametrize(
    "credentials",
    [
        basic(PRETTY, A.password),
        basic(PRETTY.replace("\n", "\r\n"), A.password),
        basic(A.keystore + "\n", A.password),
        basic(A.keystore + " \t\r\n ", A.password),
        basic("\ufeff" + A.keystore, A.password),
        basic("\n \t" + A.keystore, A.password),
        basic("\ufeff\n" + A.keystore, A.password),
        A.credentials.replace("+", "-").replace("/", "_").rstrip("="),
        A.credentials.rstrip("="),
        A.credentials + "==",
        "  " + " ".join(A.credentials) + "\t",
        "\r\n".join(A.credentials[i : i + 76] for i in range(0, len(A.credentials), 76)),
    ],
)
def test_other_spellings_of_the_same_token(credentials: str) -> None:
    assert address(read_basic(credentials)) == A.address


def test_url_safe_letters_stand_for_the_others() -> None:
    text = base64.b64encode(A.keystore.encode() + b":" + bytes(range(0x3E, 0x40)) * 40 + b"\xff\xfe").decode()
    assert passwords(text) == passwords(text.replace("+", "-").replace("/", "_"))


@pytest.mark.parametrize(
    "password",
    ["", ":", "::a:", B.password.decode(), '{"a":1}:', "}:", " leading", "trailing ", "\n", "ünï", "☂", '"'],
)
def test_everything_behind_the_first_colon_is_the_password(password: str) -> None:
    assert passwords(basic(A.keystore, password))[0][0] == password.encode()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_one_line_end_is_taken_off_in_a_second_try(end: str) -> None:
    assert passwords(basic(A.keystore, "pw" + end)) == [(b"pw" + end.encode(), b"pw")]
    assert passwords(basic(A.keystore, "pw\n" + end)) == [(b"pw\n" + end.encode(), b"pw\n")]


def test_latin_1_is_tried_after_utf_8_and_alone_when_it_cannot_be_that() -> None:
    assert passwords(basic(A.keystore, "é")) == [("é".encode(),), ("Ã©".encode(),)]
    assert passwords(basic(A.keystore, b"\xe9")) == [("é".encode(),)]
    assert passwords(basic(A.keystore, "e")) == [(b"e",)]


def test_a_label_in_latin_1_and_one_in_utf_8() -> None:
    labelled = A.keystore.replace('"version":3', '"label":"é","version":3')
    assert [attempt.keystore.label for attempt in read_basic(basic(labelled, ""))] == ["é", "Ã©"]
    latin = base64.b64encode(labelled.encode("latin-1") + b":").decode()
    assert [attempt.keystore.label for attempt in read_basic(latin)] == ["é"]


@pytest.mark.parametrize(
    "credentials",
    [
        "",
        "=",
        "A",
        "AAAAA",
        "!!!!",
        "é",
        "ＡＡＡＡ",
        "AA\x00A",
        "AA=A",
        "AAAA===",
        base64.b64encode(b"user:password").decode(),
        base64.b64encode(b":").decode(),
        base64.b64encode(b"[]:x").decode(),
        base64.b64encode(b"{}:x").decode(),
        base64.b64encode(b'{"version":3}:x').decode(),  # freezes upstream's server
        base64.b64encode(b"{" * 8000).decode(),
        base64.b64encode(b"\xff\xfe{}:").decode(),
        base64.b64encode(A.keystore.encode()).decode(),
        base64.b64encode(A.keystore.encode() + b"  ").decode(),
        base64.b64encode(A.keystore.encode() + b";myepicpassw0rd").decode(),
        base64.b64encode(A.keystore.encode() + b"\x0b:myepicpassw0rd").decode(),
        base64.b64encode(A.keystore.encode() + A.keystore.encode() + b":").decode(),
        base64.b64encode(b"x" + A.keystore.encode() + b":myepicpassw0rd").decode(),
        basic(A.keystore, "x" * MAX_DECODED_BYTES),
        "A" * (MAX_HEADER_CHARS + 1),
    ],
    ids=lambda text: text[:16],
)
def test_what_is_no_token_is_refused_and_never_quoted(credentials: str) -> None:
    with pytest.raises(KeystoreLoginRefused) as caught:
        read_basic(credentials)
    assert len(credentials) < 16 or credentials not in str(caught.value)
    assert "myepic" not in str(caught.value)


def test_the_longest_token_is_read() -> None:
    password = "x" * (MAX_DECODED_BYTES - len(A.keystore) - 1)
    credentials = basic(A.keystore, password)
    assert len(credentials) < MAX_HEADER_CHARS
    assert passwords(credentials) == [(password.encode(),)]


def test_keystore_and_password_apart() -> None:
    for text in (A.keystore, PRETTY, "\ufeff" + A.keystore + "\n"):
        assert address(read_form(text, A.password.decode())) == A.address
    (attempt,) = read_form(A.keystore, "pw\n")
    assert attempt.passwords == (b"pw\n",)  # nobody's shell was at work here


@pytest.mark.parametrize(
    ("keystore", "password"),
    [
        ("", ""),
        ("null", ""),
        (A.keystore + ":" + A.password.decode(), ""),
        (A.keystore + "{}", A.password.decode()),
        (A.keystore, "\ud800"),
        (A.keystore, "x" * (MAX_DECODED_BYTES + 1)),
        (" " * MAX_DECODED_BYTES + A.keystore, ""),
    ],
)
def test_what_is_no_keystore_with_a_password_is_refused(keystore: str, password: str) -> None:
    with pytest.raises(KeystoreLoginRefused):
        read_form(keystore, password)


def test_passwords_are_not_shown() -> None:
    assert "myepic" not in repr(read_basic(A.credentials))
