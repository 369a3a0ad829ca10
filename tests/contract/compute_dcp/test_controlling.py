"""Slices are added, jobs are closed and cancelled, and say where they stand."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from services.compute.dcp_settings import DcpSettings
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.ports.store import Change
from tests.fakes.compute_dcp import BASIC_A, BASIC_B, Room, failed

Make = Callable[..., Room]
UNKNOWN = "0x0123456789abcdef0123456789abcdef00000000"


# -- status -----------------------------------------------------------------------------------------
@pytest.mark.clause("dcp 5.4")
def test_a_status_says_all_that_the_contract_names(room: Room) -> None:
    job_id = room.deploy(public={"name": "Sums", "description": "d", "link": "https://a.example"})
    lease = room.start(job_id)
    room.compute(lease, 4, n2=failed(2))
    room.store.slices.hand_out(lease, 0, 2, room.clock.now())
    assert room.status(job_id) == {
        "jobId": job_id,
        "status": "running",
        "totalSlices": 10,
        "activeSlices": 2,
        "completedSlices": 3,
        "failedSlices": 1,
        "totalCPUTime": 0.75,
        "totalGPUTime": 0,
        "open": True,
        "runStatus": "running",
        "total": 10,
        "distributed": 6,
        "computed": 3,
        "name": "Sums",
        "account": room.got("/accounts")[0]["address"],
        "createdTime": int(room.clock.now() * 1000),
        "finishedTime": None,
    }


@pytest.mark.clause("dcp 5.4")
def test_both_paths_of_a_status_are_the_same_in_every_spelling_of_the_id(room: Room) -> None:
    job_id = room.deploy()
    shown = room.status(job_id)
    for path in (f"/job/{job_id}/status", f"/job/{job_id}/", f"/job/{job_id}/status/", f"/job/{job_id[2:]}"):
        assert room.got(path) == shown
    assert room.got(f"/job/{job_id.lower()}") == room.got(f"/job/{job_id[2:].upper()}") == shown


@pytest.mark.clause("dcp 5.4")
def test_a_jobs_way_through_the_words(room: Room) -> None:
    """Done is not finished: an open job takes more, until it is closed."""
    job_id = room.deploy(slices=None)
    seen = [(room.status(job_id)["status"], room.status(job_id)["runStatus"])]
    room.post(f"/job/{job_id}/slices", [1, 2])
    seen.append((room.status(job_id)["status"], room.status(job_id)["runStatus"]))
    lease = room.start(job_id)
    room.compute(lease)
    seen.append((room.status(job_id)["status"], room.status(job_id)["runStatus"]))
    room.rest(lease)
    closed = room.post(f"/job/{job_id}/close").get_json()
    seen.append((closed["status"], closed["runStatus"]))
    assert seen == [
        ("new", "new"),
        ("running", "running"),
        ("completed", "running"),
        ("finished", "finished"),
    ]
    assert closed["open"] is False
    assert closed["finishedTime"] == int(room.clock.now() * 1000)


@pytest.mark.clause("dcp 5.4")
def test_a_job_that_broke_by_our_fault_is_corrupted(room: Room) -> None:
    job_id = room.deploy()
    lease = room.start(job_id)
    reason = Reason("internal_error", "The fault is ours.")
    room.store.change(lease, Change(to=State.FAILED, reason=reason), room.clock.now())
    assert room.status(job_id)["status"] == "corrupted"
    assert room.status(job_id)["open"] is False


@pytest.mark.clause("dcp 5.5")
def test_too_many_errors_cancel_a_job(room: Room) -> None:
    job_id = room.deploy(maxErrors=1)
    lease = room.start(job_id)
    room.compute(lease, 1, n1=failed(1))
    reason = Reason("too_many_errors", "1 slice failed.")
    room.store.change(lease, Change(to=State.FAILED, reason=reason), room.clock.now())
    status = room.status(job_id)
    assert (status["status"], status["reason"]) == ("cancelled", "ETOOMANYERRORS")


# -- slices -----------------------------------------------------------------------------------------
@pytest.mark.clause("dcp 5.1")
@pytest.mark.parametrize(
    ("body", "added"),
    [
        ({"sliceData": [100, 200, 300]}, 3),
        ({"slices": [100, None]}, 2),
        ({"slices": {"start": 1, "end": 5}}, 5),
        ({"sliceData": {"ranges": [{"start": 1, "end": 2}]}}, 2),
        ([7, 8], 2),
    ],
    ids=["sliceData", "slices", "range", "product", "list"],
)
def test_numbers_go_on_where_they_ended(room: Room, body: Any, added: int) -> None:
    job_id = room.deploy()
    answer = room.post(f"/job/{job_id}/slices", body)
    assert answer.status_code == 201
    assert answer.get_json() == {
        "lastSliceNumber": 10 + added,
        "firstSliceNumber": 11,
        "added": added,
        "totalSlices": 10 + added,
    }


@pytest.mark.clause("dcp 5.1")
def test_no_slices_are_added_as_none(room: Room) -> None:
    job_id = room.deploy()
    answer = room.post(f"/job/{job_id}/slices", {"sliceData": []})
    assert answer.status_code == 201
    assert answer.get_json() == {
        "lastSliceNumber": 10,
        "firstSliceNumber": None,
        "added": 0,
        "totalSlices": 10,
    }


@pytest.mark.clause("dcp 5.1")
@pytest.mark.parametrize(
    "body", [None, {}, {"data": [1]}, {"sliceData": 3}, {"slices": "x"}, "text", 3], ids=json.dumps
)
def test_a_body_without_slices_is_400(room: Room, body: Any) -> None:
    job_id = room.deploy()
    answer = room.post(f"/job/{job_id}/slices", body)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "InvalidSlices")
    assert room.status(job_id)["totalSlices"] == 10


@pytest.mark.clause("dcp 5.1")
def test_a_job_that_was_done_runs_again(room: Room) -> None:
    job_id = room.deploy()
    lease = room.start(job_id)
    room.compute(lease)
    room.rest(lease)
    assert room.status(job_id)["status"] == "completed"
    assert room.job(job_id).state is State.HELD
    room.post(f"/job/{job_id}/slices", [1])
    assert room.status(job_id)["status"] == "running"
    assert room.job(job_id).state is State.QUEUED


@pytest.mark.clause("dcp 5.1", "dcp 7")
@pytest.mark.parametrize("ended", ["closed", "finished", "cancelled"])
def test_a_job_that_is_over_takes_no_slices(room: Room, ended: str) -> None:
    job_id = room.deploy(slices=[1] if ended == "closed" else None)
    room.call("DELETE", f"/job/{job_id}") if ended == "cancelled" else room.post(f"/job/{job_id}/close")
    answer = room.post(f"/job/{job_id}/slices", [1])
    assert (answer.status_code, answer.get_json()["code"]) == (409, "JobClosed")


@pytest.mark.clause("dcp 6")
def test_slices_that_cannot_be_paid_leave_the_job_as_it_was(make: Make) -> None:
    room = make(settings=DcpSettings(price=Decimal(2), opening_balance=Decimal(25)))
    job_id = room.deploy()
    answer = room.post(f"/job/{job_id}/slices", [1, 2, 3])
    assert (answer.status_code, answer.get_json()["code"]) == (402, "ENOFUNDS")
    assert room.status(job_id)["totalSlices"] == 10
    assert Decimal(room.got("/accounts")[0]["reserved"]) == 20


@pytest.mark.clause("dcp 3.1")
def test_a_job_has_a_limit_however_slices_come(make: Make) -> None:
    room = make(settings=DcpSettings(slices=12))
    job_id = room.deploy()
    answer = room.post(f"/job/{job_id}/slices", [1, 2, 3])
    assert (answer.status_code, answer.get_json()["code"]) == (413, "TooManySlices")
    assert "12" in answer.get_json()["error"]
    assert room.post(f"/job/{job_id}/slices", [1, 2]).status_code == 201


# -- the end ----------------------------------------------------------------------------------------
@pytest.mark.clause("dcp 5.2")
def test_closing_waits_for_what_is_under_way_and_twice_is_once(room: Room) -> None:
    job_id = room.deploy()
    lease = room.start(job_id)
    for _ in range(2):
        answer = room.post(f"/job/{job_id}/close")
        assert answer.status_code == 200
        assert (answer.get_json()["status"], answer.get_json()["open"]) == ("running", False)
    room.compute(lease)
    assert room.status(job_id)["status"] == "finished"


@pytest.mark.clause("dcp 5.6")
def test_cancelling_keeps_what_was_computed(room: Room) -> None:
    job_id = room.deploy()
    room.compute(room.start(job_id), 2)
    answer = room.call("DELETE", f"/job/{job_id}", data=json.dumps({"reason": "enough"}))
    assert (answer.status_code, answer.get_data()) == (204, b"")
    assert room.status(job_id)["status"] == "cancelled"
    assert room.got(f"/job/{job_id}/result")["results"] == [
        {"sliceNumber": 1, "value": 2},
        {"sliceNumber": 2, "value": 4},
    ]
    assert room.call("DELETE", f"/job/{job_id}").status_code == 204
    assert room.status(job_id)["status"] == "cancelled"


@pytest.mark.clause("dcp 5.6")
@pytest.mark.parametrize("how", ["body", "query"])
def test_a_job_that_waited_says_why_it_was_cancelled(room: Room, how: str) -> None:
    job_id = room.deploy()
    query = "?reason=enough%0a" if how == "query" else ""
    body = None if how == "query" else json.dumps({"reason": "enough\n"})
    assert room.call("DELETE", f"/job/{job_id}{query}", data=body).status_code == 204
    assert room.status(job_id)["reason"] == "The owner cancelled the job: enough"


@pytest.mark.clause("dcp 5.6")
def test_cancelling_gives_back_what_was_reserved(make: Make) -> None:
    room = make(settings=DcpSettings(price=Decimal(2)))
    job_id = room.deploy()
    room.call("DELETE", f"/job/{job_id}")
    (account,) = room.got("/accounts")
    assert (Decimal(account["balance"]), Decimal(account["reserved"])) == (100, 0)


@pytest.mark.clause("dcp 5.6")
def test_what_has_finished_stays_so(room: Room) -> None:
    job_id = room.deploy(slices=None)
    room.post(f"/job/{job_id}/close")
    assert room.call("DELETE", f"/job/{job_id}").status_code == 204
    assert room.status(job_id)["status"] == "finished"


@pytest.mark.parametrize("body", [b"{", b'{"reason":3}'], ids=["broken", "number"])
def test_a_reason_that_is_none_is_400(room: Room, body: bytes) -> None:
    job_id = room.deploy()
    assert room.call("DELETE", f"/job/{job_id}", data=body).status_code == 400
    assert room.status(job_id)["status"] == "running"


# -- whose ------------------------------------------------------------------------------------------
ROUTES = [
    *(("GET", path) for path in ("", "/status", "/result", "/result/1", "/result/wait", "/console")),
    *(("POST", path) for path in ("/slices", "/close")),
    ("DELETE", ""),
]


@pytest.mark.clause("dcp 2.5")
@pytest.mark.parametrize(("method", "path"), ROUTES, ids=lambda part: part.strip("/") or "job")
def test_somebody_elses_job_is_as_none_at_all(room: Room, method: str, path: str) -> None:
    job_id = room.deploy()
    body = {"data": json.dumps([1])} if path == "/slices" else {}
    theirs = room.call(method, f"/job/{job_id}{path}", auth=BASIC_B, **body)
    missing = room.call(method, f"/job/{UNKNOWN}{path}", auth=BASIC_A, **body)
    assert theirs.status_code == missing.status_code == 404
    assert theirs.get_json() == missing.get_json()
    assert theirs.get_json()["code"] == "JobNotFound"
    assert room.status(job_id)["status"] == "running"


@pytest.mark.clause("dcp 2.5")
def test_a_key_and_a_linked_person_are_the_same_identity(room: Room) -> None:
    job_id = room.deploy()
    assert room.got(f"/job/{job_id}", auth="Bearer key-of-a") == room.status(job_id)
    assert room.got(f"/job/{job_id}", auth="Bearer linked") == room.status(job_id)


@pytest.mark.clause("dcp 7")
@pytest.mark.parametrize(("method", "path"), ROUTES, ids=lambda part: part.strip("/") or "job")
@pytest.mark.parametrize("ref", ["nothex", "0x12", "g" * 40], ids=["word", "short", "letters"])
def test_an_id_that_is_none_is_400(room: Room, method: str, path: str, ref: str) -> None:
    answer = room.call(method, f"/job/{ref}{path}")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "InvalidJobId")


def test_a_deleted_job_is_gone(room: Room) -> None:
    job_id = room.deploy()
    room.store.delete(room.job(job_id).uid, "somebody", room.clock.now())
    assert room.get(f"/job/{job_id}").status_code == 404
    assert room.got("/jobs") == []
