"""Proofs of wallets where they are decided: at the same time, late, and read in another way."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from libs.signing.keys import PrivateKey
from libs.signing.messages import ComputeControl, ComputeStart
from libs.signing.personal import sign_text
from services.compute.domain.errors import ComputeError
from services.compute.ports.provider import NonceTooLow
from services.compute.ports.tokens import TokenRefused
from services.compute.usecases.wallet_requests import SignatureRefused, WalletRequest, WalletRequests
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_provider import FakeProvider, did
from tests.fakes.compute_store import MemoryJobStore

KEY = PrivateKey("0x" + "61" * 32)
A, D, J = KEY.address, did(1), "4d32947065bb46c8b87c1f7adfb7ed8b"


class NoTokens:
    def holder(self, text: str) -> str:
        raise TokenRefused


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def requests(provider: FakeProvider) -> WalletRequests:
    return WalletRequests(provider, NoTokens(), MemoryJobStore(), PlannedClock())


def signed(text: str, nonce: str | None) -> WalletRequest:
    return WalletRequest(address=A, nonce=nonce, signature=sign_text(text, KEY))


def test_of_simultaneous_uses_of_one_nonce_one_counts(requests: WalletRequests) -> None:
    request = signed(ComputeStart(A, D, "7").text(), "7")

    def tried(_: int) -> bool:
        try:
            requests.start(request, D)
        except NonceTooLow:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tried, range(16))) == 1


def test_of_simultaneous_readings_of_one_text_one_counts(requests: WalletRequests) -> None:
    """Index 12 and nonce 3, index 1 and nonce 23, a stop with nonce 123: the same characters."""
    text = A + J + "123"

    def tried(reading: int) -> bool:
        try:
            if reading == 0:
                requests.result(signed(text, "3"), J, "12")
            elif reading == 1:
                requests.result(signed(text, "23"), J, "1")
            else:
                requests.control(signed(text, "123"), J, "", stops=False)
        except ComputeError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(tried, [0, 1, 2] * 4)) == 1


def test_a_replay_in_another_reading_does_not_lift_the_counter(
    requests: WalletRequests, provider: FakeProvider
) -> None:
    requests.result(signed(A + J + "15", "5"), J, "1")
    with pytest.raises(SignatureRefused):
        requests.control(signed(A + J + "15", "15"), J, "", stops=True)
    assert provider.nonces == {A: "5"}


@pytest.mark.parametrize(
    ("stored", "shown", "ahead"), [("4", "4", 1), ("4", "4", 0), ("9007199254740995", "9007199254741000", 1)]
)
def test_a_control_without_its_nonce_is_tried_with_what_the_endpoint_shows(
    requests: WalletRequests, provider: FakeProvider, stored: str, shown: str, ahead: int
) -> None:
    provider.nonces[A] = stored
    provider.last_nonce = lambda address: shown  # type: ignore[method-assign]
    text = ComputeControl(A, J, D, str(int(shown) + ahead)).text()
    requests.control(signed(text, None), J, D, stops=False)
    assert Decimal(provider.nonces[A]) == Decimal(shown) + 1


def test_beyond_exact_doubles_a_clients_own_plus_one_may_change_nothing(
    requests: WalletRequests, provider: FakeProvider
) -> None:
    shown = str(2**60)
    provider.last_nonce = lambda address: shown  # type: ignore[method-assign]
    stop = signed(A + J, shown)
    assert requests.control(stop, J, "", stops=True).once is False
    assert requests.reads(signed(ComputeControl(A, J, "", shown).text(), shown), J, "")


@pytest.mark.parametrize("nonce", ["nan", "inf", "-inf", "1e5", "", "x", "sNaN"])
def test_odd_nonces_of_a_status_read_nothing(requests: WalletRequests, nonce: str) -> None:
    request = signed(ComputeControl(A, J, "", nonce).text(), nonce)
    assert requests.reads(request, J, "") is False


def test_a_lone_surrogate_is_no_signed_text(requests: WalletRequests) -> None:
    request: Any = signed("x", "5")
    with pytest.raises(SignatureRefused):
        requests.start(request, "\ud800")


def test_the_proof_never_shows_itself() -> None:
    request = WalletRequest(address=A, signature="0xsecret", auth_token="secret")
    assert "secret" not in repr(request)
