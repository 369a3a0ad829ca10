import copy
import json
import os
import pickle
import subprocess
import sys

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from libs.signing import keys
from libs.signing.errors import KeystoreRefused, MalformedAddress, MalformedKey, PureCurveRefused
from tests.unit.libs.signing.vectors import KEY, N_DID, PROVIDER_ADDRESS, PROVIDER_KEY, PROVIDER_PUBLIC, A, N


@pytest.mark.parametrize(("key", "address"), [(KEY, A), (PROVIDER_KEY, PROVIDER_ADDRESS)])
def test_key_gives_its_address_from_every_spelling(key: str, address: str) -> None:
    for spelling in (key, key[2:], key.upper().replace("0X", "0x"), key + "\n", bytes.fromhex(key[2:])):
        assert keys.PrivateKey(spelling).address == address


def test_public_key_is_the_64_byte_form() -> None:
    assert keys.PrivateKey(PROVIDER_KEY).public_key64.hex() == PROVIDER_PUBLIC
    assert keys.PrivateKey(PROVIDER_KEY).secret.hex() == PROVIDER_KEY[2:]


ORDER_HEX = f"{keys.CURVE_ORDER:064x}"
MALFORMED_KEYS = [
    "",
    "0x",
    KEY[:-1],
    KEY + "0",
    "0X" + KEY[2:],
    "zz" * 32,
    "00" * 32,
    ORDER_HEX,
    "ff" * 32,
    f"{keys.CURVE_ORDER + 1:064x}",
    b"",
    bytes(32),
    bytes(31),
    bytes(33),
    b"\xff" * 32,
    "\uff11" * 64,
    KEY.replace("5", " ", 1),
    "0x0x" + KEY[4:],
]


@pytest.mark.parametrize("key", MALFORMED_KEYS)
def test_malformed_key_is_refused_without_quoting_it(key: str | bytes) -> None:
    with pytest.raises(MalformedKey) as caught:
        keys.PrivateKey(key)
    if len(key) > 2:
        assert str(key) not in str(caught.value)


def test_key_hides_its_secret() -> None:
    key = keys.PrivateKey(KEY)
    for shown in (repr(key), str(key), f"{key}", repr([key]), repr({"k": key})):
        assert KEY[2:10] not in shown
    with pytest.raises(TypeError):
        pickle.dumps(key)
    with pytest.raises(TypeError):
        copy.copy(key)


def test_keys_compare_by_address() -> None:
    assert keys.PrivateKey(KEY) == keys.PrivateKey(KEY[2:])
    assert keys.PrivateKey(KEY) != keys.PrivateKey(PROVIDER_KEY)
    assert len({keys.PrivateKey(KEY), keys.PrivateKey(KEY)}) == 1
    assert keys.PrivateKey(KEY) != A


# EIP-55's own examples.
EIP55 = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0xde709f2102306220921060314715629080e2fb77",
    A,
    N,
]


@pytest.mark.parametrize("address", EIP55)
def test_checksum_of_any_case(address: str) -> None:
    swapped = "0x" + address[2:].swapcase()
    for spelling in (address, address.lower(), "0x" + address[2:].upper(), swapped):
        assert keys.checksum(spelling) == address
        assert keys.same_address(spelling, address)


MALFORMED_ADDRESSES = [
    "",
    "0x",
    A[:-1],
    A + "0",
    A[2:],
    "0X" + A[2:],
    "0x" + "g" * 40,
    A + "\n",
    "\n" + A,
    A + "\0",
    " " + A,
    "0x" + "\uff11" * 40,
    "0x" + "\u0661" * 40,
    "0x-" + A[3:],
    "0x" + "1" * 39 + "\u212a",
    "0x" + "\ud800" * 40,
]


@pytest.mark.parametrize("address", MALFORMED_ADDRESSES)
def test_malformed_address_is_refused(address: str) -> None:
    with pytest.raises(MalformedAddress):
        keys.checksum(address)
    assert not keys.same_address(address, address)
    assert not keys.same_address(A, address)
    with pytest.raises(MalformedAddress):
        keys.did_for(address, 1)


@pytest.mark.parametrize("address", [None, 7, b"0x", ["0x"], {"a": 1}])
def test_address_that_is_no_text_is_malformed(address: object) -> None:
    with pytest.raises(MalformedAddress):
        keys.checksum(address)  # type: ignore[arg-type]


def test_did_is_of_checksummed_address_and_chain() -> None:
    assert keys.did_for(N, 8996) == N_DID
    assert keys.did_for(N.lower(), 8996) == N_DID
    assert keys.did_for(N, 8997) != N_DID
    assert keys.did_for(A, 8996) != N_DID


@given(st.text())
def test_checksum_raises_only_its_own_error(text: str) -> None:
    try:
        keys.checksum(text)
    except MalformedAddress:
        return


@given(st.text() | st.binary())
def test_private_key_raises_only_its_own_error(text: str | bytes) -> None:
    try:
        keys.PrivateKey(text)
    except MalformedKey:
        return


def _keystore(password: str) -> dict[str, object]:
    return dict(Account.encrypt(KEY, password, kdf="pbkdf2", iterations=1))


def test_keystore_opens_with_its_password() -> None:
    assert keys.load_keystore(json.dumps(_keystore("pässword")), "pässword").address == A


def test_keystore_with_wrong_password_is_refused() -> None:
    with pytest.raises(KeystoreRefused):
        keys.load_keystore(json.dumps(_keystore("right")), "wrong")


@pytest.mark.parametrize("text", ["", "x", "[]", "5", "{}", '{"version":3}', '{"version":9}', "[" * 100_000])
def test_malformed_keystore_is_refused(text: str) -> None:
    with pytest.raises(KeystoreRefused):
        keys.load_keystore(text, "p")


def test_changed_keystore_is_refused() -> None:
    document = json.loads(json.dumps(_keystore("p")))
    document["crypto"]["mac"] = "00" * 32
    with pytest.raises(KeystoreRefused):
        keys.load_keystore(json.dumps(document), "p")


def test_opening_a_keystore_leaves_the_recursion_limit_alone() -> None:
    """py_ecc sets 100,000 on import; deep JSON then ends the process instead of raising."""
    code = (
        "import sys; before = sys.getrecursionlimit()\n"
        "from libs.signing import keys\n"
        f"keys.load_keystore({json.dumps(_keystore('p'))!r}, 'p')\n"
        "assert 'py_ecc' in sys.modules and sys.getrecursionlimit() == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_native_curve_is_in_use() -> None:
    import eth_keys  # loaded on purpose, so that its choice of curve is checked too

    assert eth_keys.__name__ in sys.modules
    keys.require_native_curve()


def _checked_with(backend: str, first: str) -> int:
    code = f"{first}; from libs.signing import keys; keys.require_native_curve()"
    environ = {**os.environ, "ECC_BACKEND_CLASS": f"eth_keys.backends.{backend}"}
    return subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True).returncode


def test_start_is_refused_when_eth_keys_would_run_in_pure_python() -> None:
    assert _checked_with("NativeECCBackend", "import eth_keys") != 0
    assert _checked_with("CoinCurveECCBackend", "import eth_keys") == 0
    assert _checked_with("NativeECCBackend", "pass") == 0, "nobody has loaded it, nobody will use it"


def test_a_curve_with_other_answers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "address_of", lambda public_key64: "0x" + "0" * 40)
    with pytest.raises(PureCurveRefused, match=r"^the native curve gives wrong answers$"):
        keys.require_native_curve()


def test_eth_keys_is_asked_where_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    import eth_keys

    monkeypatch.setenv("ECC_BACKEND_CLASS", "eth_keys.backends.NativeECCBackend")
    monkeypatch.setitem(sys.modules, "eth_keys", eth_keys)
    with pytest.raises(PureCurveRefused, match=r"^eth-keys runs on NativeECCBackend; install coincurve$"):
        keys.require_native_curve()
    monkeypatch.delitem(sys.modules, "eth_keys")
    keys.require_native_curve()
