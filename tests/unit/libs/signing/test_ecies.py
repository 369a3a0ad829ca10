import coincurve
import ecies as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.signing import ecies
from libs.signing.errors import DecryptionFailed, MalformedKey
from libs.signing.keys import PrivateKey
from tests.unit.libs.signing import vectors as v

pytestmark = pytest.mark.clause("ocean 5.1")

KEY = PrivateKey(v.PROVIDER_KEY)
BLOB = bytes.fromhex(v.ECIES_BLOB)


def test_vector_is_made_byte_for_byte() -> None:
    receiver = coincurve.PublicKey(b"\x04" + KEY.public_key64)
    made = ecies.seal(receiver, v.ECIES_PLAINTEXT, b"\x11" * 32, b"\x22" * 16)
    assert made.hex() == v.ECIES_BLOB


def test_vector_derives_the_documented_key() -> None:
    assert ecies._derive(BLOB[:65], bytes.fromhex(v.ECIES_SHARED)).hex() == v.ECIES_AES_KEY


def test_vector_decrypts_with_key_object_and_with_bytes() -> None:
    assert ecies.decrypt(KEY, BLOB) == v.ECIES_PLAINTEXT
    assert ecies.decrypt(KEY.secret, bytearray(BLOB)) == v.ECIES_PLAINTEXT
    assert ecies.decrypt(KEY, memoryview(BLOB)) == v.ECIES_PLAINTEXT


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 1024, 1 << 20])
def test_eciespy_reads_ours_and_we_read_its(size: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    ours = ecies.encrypt(KEY.public_key64, data)
    assert len(ours) == size + ecies.OVERHEAD
    assert oracle.decrypt(KEY.secret, ours) == data
    theirs = oracle.encrypt(b"\x04" + KEY.public_key64, data)
    assert ecies.decrypt(KEY, theirs) == data


def test_every_form_of_the_public_key_is_taken() -> None:
    public = KEY.native.public_key
    for form in (KEY.public_key64, public.format(compressed=False), public.format(compressed=True)):
        assert ecies.decrypt(KEY, ecies.encrypt(form, b"x")) == b"x"


@pytest.mark.parametrize(
    "public", [b"", bytes(64), bytes(65), b"\xff" * 64, b"\x02" * 32, b"\x04" + bytes(64)]
)
def test_malformed_public_key_is_refused(public: bytes) -> None:
    with pytest.raises(MalformedKey):
        ecies.encrypt(public, b"x")


def test_two_encryptions_differ() -> None:
    assert ecies.encrypt(KEY.public_key64, b"x") != ecies.encrypt(KEY.public_key64, b"x")


def test_blob_with_any_bit_changed_is_refused() -> None:
    for position in range(len(BLOB)):
        for bit in (1, 128):
            changed = bytearray(BLOB)
            changed[position] ^= bit
            with pytest.raises(DecryptionFailed):
                ecies.decrypt(KEY, changed)


def test_blob_cut_anywhere_is_refused() -> None:
    for size in range(len(BLOB)):
        with pytest.raises(DecryptionFailed):
            ecies.decrypt(KEY, BLOB[:size])


def test_blob_with_more_bytes_is_refused() -> None:
    for changed in (BLOB + b"\0", b"\0" + BLOB, BLOB + BLOB, BLOB[:65] + BLOB):
        with pytest.raises(DecryptionFailed):
            ecies.decrypt(KEY, changed)


def test_blob_for_another_key_is_refused() -> None:
    with pytest.raises(DecryptionFailed):
        ecies.decrypt(PrivateKey(v.KEY), BLOB)


def test_swapped_parts_are_refused() -> None:
    other = ecies.encrypt(KEY.public_key64, v.ECIES_PLAINTEXT)
    for changed in (
        other[:65] + BLOB[65:],
        BLOB[:65] + other[65:],
        BLOB[:65] + BLOB[81:97] + BLOB[65:81] + BLOB[97:],
        BLOB[:81] + bytes(16) + BLOB[97:],
    ):
        with pytest.raises(DecryptionFailed):
            ecies.decrypt(KEY, changed)


def test_compressed_and_hybrid_ephemeral_keys_are_refused() -> None:
    """libsecp256k1 reads 06/07 (hybrid) keys too: a second spelling of one blob."""
    for first in (0, 2, 3, 5, 6, 7):
        with pytest.raises(DecryptionFailed):
            ecies.decrypt(KEY, bytes((first,)) + BLOB[1:])


def test_failure_says_nothing_about_the_key() -> None:
    with pytest.raises(DecryptionFailed) as caught:
        ecies.decrypt(KEY, BLOB[:-1])
    assert v.PROVIDER_KEY[2:10] not in str(caught.value)


@settings(max_examples=50)
@given(st.binary(max_size=4096), st.binary(min_size=32, max_size=32))
def test_round_trip(data: bytes, secret: bytes) -> None:
    try:
        key = PrivateKey(secret)
    except MalformedKey:
        return
    assert ecies.decrypt(key, ecies.encrypt(key.public_key64, data)) == data


@given(st.binary(max_size=256))
def test_decrypt_raises_only_its_own_error(blob: bytes) -> None:
    with pytest.raises(DecryptionFailed):
        ecies.decrypt(KEY, blob)
    with pytest.raises(DecryptionFailed):
        ecies.decrypt(KEY, BLOB[:65] + blob)
