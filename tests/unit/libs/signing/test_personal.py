import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.signing import personal
from libs.signing.errors import MalformedMessage, MalformedSignature, SignatureMismatch
from libs.signing.keys import CURVE_ORDER, PrivateKey
from tests.unit.libs.signing import vectors as v
from tests.unit.libs.signing.vectors import KEY, VECTORS, A, Vector

pytestmark = pytest.mark.clause("ocean 3.1", "ocean 3.4")

each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda item: item.name)
SIGNER = PrivateKey(KEY)
V1 = VECTORS[0]


@each_vector
def test_hash_and_digest(vector: Vector) -> None:
    hashed = personal.message_hash(vector.text)
    assert hashed.hex() == vector.hash
    assert personal.digest(hashed).hex() == vector.digest
    assert personal.digests(vector.text) == (bytes.fromhex(vector.digest),)


@each_vector
def test_signature_is_accepted_and_made_identically(vector: Vector) -> None:
    assert personal.is_signed_by(vector.text, vector.signature, A)
    assert personal.sign_text(vector.text, SIGNER) == vector.signature


@each_vector
def test_v_zero_and_one_and_missing_0x_are_accepted(vector: Vector) -> None:
    v_byte = int(vector.signature[-2:], 16) - 27
    for body in (vector.signature[2:-2], vector.signature[2:-2].upper()):
        for prefix in ("", "0x"):
            assert personal.is_signed_by(vector.text, f"{prefix}{body}{v_byte:02x}", A)


@each_vector
def test_address_is_compared_in_any_case(vector: Vector) -> None:
    assert personal.is_signed_by(vector.text, vector.signature, A.lower())
    assert personal.is_signed_by(vector.text, vector.signature, "0x" + A[2:].upper())


@each_vector
def test_any_flipped_character_of_the_message_fails(vector: Vector) -> None:
    for position in range(len(vector.text)):
        flipped = vector.text[:position] + chr(ord(vector.text[position]) ^ 1) + vector.text[position + 1 :]
        assert not personal.is_signed_by(flipped, vector.signature, A), position


@each_vector
def test_message_with_changed_case_fails(vector: Vector) -> None:
    assert not personal.is_signed_by(vector.text.upper(), vector.signature, A)
    assert not personal.is_signed_by(vector.text + " ", vector.signature, A)
    assert not personal.is_signed_by(" " + vector.text, vector.signature, A)


@each_vector
def test_any_flipped_nibble_of_the_signature_fails(vector: Vector) -> None:
    body = vector.signature[2:]
    for position in range(len(body)):
        flipped = body[:position] + f"{int(body[position], 16) ^ 1:x}" + body[position + 1 :]
        assert not personal.is_signed_by(vector.text, flipped, A), position


@each_vector
def test_signature_over_the_bare_hash_without_prefix_fails(vector: Vector) -> None:
    raw = SIGNER.native.sign_recoverable(bytes.fromhex(vector.hash), hasher=None)
    assert not personal.is_signed_by(vector.text, (raw[:64] + bytes((27 + raw[64],))).hex(), A)


@each_vector
@pytest.mark.parametrize("prefixed", ["0x", ""])
def test_signature_over_the_hash_as_hex_text_fails(vector: Vector, prefixed: str) -> None:
    signed = Account.sign_message(encode_defunct(text=prefixed + vector.hash), KEY)
    assert not personal.is_signed_by(vector.text, signed.signature.hex(), A)


@each_vector
def test_signature_over_the_text_itself_fails(vector: Vector) -> None:
    signed = Account.sign_message(encode_defunct(text=vector.text), KEY)
    assert not personal.is_signed_by(vector.text, signed.signature.hex(), A)


@each_vector
def test_another_vectors_signature_fails(vector: Vector) -> None:
    for other in VECTORS:
        assert personal.is_signed_by(vector.text, other.signature, A) == (other is vector)


@each_vector
def test_another_address_fails_and_the_signer_is_reported(vector: Vector) -> None:
    with pytest.raises(SignatureMismatch) as caught:
        personal.verify(vector.text, vector.signature, v.PROVIDER_ADDRESS)
    assert (caught.value.expected, caught.value.recovered) == (v.PROVIDER_ADDRESS, A)
    assert vector.signature[2:] not in str(caught.value)


def _with(*, r: int | None = None, s: int | None = None, v_byte: int | None = None) -> str:
    raw = bytes.fromhex(V1.signature[2:])
    r_bytes = raw[:32] if r is None else r.to_bytes(32, "big")
    s_bytes = raw[32:64] if s is None else s.to_bytes(32, "big")
    return "0x" + (r_bytes + s_bytes + bytes((raw[64] if v_byte is None else v_byte,))).hex()


GOOD = V1.signature
MALFORMED = {
    "empty": "",
    "only prefix": "0x",
    "one nibble short": GOOD[:-1],
    "no v": GOOD[:-2],
    "one byte long": GOOD + "00",
    "half": GOOD[:66],
    "twice": GOOD + GOOD[2:],
    "no hex": "0x" + "zz" * 65,
    "upper prefix": "0X" + GOOD[2:],
    "two prefixes": "0x0x" + GOOD[2:],
    "inner prefix": GOOD[:66] + "0x" + GOOD[68:],
    "leading space": " " + GOOD,
    "trailing newline": GOOD + "\n",
    "inner space": GOOD[:20] + " " + GOOD[21:],
    "NUL": GOOD + "\0",
    "underscore": GOOD[:20] + "_" + GOOD[21:],
    "plus sign": "+" + GOOD[3:],
    "arabic digits": GOOD[:-2] + "\u0661\u0661",
    "full-width digits": GOOD[:10] + "\uff11\uff12" + GOOD[12:],
    "full-width letter": GOOD[:10] + "\uff41" + GOOD[11:],
    "lone surrogate": GOOD[:10] + "\ud800" + GOOD[11:],
    "s high": _with(s=CURVE_ORDER - int(GOOD[66:130], 16)),
    "s high, v turned": _with(s=CURVE_ORDER - int(GOOD[66:130], 16), v_byte=27),
    "s half plus one": _with(s=CURVE_ORDER // 2 + 1),
    "s zero": _with(s=0),
    "s n": _with(s=CURVE_ORDER),
    "s above n": _with(s=CURVE_ORDER + 1),
    "s all ones": _with(s=2**256 - 1),
    "r zero": _with(r=0),
    "r n": _with(r=CURVE_ORDER),
    "r above n": _with(r=CURVE_ORDER + 1),
    "r all ones": _with(r=2**256 - 1),
    "all zero": "0x" + "00" * 65,
    "all ff": "0x" + "ff" * 65,
    **{f"v {value}": _with(v_byte=value) for value in (2, 3, 4, 26, 29, 30, 31, 35, 36, 37, 38, 128, 255)},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_signature_is_refused(name: str) -> None:
    with pytest.raises(MalformedSignature) as caught:
        personal.parse_signature(MALFORMED[name])
    assert caught.value.reason
    assert GOOD[2:40] not in str(caught.value)
    assert not personal.is_signed_by(V1.text, MALFORMED[name], A)


@pytest.mark.parametrize("value", [None, 5, b"0x00", ["0x"], {}])
def test_signature_that_is_no_text_is_malformed(value: object) -> None:
    with pytest.raises(MalformedSignature):
        personal.parse_signature(value)  # type: ignore[arg-type]


def test_r_that_is_no_point_is_malformed() -> None:
    # 5 is not the x of any point on secp256k1.
    raw = (5).to_bytes(32, "big") + (1).to_bytes(32, "big") + b"\0"
    with pytest.raises(MalformedSignature):
        personal.recover(bytes(32), personal.parse_signature(raw.hex()))
    assert not personal.is_signed_by(V1.text, raw.hex(), A)


@pytest.mark.parametrize(
    "address", ["", "0x", A[:-1], A + "0", A[2:], "0x" + "g" * 40, A + "\n", "\uff10x" + A[2:]]
)
def test_malformed_address_never_signed_anything(address: str) -> None:
    assert not personal.is_signed_by(V1.text, V1.signature, address)


def test_lone_surrogate_in_the_text_is_malformed_not_a_crash() -> None:
    with pytest.raises(MalformedMessage):
        personal.message_hash("a\ud800")
    assert not personal.is_signed_by("a\ud800", V1.signature, A)


def test_short_hash_accepts_the_canonical_and_the_stripped_form() -> None:
    assert personal.message_hash(v.SHORT_HASH_TEXT).hex() == v.SHORT_HASH
    canonical, stripped = personal.digests(v.SHORT_HASH_TEXT)
    assert stripped.hex() == v.SHORT_HASH_STRIPPED_DIGEST
    assert canonical == personal.digest(bytes.fromhex(v.SHORT_HASH))
    assert personal.is_signed_by(v.SHORT_HASH_TEXT, v.SHORT_HASH_SIGNATURE, A)
    assert personal.is_signed_by(v.SHORT_HASH_TEXT, v.SHORT_HASH_STRIPPED_SIGNATURE, A)
    assert personal.sign_text(v.SHORT_HASH_TEXT, SIGNER) == v.SHORT_HASH_SIGNATURE


def test_stripped_form_is_bound_to_its_own_text_and_signer() -> None:
    signature = v.SHORT_HASH_STRIPPED_SIGNATURE
    assert not personal.is_signed_by(v.D + "76", signature, A)
    assert not personal.is_signed_by(v.SHORT_HASH_TEXT, signature, v.PROVIDER_ADDRESS)
    with pytest.raises(SignatureMismatch) as caught:
        personal.verify(v.SHORT_HASH_TEXT, signature, v.PROVIDER_ADDRESS)
    assert caught.value.recovered not in (None, v.PROVIDER_ADDRESS)


@each_vector
def test_shortened_hash_is_no_alternative_when_the_hash_does_not_start_with_zero(vector: Vector) -> None:
    """Otherwise one signature over 31 bytes would fit 256 hashes."""
    hashed = bytes.fromhex(vector.hash)
    for cut in (hashed[1:], hashed[:-1], hashed + b"\0", b"\0" + hashed):
        signed = Account.sign_message(encode_defunct(primitive=cut), KEY)
        assert not personal.is_signed_by(vector.text, signed.signature.hex(), A)


def test_only_all_leading_zero_bytes_may_go() -> None:
    hashed = bytes.fromhex(v.SHORT_HASH)
    for cut in (hashed[2:], hashed[1:-1], hashed[1:] + b"\0"):
        signed = Account.sign_message(encode_defunct(primitive=cut), KEY)
        assert not personal.is_signed_by(v.SHORT_HASH_TEXT, signed.signature.hex(), A)


class ContractWallet:
    """An EIP-1271 contract at one address that accepts one (digest, signature) pair."""

    def __init__(self, address: str, digest: bytes, signature: bytes) -> None:
        self.accepts = (address, digest, signature)
        self.asked: list[tuple[str, bytes, bytes]] = []

    def __call__(self, address: str, digest: bytes, signature: bytes) -> bool:
        self.asked.append((address, digest, signature))
        return (address, digest, signature) == self.accepts


def test_contract_wallet_is_asked_with_checksummed_address_digest_and_bytes() -> None:
    wallet = ContractWallet(v.N, bytes.fromhex(V1.digest), b"\x01\x02\x03")
    personal.verify(V1.text, "0x010203", v.N.lower(), wallet)
    assert wallet.asked == [(v.N, bytes.fromhex(V1.digest), b"\x01\x02\x03")]


def test_contract_wallet_may_use_a_65_byte_signature_of_its_owner() -> None:
    wallet = ContractWallet(v.N, bytes.fromhex(V1.digest), bytes.fromhex(V1.signature[2:]))
    personal.verify(V1.text, V1.signature, v.N, wallet)


def test_contract_wallet_is_asked_for_the_stripped_digest_too() -> None:
    wallet = ContractWallet(v.N, bytes.fromhex(v.SHORT_HASH_STRIPPED_DIGEST), b"\x01")
    personal.verify(v.SHORT_HASH_TEXT, "0x01", v.N, wallet)
    assert len(wallet.asked) == 2


def test_contract_is_not_asked_when_the_plain_account_signed() -> None:
    wallet = ContractWallet(A, b"", b"")
    personal.verify(V1.text, V1.signature, A, wallet)
    assert wallet.asked == []


def test_contract_that_refuses_is_a_mismatch() -> None:
    wallet = ContractWallet(v.N, bytes.fromhex(V1.digest), b"\x01\x02\x03")
    for signature in ("0x010204", "0x0102", V1.signature):
        with pytest.raises(SignatureMismatch):
            personal.verify(V1.text, signature, v.N, wallet)
    with pytest.raises(SignatureMismatch):
        personal.verify(V1.text + "0", "0x010203", v.N, wallet)


@pytest.mark.parametrize("signature", ["", "0x", "0x1", "0xzz", "0x" + "00" * 8193, "0x01 02", "\ud800"])
def test_contract_is_never_asked_about_text_that_is_no_hex(signature: str) -> None:
    wallet = ContractWallet(v.N, b"", b"")
    with pytest.raises(SignatureMismatch):
        personal.verify(V1.text, signature, v.N, wallet)
    assert wallet.asked == []


def test_what_the_contract_call_raises_comes_through() -> None:
    def unreachable(address: str, digest: bytes, signature: bytes) -> bool:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        personal.verify(V1.text, "0x01", v.N, unreachable)


def test_sign_hash_wants_32_bytes() -> None:
    with pytest.raises(MalformedMessage):
        personal.sign_hash(bytes(31), SIGNER)


@given(st.text())
def test_parse_signature_raises_only_its_own_error(text: str) -> None:
    try:
        raw = personal.parse_signature(text)
    except MalformedSignature:
        return
    assert len(raw) == 65


@given(st.binary(min_size=65, max_size=65))
def test_any_65_bytes_parse_or_are_malformed_and_recover_or_are_malformed(data: bytes) -> None:
    try:
        raw = personal.parse_signature(data[:64].hex() + f"{data[64] % 2:02x}")
        personal.recover(bytes(32), raw)
    except MalformedSignature:
        return


@given(st.text(), st.text(), st.text())
def test_is_signed_by_never_raises(text: str, signature: str, address: str) -> None:
    assert not personal.is_signed_by(text, signature, address)


@settings(max_examples=50)
@given(st.text(alphabet=st.characters(exclude_categories=("Cs",))), st.integers(1, CURVE_ORDER - 1))
def test_round_trip_with_eth_account_as_oracle(text: str, secret: int) -> None:
    key = PrivateKey(secret.to_bytes(32, "big"))
    signature = personal.sign_text(text, key)
    oracle = Account.sign_message(encode_defunct(primitive=personal.message_hash(text)), key.secret)
    assert signature == "0x" + oracle.signature.hex().removeprefix("0x")
    assert personal.is_signed_by(text, signature, key.address)
    assert not personal.is_signed_by(text + "0", signature, key.address)
