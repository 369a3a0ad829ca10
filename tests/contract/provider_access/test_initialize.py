"""Initialize over fakes: quotes, orders that still hold, and each refusal in its order (contract 2.4)."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from libs.signing.fees import FeeQuote, fee_is_signed_by
from services.provider.domain.fees import FeePolicy
from services.provider.domain.nonces import USER_SCOPE
from services.provider.domain.origins import OriginUnavailable
from services.provider.ports import ComputeEnvironment
from tests.fakes.access import URL, AccessWorld, FakeAccessControl, files_blob
from tests.fakes.ddos import DID, ddo, service
from tests.fakes.provider_app import Provider
from tests.fakes.receipts import (
    CONSUMER,
    DATATOKEN,
    FEE_TOKEN,
    NFT,
    OLD_TX,
    ORDERED_AT,
    PROVIDER_KEY,
    TX,
    Fee,
    fee_log,
    order_log,
    receipt,
    reuse_log,
)

pytestmark = pytest.mark.clause("ocean 2.4")

FILE = {"type": "url", "url": URL, "method": "GET"}
NOW = ORDERED_AT + 60


@dataclass
class Desk:
    """A provider with one asset; `services` are the DDO's."""

    world: AccessWorld = field(default_factory=AccessWorld)

    def __post_init__(self) -> None:
        self.world.assets.documents[DID] = ddo(services=[service(files=files_blob(FILE))])
        self.client = Provider(world=self.world, ledger=self.world.ledger, tokens=self.world.tokens).client()

    def ask(self, **changes: Any) -> Any:
        asked = {"documentId": DID, "serviceId": "svc-0", "consumerAddress": CONSUMER, **changes}
        query = {name: value for name, value in asked.items() if value is not None}
        return self.client.get("/api/services/initialize", query_string=query)

    def error(self, **changes: Any) -> str:
        response = self.ask(**changes)
        assert response.status_code == 400
        assert next(iter(response.json)) == "error"
        return str(response.json["error"])


@pytest.fixture
def desk() -> Desk:
    return Desk()


def is_ours(fee: dict[str, Any]) -> bool:
    terms = FeeQuote(
        bytes.fromhex(fee["providerData"][2:]),
        fee["providerFeeAddress"],
        fee["providerFeeToken"],
        int(fee["providerFeeAmount"]),
        fee["validUntil"],
    )
    r, s = bytes.fromhex(fee["r"][2:]), bytes.fromhex(fee["s"][2:])
    return fee_is_signed_by(terms, fee["v"], r, s, PROVIDER_KEY.address)


def test_a_quote_is_what_the_contract_takes(desk: Desk) -> None:
    response = desk.ask()
    assert response.status_code == 200
    assert list(response.json) == ["datatoken", "nonce", "providerFee"]
    assert (response.json["datatoken"], response.json["nonce"]) == (DATATOKEN, 1)
    fee = response.json["providerFee"]
    assert list(fee) == [
        "providerFeeAddress",
        "providerFeeToken",
        "providerFeeAmount",
        "providerData",
        "v",
        "r",
        "s",
        "validUntil",
    ]
    assert (fee["providerFeeToken"], fee["providerFeeAmount"], fee["validUntil"]) == (FEE_TOKEN, "0", 0)
    assert bytes.fromhex(fee["providerData"][2:]).decode() == (
        f'{{"environment":null,"timestamp":{NOW}.0,"dt":"{DATATOKEN}","id":"svc-0"}}'
    )
    assert is_ours(fee)
    assert desk.world.ledger.rows == {}
    assert desk.world.origins.asked == []


def test_the_nonce_is_a_number_exact_to_the_last_digit(desk: Desk) -> None:
    desk.world.ledger.rows[USER_SCOPE, CONSUMER] = "1644315615.24195"
    assert '"nonce":1644315615.24195,' in desk.ask().text


def test_post_with_numbers_is_taken_as_the_seed_shows_it(desk: Desk) -> None:
    desk.world.assets.documents[DID]["services"] = [service("0", files=files_blob(FILE))]
    body = {"documentId": DID, "serviceId": 0, "consumerAddress": CONSUMER, "fileIndex": 0, "validUntil": 1}
    response = desk.client.post("/api/services/initialize", json=body)
    assert response.status_code == 200
    with_body = desk.client.get("/api/services/initialize", json=body)
    assert list(with_body.json) == list(response.json)


def test_the_fee_goes_by_service_type_and_token() -> None:
    other = "0x" + "12" * 20
    policy = FeePolicy(tokens={8996: other}, amounts={"access": Decimal("1.5")})
    fee = Desk(AccessWorld(policy=policy)).ask().json["providerFee"]
    assert fee["providerFeeAmount"] == "1500000"
    assert fee["providerFeeToken"] == other
    assert is_ours(fee)


class TestOrders:
    def test_a_good_order_is_all_that_is_told(self, desk: Desk) -> None:
        desk.world.chain.receipts[TX] = receipt(order_log(), fee_log())
        assert desk.ask(transferTxId=TX).json == {"validOrder": TX}

    def test_after_a_reuse_the_original_order_is_named(self, desk: Desk) -> None:
        desk.world.chain.receipts[TX] = receipt(reuse_log(), fee_log())
        desk.world.chain.receipts[OLD_TX] = receipt(order_log(), fee_log(), tx=OLD_TX, block=90)
        assert desk.ask(transferTxId=TX).json == {"validOrder": OLD_TX}

    def test_an_expired_provider_fee_is_allowed_here(self, desk: Desk) -> None:
        spent = Fee(valid_until=ORDERED_AT - 1000, quoted_at=ORDERED_AT - 2000.0)
        desk.world.chain.receipts[TX] = receipt(order_log(at=ORDERED_AT - 2000), fee_log(fee=spent))
        assert desk.ask(transferTxId=TX).json == {"validOrder": TX}

    @pytest.mark.parametrize(
        ("tx", "told"),
        [
            (TX, "Failed to get tx receipt"),
            ("0x12", "transferTxId is not a transaction hash."),
            ("x" * 70, "transferTxId is not a transaction hash."),
        ],
    )
    def test_a_bad_order_gives_a_new_quote_and_says_why(self, desk: Desk, tx: str, told: str) -> None:
        """Weakness 12/18: users paid twice without learning why."""
        response = desk.ask(transferTxId=tx)
        assert response.status_code == 200
        assert list(response.json) == ["datatoken", "nonce", "providerFee", "orderError"]
        assert response.json["orderError"] == told

    def test_made_up_transactions_are_not_waited_for(self, desk: Desk) -> None:
        """Weakness 12.1/37: an unsigned request must not hold a worker."""
        desk.ask(transferTxId=TX)
        assert desk.world.chain.waited == []

    def test_a_transaction_id_of_raw_bytes_is_taken(self, desk: Desk) -> None:
        desk.world.chain.receipts[TX] = receipt(order_log(), fee_log())
        raw = quote(bytes.fromhex(TX[2:]))
        url = f"/api/services/initialize?documentId={DID}&transferTxId={raw}&serviceId=svc-0"
        assert desk.client.get(f"{url}&consumerAddress={CONSUMER}").json == {"validOrder": TX}


class TestFile:
    def test_the_file_is_looked_at_when_named(self, desk: Desk) -> None:
        assert desk.ask(fileIndex="0").status_code == 200
        assert [request.url for request in desk.world.origins.asked] == [URL]

    def test_an_unreachable_file_is_refused_without_its_url(self, desk: Desk) -> None:
        desk.world.origins.error = OriginUnavailable("no")
        text = desk.error(fileIndex="0")
        assert text.startswith("Asset URL not found, not available or invalid. Payload was: ")
        assert "files.test" not in text
        assert json.loads(text.partition("Payload was: ")[2])["fileIndex"] == 0

    def test_an_index_past_the_end_is_the_caller_s_mistake(self, desk: Desk) -> None:
        assert desk.error(fileIndex="1") == "No such fileIndex 1"

    def test_a_valid_order_needs_no_look_at_the_file(self, desk: Desk) -> None:
        desk.world.chain.receipts[TX] = receipt(order_log(), fee_log())
        desk.ask(fileIndex="0", transferTxId=TX)
        assert desk.world.origins.asked == []


class TestCompute:
    @pytest.fixture
    def desk(self, desk: Desk) -> Desk:
        desk.world.assets.documents[DID]["services"][0]["type"] = "compute"
        return desk

    @pytest.mark.parametrize("given", [{}, {"environment": "e"}, {"validUntil": str(NOW + 60)}])
    def test_compute_is_sent_to_its_own_endpoint(self, desk: Desk, given: dict[str, str]) -> None:
        expected = "Use the initializeCompute endpoint to initialize compute jobs."
        assert desk.error(**given) == expected

    @pytest.mark.parametrize("until", ["0", str(NOW), "soon", "-5", "1.5", "9" * 40])
    def test_an_end_that_is_not_in_the_future(self, desk: Desk, until: str) -> None:
        assert desk.error(environment="e", validUntil=until) == "The validUntil value is not correct."

    def test_an_unknown_environment(self, desk: Desk) -> None:
        until = str(NOW + 600)
        assert desk.error(environment="e", validUntil=until) == "Compute environment does not exist"

    def test_a_known_environment_is_quoted_in_the_old_way(self, desk: Desk) -> None:
        desk.world.environments.known["e"] = ComputeEnvironment("e", NFT, Decimal("2.3"))
        fee = desk.ask(environment="e", validUntil=str(NOW + 86_400)).json["providerFee"]
        assert fee["providerFeeAmount"] == str(23 * 10**5 * 86_400 // 60)
        assert fee["validUntil"] == NOW + 86_400
        assert json.loads(bytes.fromhex(fee["providerData"][2:]))["environment"] == "e"
        assert is_ours(fee)

    def test_an_order_for_another_environment_does_not_count(self, desk: Desk) -> None:
        desk.world.environments.known["e"] = ComputeEnvironment("e", NFT, Decimal(0))
        desk.world.chain.receipts[TX] = receipt(order_log(), fee_log(fee=Fee(environment="other")))
        response = desk.ask(environment="e", validUntil=str(NOW + 60), transferTxId=TX)
        assert response.json["orderError"].startswith("Mismatch between ordered c2d environment")


class TestRefusals:
    def test_missing_fields_are_all_named(self, desk: Desk) -> None:
        response = desk.ask(documentId=None, serviceId=None, consumerAddress=None)
        assert response.status_code == 400
        assert list(response.json["errors"]) == ["documentId", "serviceId", "consumerAddress"]

    @pytest.mark.parametrize(
        ("field", "bad", "told"),
        [
            ("fileIndex", "-1", "The fileIndex must be an integer."),
            ("fileIndex", "x", "The fileIndex must be an integer."),
            ("consumerAddress", "0x12", "The consumerAddress must be a valid address."),
        ],
    )
    def test_a_field_of_the_wrong_shape_is_named(self, desk: Desk, field: str, bad: str, told: str) -> None:
        assert desk.ask(**{field: bad}).json["errors"] == {field: [told]}

    def test_an_unknown_asset(self, desk: Desk) -> None:
        assert desk.error(documentId="did:op:" + "0" * 64) == "Cannot resolve DID"
        assert desk.error(documentId="http://169.254.169.254/") == "Cannot resolve DID"

    def test_state_comes_before_service(self, desk: Desk) -> None:
        desk.world.chain.states[NFT] = 3
        assert desk.error(serviceId="nope") == "Asset is not consumable."

    def test_an_unknown_service(self, desk: Desk) -> None:
        assert desk.error(serviceId="nope") == "Invalid serviceId."

    def test_denied_callers_learn_their_code(self, desk: Desk) -> None:
        lists = {"allow": [{"type": "address", "values": [NFT]}]}
        desk.world.assets.documents[DID]["credentials"] = lists
        response = desk.ask()
        assert response.json["reason"] == "CREDENTIAL_NOT_IN_ALLOW_LIST"
        assert list(response.json) == ["error", "reason"]

    @pytest.mark.parametrize("bad", ["{", "[1]", "7"])
    def test_unreadable_userdata_is_named(self, desk: Desk, bad: str) -> None:
        assert list(desk.ask(fileIndex="0", userdata=bad).json["errors"]) == ["userdata"]

    def test_the_access_control_server_is_asked(self) -> None:
        control = FakeAccessControl(answer=False)
        assert Desk(AccessWorld(access_control=control)).error() == "RBAC Validation failed!"
        assert control.asked[0].event == "initialize"


def test_one_head_is_read_per_request(desk: Desk) -> None:
    desk.ask(fileIndex="0", transferTxId=TX)
    assert desk.world.chain.heads == 1
