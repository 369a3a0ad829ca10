"""EIP-4361 messages: what is read, what is refused and why, and that reading undoes building."""

import contextlib
import string

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from hypothesis import given
from hypothesis import strategies as st

from libs.signing import personal
from libs.signing.date_times import date_time_of, seconds_of
from libs.signing.errors import SignatureMismatch, SiweRefused
from libs.signing.keys import CURVE_ORDER, PrivateKey, checksum
from libs.signing.siwe import MAX_CHARS, SiweMessage, parse_siwe
from tests.unit.libs.signing.siwe_vectors import BROKEN, EMPTY_PARTS, FULL, LEAST, SIGNED, TEXTS, A
from tests.unit.libs.signing.vectors import KEY

SIGNER = PrivateKey(KEY)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_reading_and_building_are_inverse(text: str) -> None:
    assert parse_siwe(text).text() == text


def test_the_fields_of_the_shortest_text() -> None:
    assert parse_siwe(LEAST) == SiweMessage(
        domain="gateway.test",
        address=A,
        uri="https://gateway.test/tidegate/v1",
        chain_id=8996,
        nonce="0aB3c4D5",
        issued_at="2026-11-22T02:43:07Z",
    )


def test_the_fields_of_a_text_with_all_of_them() -> None:
    message = parse_siwe(FULL)
    assert (message.scheme, message.domain) == ("https", "user:pw@[2001:db8::1]:8443")
    assert message.statement == "Sign in (once); it's free: 1+1=2, [ok]? ~_-.!*'$&@/#"
    assert (message.chain_id, message.request_id) == (10**17, "a%0Ab;c=d@e:f")
    assert message.resources is not None
    assert [resource.partition(":")[0] for resource in message.resources] == ["ipfs", "did", "x"]


def test_what_is_there_and_empty_is_not_what_is_absent() -> None:
    message, least = parse_siwe(EMPTY_PARTS), parse_siwe(LEAST)
    assert (message.statement, message.request_id, message.resources) == ("", "", ())
    assert (least.statement, least.request_id, least.resources) == (None, None, None)


@pytest.mark.parametrize(("change", "field"), BROKEN.values(), ids=BROKEN)
def test_everything_else_is_refused_with_the_field_at_fault(change: tuple[str, str], field: str) -> None:
    broken = LEAST.replace(*change)
    assert broken != LEAST
    with pytest.raises(SiweRefused) as caught:
        parse_siwe(broken)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("domain", "gateway.test\nevil"),
        ("statement", "fine\n\nURI: https://evil.test"),
        ("uri", "https://gateway.test\nVersion: 1"),
        ("request_id", "a\nResources:"),
        ("resources", ("https://a\n- https://b",)),
        ("issued_at", "2026-11-22T02:43:07Z\nRequest ID: a"),
        ("nonce", "12345678\n"),
        ("version", "1\n"),
        ("statement", "a\r"),
        ("chain_id", -1),
        ("chain_id", True),
    ],
)
def test_no_field_can_bring_a_line_along(field: str, value: object) -> None:
    known = {name: getattr(parse_siwe(LEAST), name) for name in SiweMessage.__slots__}
    with pytest.raises(SiweRefused) as caught:
        SiweMessage(**{**known, field: value})
    assert caught.value.field == field


@given(st.text(max_size=300) | st.text(alphabet=string.printable, max_size=300))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    for candidate in (text, LEAST + text, text + LEAST, LEAST.replace("8996", text)):
        with contextlib.suppress(SiweRefused):
            assert parse_siwe(candidate).text() == candidate


HOSTS = st.from_regex(r"[a-z0-9]{1,12}(\.[a-z]{2,6}){0,2}(:[0-9]{1,5})?", fullmatch=True)
URIS = st.from_regex(r"[a-z]{2,6}:(//[a-z.]{1,12})?(/[A-Za-z0-9%]{0})?[A-Za-z0-9]{0,9}", fullmatch=True)
SENTENCES = st.text(alphabet=string.ascii_letters + string.digits + " :/?#[]@!$&'()*+,;=-._~", max_size=80)
TIMES = st.integers(0, 4_000_000_000).map(date_time_of)
MESSAGES = st.builds(
    SiweMessage,
    domain=HOSTS,
    address=st.binary(min_size=20, max_size=20).map(lambda raw: checksum("0x" + raw.hex())),
    uri=URIS,
    chain_id=st.integers(0, 10**18 - 1),
    nonce=st.text(alphabet=string.ascii_letters + string.digits, min_size=8, max_size=128),
    issued_at=TIMES,
    scheme=st.none() | st.sampled_from(["https", "http", "x+y-z.1"]),
    statement=st.none() | SENTENCES,
    expiration_time=st.none() | TIMES,
    not_before=st.none() | TIMES,
    request_id=st.none() | st.text(alphabet=string.ascii_letters + "-._~:@!$", max_size=20),
    resources=st.none() | st.lists(URIS, max_size=5).map(tuple),
)


@given(MESSAGES)
def test_every_message_is_read_as_it_was_built(message: SiweMessage) -> None:
    assert parse_siwe(message.text()) == message


@pytest.mark.parametrize(
    "text",
    [
        "a" * MAX_CHARS,
        LEAST.replace("gateway.test wants", "%41" * 2000 + "^ wants"),
        LEAST.replace("/tidegate/v1", "/%41" * 1500 + "%"),
        LEAST + "\nResources:" + "\n- " * 2000,
        "://" * 2000,
        " wants you to sign in with your Ethereum account:" * 150,
    ],
)
def test_hostile_texts_are_refused_quickly(text: str) -> None:
    with pytest.raises(SiweRefused):
        parse_siwe(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0.0),
        ("2026-11-22T02:43:07Z", 1795315387.0),
        ("2026-11-22t02:43:07.5z", 1795315387.5),
        ("2026-11-22T08:13:07+05:30", 1795315387.0),
        ("2026-11-21T18:43:07-08:00", 1795315387.0),
        ("2026-11-22T02:43:07-00:00", 1795315387.0),
        ("2016-12-31T23:59:60Z", 1483228800.0),
        ("2017-01-01T00:59:60+01:00", 1483228800.0),
        ("2024-02-29T00:00:00Z", 1709164800.0),
    ],
)
def test_times(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds
    assert seconds_of(date_time_of(seconds)) == int(seconds)


def test_expiry_and_start_are_moments() -> None:
    message = parse_siwe(LEAST + "\nExpiration Time: 2026-11-22T03:00:00Z\nNot Before: 2026-11-22T02:50:00Z")
    start, end = seconds_of("2026-11-22T02:50:00Z"), seconds_of("2026-11-22T03:00:00Z")
    assert message.is_early(start - 0.001)
    assert not message.is_early(start)
    assert not message.is_expired(end - 0.001)
    assert message.is_expired(end)
    assert message.issued_at_seconds() == 1795315387.0
    least = parse_siwe(LEAST)
    assert not least.is_early(0.0)
    assert not least.is_expired(1e18)


@pytest.mark.parametrize(("text", "signature"), SIGNED.values(), ids=SIGNED)
def test_signatures_of_real_wallets(text: str, signature: str) -> None:
    personal.verify_text(text, signature, parse_siwe(text).address)
    with pytest.raises(SignatureMismatch):
        personal.verify_text(text + " ", signature, parse_siwe(text).address)
    with pytest.raises(SignatureMismatch):
        personal.verify(text, signature, parse_siwe(text).address)


@pytest.mark.parametrize("text", [*TEXTS.values(), "", "gr\u00fc\u00dfe \U0001f30a"])
def test_texts_are_signed_as_other_tools_sign_them(text: str) -> None:
    signed = Account.sign_message(encode_defunct(text=text), KEY)
    assert personal.sign_personal(text, SIGNER) == "0x" + signed.signature.hex().removeprefix("0x")
    personal.verify_text(text, personal.sign_personal(text, SIGNER), SIGNER.address)


def test_the_other_spelling_of_a_signature_proves_nothing() -> None:
    raw = bytes.fromhex(personal.sign_personal(LEAST, SIGNER)[2:])
    flipped = CURVE_ORDER - int.from_bytes(raw[32:64], "big")
    other = raw[:32] + flipped.to_bytes(32, "big") + bytes((55 - raw[64],))
    with pytest.raises(SignatureMismatch):
        personal.verify_text(LEAST, "0x" + other.hex(), SIGNER.address)


def test_smart_accounts_are_asked_for_the_digest_of_the_text() -> None:
    asked: list[tuple[str, bytes, bytes]] = []

    def call(address: str, digest: bytes, signature: bytes) -> bool:
        asked.append((address, digest, signature))
        return signature == b"\x01"

    personal.verify_text(LEAST, "0x01", A, call)
    with pytest.raises(SignatureMismatch):
        personal.verify_text(LEAST, "0x02", A, call)
    assert asked == [(A, personal.text_digest(LEAST), b"\x01"), (A, personal.text_digest(LEAST), b"\x02")]
    with pytest.raises(SignatureMismatch):
        personal.verify_text("\ud800", "0x01", A, call)
