"""Download over fakes: order of the checks, exact refusals, what is handed over (contract 2.6)."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest

from libs.chain.errors import CallReverted, RpcTimeout, RpcUnavailable
from libs.signing.keys import PrivateKey
from libs.signing.personal import digest, message_hash, sign_text
from services.provider.domain.access import AccessControlUnavailable, EnvironmentsUnavailable
from services.provider.domain.asset import CatalogueUnavailable
from services.provider.domain.nonces import USER_SCOPE
from services.provider.domain.origins import OriginRefused, OriginUnavailable
from services.provider.ports import ComputeEnvironment, TokenHolder
from tests.fakes.access import URL, AccessWorld, FakeAccessControl, files_blob
from tests.fakes.ddos import DID, ddo, service
from tests.fakes.provider_app import Provider
from tests.fakes.receipts import DATATOKEN, NFT, ORDERED_AT, TX, fee_log, order_log, receipt

pytestmark = pytest.mark.clause("ocean 2.6")

ALICE = PrivateKey("22" * 32)
MALLORY = PrivateKey("33" * 32)
FILE = {"type": "url", "url": URL, "method": "GET"}
ACCEL = {"X-Tidegate-Accel": "1"}


@dataclass
class Shop:
    """A provider with one asset that Alice ordered."""

    world: AccessWorld = field(default_factory=AccessWorld)

    def __post_init__(self) -> None:
        self.world.assets.documents[DID] = ddo(services=[service(files=files_blob(FILE))])
        self.world.chain.receipts[TX] = receipt(order_log(consumer=ALICE.address), fee_log())
        self.client = Provider(world=self.world, ledger=self.world.ledger, tokens=self.world.tokens).client()

    def query(self, key: PrivateKey = ALICE, nonce: str = "5", **changes: Any) -> dict[str, Any]:
        asked = {
            "documentId": DID,
            "serviceId": "svc-0",
            "consumerAddress": key.address,
            "transferTxId": TX,
            "fileIndex": "0",
            "nonce": nonce,
            **changes,
        }
        asked.setdefault("signature", sign_text(f"{asked['documentId']}{asked['nonce']}", key))
        return {name: value for name, value in asked.items() if value is not None}

    def get(self, headers: dict[str, str] | None = None, **changes: Any) -> Any:
        return self.client.get("/api/services/download", query_string=self.query(**changes), headers=headers)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def error(response: Any) -> str:
    assert next(iter(response.json)) == "error"
    return str(response.json["error"])


def test_the_file_s_bytes_come_with_a_name(shop: Shop) -> None:
    response = shop.get()
    assert (response.status_code, response.data) == (200, b"a,b\n1,2\n")
    assert response.headers["Content-Disposition"] == "attachment;filename=data.csv"
    assert len(shop.world.origins.asked) == 1


def test_post_with_json_is_the_same_request(shop: Shop) -> None:
    body = shop.query(fileIndex=0, datatoken="", policyServer={"unknown": 1})
    response = shop.client.post("/api/services/download", json=body)
    assert response.data == b"a,b\n1,2\n"


def test_head_checks_the_same_uses_a_nonce_up_and_has_no_body(shop: Shop) -> None:
    query = shop.query()
    response = shop.client.head("/api/services/download", query_string=query)
    assert (response.status_code, response.data) == (200, b"")
    assert shop.client.get("/api/services/download", query_string=query).status_code == 400


def test_behind_the_gateway_a_sealed_ticket_goes_out_instead(shop: Shop) -> None:
    response = shop.get(headers=ACCEL)
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["X-Accel-Redirect"] == "/_egress"
    assert response.headers["X-Egress-Ticket"].startswith("sealed ")
    assert shop.world.origins.asked == []


def test_without_the_gateway_s_word_there_is_no_ticket(shop: Shop) -> None:
    assert "X-Egress-Ticket" not in shop.get(headers={"X-Tidegate-Accel": "0"}).headers


def test_a_contract_s_answer_is_a_named_json_file_even_behind_the_gateway(shop: Shop) -> None:
    abi = {"type": "function", "name": "facts", "stateMutability": "view", "inputs": [], "outputs": []}
    blob = files_blob({"type": "smartcontract", "address": NFT, "abi": abi})
    shop.world.assets.documents[DID]["services"][0]["files"] = blob
    response = shop.get(headers=ACCEL)
    assert response.json == {"chain": 8996, "address": NFT}
    assert response.headers["Content-Disposition"] == "attachment;filename=facts.json"


class TestShape:
    ORDER = ("documentId", "serviceId", "consumerAddress", "transferTxId", "fileIndex", "nonce")

    @pytest.mark.parametrize("position", range(len(ORDER)))
    def test_the_first_missing_field_is_named_alone(self, shop: Shop, position: int) -> None:
        response = shop.get(**dict.fromkeys(self.ORDER[position:], None), signature="0x12")
        field = self.ORDER[position]
        assert response.status_code == 400
        assert response.json == {
            "errors": {field: [f"The {field} field is required."]},
            "message": "Validation error",
            "success": False,
        }

    @pytest.mark.parametrize(
        ("field", "bad"),
        [
            ("consumerAddress", "0x12"),
            ("transferTxId", "0x12"),
            ("transferTxId", "0x" + "g" * 64),
            ("fileIndex", "-1"),
            ("fileIndex", "one"),
            ("fileIndex", "1.0"),
            ("fileIndex", "9" * 30),
            ("nonce", "nan"),
            ("nonce", "1e3"),
            ("nonce", "inf"),
            ("nonce", " 7"),
            ("nonce", "9" * 31),
        ],
    )
    def test_a_field_of_the_wrong_shape_is_named(self, shop: Shop, field: str, bad: str) -> None:
        response = shop.get(**{field: bad}, signature="0x12")
        assert response.status_code == 400
        assert list(response.json["errors"]) == [field]
        assert shop.world.ledger.rows == {}

    @pytest.mark.parametrize("field", [*ORDER, "signature", "userdata"])
    @pytest.mark.parametrize("bad", ["%00", "%ff%fe", "%ed%a0%80"])
    def test_nul_and_broken_text_are_refused_by_name(self, shop: Shop, field: str, bad: str) -> None:
        query = "&".join(f"{name}={quote(str(v))}" for name, v in shop.query().items() if name != field)
        response = shop.client.get(f"/api/services/download?{query}&{field}={bad}")
        assert response.status_code == 400
        assert field in response.json["errors"]

    def test_a_doubled_field_is_refused_by_name(self, shop: Shop) -> None:
        query = "&".join(f"{name}={quote(str(v))}" for name, v in shop.query().items())
        response = shop.client.get(f"/api/services/download?{query}&fileIndex=1")
        assert list(response.json["errors"]) == ["fileIndex"]

    @pytest.mark.parametrize("bad", [[1], {"a": 1}, True])
    def test_json_of_the_wrong_type_is_refused_by_name(self, shop: Shop, bad: object) -> None:
        response = shop.client.post("/api/services/download", json={**shop.query(), "fileIndex": bad})
        assert list(response.json["errors"]) == ["fileIndex"]

    def test_a_transaction_id_of_raw_bytes_is_taken(self, shop: Shop) -> None:
        """ocean.py percent-encodes the hash itself (contract 11.4)."""
        raw = bytes.fromhex("26" + "3d2b" * 3 + "00ff" * 12 + "25")  # & = + % and NUL among them
        tx = "0x" + raw.hex()
        shop.world.chain.receipts[tx] = receipt(order_log(consumer=ALICE.address), fee_log(), tx=tx)
        query = "&".join(
            f"{name}={quote(str(v))}" for name, v in shop.query().items() if name != "transferTxId"
        )
        response = shop.client.get(f"/api/services/download?transferTxId={quote(raw)}&{query}")
        assert response.data == b"a,b\n1,2\n"


class TestCaller:
    def test_another_s_signature_is_refused_without_an_echo(self, shop: Shop) -> None:
        forged = sign_text(f"{DID}5", MALLORY)
        response = shop.get(signature=forged)
        assert response.status_code == 400
        assert "signature" in response.json["errors"]
        assert forged[2:] not in response.text
        assert shop.world.ledger.rows == {}

    def test_a_missing_signature_is_refused_with_a_list(self, shop: Shop) -> None:
        expected = ["Invalid signature provided. Please check the nonce or documentId."]
        assert shop.get(signature="").json["errors"] == {"signature": expected}

    def test_a_nonce_works_once(self, shop: Shop) -> None:
        """Weaknesses 12/2, 12/5, 12/6: equal nonces, other spellings of the address, numbers for texts."""
        assert shop.get().status_code == 200
        expected = {"signature": "Invalid signature expected nonce (5) > current nonce (5)."}
        assert shop.get().json["errors"] == expected
        lower = shop.query(consumerAddress=ALICE.address.lower())
        assert shop.client.get("/api/services/download", query_string=lower).status_code == 400
        number = {**shop.query(), "nonce": 5}
        assert shop.client.post("/api/services/download", json=number).status_code == 400
        assert shop.get(nonce="6").status_code == 200

    def test_the_nonce_is_used_up_even_when_the_order_is_refused(self, shop: Shop) -> None:
        shop.world.chain.receipts.clear()
        shop.get()
        assert shop.world.ledger.rows == {(USER_SCOPE, ALICE.address): "5"}

    def test_digits_of_the_did_are_no_part_of_a_nonce(self, shop: Shop) -> None:
        """The signed text has no separator: read with the border elsewhere it is another nonce, far above the
        signer's next, and must not be used up."""
        did = DID[:-4] + "0997"
        seen = shop.query(documentId=did)
        for taken in range(1, 4):
            moved = {"documentId": did[:-taken], "nonce": did[-taken:] + seen["nonce"]}
            response = shop.client.get("/api/services/download", query_string=seen | moved)
            assert (response.status_code, error(response)) == (400, "Cannot resolve DID")
        assert shop.world.ledger.rows == {}

    def test_an_auth_token_stands_in_for_signature_and_nonce(self, shop: Shop) -> None:
        shop.world.tokens.holders["a-token"] = TokenHolder(ALICE.address)
        for _ in range(2):
            response = shop.get(headers={"AuthToken": "a-token"}, signature="", nonce="")
            assert response.data == b"a,b\n1,2\n"

    def test_a_present_signature_wins_over_a_good_token(self, shop: Shop) -> None:
        shop.world.tokens.holders["a-token"] = TokenHolder(ALICE.address)
        forged = sign_text(f"{DID}5", MALLORY)
        assert shop.get(headers={"AuthToken": "a-token"}, signature=forged).status_code == 400

    def test_somebody_else_s_token_is_refused(self, shop: Shop) -> None:
        shop.world.tokens.holders["a-token"] = TokenHolder(MALLORY.address)
        assert "signature" in shop.get(headers={"AuthToken": "a-token"}, signature="").json["errors"]

    def test_without_an_asset_a_wrong_signature_stays_a_wrong_signature(self, shop: Shop) -> None:
        forged = sign_text("x", MALLORY)
        response = shop.get(documentId="did:op:" + "0" * 64, signature=forged)
        assert "signature" in response.json["errors"]

    def test_a_smart_account_is_asked_on_the_asset_s_chain(self, shop: Shop) -> None:
        account = NFT
        shop.world.chain.receipts[TX] = receipt(order_log(consumer=account), fee_log())
        signed = (account, digest(message_hash(f"{DID}5")), bytes.fromhex("ab" * 80))
        shop.world.chain.contract_signatures.add(signed)
        assert shop.get(consumerAddress=account, signature="0x" + "ab" * 80).status_code == 200
        assert shop.get(consumerAddress=account, signature="0x" + "ac" * 80, nonce="6").status_code == 400


class TestAsset:
    def test_an_unknown_asset(self, shop: Shop) -> None:
        assert error(shop.get(documentId="did:op:" + "0" * 64)) == "Cannot resolve DID"
        assert error(shop.get(documentId="did:op:../../x", nonce="6")) == "Cannot resolve DID"

    def test_a_malformed_document(self, shop: Shop) -> None:
        shop.world.assets.documents[DID]["services"][0]["timeout"] = "soon"
        response = shop.get()
        assert error(response) == "Asset malformed or disabled."
        assert list(response.json) == ["error", "reason"]

    def test_an_unknown_service(self, shop: Shop) -> None:
        assert (shop.get(serviceId="nope").status_code, error(shop.get(serviceId="x", nonce="6"))) == (
            400,
            "Invalid serviceId.",
        )

    def test_a_retired_asset(self, shop: Shop) -> None:
        shop.world.chain.states[NFT] = 4
        response = shop.get()
        assert response.json == {"error": "Asset is not consumable.", "reason": "ORDERING_DISABLED"}

    def test_an_address_that_is_no_nft_on_its_chain(self, shop: Shop) -> None:
        shop.world.chain.error_of_state = CallReverted("no code")
        assert shop.get().json["reason"] == "nft.address is no data NFT on its chain"

    def test_a_denied_caller(self, shop: Shop) -> None:
        lists = {"deny": [{"type": "address", "values": [ALICE.address]}]}
        shop.world.assets.documents[DID]["credentials"] = json.dumps(lists)
        assert shop.get().json == {
            "error": f"Error: Access to asset {DID} was denied with code: "
            "ConsumableCodes.CREDENTIAL_IN_DENY_LIST.",
            "reason": "CREDENTIAL_IN_DENY_LIST",
        }

    def test_a_chain_we_do_not_serve(self, shop: Shop) -> None:
        shop.world.chain.chain_id = 1
        assert error(shop.get()) == "Unsupported chain ID 8996"

    def test_compute_files_go_to_environments_only(self, shop: Shop) -> None:
        shop.world.assets.documents[DID]["services"][0]["type"] = "compute"
        assert error(shop.get()) == "Service with index=svc-0 is not an access service."
        shop.world.environments.known["e"] = ComputeEnvironment("e", ALICE.address, 0)  # type: ignore[arg-type]
        assert shop.get(nonce="6").status_code == 200

    def test_without_the_compute_service_nobody_gets_them(self, shop: Shop) -> None:
        shop.world.environments.error = EnvironmentsUnavailable()
        assert shop.get().status_code == 200  # an access service has nothing to do with it
        shop.world.assets.documents[DID]["services"][0]["type"] = "compute"
        response = shop.get(nonce="6")
        assert response.status_code == 502
        assert response.json == {"error": "The compute environments cannot be asked right now."}


class TestOrder:
    def test_a_made_up_transaction_is_waited_for_briefly_and_refused(self, shop: Shop) -> None:
        tx = "0x" + "0" * 64
        response = shop.get(transferTxId=tx)
        assert response.json == {
            "error": f"Order with tx_id {tx} could not be validated due to error: Failed to get tx receipt",
            "reason": "RECEIPT_MISSING",
        }
        assert shop.world.chain.waited == [tx]

    def test_an_order_mined_while_we_waited_counts(self, shop: Shop) -> None:
        mined = receipt(order_log(consumer=ALICE.address), fee_log(), block=101)
        shop.world.chain.receipts.clear()
        shop.world.chain.late[TX] = mined
        assert shop.get().status_code == 200
        assert shop.world.chain.heads == 1

    def test_a_datatoken_the_nft_did_not_make(self, shop: Shop) -> None:
        shop.world.chain.deployed.clear()
        assert f"The datatoken {DATATOKEN} was not deployed" in error(shop.get())

    def test_another_s_order(self, shop: Shop) -> None:
        shop.world.chain.receipts[TX] = receipt(order_log(), fee_log())
        assert error(shop.get()).endswith("sender of order transaction is not the consumer/payer.")

    def test_the_chain_s_clock_expires_an_order_too(self, shop: Shop) -> None:
        shop.world.clock.seconds = ORDERED_AT + 3601
        assert "The order has expired." in error(shop.get())

    def test_one_head_is_read_per_download(self, shop: Shop) -> None:
        shop.get()
        assert shop.world.chain.heads == 1


class TestFile:
    def test_an_index_past_the_end(self, shop: Shop) -> None:
        """Weakness 4.4/29: index equal to the length crashed."""
        assert error(shop.get(fileIndex="1")) == "No such fileIndex 1"

    def test_another_asset_s_blob(self, shop: Shop) -> None:
        shop.world.assets.documents[DID]["services"][0]["files"] = files_blob(FILE, nft=DATATOKEN)
        assert error(shop.get()) == "Unable to get dataset files"

    def test_userdata_reaches_the_origin(self, shop: Shop) -> None:
        shop.get(userdata='{"year": 2024, "q": "a b"}')
        assert shop.world.origins.asked[0].url == URL + "?year=2024&q=a+b"

    def test_userdata_in_a_body_keeps_its_numbers(self, shop: Shop) -> None:
        shop.world.assets.documents[DID]["services"][0]["files"] = files_blob({**FILE, "method": "POST"})
        shop.client.post("/api/services/download", json={**shop.query(), "userdata": {"year": 2024}})
        assert shop.world.origins.asked[0].body == b'{"year":2024}'

    @pytest.mark.parametrize(
        ("trouble", "status"),
        [
            (OriginRefused("no"), 502),
            (OriginUnavailable("no"), 502),
            (OriginUnavailable("no", timed_out=True), 504),
        ],
    )
    def test_origin_trouble_is_not_the_caller_s(self, shop: Shop, trouble: Exception, status: int) -> None:
        shop.world.origins.error = trouble
        response = shop.get()
        assert (response.status_code, error(response)) == (
            status,
            "Asset URL not found, not available or invalid.",
        )

    def test_a_plan_too_large_for_a_ticket_is_carried_here(self, shop: Shop) -> None:
        shop.world.tickets.too_large = True
        assert shop.get(headers=ACCEL).data == b"a,b\n1,2\n"


class TestNeighbours:
    @pytest.mark.parametrize(("trouble", "status"), [(RpcUnavailable("x"), 502), (RpcTimeout("x"), 504)])
    def test_chain_trouble(self, shop: Shop, trouble: Exception, status: int) -> None:
        shop.world.chain.error = trouble
        assert shop.get().status_code == status

    @pytest.mark.parametrize(
        ("trouble", "status"),
        [(CatalogueUnavailable(), 502), (CatalogueUnavailable(timed_out=True), 504)],
    )
    def test_catalogue_trouble(self, shop: Shop, trouble: Exception, status: int) -> None:
        shop.world.assets.error = trouble
        assert shop.get().status_code == status


class TestAccessControl:
    def test_its_no_is_a_caller_s_mistake(self) -> None:
        """Weakness 12/26: denial was a 503."""
        control = FakeAccessControl(answer=False)
        shop = Shop(AccessWorld(access_control=control))
        response = shop.get()
        assert (response.status_code, error(response)) == (400, "RBAC Validation failed!")
        assert [(q.event, q.caller, list(q.dids)) for q in control.asked] == [
            ("access", ALICE.address, [(DID, "svc-0")])
        ]

    def test_it_is_not_asked_about_unproven_callers(self) -> None:
        control = FakeAccessControl()
        Shop(AccessWorld(access_control=control)).get(signature="0x12")
        assert control.asked == []

    def test_no_answer_is_not_yes(self) -> None:
        shop = Shop(AccessWorld(access_control=FakeAccessControl(error=AccessControlUnavailable())))
        assert shop.get().status_code == 502


class TestProofs:
    def test_a_download_leaves_a_proof(self, shop: Shop) -> None:
        shop.get()
        (proof,) = shop.world.proofs.recorded
        assert proof.order_tx_id == TX
        assert proof.consumer_data == f"{DID}5"
        assert proof.provider_data == (
            f'{{"documentId":"{DID}","serviceId":"svc-0","fileIndex":0,"downloadedBytes":0}}'
        )

    def test_a_refused_download_leaves_none(self, shop: Shop) -> None:
        shop.world.origins.error = OriginUnavailable("no")
        shop.get()
        assert shop.world.proofs.recorded == []


CHECKS: list[tuple[str, dict[str, Any]]] = [
    ("errors.fileIndex", {"fileIndex": "x"}),
    ("errors.signature", {"signature": "0x12"}),
    ("Cannot resolve DID", {"documentId": "did:op:" + "0" * 64}),
    ("Order with", {"transferTxId": "0x" + "0" * 64}),
    ("No such fileIndex", {"fileIndex": "7"}),
]


@pytest.mark.parametrize("first", range(len(CHECKS)))
def test_checks_come_in_the_design_s_order(shop: Shop, first: int) -> None:
    changes: dict[str, Any] = {}
    for _, change in reversed(CHECKS[first:]):
        changes |= change
    answer = json.dumps(shop.get(**changes).json)
    expected = CHECKS[first][0]
    assert (f'"{expected[7:]}"' if expected.startswith("errors.") else expected) in answer
