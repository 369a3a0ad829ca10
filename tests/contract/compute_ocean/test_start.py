"""Starting jobs: who may, with which words, and the job that comes of it (contract 1.3, 1.6, 2.8)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from libs.signing.messages import ComputeStart
from libs.signing.personal import sign_text
from libs.web.http import PeerUnavailable
from services.compute.domain.errors import StoreUnavailable
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Folder, Input, Source
from services.compute.domain.states import State
from services.compute.ports.provider import Authorized, StartRequest, UseRefused
from services.compute.ports.store import Filter
from tests.fakes.compute_ocean import (
    ALGORITHM,
    COMPUTE,
    DATASET,
    OTHER,
    PRICED,
    SECOND,
    STRICT,
    TX,
    OceanRoom,
    asset,
    wallet_principal,
    wallet_token,
)
from tests.fakes.compute_provider import CONTAINER, FakeProvider, document

pytestmark = pytest.mark.clause("ocean 2.8", "ocean 2.9", "ocean C1.3", "ocean C1.6")

DIGEST = CONTAINER["checksum"]
RAW = {"meta": {"rawcode": "console.log(1)", "language": "js", "version": "1", "container": CONTAINER}}


def spec_of(room: OceanRoom, uid: str) -> Any:
    return room.job(uid).spec


def inputs_of(room: OceanRoom, uid: str) -> dict[str, Input]:
    return {given.path: given for given in spec_of(room, uid).inputs}


def test_a_start_answers_a_list_of_one_job(room: OceanRoom) -> None:
    answer = room.start()
    assert answer.status_code == 200
    (job,) = answer.get_json()
    assert job.pop("reason")["code"] == "waiting_for_place"
    assert job == {
        "agreementId": "0x" + "ab" * 32,
        "jobId": job["jobId"],
        "owner": room.address,
        "status": 1,
        "statusText": "Warming up",
        "dateCreated": "1800000000.000",
        "dateFinished": None,
        "results": "",
        "stopreq": 0,
        "removed": 0,
        "algoDID": ALGORITHM,
        "inputDID": [DATASET],
        "documentId": DATASET,
        "resultsUrls": [],
        "algorithmLogUrl": "",
        "resultsDid": "",
        "environment": "ocean-compute",
    }
    assert room.job(job["jobId"]).owner == f"eip155:{room.address}"


def test_the_job_finds_the_folders_and_variables_of_the_contract(room: OceanRoom) -> None:
    uid = room.started(additionalDatasets=[asset(SECOND)])
    spec = spec_of(room, uid)
    first, second, algorithm = DATASET[7:], SECOND[7:], ALGORITHM[7:]
    assert spec.folders == (
        Folder(path="/data/inputs"),
        Folder(path="/data/ddos"),
        Folder(path="/data/transformations"),
        Folder(path="/data/outputs", writable=True),
        Folder(path="/data/logs", writable=True),
    )
    found = inputs_of(room, uid)
    assert list(found) == [
        f"/data/inputs/{first}/0",
        f"/data/inputs/{second}/0",
        "/data/inputs/algoCustomData.json",
        f"/data/ddos/{first}",
        f"/data/ddos/{second}",
        f"/data/ddos/{algorithm}",
        "/data/transformations/algorithm",
        "/data/transformations/1",
    ]
    assert found["/data/inputs/algoCustomData.json"].value == '{"n":1}'
    assert json.loads(found[f"/data/ddos/{first}"].value) == document(DATASET)
    program = found["/data/transformations/algorithm"]
    assert (program.source, program.value, program.executable) == (Source.GRANT, "grant-00a1-0", True)
    task = spec.roles[0].tasks[0]
    assert task.command == ("sh", "-c", "node /data/transformations/algorithm")
    variables = dict(task.environment)
    secret = variables.pop("secret")
    assert len(secret) == 32
    assert secret != uid
    assert variables == {
        "DIDS": json.dumps([first, second], separators=(",", ":")),
        "TRANSFORMATION_DID": algorithm,
        "VOLUME": "/data",
        "LOGS": "/data/logs",
        "INPUTS": "/data/inputs",
        "OUTPUTS": "/data/outputs",
    }
    assert [(output.folder, output.pattern) for output in spec.outputs] == [("/data/outputs", "**")]


def test_raw_code_is_the_program_and_the_transformation_has_no_did(room: OceanRoom) -> None:
    uid = room.started(algorithm=RAW)
    program = inputs_of(room, uid)["/data/transformations/algorithm"]
    assert (program.source, program.value, program.executable) == (Source.INLINE, "console.log(1)", True)
    assert spec_of(room, uid).roles[0].tasks[0].environment["TRANSFORMATION_DID"] == ""
    assert inputs_of(room, uid)["/data/inputs/algoCustomData.json"].value == "null"
    assert room.provider.starts[0].algorithm.meta == RAW["meta"]


def test_custom_data_goes_through_to_the_letter(room: OceanRoom) -> None:
    body = room.start_body()
    text = json.dumps(body).replace('{"n": 1}', '{"b":1.50,"a":[1e400,null],"text":"naïve"}')
    answer = room.http.post(COMPUTE, data=text, content_type="application/json")
    assert answer.status_code == 200
    given = inputs_of(room, answer.get_json()[0]["jobId"])["/data/inputs/algoCustomData.json"].value
    assert given == '{"b":1.50,"a":[1e400,null],"text":"na\\u00efve"}'


def test_two_services_of_one_dataset_share_a_folder_and_number_on(room: OceanRoom) -> None:
    uid = room.started(additionalDatasets=[asset(serviceId="2")])
    files = [path for path, given in inputs_of(room, uid).items() if given.group]
    assert files == [f"/data/inputs/{DATASET[7:]}/0", f"/data/inputs/{DATASET[7:]}/1"]


def test_no_url_and_nothing_writable_but_outputs_and_logs(room: OceanRoom) -> None:
    spec = spec_of(room, room.started())
    assert "://" not in repr(spec)
    assert {given.source for given in spec.inputs} == {Source.GRANT, Source.INLINE}


@pytest.mark.parametrize(
    ("name", "additional"),
    [("additionalDatasets", [SECOND]), ("additionalInputs", [SECOND]), ("datasets", [DATASET, SECOND])],
)
def test_every_clients_word_for_more_datasets_counts(
    room: OceanRoom, name: str, additional: list[str]
) -> None:
    room.started(**{name: [asset(did) for did in additional]})
    assert [use.document_id for use in room.provider.starts[0].datasets] == [DATASET, SECOND]


def test_datasets_alone_name_the_main_one_too(room: OceanRoom) -> None:
    nonce = room.nonce()
    signature = room.sign(ComputeStart(room.address, DATASET, nonce).text())
    both = [asset(), asset(SECOND)]
    room.started(dataset=None, datasets=both, nonce=nonce, signature=signature)
    assert [use.document_id for use in room.provider.starts[0].datasets] == [DATASET, SECOND]


def test_objects_may_come_as_json_texts_in_a_query(room: OceanRoom) -> None:
    body = room.start_body()
    query = {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}
    assert room.http.post(COMPUTE, query_string=query).status_code == 200
    assert room.provider.starts[0].datasets[0].transfer_tx_id == TX


def test_the_seeds_older_path_works_too(room: OceanRoom) -> None:
    assert room.http.post("/api/compute", json=room.start_body()).status_code == 200


def test_the_environment_decides_resources_and_time(room: OceanRoom) -> None:
    uid = room.started()
    spec = spec_of(room, uid)
    resources = spec.roles[0].resources
    assert (resources.cpus, resources.memory_bytes) == (1.0, 2 << 30)
    assert spec.clocks.run == 3600


# -- who may ------------------------------------------------------------------------------------------


def test_numbers_are_signed_as_they_were_written(room: OceanRoom) -> None:
    """ocean.py sends the nonce as a number."""
    signature = room.sign(ComputeStart(room.address, DATASET, "17").text())
    assert room.start(nonce=17, signature=signature).status_code == 200
    assert room.provider.nonces == {room.address: "17"}


def test_a_start_counts_once(room: OceanRoom) -> None:
    body = room.start_body()
    assert room.http.post(COMPUTE, json=body).status_code == 200
    again = room.http.post(COMPUTE, json=body)
    assert again.status_code == 400
    expected = f"Invalid signature expected nonce ({body['nonce']}) > current nonce ({body['nonce']})."
    assert again.get_json() == {
        "errors": {"signature": expected},
        "message": "Validation error",
        "success": False,
    }
    assert len(room.provider.starts) == 1


@pytest.mark.parametrize("change", ["document", "address", "nonce", "other key", "garbage", "empty"])
def test_a_signature_over_anything_else_is_refused_and_uses_nothing_up(room: OceanRoom, change: str) -> None:
    nonce = room.nonce()
    text = ComputeStart(room.address, DATASET, nonce).text()
    changes: dict[str, Any] = {"nonce": nonce, "signature": room.sign(text)}
    if change == "document":
        changes["dataset"] = asset(SECOND)
    elif change == "address":
        changes["consumerAddress"] = OTHER.address
    elif change == "nonce":
        changes["nonce"] = nonce + "0"
    elif change == "other key":
        changes["signature"] = sign_text(text, OTHER)
    else:
        changes["signature"] = "0x12" if change == "garbage" else ""
    answer = room.start(**changes)
    assert answer.status_code == 400
    assert "signature" in answer.get_json()["errors"]
    assert not room.provider.nonces
    assert not room.provider.starts


def test_an_address_in_any_case_is_the_same_owner(room: OceanRoom) -> None:
    uid = room.started(consumerAddress=room.address.lower())
    assert room.job(uid).owner == f"eip155:{room.address}"
    assert room.provider.starts[0].consumer == room.address


def test_a_smart_account_is_asked_about(room: OceanRoom) -> None:
    nonce, signature = room.nonce(), "0x" + "77" * 96
    text = ComputeStart(room.address, DATASET, nonce).text()
    room.provider.contract_signatures.add((room.address, text, signature))
    assert room.start(nonce=nonce, signature=signature).status_code == 200


@pytest.mark.parametrize("signature", ["zz", "0x1", "0x" + "00" * 8193, "a b"])
def test_what_is_no_signature_is_not_worth_a_question_to_the_chain(room: OceanRoom, signature: str) -> None:
    assert room.start(signature=signature).status_code == 400
    assert room.provider.contract_questions == 0


def test_an_auth_token_stands_in_for_the_signature_and_needs_no_nonce(room: OceanRoom) -> None:
    token = wallet_token(room.address)
    room.principals.known[token] = wallet_principal(room.address)
    body = {n: v for n, v in room.start_body().items() if n not in ("signature", "nonce")}
    assert room.http.post(COMPUTE, json=body, headers={"AuthToken": token}).status_code == 200
    assert not room.provider.nonces


def test_a_present_signature_wins_over_a_token(room: OceanRoom) -> None:
    token = wallet_token(room.address)
    room.principals.known[token] = wallet_principal(room.address)
    body = room.start_body(signature="0x" + "11" * 65)
    assert room.http.post(COMPUTE, json=body, headers={"AuthToken": token}).status_code == 400


@pytest.mark.parametrize("kind", ["unknown", "another wallet's", "of a linked wallet", "api key"])
def test_tokens_that_are_not_the_consumers_are_refused(room: OceanRoom, kind: str) -> None:
    token = wallet_token(
        OTHER.address if kind in ("another wallet's", "of a linked wallet") else room.address
    )
    if kind == "another wallet's":
        room.principals.known[token] = wallet_principal(OTHER.address)
    elif kind == "of a linked wallet":
        room.principals.known[token] = wallet_principal(room.address, OTHER.address)
    elif kind == "api key":
        room.principals.known[token] = replace(wallet_principal(room.address), credential="api_key")
    body = {n: v for n, v in room.start_body().items() if n != "signature"}
    answer = room.http.post(COMPUTE, json=body, headers={"AuthToken": token})
    assert answer.status_code == 400
    assert answer.get_json()["errors"] == {
        "signature": ["Invalid signature provided. Please check the nonce or documentId."]
    }


def test_a_token_that_cannot_be_checked_is_never_a_yes(room: OceanRoom) -> None:
    room.principals.trouble = PeerUnavailable("auth", "away")
    body = {n: v for n, v in room.start_body().items() if n != "signature"}
    answer = room.http.post(COMPUTE, json=body, headers={"AuthToken": wallet_token(room.address)})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert not room.provider.starts


# -- words that are missing or wrong ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"dataset": None}, {"dataset.documentId": ["The dataset.documentId field is required."]}),
        (
            {"dataset": asset(documentId="")},
            {"dataset.documentId": ["The dataset.documentId field is required."]},
        ),
        (
            {"dataset": asset(documentId="did:op:12")},
            {"dataset.documentId": ["The dataset.documentId format is invalid."]},
        ),
        (
            {"dataset": asset(serviceId=None)},
            {"dataset.serviceId": ["The dataset.serviceId field is required."]},
        ),
        (
            {"dataset": asset(transferTxId="")},
            {"dataset.transferTxId": ["The dataset.transferTxId field is required."]},
        ),
        (
            {"algorithm": None},
            {
                "algorithm.documentId": [
                    "The algorithm.documentId field is required when algorithm.meta is not present."
                ]
            },
        ),
        (
            {"algorithm": {**asset(ALGORITHM), **RAW}},
            {"algorithm": ["Give either algorithm.documentId or algorithm.meta, not both."]},
        ),
        ({"algorithm": {"meta": [1]}}, {"algorithm.meta": ["The algorithm.meta must be an object."]}),
        (
            {"algorithm": {"documentId": ["x"]}},
            {"algorithm.documentId": ["The documentId field must be a text or a number."]},
        ),
        ({"consumerAddress": "0x12"}, {"consumerAddress": ["The consumerAddress must be a valid address."]}),
        ({"nonce": None}, {"nonce": ["The nonce field is required."]}),
        ({"nonce": "1e3"}, {"nonce": ["The nonce must be a number."]}),
        ({"nonce": "-4"}, {"nonce": ["The nonce must be a number."]}),
        ({"nonce": "inf"}, {"nonce": ["The nonce must be a number."]}),
        ({"datasets": [asset()] * 40}, {"datasets": ["A job has at most 32 datasets."]}),
        ({"datasets": [asset(SECOND)]}, {"datasets": ["The datasets must start with the dataset."]}),
        ({"additionalDatasets": ["x"]}, {"datasets[0]": ["The datasets[0] must be an object."]}),
    ],
)
def test_parameters_of_the_wrong_shape(
    room: OceanRoom, changes: dict[str, Any], errors: dict[str, Any]
) -> None:
    answer = room.start(**changes)
    assert answer.status_code == 400
    assert answer.get_json() == {"errors": errors, "message": "Validation error", "success": False}
    assert not room.provider.starts


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"additionalDatasets": {"documentId": SECOND}}, {"additional_input": "invalid"}),
        ({"additionalDatasets": "x"}, {"additional_input": "invalid"}),
        ({"output": "{"}, {"output": "invalid"}),
        ({"environment": "nowhere"}, "Environment invalid or does not exist"),
        ({"environment": None}, "Environment invalid or does not exist"),
    ],
)
def test_what_the_room_itself_refuses(room: OceanRoom, changes: dict[str, Any], error: Any) -> None:
    answer = room.start(**changes)
    assert (answer.status_code, answer.get_json()) == (400, {"error": error})
    assert not room.provider.starts


@pytest.mark.parametrize("output", ["", "{}", {"publishOutput": True}, None])
def test_output_is_read_and_not_used(room: OceanRoom, output: Any) -> None:
    assert room.start(output=output).status_code == 200


def test_an_empty_algorithm_is_for_the_provider_to_refuse(room: OceanRoom) -> None:
    room.provider.refused = UseRefused("algorithm", "missing_meta_documentId")
    answer = room.start(algorithm={"meta": {}})
    assert answer.get_json() == {"error": {"algorithm": "missing_meta_documentId"}}
    asked = room.provider.starts[0].algorithm
    assert (asked.document_id, asked.meta) == (None, None)


# -- what the provider refuses ------------------------------------------------------------------------

CODES = [
    ("algorithm", "missing_meta_documentId"),
    ("algorithm", "file_unavailable"),
    ("algorithm", "not_algo"),
    ("algorithm.serviceId", "missing"),
    ("algorithm.credentials", "Error: Access to asset was denied with code: ConsumableCodes.X."),
    ("datasets[1].documentId", "missing"),
    ("datasets[1].transferTxId", "missing"),
    ("datasets[1].serviceId", "missing"),
    ("dataset.documentId", "did_not_found"),
    ("dataset.serviceId", "not_found"),
    ("dataset.serviceId", "service_not_access_compute"),
    ("dataset.serviceId", "main_service_compute"),
    ("dataset.serviceId", "compute_services_not_in_same_provider"),
    ("dataset", "no_raw_algo_allowed"),
    ("dataset", "not_trusted_algo_publisher"),
    ("dataset", "not_trusted_algo"),
    ("dataset", "no_publisherTrustedAlgorithms"),
    ("dataset", "algorithm_file_checksum_mismatch"),
    ("dataset", "algorithm_container_checksum_mismatch"),
    ("dataset", "Asset is not consumable."),
    ("dataset.serviceId", "order_invalid"),
    ("algorithm", "in_use_or_not_on_chain"),
    ("algorithm", "did_not_found"),
    ("algorithm", "meta_oneof_url_rawcode_remote"),
    ("algorithm.container", "missing_entrypoint_image_checksum"),
    ("algorithm.container", "checksum_prefix"),
    ("order", "fees_not_paid"),
]


@pytest.mark.parametrize(("resource", "code"), CODES)
def test_every_refusal_of_the_contract_reaches_the_client(room: OceanRoom, resource: str, code: str) -> None:
    room.provider.refused = UseRefused(resource, code)
    answer = room.start()
    assert (answer.status_code, answer.get_json()) == (400, {"error": {resource: code}})


def test_a_refusals_facts_come_after_the_error_and_hide_urls(room: OceanRoom) -> None:
    room.provider.refused = UseRefused(
        None, "No  at https://secret.example/x now", {"reason": "see http://x"}
    )
    answer = room.start()
    assert json.loads(answer.data) == {
        "error": "No at <URL stripped for security reasons> now",
        "reason": "see <URL stripped for security reasons>",
    }
    assert answer.data.startswith(b'{"error"')


def test_a_provider_that_is_away_is_never_a_yes(room: OceanRoom) -> None:
    room.provider.away = True
    answer = room.start()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "error" in answer.get_json()


def test_nothing_to_run_is_refused_and_grants_end(room: OceanRoom) -> None:
    def empty(provider: FakeProvider, request: StartRequest) -> Authorized:
        return replace(provider.allowed(request), algorithm=None, raw_code=None)

    room.provider.decide = empty
    answer = room.start()
    assert answer.get_json() == {"error": {"algorithm": "meta_oneof_url_rawcode_remote"}}
    assert room.provider.ended == [room.provider.starts[0].job]


# -- images -------------------------------------------------------------------------------------------


def image_of(room: OceanRoom, uid: str) -> Any:
    return spec_of(room, uid).roles[0].tasks[0].image


def test_an_engine_that_pins_images_holds_the_algorithm_to_its_checksum(room: OceanRoom) -> None:
    image = image_of(room, room.started(environment=PRICED.id))
    assert (image.name, image.digest) == ("node:18", DIGEST)


def test_an_engine_that_cannot_pin_runs_what_no_dataset_pins(room: OceanRoom) -> None:
    image = image_of(room, room.started(environment=STRICT.id))
    assert (image.name, image.digest) == ("node:18", None)


def test_a_dataset_that_pins_is_refused_by_an_engine_that_cannot(room: OceanRoom) -> None:
    room.provider.pins_image = True
    answer = room.start(environment=STRICT.id)
    assert answer.status_code == 400
    assert "cannot hold an image to its digest" in answer.get_json()["error"]
    assert room.provider.ended == [room.provider.starts[0].job]
    assert room.start().status_code == 200  # the development switch is set there


def test_an_image_without_a_tag_is_its_name_alone(room: OceanRoom) -> None:
    container = {name: value for name, value in CONTAINER.items() if name != "tag"}
    uid = room.started(algorithm={"meta": {**RAW["meta"], "container": container}})
    assert image_of(room, uid).name == "node"


@pytest.mark.parametrize(("allowed", "environment", "network"), [
    (True, "ocean-compute", True),
    (False, "ocean-compute", False),
    (True, "strict", False),
])  # fmt: skip
def test_a_network_wants_the_datas_owners_and_the_environment(
    room: OceanRoom, allowed: bool, environment: str, network: bool
) -> None:
    room.provider.network = allowed
    assert spec_of(room, room.started(environment=environment)).network is network


# -- orders, time and limits --------------------------------------------------------------------------


def test_an_order_that_is_at_work_starts_no_second_job(room: OceanRoom) -> None:
    room.started()
    room.provider.agreement_id = room.provider.agreement_id.lower()
    answer = room.start()
    assert (answer.status_code, answer.get_json()) == (
        400,
        {"error": "`agreementId` already in use for other job."},
    )
    assert room.provider.ended == [room.provider.starts[1].job]


def test_an_order_that_somebody_elses_job_uses_starts_none(room: OceanRoom) -> None:
    room.started()
    room.key = OTHER
    assert room.start().get_json() == {"error": "`agreementId` already in use for other job."}


def test_paid_time_is_the_time_that_runs(room: OceanRoom) -> None:
    room.provider.paid_seconds = 100
    uid = room.started()
    assert spec_of(room, uid).clocks.run == 100
    room.finish(uid, ran=40.0)
    again = room.started()
    assert spec_of(room, again).clocks.run == pytest.approx(60)
    room.finish(again, State.FAILED, reason=Reason("run_timeout", "Too long."), ran=60.0)
    refused = room.start()
    assert refused.get_json() == {
        "error": {"order": "fees_not_paid"},
        "reason": "Earlier jobs of this order have used the paid time up.",
    }


def test_deleted_jobs_used_their_time_too(room: OceanRoom) -> None:
    room.provider.paid_seconds = 100
    uid = room.started()
    room.finish(uid, ran=99.5)
    assert room.control("DELETE", uid).status_code == 200
    assert room.start().status_code == 400


def test_more_paid_than_the_environment_gives_is_the_environments(room: OceanRoom) -> None:
    room.provider.paid_seconds = 10_000
    assert spec_of(room, room.started(environment=PRICED.id)).clocks.run == 600


def test_an_environment_of_other_chains_does_not_exist(room: OceanRoom) -> None:
    def elsewhere(provider: FakeProvider, request: StartRequest) -> Authorized:
        return replace(provider.allowed(request), chain_id=137)

    room.provider.decide = elsewhere
    answer = room.start(environment=PRICED.id)
    assert answer.get_json() == {"error": "Environment invalid or does not exist"}
    assert room.start().status_code == 200


def test_a_quota_is_a_429_and_grants_end(room: OceanRoom, tmp_path: Any) -> None:
    few = OceanRoom(tmp_path / "few", quotas=Quotas(principal=Quota(jobs=1)))
    few.started()
    few.provider.agreement_id = "0x" + "34" * 32
    answer = few.start()
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)
    assert few.provider.ended == [few.provider.starts[1].job]


def test_grants_that_cannot_be_ended_do_not_hide_the_refusal(room: OceanRoom) -> None:
    def away_after(provider: FakeProvider, request: StartRequest) -> Authorized:
        provider.away = True
        return replace(provider.allowed(request), algorithm=None)

    room.provider.decide = away_after
    assert room.start().get_json() == {"error": {"algorithm": "meta_oneof_url_rawcode_remote"}}


def test_the_owner_sees_neither_handles_nor_the_secret(room: OceanRoom) -> None:
    text = room.start().get_data(as_text=True)
    assert "grant-" not in text
    assert "secret" not in text


class Breaking:
    """A store whose answer to submissions is lost: before or after it took the job, so many times."""

    def __init__(self, room: OceanRoom, *, after: bool, times: int) -> None:
        self._submit = room.store.submit
        self._after = after
        self._left = times
        self.tries = 0
        room.store.submit = self  # type: ignore[method-assign]

    def __call__(self, *given: Any, **more: Any) -> Any:
        self.tries += 1
        if self._left == 0:
            return self._submit(*given, **more)
        self._left -= 1
        if self._after and self.tries == 1:
            self._submit(*given, **more)
        raise StoreUnavailable


@pytest.mark.parametrize("after", [False, True])
def test_a_store_that_breaks_in_the_commit_costs_no_job_its_grants(room: OceanRoom, after: bool) -> None:
    breaking = Breaking(room, after=after, times=1)
    uid = room.started()
    assert breaking.tries == 2
    assert room.store.count(Filter(owners=None)) == 1
    assert [start.job for start in room.provider.starts] == [uid]
    assert room.provider.ended == []


@pytest.mark.parametrize("after", [False, True])
def test_grants_stay_while_nobody_knows_whether_there_is_a_job(room: OceanRoom, after: bool) -> None:
    Breaking(room, after=after, times=2)
    answer = room.start()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert room.provider.ended == []
    assert room.store.count(Filter(owners=None)) == after


def test_grants_end_when_the_store_is_back_and_refuses(room: OceanRoom) -> None:
    room.started()
    Breaking(room, after=False, times=1)
    assert room.start().get_json() == {"error": "`agreementId` already in use for other job."}
    assert room.provider.ended == [room.provider.starts[1].job]
