"""Status, stop and delete, as each generation of clients asks for them (contract 2.10, 2.11, 3.3)."""

from typing import Any

import pytest

from libs.signing.messages import ComputeControl, ComputeResult
from services.compute.dialects.ocean.status import PHASES, REASONS, STATES, shown
from services.compute.domain.reasons import CODES, Phase, Reason
from services.compute.domain.states import State
from tests.fakes.compute_ocean import (
    COMPUTE,
    DATASET,
    OTHER,
    SECOND,
    OceanRoom,
    asset,
    wallet_principal,
    wallet_token,
)

pytestmark = pytest.mark.clause("ocean 2.10", "ocean 2.11", "ocean 3.3", "ocean C1.3")

UNKNOWN = "f" * 32
OUTPUTS = {"result.csv": b"a,b\n", "deep/er.txt": b"1"}
LOGS = {"main.0.0.output": b"said\n", "staging": b"fetched\n", "publishing": b"kept\n"}


def shown_state(room: OceanRoom, uid: str) -> tuple[int, str, int]:
    (job,) = room.status(jobId=uid).get_json()
    return job["status"], job["statusText"], job["stopreq"]


def another(room: OceanRoom, digits: str, **changes: Any) -> str:
    room.provider.agreement_id = "0x" + digits * 32
    return room.started(**changes)


# -- the table ----------------------------------------------------------------------------------------


def test_the_tables_are_total() -> None:
    assert set(STATES) == set(State)
    assert set(PHASES) == set(Phase)
    assert set(REASONS) <= set(CODES)
    numbers = {number for number, _ in (*STATES.values(), *PHASES.values(), *REASONS.values())}
    assert numbers == {1, 20, 30, 31, 32, 40, 41, 60, 70}


@pytest.mark.parametrize("code", CODES)
def test_every_reason_of_a_failure_has_a_number_that_ends(room: OceanRoom, code: str) -> None:
    uid = room.started()
    job = room.finish(uid, State.FAILED, reason=Reason(code, "It went wrong."), exit_code=None)
    assert shown(job)[0] in (31, 32, 41, 70)


def test_a_jobs_life_in_oceans_numbers(room: OceanRoom) -> None:
    uid = room.started()
    assert shown_state(room, uid) == (1, "Warming up", 0)
    for state, number, text in (
        (State.STAGING, 20, "Configuring volumes"),
        (State.PULLING, 30, "Provisioning success"),
        (State.RUNNING, 40, "Running algorithm"),
        (State.PUBLISHING, 60, "Publishing results"),
        (State.SUCCEEDED, 70, "Job finished"),
    ):
        room.reach(uid, state)
        assert shown_state(room, uid) == (number, text, 0)


@pytest.mark.parametrize(
    ("code", "sentence", "exit_code", "expected"),
    [
        ("command_failed", "It ended.", 3, (41, "Algorithm failed (exit code 3)", 0)),
        ("killed_by_signal", "Killed.", None, (41, "Algorithm failed", 0)),
        ("run_timeout", "Too long.", None, (41, "Algorithm timed out", 2)),
        ("input_unavailable", "dataset 12 file 0 could not be fetched.", None,
         (31, "Data provisioning failed", 0)),
        ("input_unavailable", "algorithm file 0 could not be fetched.", None,
         (32, "Algorithm provisioning failed", 0)),
        ("image_not_found", "No such image.", None, (32, "Algorithm provisioning failed", 0)),
        ("output_too_large", "Too much.", 0, (41, "Publishing failed", 0)),
        ("queue_timeout", "Too late.", None, (41, "Job never started", 0)),
    ],
)  # fmt: skip
def test_how_a_failed_job_is_told(
    room: OceanRoom, code: str, sentence: str, exit_code: int | None, expected: tuple[int, str, int]
) -> None:
    uid = room.started()
    room.finish(uid, State.FAILED, reason=Reason(code, sentence), exit_code=exit_code, logs=LOGS)
    assert shown_state(room, uid) == expected
    (job,) = room.signed_status(uid).get_json()
    assert job["dateFinished"] == "1800000000.000"
    assert job.get("exitCode") == exit_code
    assert job["reason"]["code"] == code
    assert [result["type"] for result in job["results"]] == ["algorithmLog", "configrationLog", "publishLog"]


# -- status -------------------------------------------------------------------------------------------


def test_anybody_learns_the_state_and_nothing_of_what_it_was_about(room: OceanRoom) -> None:
    uid = room.started()
    room.finish(uid, outputs=OUTPUTS, logs=LOGS)
    (job,) = room.status(jobId=uid).get_json()
    assert job["results"] == [
        {"filename": "output_0", "type": "output", "index": 0},
        {"filename": "output_1", "type": "output", "index": 1},
        {"filename": "algorithm.log", "type": "algorithmLog", "index": 2},
        {"filename": "configure.log", "type": "configrationLog", "index": 3},
        {"filename": "publish.log", "type": "publishLog", "index": 4},
    ]
    assert (job["agreementId"], job["inputDID"], job["algoDID"], job["documentId"]) == ("", [], "", "")
    assert "reason" not in job
    assert "environment" not in job


def test_the_owner_sees_all_and_uses_no_nonce_up(room: OceanRoom) -> None:
    uid = room.started()
    room.finish(uid, outputs=OUTPUTS, logs=LOGS)
    before = dict(room.provider.nonces)
    answer = room.signed_status(uid)
    (job,) = answer.get_json()
    assert job["results"][:3] == [
        {"filename": "deep/er.txt", "filesize": 1, "type": "output", "index": 0},
        {"filename": "result.csv", "filesize": 4, "type": "output", "index": 1},
        {"filename": "algorithm.log", "filesize": 5, "type": "algorithmLog", "index": 2},
    ]
    assert (job["documentId"], job["exitCode"]) == (DATASET, 0)
    assert "reason" not in job
    assert answer.headers["Cache-Control"] == "no-store"
    assert room.provider.nonces == before


def test_a_status_signature_that_was_overtaken_tells_no_more_than_none(room: OceanRoom) -> None:
    uid = room.started()
    nonce = room.nonce()
    signature = room.sign(ComputeControl(room.address, uid, "", nonce).text())
    query = {"jobId": uid, "nonce": nonce, "signature": signature}
    assert room.status(**query).get_json()[0]["documentId"] == DATASET
    assert another(room, "34")
    assert room.status(**query).get_json()[0]["documentId"] == ""


@pytest.mark.parametrize("signature", ["0x" + "11" * 65, "junk"])
def test_a_status_signature_that_does_not_count_is_as_good_as_none(room: OceanRoom, signature: str) -> None:
    uid = room.started()
    (job,) = room.status(jobId=uid, nonce="99", signature=signature).get_json()
    assert (job["status"], job["documentId"]) == (1, "")


def test_a_token_shows_all_and_a_bad_one_is_told(room: OceanRoom) -> None:
    uid = room.started()
    token = wallet_token(room.address)
    refused = room.status(jobId=uid, headers={"AuthToken": token})
    assert refused.status_code == 400
    room.principals.known[token] = wallet_principal(room.address)
    for name in ("AuthToken", "Authorization"):
        (job,) = room.status(jobId=uid, headers={name: token}).get_json()
        assert job["documentId"] == DATASET


def test_a_list_narrows_by_document_and_order(room: OceanRoom) -> None:
    first = room.started()
    second = another(room, "34", dataset=asset(SECOND))
    tx = "34" * 32

    def ids(**query: str) -> list[str]:
        return [job["jobId"] for job in room.status(**query).get_json()]

    assert ids() == [second, first]
    assert ids(documentId=DATASET) == [first]
    assert ids(agreementId=tx) == ids(agreementId="0x" + tx) == ids(agreementId="0X" + tx) == [second]
    assert ids(agreementId=SECOND) == [second]  # older clients pass a DID in that place
    assert ids(jobId=first, documentId=SECOND) == []
    assert ids(jobId=first, agreementId="") == [first]
    assert ids(jobId=UNKNOWN) == []


def test_somebody_elses_jobs_are_not_there(room: OceanRoom) -> None:
    uid = room.started()
    room.key = OTHER
    assert room.status(jobId=uid).get_json() == []
    assert room.status().get_json() == []
    for method in ("PUT", "DELETE"):
        missing, elses = room.control(method, UNKNOWN), room.control(method, uid)
        assert (missing.status_code, missing.data) == (elses.status_code, elses.data) == (404, elses.data)
    assert room.job(uid).wish.value == "run"


def test_jobs_of_other_windows_are_not_oceans(room: OceanRoom) -> None:
    uid = room.started()
    number = room.job(uid).id
    assert room.status(jobId=str(number)).status_code == 400  # an integer id is no Ocean id


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    ("field", "value"),
    [("jobId", "1" * 32), ("jobId", "F" * 32), ("jobId", "abc"), ("documentId", "did:op:12")],
)
def test_ids_are_held_to_their_grammar_before_any_signature(
    room: OceanRoom, method: str, field: str, value: str
) -> None:
    query = {"consumerAddress": room.address, field: value, "nonce": "5", "signature": "0x" + "1" * 130}
    answer = room.http.open(COMPUTE, method=method, query_string=query)
    assert answer.status_code == 400
    assert answer.get_json()["errors"] == {field: [f"The {field} format is invalid."]}


@pytest.mark.parametrize("query", [{}, {"consumerAddress": ""}, {"consumerAddress": "0x1"}])
def test_a_status_wants_an_address(room: OceanRoom, query: dict[str, str]) -> None:
    answer = room.http.get(COMPUTE, query_string=query)
    assert answer.status_code == 400
    assert "consumerAddress" in answer.get_json()["errors"]


# -- stop and delete ----------------------------------------------------------------------------------


def test_a_waiting_job_is_stopped_at_once(room: OceanRoom) -> None:
    uid = room.started()
    (job,) = room.control("PUT", uid).get_json()
    assert (job["status"], job["statusText"], job["stopreq"]) == (70, "Job stopped", 1)
    assert job["reason"]["code"] == "cancelled"


def test_a_running_job_is_asked_to_stop(room: OceanRoom) -> None:
    uid = room.started()
    room.reach(uid, State.STAGING, State.PULLING, State.RUNNING)
    (job,) = room.control("PUT", uid).get_json()
    assert (job["status"], job["stopreq"]) == (40, 1)
    assert room.job(uid).wish.value == "cancel"


def test_stopping_twice_or_too_late_changes_nothing(room: OceanRoom) -> None:
    uid = room.started()
    room.finish(uid)
    for _ in range(2):
        (job,) = room.control("PUT", uid).get_json()
        assert (job["status"], job["statusText"], job["stopreq"]) == (70, "Job finished", 0)


def test_a_deleted_job_is_gone_from_every_ocean_listing(room: OceanRoom) -> None:
    uid = room.started()
    room.finish(uid, outputs=OUTPUTS)
    (job,) = room.control("DELETE", uid).get_json()
    assert job["removed"] == 1
    assert room.status(jobId=uid).get_json() == room.status().get_json() == []
    assert room.result(uid, 0).status_code == 404
    assert room.control("DELETE", uid).status_code == 404
    assert room.job(uid).deleted_at is not None


def test_ocean_py_sends_a_query(room: OceanRoom) -> None:
    uid = room.started()
    nonce = room.nonce()
    text = ComputeControl(room.address, uid, DATASET, nonce).text()
    query = {
        "jobId": uid,
        "documentId": DATASET,
        "consumerAddress": room.address,
        "nonce": nonce,
        "signature": room.sign(text),
    }
    assert room.http.put(COMPUTE, query_string=query).status_code == 200
    assert room.provider.nonces[room.address] == nonce


@pytest.mark.parametrize("ahead", [0, 1])
def test_a_delete_without_its_nonce_counts_once(room: OceanRoom, ahead: int) -> None:
    """ocean.js, every version: the nonce is signed and not sent, the stored one or the next."""
    uid = room.started()
    last = int(room.provider.nonces[room.address])
    text = ComputeControl(room.address, uid, DATASET, str(last + ahead)).text()
    body = {
        "jobId": uid,
        "documentId": DATASET,
        "consumerAddress": room.address,
        "signature": room.sign(text),
    }
    assert room.http.delete(COMPUTE, json=body).status_code == 200
    assert room.provider.nonces[room.address] == str(last + 1)
    again = room.http.delete(COMPUTE, json=body)
    # The job is gone, or the signature no longer fits: never done twice.
    assert again.status_code in (400, 404)


def test_ocean_js_stops_with_a_signature_that_covers_no_nonce(room: OceanRoom) -> None:
    uid, other = room.started(), another(room, "34")
    before = dict(room.provider.nonces)
    (job,) = room.unbound_stop(uid, agreementId="").get_json()
    assert job["stopreq"] == 1
    assert job["documentId"] == ""  # whoever recorded it may show it again: it tells no more than it must
    assert room.provider.nonces == before
    assert room.job(other).state is State.QUEUED


def test_that_signature_deletes_nothing_and_wants_a_nonce_that_rises(room: OceanRoom) -> None:
    uid = room.started()
    low = room.unbound_stop(uid, nonce="1")
    assert low.status_code == 400
    assert "current nonce (1)" in low.get_json()["errors"]["signature"]
    signature = room.sign(room.address + uid)
    body = {"jobId": uid, "consumerAddress": room.address, "nonce": "50", "signature": signature}
    assert room.http.delete(COMPUTE, json=body).status_code == 400
    assert room.job(uid).state is State.QUEUED


def test_stopping_all_of_a_document_or_order(room: OceanRoom) -> None:
    first = room.started()
    second = another(room, "34", dataset=asset(SECOND))
    assert [job["jobId"] for job in room.control("PUT", "", SECOND).get_json()] == [second]
    third = another(room, "56")
    stopped = room.control("PUT", "", "", agreementId="56" * 32)
    assert [job["jobId"] for job in stopped.get_json()] == [third]
    assert room.job(first).state is State.QUEUED


def test_which_jobs_must_be_said(room: OceanRoom) -> None:
    room.started()
    answer = room.control("PUT", "", "")
    assert answer.status_code == 400
    assert list(answer.get_json()["errors"]) == ["jobId"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_stop_and_delete_want_a_proof(room: OceanRoom, method: str) -> None:
    uid = room.started()
    answer = room.control(method, uid, signature=None)
    assert answer.get_json()["errors"] == {
        "signature": ["Invalid signature provided. Please check the nonce or documentId."]
    }
    wrong = room.control(method, uid, signature="0x" + "11" * 65)
    assert wrong.status_code == 400
    assert room.job(uid).state is State.QUEUED


def test_a_token_stops_and_deletes(room: OceanRoom) -> None:
    uid = room.started()
    token = wallet_token(room.address)
    room.principals.known[token] = wallet_principal(room.address)
    for method in ("PUT", "DELETE"):
        answer = room.control(method, uid, signature=None, nonce=None, headers={"AuthToken": token})
        assert answer.status_code == 200


def test_a_results_signature_read_as_a_stop_or_delete_does_nothing(room: OceanRoom) -> None:
    """`address + job + index + nonce` has no separators: index 1 and nonce 5 are a stop's nonce 15."""
    uid = room.started()
    room.finish(uid, outputs=OUTPUTS, logs=LOGS)
    query = room.result_query(uid, 1, nonce="5")
    assert room.http.get("/api/services/computeResult", query_string=query).status_code == 200
    stolen = {
        "jobId": uid,
        "consumerAddress": room.address,
        "nonce": "15",
        "signature": query["signature"],
    }
    assert room.http.delete(COMPUTE, json=stolen).status_code == 400
    assert room.job(uid).deleted_at is None
    assert room.provider.nonces[room.address] == "5"


def test_a_results_signature_read_as_another_results_opens_nothing(room: OceanRoom) -> None:
    uid = room.started()
    room.finish(uid, outputs={f"{n:02}": b"x" for n in range(14)})
    query = room.result_query(uid, 12, nonce="3")
    assert room.http.get("/api/services/computeResult", query_string=query).status_code == 200
    text = ComputeResult(room.address, uid, "1", "23").text()
    assert text == ComputeResult(room.address, uid, "12", "3").text()
    stolen = {**query, "index": "1", "nonce": "23"}
    assert room.http.get("/api/services/computeResult", query_string=stolen).status_code == 400


def test_a_store_that_is_away_is_a_503(room: OceanRoom) -> None:
    room.store.away = True
    answer = room.status()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


@pytest.mark.parametrize("how", ["stop", "delete"])
def test_grants_of_a_job_that_never_ran_are_left_to_upkeep(room: OceanRoom, how: str) -> None:
    uid = room.started()
    answer = room.unbound_stop(uid) if how == "stop" else room.control("DELETE", uid)
    assert answer.status_code == 200
    assert room.job(uid).state is State.CANCELLED
    assert list(room.store.granted(room.clock.now(), 10)) == [uid]
