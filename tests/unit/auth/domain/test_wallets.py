import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.auth.domain import wallets
from services.auth.domain.wallets import MalformedNonce, SignedRequest
from tests.fakes.auth_world import OTHER_WALLET, WALLET, signed


@pytest.mark.parametrize(
    "nonce", ["0", "1", "007", "1644315615.24195", "1795295486993079057", "9" * 30, "1." + "1" * 12]
)
def test_nonces_that_clients_send(nonce: str) -> None:
    wallets.check_nonce(nonce)


BAD_NONCES = [
    "",
    " 1",
    "1 ",
    "1\n",
    "-1",
    "+1",
    "1e3",
    "inf",
    "nan",
    "NaN",
    "Infinity",
    "0x1",
    "1.",
    ".5",
    "1.2.3",
    "1,5",
    "1_0",
    "9" * 31,
    "1." + "1" * 13,
    "\uff11",
    "\u0661",
    "\u00b2",
    "1\0",
    "true",
    "null",
    "9" * 10_000,
]


@pytest.mark.parametrize("nonce", BAD_NONCES)
def test_nonces_that_brick_an_account_are_refused(nonce: str) -> None:
    with pytest.raises(MalformedNonce):
        wallets.check_nonce(nonce)


@given(st.text())
def test_check_nonce_raises_only_its_own_error(nonce: str) -> None:
    try:
        wallets.check_nonce(nonce)
    except MalformedNonce:
        return
    float(nonce)


def test_messages_are_literal_joins() -> None:
    request = SignedRequest("0xAb", "01.0", "")
    assert wallets.plain_message(request) == "0xAb01.0"
    assert wallets.bound_message(request, "1700003600") == "0xAb170000360001.0"


def test_the_message_that_was_signed_is_told() -> None:
    plain, bound = signed("7"), signed("7", bind="1700003600")
    messages = [wallets.plain_message(plain), wallets.bound_message(plain, "1700003600")]
    assert wallets.signed_by_account(plain, messages) == messages[0]
    assert wallets.signed_by_account(bound, messages) == messages[1]
    assert wallets.signed_by_account(bound, messages[:1]) is None
    other = SignedRequest(OTHER_WALLET.address, "7", plain.signature)
    assert wallets.signed_by_account(other, [wallets.plain_message(other)]) is None


@pytest.mark.parametrize(
    ("nonce", "hides"),
    [("7", False), ("1700003600", False), ("1700003600.5", False), ("17000036007", True), ("1" * 19, True)],
)
def test_only_long_nonces_can_hide_an_expiration(nonce: str, hides: bool) -> None:
    assert wallets.may_hide_an_expiration(nonce) is hides


def test_fingerprints_tell_texts_apart() -> None:
    a, b = wallets.fingerprint(WALLET.address + "1"), wallets.fingerprint(WALLET.address + "2")
    assert a != b
    assert len(a) == 64
