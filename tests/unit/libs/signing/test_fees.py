from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.signing import fees
from libs.signing.errors import MalformedAddress, MalformedMessage
from libs.signing.keys import CURVE_ORDER, PrivateKey
from libs.signing.personal import digest
from tests.unit.libs.signing import vectors as v

pytestmark = pytest.mark.clause("ocean 8.3")

KEY = PrivateKey(v.PROVIDER_KEY)
QUOTE = fees.FeeQuote(
    provider_data=v.FEE_PROVIDER_DATA,
    address=v.PROVIDER_ADDRESS,
    token=v.FEE_TOKEN,
    amount=v.FEE_AMOUNT,
    valid_until=v.FEE_VALID_UNTIL,
)
R, S = bytes.fromhex(v.FEE_R), bytes.fromhex(v.FEE_S)
ZERO = "0x" + "0" * 40


def test_vector() -> None:
    assert fees.fee_hash(QUOTE).hex() == v.FEE_HASH
    assert digest(fees.fee_hash(QUOTE)).hex() == v.FEE_DIGEST
    assert fees.sign_fee(QUOTE, KEY) == fees.SignedFee(27, R, S)
    assert fees.fee_is_signed_by(QUOTE, 27, R, S, v.PROVIDER_ADDRESS.lower())


def test_provider_data_is_the_vectors_bytes_and_reads_back() -> None:
    dt = "0x358e56e10a4a906ABd6a941aDd851aedD69F65e2"
    made = fees.encode_provider_data("ocean-compute-env2", 1700000000.5, dt, "svc-compute")
    assert made == v.FEE_PROVIDER_DATA
    assert fees.decode_provider_data(made) == fees.ProviderData(
        "ocean-compute-env2", 1700000000.5, dt, "svc-compute"
    )
    access = fees.encode_provider_data(None, 1.5, dt, "0")
    assert access.startswith(b'{"environment":null,"timestamp":1.5,"dt":')
    assert fees.decode_provider_data(access) == fees.ProviderData(None, 1.5, dt, "0")


BORROWED = {
    "other service": replace(QUOTE, provider_data=v.FEE_PROVIDER_DATA.replace(b"svc-compute", b"svc-other")),
    "other datatoken": replace(QUOTE, provider_data=v.FEE_PROVIDER_DATA.replace(b"0x358e", b"0x358f")),
    "other environment": replace(QUOTE, provider_data=v.FEE_PROVIDER_DATA.replace(b"env2", b"env1")),
    "spaces in data": replace(QUOTE, provider_data=v.FEE_PROVIDER_DATA.replace(b",", b", ")),
    "data as hex": replace(QUOTE, provider_data=v.FEE_PROVIDER_DATA.hex().encode()),
    "no data": replace(QUOTE, provider_data=b""),
    "fee address": replace(QUOTE, address=v.A),
    "token": replace(QUOTE, token=ZERO),
    "amount less": replace(QUOTE, amount=v.FEE_AMOUNT - 1),
    "amount zero": replace(QUOTE, amount=0),
    "later": replace(QUOTE, valid_until=v.FEE_VALID_UNTIL + 1),
    "for ever": replace(QUOTE, valid_until=0),
    "swapped": replace(QUOTE, amount=v.FEE_VALID_UNTIL, valid_until=v.FEE_AMOUNT),
    "swapped addresses": replace(QUOTE, address=v.FEE_TOKEN, token=v.PROVIDER_ADDRESS),
}


@pytest.mark.parametrize("name", BORROWED)
def test_quote_with_any_field_changed_is_not_signed(name: str) -> None:
    assert not fees.fee_is_signed_by(BORROWED[name], 27, R, S, v.PROVIDER_ADDRESS)


BAD_SIGNATURES = {
    "other v": (28, R, S),
    "v 0 is v 27's twin, other v": (1, R, S),
    "v 2": (2, R, S),
    "v 29": (29, R, S),
    "v 255": (255, R, S),
    "v 256": (256, R, S),
    "v negative": (-1, R, S),
    "short r": (27, R[1:], S),
    "long r": (27, R + b"\0", S),
    "short s": (27, R, S[:-1]),
    "long s": (27, R, b"\0" + S),
    "empty": (27, b"", b""),
    "bytes moved": (27, R + S[:1], S[1:]),
    "swapped": (27, S, R),
    "zero r": (27, bytes(32), S),
    "zero s": (27, R, bytes(32)),
    "high s": (28, R, (CURVE_ORDER - int.from_bytes(S, "big")).to_bytes(32, "big")),
    "r n": (27, CURVE_ORDER.to_bytes(32, "big"), S),
    "ff": (27, b"\xff" * 32, b"\xff" * 32),
}


@pytest.mark.parametrize("name", BAD_SIGNATURES)
def test_bad_fee_signature_is_refused(name: str) -> None:
    assert not fees.fee_is_signed_by(QUOTE, *BAD_SIGNATURES[name], v.PROVIDER_ADDRESS)


def test_fee_signed_by_somebody_else_is_refused() -> None:
    theirs = fees.sign_fee(QUOTE, PrivateKey(v.KEY))
    assert not fees.fee_is_signed_by(QUOTE, theirs.v, theirs.r, theirs.s, v.PROVIDER_ADDRESS)
    assert fees.fee_is_signed_by(QUOTE, theirs.v, theirs.r, theirs.s, v.A)


def test_impossible_quotes_are_refused() -> None:
    for wrong in (replace(QUOTE, amount=-1), replace(QUOTE, amount=1 << 256), replace(QUOTE, valid_until=-1)):
        with pytest.raises(MalformedMessage):
            fees.fee_hash(wrong)
        assert not fees.fee_is_signed_by(wrong, 27, R, S, v.PROVIDER_ADDRESS)
    for wrong in (replace(QUOTE, address="x"), replace(QUOTE, token="")):
        with pytest.raises(MalformedAddress):
            fees.fee_hash(wrong)
        assert not fees.fee_is_signed_by(wrong, 27, R, S, v.PROVIDER_ADDRESS)
    assert not fees.fee_is_signed_by(QUOTE, 27, R, S, "nobody")


NO_PROVIDER_DATA = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"5",
    b'"dt"',
    b"\xff\xfe",
    b'{"dt":1,"id":"a"}',
    b'{"dt":"a","id":1}',
    b'{"dt":"a"}',
    b'{"id":"a"}',
    b'{"dt":null,"id":"a"}',
    b'{"dt":"a","id":"b","environment":5}',
    b'{"dt":"a","id":"b"',
    b'{"dt":"a","id":"b","timestamp":NaN}',
    b'{"dt":"a","id":"b","timestamp":-Infinity}',
    b"[" * 16000,
    b'{"dt":"a","id":"b","x":"' + b"x" * 20000 + b'"}',
    b'{"dt":"a","id":"b","timestamp":' + b"9" * 5000 + b"}",
    b'\xef\xbb\xbf{"dt":"a","id":"b"}',
]


@pytest.mark.parametrize("data", NO_PROVIDER_DATA, ids=range(len(NO_PROVIDER_DATA)))
def test_foreign_provider_data_is_none(data: bytes) -> None:
    assert fees.decode_provider_data(data) is None


@pytest.mark.parametrize("stamp", [b"true", b"null", b'"5"', b"1e300", b"-1e300", b"[]", b"1e999"])
def test_unusable_timestamp_is_none(stamp: bytes) -> None:
    found = fees.decode_provider_data(b'{"dt":"a","id":"b","timestamp":' + stamp + b"}")
    assert found == fees.ProviderData(None, None, "a", "b")


@given(st.binary())
def test_decode_never_raises(data: bytes) -> None:
    fees.decode_provider_data(data)


@given(st.none() | st.text(max_size=50), st.floats(0, 1e12), st.text(max_size=50), st.text(max_size=50))
def test_provider_data_round_trip(environment: str | None, stamp: float, dt: str, service: str) -> None:
    found = fees.decode_provider_data(fees.encode_provider_data(environment, stamp, dt, service))
    assert found == fees.ProviderData(environment, stamp, dt, service)


@given(st.binary(max_size=200), st.integers(0, (1 << 256) - 1), st.integers(0, (1 << 256) - 1))
def test_signed_fee_round_trip(data: bytes, amount: int, until: int) -> None:
    quote = fees.FeeQuote(data, KEY.address, v.FEE_TOKEN, amount, until)
    signed = fees.sign_fee(quote, KEY)
    assert fees.fee_is_signed_by(quote, signed.v, signed.r, signed.s, KEY.address)
