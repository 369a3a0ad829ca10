"""A publisher's signature on a validation is used up: its text is that of a download or an AuthToken."""

import json
from typing import Any

import pytest

from libs.signing import personal
from libs.signing.keys import PrivateKey
from libs.signing.messages import AuthToken, Download
from libs.web.internal_client import PeerUnavailable, Reply
from services.catalogue.adapters.nonces_http import ProviderNonces
from services.catalogue.domain.errors import NoncesUnavailable
from services.catalogue.usecases.validate import DdoInvalid, PublisherNotProven, Validate
from tests.fakes.catalogue_assets import raw_ddo

KEY, PUBLISHER = PrivateKey("0x" + "42" * 32), PrivateKey("0x" + "07" * 32)


class Ledger:
    def __init__(self) -> None:
        self.burnt: list[tuple[str, str]] = []

    def burn(self, address: str, nonce: str) -> None:
        self.burnt.append((address, nonce))


def signed(text: str, nonce: object = "12", **document: Any) -> bytes:
    wrapper = {
        "ddo": raw_ddo(1) | document,
        "publisherAddress": PUBLISHER.address,
        "nonce": nonce,
        "signature": personal.sign_text(text, PUBLISHER),
    }
    return json.dumps(wrapper).encode()


@pytest.mark.parametrize("nonce", ["12", 12])
@pytest.mark.parametrize(
    "text", [AuthToken(PUBLISHER.address, "12").text(), Download(str(raw_ddo(1)["id"]), "12").text()]
)
def test_a_validation_signature_mints_no_token_and_opens_no_file_afterwards(text: str, nonce: object) -> None:
    ledger = Ledger()
    assert Validate(KEY, ledger)(signed(text, nonce)).signer == KEY.address
    assert ledger.burnt == [(PUBLISHER.address, "12")]


def test_what_is_not_proven_or_not_valid_uses_nothing_up() -> None:
    ledger = Ledger()
    with pytest.raises(PublisherNotProven):
        Validate(KEY, ledger)(signed(AuthToken(PUBLISHER.address, "13").text()))
    with pytest.raises(DdoInvalid):
        Validate(KEY, ledger)(signed(AuthToken(PUBLISHER.address, "12").text(), metadata={}))
    Validate(KEY, ledger)(json.dumps(raw_ddo(1)).encode())
    assert ledger.burnt == []


def test_a_catalogue_without_a_provider_vouches_all_the_same() -> None:
    assert Validate(KEY)(signed(AuthToken(PUBLISHER.address, "12").text())).signer == KEY.address


class Client:
    """An InternalClient with one answer, or none."""

    def __init__(self, status: int | None) -> None:
        self.status = status
        self.sent: list[tuple[str, Any]] = []

    def post(self, path: str, body: Any) -> Reply:
        self.sent.append((path, body))
        if self.status is None:
            raise PeerUnavailable("provider", "ConnectionRefused")
        return Reply("provider", self.status, {}, b"{}")


@pytest.mark.parametrize("status", [200, 409, 400])
def test_the_ledger_is_asked_by_checksummed_address(status: int) -> None:
    """409: no service would have accepted it any more. 400: none accepts such a nonce."""
    client = Client(status)
    ProviderNonces(client).burn(PUBLISHER.address.lower(), "12")  # type: ignore[arg-type]
    body = {"scope": "user", "address": PUBLISHER.address, "nonce": "12"}
    assert client.sent == [("/internal/nonces/consume", body)]


@pytest.mark.parametrize("status", [None, 401, 403, 500, 503])
def test_a_ledger_that_cannot_be_asked_vouches_for_nothing_signed(status: int | None) -> None:
    with pytest.raises(NoncesUnavailable):
        ProviderNonces(Client(status)).burn(PUBLISHER.address, "12")  # type: ignore[arg-type]


def test_what_is_no_address_has_no_nonce() -> None:
    client = Client(None)
    ProviderNonces(client).burn("0x12", "12")  # type: ignore[arg-type]
    assert client.sent == []
