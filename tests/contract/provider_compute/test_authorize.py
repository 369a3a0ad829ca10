"""May a job start: what is granted, each refusal of contract 1.3 and 2.9, and how long was paid for."""

import hashlib
from decimal import Decimal
from typing import Any

import pytest

from libs.chain.errors import RpcUnavailable
from services.provider.domain.asset import CatalogueUnavailable
from services.provider.domain.fees import FeePolicy
from services.provider.domain.grants import GrantsUnavailable
from services.provider.domain.origins import OriginUnavailable
from services.provider.domain.trust import container_checksum
from tests.contract.provider_compute.desk import (
    ALGORITHM,
    ALGORITHM_NFT,
    ALGORITHM_OWNER,
    ALGORITHM_TOKEN,
    ALGORITHM_TX,
    CODE,
    CONTAINER,
    DATA_TX,
    FREE,
    JOB,
    NOW,
    PRICED,
    SECOND,
    SECOND_NFT,
    SECOND_TX,
    UNITS_PER_SECOND,
    Desk,
    asset,
    dataset,
    raw,
)
from tests.fakes.access import AccessWorld, FakeAccessControl, files_blob
from tests.fakes.ddos import DID
from tests.fakes.receipts import (
    CONSUMER,
    DATATOKEN,
    NFT,
    ORDERED_AT,
    Fee,
    fee_log,
    order_log,
    receipt,
    reuse_log,
)

pytestmark = pytest.mark.clause("ocean C1.3", "ocean 2.9")

CODE_BYTES = b"a,b\n1,2\n"  # what the fake origins serve
SHA = hashlib.sha256(CODE_BYTES).hexdigest()
OTHER = "0x" + "0" * 39 + "1"
RAW = "console.log('x')"


class TestGranted:
    def test_a_published_algorithm(self, desk: Desk) -> None:
        found = desk.authorized()
        data, algorithm = found.pop("datasets"), found.pop("algorithm")
        assert found == {
            "chain_id": 8996,
            "agreement_id": DATA_TX,
            "paid_seconds": None,
            "valid_until": NOW + 600,
            "network": False,
            "pins_image": False,
            "container": CONTAINER,
            "raw_code": None,
        }
        assert [one["did"] for one in (*data, algorithm)] == [DID, ALGORITHM]
        assert data[0]["ddo"] == desk.documents[DID]
        assert algorithm["ddo"]["services"][0]["files"].startswith("0x")
        assert [file["index"] for one in (*data, algorithm) for file in one["files"]] == [0, 0]

    def test_handles_are_new_each_time_and_kept_as_hashes_only(self, desk: Desk) -> None:
        handles = [desk.authorized()["datasets"][0]["files"][0]["handle"] for _ in range(2)]
        assert len(set(handles)) == 2
        kept = repr(desk.world.grant_rows.rows)
        assert not any(handle in kept for handle in handles)

    def test_no_url_is_told(self, desk: Desk) -> None:
        assert "secret-origin" not in desk.post("authorize", desk.body()).text

    def test_raw_code_and_a_second_dataset(self, desk: Desk) -> None:
        desk.policy(allowRawAlgorithm=True)
        desk.policy(SECOND, allowRawAlgorithm=True)
        both = [dataset(), dataset(SECOND_TX, SECOND)]
        found = desk.authorized(datasets=both, algorithm=raw(rawcode=RAW))
        assert (found["raw_code"], found["algorithm"]) == (RAW, None)
        assert [one["did"] for one in found["datasets"]] == [DID, SECOND]
        assert desk.world.origins.asked == []

    def test_raw_code_behind_a_url_is_fetched(self, desk: Desk) -> None:
        desk.policy(allowRawAlgorithm=True)
        found = desk.authorized(algorithm=raw(url="https://code.test/a.py", rawcode="short"))
        assert found["raw_code"] == CODE_BYTES.decode()

    def test_meta_beside_a_did_is_ignored(self, desk: Desk) -> None:
        both = {
            **raw(rawcode=RAW),
            "documentId": ALGORITHM,
            "serviceId": "svc-0",
            "transferTxId": ALGORITHM_TX,
        }
        assert desk.authorized(algorithm=both)["algorithm"]["did"] == ALGORITHM

    def test_an_access_service_beside_the_main_dataset(self, desk: Desk) -> None:
        desk.documents[SECOND]["services"][0] |= {"type": "access", "compute": None}
        desk.policy(allowNetworkAccess=True)
        found = desk.authorized(datasets=[dataset(), dataset(SECOND_TX, SECOND)])
        assert found["network"] is True

    def test_network_needs_every_owner(self, desk: Desk) -> None:
        desk.policy(allowNetworkAccess=True)
        assert desk.authorized()["network"] is True
        assert desk.authorized(datasets=[dataset(), dataset(SECOND_TX, SECOND)])["network"] is False

    def test_userdata_goes_into_the_file_s_request(self, desk: Desk) -> None:
        found = desk.authorized(datasets=[{**dataset(), "userdata": {"year": 2024}}])
        assert found["datasets"][0]["userdata"] == {"year": 2024}
        desk.fetch(found["datasets"][0]["files"][0]["handle"])
        assert desk.world.origins.asked[-1].url.endswith("?year=2024")

    def test_one_head_of_the_chain_decides(self, desk: Desk) -> None:
        desk.authorized(datasets=[dataset(), dataset(SECOND_TX, SECOND)])
        assert desk.world.chain.heads == 1

    def test_the_access_control_server_is_asked_about_all(self) -> None:
        control = FakeAccessControl()
        desk = Desk(AccessWorld(access_control=control))
        desk.orders()
        desk.authorized(datasets=[dataset(), dataset(SECOND_TX, SECOND)])
        asked = control.asked[0]
        assert (asked.event, asked.caller) == ("compute", CONSUMER)
        assert (asked.dids, asked.algorithms) == ([(DID, "svc-0")], [(ALGORITHM, "svc-0")])
        assert asked.additional == [(SECOND, "svc-0")]
        control.answer = False
        assert desk.post("authorize", desk.body()).json == {
            "refused": {"resource": None, "code": "RBAC Validation failed!"}
        }


class TestShape:
    @pytest.mark.parametrize("name", ["documentId", "serviceId", "transferTxId"])
    @pytest.mark.parametrize("empty", [None, ""])
    def test_what_a_dataset_needs(self, desk: Desk, name: str, empty: str | None) -> None:
        assert desk.refused(datasets=[{**dataset(), name: empty}]) == (f"dataset.{name}", "missing")
        two = [dataset(), {**dataset(SECOND_TX, SECOND), name: empty}]
        assert desk.refused(datasets=two) == (f"datasets[1].{name}", "missing")

    @pytest.mark.parametrize("algorithm", [{}, {"meta": None}, {"meta": {}}, {"documentId": ""}])
    def test_an_algorithm_is_needed(self, desk: Desk, algorithm: dict[str, Any]) -> None:
        assert desk.refused(algorithm=algorithm) == ("algorithm", "missing_meta_documentId")

    def test_its_service_is_needed(self, desk: Desk) -> None:
        assert desk.refused(algorithm={"documentId": ALGORITHM}) == ("algorithm.serviceId", "missing")

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"datasets": []}, "datasets"),
            ({"datasets": {}}, "datasets"),
            ({"datasets": [dataset()] * 65}, "datasets"),
            ({"datasets": [7]}, "datasets[0]"),
            ({"datasets": [{"documentId": ["x"]}]}, "datasets[0].documentId"),
            ({"algorithm": "x"}, "algorithm"),
            ({"consumer": "me"}, "consumer"),
            ({"job": "AB" * 16}, "job"),
            ({"job": None}, "job"),
            ({"environment": None}, "environment"),
            ({"environment": {**FREE, "id": ""}}, "environment.id"),
            ({"environment": {**FREE, "price_per_minute": "-1"}}, "environment.price_per_minute"),
            ({"environment": {**FREE, "price_per_minute": "1e99"}}, "environment.price_per_minute"),
            ({"environment": {**FREE, "price_per_minute": "NaN"}}, "environment.price_per_minute"),
            ({"environment": {**FREE, "price_per_minute": None}}, "environment.price_per_minute"),
            ({"environment": {**FREE, "fee_token": "x"}}, "fee_token"),
            ({"environment": {**FREE, "chain_ids": "x"}}, "environment.chain_ids"),
            ({"environment": {**FREE, "chain_ids": [-1]}}, "environment.chain_ids"),
        ],
    )
    def test_what_was_not_agreed(self, desk: Desk, changes: dict[str, Any], field: str) -> None:
        answer = desk.post("authorize", desk.body(**changes))
        assert (answer.status_code, answer.json) == (400, {"error": "bad_request", "field": field})

    @pytest.mark.parametrize("caller", ["auth", "catalogue", "stranger"])
    def test_compute_alone_may_ask(self, desk: Desk, caller: str) -> None:
        assert desk.post("authorize", desk.body(), caller).status_code == 403
        assert desk.post("quote", desk.body(), caller).status_code == 403


class TestAlgorithm:
    def test_an_unknown_document(self, desk: Desk) -> None:
        for did in ("did:op:" + "0" * 64, "http://169.254.169.254/", "did:op:x"):
            asked = {"documentId": did, "serviceId": "svc-0", "transferTxId": ALGORITHM_TX}
            assert desk.refused(algorithm=asked) == ("algorithm", "file_unavailable")

    def test_something_that_is_no_algorithm(self, desk: Desk) -> None:
        asked = {"documentId": SECOND, "serviceId": "svc-0", "transferTxId": SECOND_TX}
        assert desk.refused(algorithm=asked) == ("algorithm", "not_algo")

    def test_a_service_that_it_does_not_have(self, desk: Desk) -> None:
        asked = {"documentId": ALGORITHM, "serviceId": "svc-9", "transferTxId": ALGORITHM_TX}
        assert desk.refused(algorithm=asked) == ("algorithm", "did_not_found")

    def test_files_of_another_provider(self, desk: Desk) -> None:
        desk.documents[ALGORITHM]["services"][0]["files"] = "0x04"
        assert desk.refused() == ("algorithm", "compute_services_not_in_same_provider")

    def test_a_file_that_is_away(self, desk: Desk) -> None:
        desk.world.origins.error = OriginUnavailable("no")
        assert desk.refusal() == {"resource": "algorithm", "code": "file_unavailable", "file": 0}

    def test_who_may_not_use_it(self, desk: Desk) -> None:
        deny = {"deny": [{"type": "address", "values": [CONSUMER]}]}
        desk.documents[ALGORITHM]["credentials"] = deny
        found = desk.refusal()
        assert (found["resource"], found["reason"]) == ("algorithm.credentials", "CREDENTIAL_IN_DENY_LIST")
        assert found["code"].endswith("was denied with code: ConsumableCodes.CREDENTIAL_IN_DENY_LIST.")

    @pytest.mark.parametrize("name", ["entrypoint", "image", "checksum"])
    @pytest.mark.parametrize("value", [None, "", 7])
    def test_a_container_lacks_something(self, desk: Desk, name: str, value: object) -> None:
        expected = ("algorithm.container", "missing_entrypoint_image_checksum")
        container = {**CONTAINER, name: value}
        desk.documents[ALGORITHM]["metadata"]["algorithm"]["container"] = container
        assert desk.refused() == expected
        desk.policy(allowRawAlgorithm=True)
        assert desk.refused(algorithm=raw(container, rawcode=RAW)) == expected

    def test_a_container_s_checksum_names_its_kind(self, desk: Desk) -> None:
        desk.documents[ALGORITHM]["metadata"]["algorithm"]["container"]["checksum"] = "md5:12"
        assert desk.refused() == ("algorithm.container", "checksum_prefix")

    @pytest.mark.parametrize("meta", [{"container": CONTAINER}, {"rawcode": 7}, "{", "[1]", ["x"]])
    def test_nothing_to_run(self, desk: Desk, meta: object) -> None:
        desk.policy(allowRawAlgorithm=True)
        assert desk.refused(algorithm={"meta": meta}) == ("algorithm", "meta_oneof_url_rawcode_remote")

    @pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * (1024 * 1024 + 1)])
    def test_a_url_that_gives_no_text(self, desk: Desk, content: bytes) -> None:
        desk.policy(allowRawAlgorithm=True)
        desk.world.origins.content = content
        asked = raw(url="https://code.test/a.py")
        assert desk.refused(algorithm=asked) == ("algorithm", "file_unavailable")

    def test_an_order_that_does_not_hold(self, desk: Desk) -> None:
        del desk.world.chain.receipts[ALGORITHM_TX]
        found = desk.refusal()
        assert (found["resource"], found["code"]) == ("algorithm", "in_use_or_not_on_chain")
        assert found["reason"] == "RECEIPT_MISSING"
        asked = {"documentId": ALGORITHM, "serviceId": "svc-0"}
        assert desk.refused(algorithm=asked) == ("algorithm", "in_use_or_not_on_chain")


class TestDatasets:
    def test_an_unknown_document(self, desk: Desk) -> None:
        unknown = "did:op:" + "0" * 64
        assert desk.refused(datasets=[dataset(did=unknown)]) == ("dataset.documentId", "did_not_found")
        two = [dataset(), dataset(did=unknown)]
        assert desk.refused(datasets=two) == ("datasets[1].documentId", "did_not_found")

    def test_an_unknown_service(self, desk: Desk) -> None:
        assert desk.refused(datasets=[dataset(service_id="no")]) == ("dataset.serviceId", "not_found")

    def test_a_service_of_another_kind(self, desk: Desk) -> None:
        desk.documents[DID]["services"][0]["type"] = "metadata"
        assert desk.refused() == ("dataset.serviceId", "service_not_access_compute")

    def test_the_main_one_is_for_compute(self, desk: Desk) -> None:
        desk.documents[DID]["services"][0]["type"] = "access"
        assert desk.refused() == ("dataset.serviceId", "main_service_compute")

    def test_files_of_another_provider_or_another_asset(self, desk: Desk) -> None:
        for blob in ("0x04", files_blob(CODE, datatoken=DATATOKEN, nft=SECOND_NFT)):
            desk.documents[DID]["services"][0]["files"] = blob
            assert desk.refused() == ("dataset.serviceId", "compute_services_not_in_same_provider")

    def test_a_file_object_that_cannot_be_used(self, desk: Desk) -> None:
        desk.documents[DID]["services"][0]["files"] = files_blob({"type": "url"})
        assert desk.refused() == ("dataset", "file_unavailable")

    def test_userdata(self, desk: Desk) -> None:
        assert desk.refused(datasets=[{**dataset(), "userdata": "["}])[0] == "dataset.userdata"
        demanded = [{"name": "year", "type": "number", "required": True}]
        desk.documents[DID]["services"][0]["consumerParameters"] = demanded
        assert desk.refused() == ("dataset.userdata", "Missing userparams: year")

    def test_a_state_that_closes_it(self, desk: Desk) -> None:
        desk.world.chain.states[NFT] = 3
        assert desk.refused() == ("dataset", "Asset is not consumable.")

    def test_who_is_not_let_in(self, desk: Desk) -> None:
        allow = {"allow": [{"type": "address", "values": [OTHER]}]}
        desk.documents[SECOND]["credentials"] = allow
        found = desk.refusal(datasets=[dataset(), dataset(SECOND_TX, SECOND)])
        assert (found["resource"], found["reason"]) == ("datasets[1]", "CREDENTIAL_NOT_IN_ALLOW_LIST")

    def test_orders_that_do_not_hold(self, desk: Desk) -> None:
        wrong = {
            "0x" + "77" * 32: "RECEIPT_MISSING",
            "0x12": "MALFORMED_TX_ID",
            SECOND_TX: "FEE_EVENT_MISSING",
        }
        for tx, reason in wrong.items():
            found = desk.refusal(datasets=[dataset(tx)])
            assert (found["resource"], found["code"]) == ("dataset.serviceId", "order_invalid")
            assert (found["reason"], bool(found["message"])) == (reason, True)
        two = [dataset(), dataset(DATA_TX, SECOND)]
        assert desk.refused(datasets=two) == ("datasets[1].serviceId", "order_invalid")

    def test_an_order_for_another_environment(self, desk: Desk) -> None:
        assert desk.refusal(environment={**FREE, "id": "other"})["reason"] == "ENVIRONMENT_MISMATCH"

    def test_paid_time_that_is_over(self, desk: Desk) -> None:
        desk.orders(until=ORDERED_AT - 100)
        assert desk.refusal()["reason"] == "FEE_EXPIRED"

    def test_somebody_else_s_order(self, desk: Desk) -> None:
        assert desk.refusal(consumer=OTHER)["reason"] == "NOT_CONSUMER_OR_PAYER"

    def test_an_environment_of_other_chains(self, desk: Desk) -> None:
        elsewhere = {**FREE, "chain_ids": [1]}
        assert desk.refused(environment=elsewhere) == (None, "Compute environment does not exist")
        desk.authorized(environment={**FREE, "chain_ids": [1, 8996]})


class TestTrust:
    def test_raw_code_is_let_in_by_permission_only(self, desk: Desk) -> None:
        asked = raw(rawcode=RAW)
        assert desk.refused(algorithm=asked) == ("dataset", "no_raw_algo_allowed")
        desk.policy(allowRawAlgorithm="true")
        assert desk.refused(algorithm=asked) == ("dataset", "no_raw_algo_allowed")
        desk.policy(allowRawAlgorithm=True)
        two = [dataset(), dataset(SECOND_TX, SECOND)]
        assert desk.refused(datasets=two, algorithm=asked) == ("datasets[1]", "no_raw_algo_allowed")

    def test_publishers(self, desk: Desk) -> None:
        desk.policy(publisherTrustedAlgorithmPublishers=[OTHER])
        assert desk.refused() == ("dataset", "not_trusted_algo_publisher")
        desk.policy(publisherTrustedAlgorithmPublishers=[OTHER, ALGORITHM_OWNER.lower()])
        desk.authorized()

    def test_algorithms(self, desk: Desk) -> None:
        desk.policy(publisherTrustedAlgorithms=[{"did": DID}])
        assert desk.refused() == ("dataset", "not_trusted_algo")
        desk.policy(publisherTrustedAlgorithms=[{"did": ALGORITHM}])
        desk.authorized()

    def test_with_both_lists_both_must_hold(self, desk: Desk) -> None:
        desk.policy(
            publisherTrustedAlgorithms=[{"did": ALGORITHM}], publisherTrustedAlgorithmPublishers=[OTHER]
        )
        assert desk.refused() == ("dataset", "not_trusted_algo_publisher")

    def test_each_owner_is_asked(self, desk: Desk) -> None:
        desk.policy(SECOND, publisherTrustedAlgorithms=[{"did": DID}])
        two = [dataset(), dataset(SECOND_TX, SECOND)]
        assert desk.refused(datasets=two) == ("datasets[1]", "not_trusted_algo")

    @pytest.mark.parametrize("wrong", ["all", {}, [{}], [ALGORITHM], [{"did": 7}]])
    def test_a_list_that_cannot_be_read_admits_nobody(self, desk: Desk, wrong: object) -> None:
        desk.policy(publisherTrustedAlgorithms=wrong)
        assert desk.refused() == ("dataset", "no_publisherTrustedAlgorithms")

    def test_pinned_files(self, desk: Desk) -> None:
        pinned = {"did": ALGORITHM, "filesChecksum": SHA.upper(), "containerSectionChecksum": ""}
        desk.policy(publisherTrustedAlgorithms=[pinned])
        assert desk.authorized()["pins_image"] is False
        desk.world.grant_rows.rows.clear()
        desk.policy(publisherTrustedAlgorithms=[{**pinned, "filesChecksum": "00" * 32}])
        expected = {"resource": "dataset", "code": "algorithm_file_checksum_mismatch", "file": 0}
        assert desk.refusal() == expected

    def test_a_pin_of_the_first_file_alone_names_the_next(self, desk: Desk) -> None:
        algorithm = asset(ALGORITHM_NFT, ALGORITHM_TOKEN, CODE)["services"][0]
        algorithm["files"] = files_blob(CODE, CODE, datatoken=ALGORITHM_TOKEN, nft=ALGORITHM_NFT)
        desk.documents[ALGORITHM]["services"] = [algorithm]
        desk.policy(publisherTrustedAlgorithms=[{"did": ALGORITHM, "filesChecksum": SHA}])
        assert desk.refusal()["file"] == 1
        desk.policy(publisherTrustedAlgorithms=[{"did": ALGORITHM, "filesChecksum": SHA * 2}])
        assert len(desk.authorized()["algorithm"]["files"]) == 2

    def test_a_pinned_file_too_large_to_be_read(self, desk: Desk) -> None:
        desk.policy(publisherTrustedAlgorithms=[{"did": ALGORITHM, "filesChecksum": SHA}])
        desk.world.origins.content = b"x" * 1025
        assert desk.refused() == ("algorithm", "file_unavailable")

    def test_a_pinned_container(self, desk: Desk) -> None:
        pin = container_checksum(CONTAINER)
        desk.policy(publisherTrustedAlgorithms=[{"did": ALGORITHM, "containerSectionChecksum": pin}])
        assert desk.authorized()["pins_image"] is True
        desk.world.grant_rows.rows.clear()
        desk.documents[ALGORITHM]["metadata"]["algorithm"]["container"] = {**CONTAINER, "entrypoint": "sh"}
        assert desk.refused() == ("dataset", "algorithm_container_checksum_mismatch")


class TestPaidTime:
    def paid(self, desk: Desk, **changes: Any) -> tuple[str, int | None]:
        found = desk.authorized(environment=PRICED, **changes)
        return found["agreement_id"], found["paid_seconds"]

    def test_the_order_that_pays_is_the_agreement(self, desk: Desk) -> None:
        window = NOW + 600 - (ORDERED_AT - 6)  # counted from the quote
        desk.orders("priced", algorithm=window * UNITS_PER_SECOND)
        assert self.paid(desk) == (ALGORITHM_TX, window)

    def test_never_more_than_the_window_that_was_quoted(self, desk: Desk) -> None:
        desk.orders("priced", until=NOW + 4, data=10**9)
        assert self.paid(desk) == (DATA_TX, NOW + 4 - (ORDERED_AT - 6))

    def test_less_money_is_less_time(self, desk: Desk) -> None:
        desk.orders("priced", data=90 * UNITS_PER_SECOND + 9999)
        assert self.paid(desk) == (DATA_TX, 90)

    def test_quotes_of_nothing_pay_nothing(self, desk: Desk) -> None:
        desk.orders("priced")
        assert desk.refused(environment=PRICED) == ("order", "fees_not_paid")

    def test_nor_does_an_expired_one_within_its_allowance(self, desk: Desk) -> None:
        desk.orders("priced", until=NOW - 30)
        assert desk.refused(environment=PRICED) == ("order", "fees_not_paid")

    def test_nor_another_token(self, desk: Desk) -> None:
        desk.orders("priced", data=10**9)
        elsewhere = {**PRICED, "fee_token": OTHER}
        assert desk.refused(environment=elsewhere) == ("order", "fees_not_paid")

    def test_a_service_s_own_fee_buys_no_time(self) -> None:
        desk = Desk(AccessWorld(policy=FeePolicy(amounts={"compute": Decimal(1)})))
        desk.orders("priced", data=10**6)
        assert desk.refused(environment=PRICED) == ("order", "fees_not_paid")
        desk.orders("priced", data=10**6 + 60 * UNITS_PER_SECOND)
        assert self.paid(desk) == (DATA_TX, 60)

    def test_of_two_payments_the_longer_lasting_counts(self, desk: Desk) -> None:
        desk.orders("priced", data=10**9)
        fee = Fee(datatoken=ALGORITHM_TOKEN, environment="priced", amount=10**9, valid_until=NOW + 900)
        logs = order_log(ALGORITHM_TOKEN), fee_log(ALGORITHM_TOKEN, fee)
        desk.world.chain.receipts[ALGORITHM_TX] = receipt(*logs, tx=ALGORITHM_TX)
        assert self.paid(desk)[0] == ALGORITHM_TX

    def test_a_renewal_is_an_agreement_of_its_own(self, desk: Desk) -> None:
        desk.orders("priced", until=NOW - 1000)
        renewed, fee = "0x" + "d1" * 32, Fee(environment="priced", amount=10**9, valid_until=NOW + 100)
        logs = reuse_log(names=DATA_TX), fee_log(fee=fee)
        desk.world.chain.receipts[renewed] = receipt(*logs, tx=renewed)
        desk.policy(allowRawAlgorithm=True)
        found = self.paid(desk, datasets=[dataset(renewed)], algorithm=raw(rawcode=RAW))
        assert found == (renewed, NOW + 100 - (ORDERED_AT - 6))

    def test_where_there_is_no_fee_token_time_is_free(self, desk: Desk) -> None:
        desk.world.chain.address_of = lambda name: None  # type: ignore[method-assign]
        desk.orders("priced")
        assert self.paid(desk) == (DATA_TX, None)


class TestTrouble:
    @pytest.mark.parametrize(
        ("part", "error", "status", "code"),
        [
            ("assets", CatalogueUnavailable(), 503, "catalogue_unavailable"),
            ("chain", RpcUnavailable("x"), 502, "chain_unavailable"),
            ("grant_rows", GrantsUnavailable(), 503, "grants_unavailable"),
        ],
    )
    def test_what_lies_behind_us_is_away(
        self, desk: Desk, part: str, error: Exception, status: int, code: str
    ) -> None:
        getattr(desk.world, part).error = error
        answer = desk.post("authorize", desk.body())
        assert (answer.status_code, answer.json) == (status, {"error": code})

    def test_a_late_transaction_is_waited_for(self, desk: Desk) -> None:
        desk.world.chain.late[DATA_TX] = desk.world.chain.receipts.pop(DATA_TX)
        assert desk.authorized()["agreement_id"] == DATA_TX
        assert desk.world.chain.waited == [DATA_TX]

    def test_the_same_job_may_be_asked_about_again(self, desk: Desk) -> None:
        first, second = desk.authorized(), desk.authorized()
        for found in (first, second):
            assert desk.fetch(found["datasets"][0]["files"][0]["handle"]).status_code == 200
        assert desk.end().json == {"ended": 4}
        assert JOB in {grant.job for grant in desk.world.grant_rows.rows.values()}
