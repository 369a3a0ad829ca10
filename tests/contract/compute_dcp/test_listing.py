"""One's jobs and accounts, and jobs of other windows beside them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from services.compute.dcp_settings import DcpSettings
from services.compute.dialects.dcp.job_ids import job_id as id_of
from services.compute.domain.job import Job, NewJob, Run, RunState
from services.compute.domain.ledger import Account
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Role, Spec, Task
from services.compute.domain.states import State
from services.compute.ports.store import Change
from tests.dcp_vectors import A, B
from tests.fakes.compute_dcp import BASIC_A, BASIC_B, JOB, UNLIMITED, Room

Make = Callable[..., Room]
OTHER = "94E619279C5780fF20ECe07fAA719e3D66111A88"
OWNER = f"eip155:{A.address}"


# -- jobs -------------------------------------------------------------------------------------------
@pytest.mark.clause("dcp 5.7")
def test_jobs_are_listed_newest_first_as_their_status_says(room: Room) -> None:
    mine = []
    for _ in range(3):
        mine.append(room.deploy())
        room.clock.move(10)
    room.deploy(auth=BASIC_B)
    listed = room.got("/jobs")
    assert [job["jobId"] for job in listed] == mine[::-1]
    assert listed[0] == room.status(mine[2])
    assert room.got("/jobs/count") == {"jobCount": 3}
    assert room.got("/jobs/", auth="Bearer ada") == []
    assert room.got("/jobs/count/", auth="Bearer ada") == {"jobCount": 0}


@pytest.mark.clause("dcp 5.7")
def test_jobs_are_found_by_status_and_time_and_in_pages(room: Room) -> None:
    start = int(room.clock.now() * 1000)
    new, running, cancelled = room.deploy(slices=None), room.deploy(), room.deploy()
    room.clock.move(60)
    late = room.deploy()
    room.call("DELETE", f"/job/{cancelled}")

    def ids(query: str) -> list[str]:
        return [job["jobId"] for job in room.got(f"/jobs?{query}")]

    assert ids("status=new") == [new]
    assert ids("status=new&status=cancelled") == [cancelled, new]
    assert ids("status=running,cancelled") == [late, cancelled, running]
    assert ids(f"endTime={start}") == [cancelled, running, new]
    assert ids(f"startTime={start + 1}") == [late]
    assert ids(f"startTime={start}&endTime={start + 60_000}") == [late, cancelled, running, new]
    assert ids("limit=2") == [late, cancelled]
    assert ids("limit=2&offset=1") == [cancelled, running]
    assert ids("status=running&limit=1&offset=1") == [running]
    assert ids("limit=0") == []


@pytest.mark.parametrize("query", ["status=done", "startTime=x", "limit=-1", "offset=1.5", "endTime=1e3"])
def test_what_is_no_filter_is_400(room: Room, query: str) -> None:
    assert room.get(f"/jobs?{query}").status_code == 400


# -- accounts ---------------------------------------------------------------------------------------
@pytest.mark.clause("dcp 3.2", "dcp 6")
def test_a_new_identity_has_an_account(room: Room) -> None:
    first = {
        "name": "default",
        "address": A.address,
        "balance": "100.000000000000000000",
        "reserved": "0.000000000000000000",
    }
    assert room.got("/accounts") == [first]
    assert room.got("/accounts/") == [first]
    assert room.got("/accounts", auth=BASIC_B)[0]["address"] == B.address
    (of_person,) = room.got("/accounts", auth="Bearer ada")
    assert of_person["balance"] == first["balance"]


@pytest.mark.clause("dcp 6")
def test_a_revoked_account_is_an_empty_list_and_pays_nothing(room: Room) -> None:
    room.got("/accounts")
    room.store.ledger.revoke(A.address, OWNER)
    assert room.got("/accounts") == []
    answer = room.post("/job", JOB)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "AccountNotFound")


@pytest.mark.clause("dcp 2.4")
def test_accounts_need_their_scope(room: Room) -> None:
    assert room.get("/accounts", auth="Bearer reader").status_code == 403
    assert room.get("/accounts", auth="Bearer nothing").status_code == 200
    assert room.get("/jobs", auth="Bearer nothing").status_code == 403


def account(room: Room, given: Any, auth: str = BASIC_A) -> Any:
    answer = room.post("/job", {**JOB, "account": given}, auth=auth)
    return answer.status_code, answer.get_json().get("code", "")


@pytest.mark.clause("dcp 3.2")
def test_an_account_is_named_by_address_or_label(room: Room) -> None:
    room.got("/accounts")
    digits = A.address[2:]
    for given in (
        {"address": A.address},
        {"address": digits},
        {"address": digits.lower()},
        {"address": "0x" + digits.upper()},
        {"label": "default"},
        {"name": "default"},
        {"address": A.address, "label": "other"},
    ):
        assert account(room, given) == (201, ""), given


@pytest.mark.clause("dcp 3.2")
@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"address": "94E619279C5780fF20ECe07fAA719e3D66111A89"}, 400, "InvalidAddress"),
        ({"address": OTHER.swapcase()}, 400, "InvalidAddress"),
        ({"address": "0x12"}, 400, "InvalidAddress"),
        ({"address": ""}, 400, "InvalidAddress"),
        ({"address": 3}, 400, "InvalidRequest"),
        ({"address": OTHER}, 403, "AccountNotFound"),
        ({"address": B.address}, 403, "AccountNotFound"),
        ({"label": "Default"}, 403, "AccountNotFound"),
        ({}, 400, "AccountMissing"),
        (None, 400, "AccountMissing"),
        ("default", 400, "InvalidRequest"),
        ({"json": "{}"}, 403, "AccountLocked"),
        ({"json": {"version": 3}}, 403, "AccountLocked"),
        ({"json": "x" * 20000}, 400, "InvalidRequest"),
    ],
    ids=[
        *("checksum", "case", "short", "empty", "number", "unknown", "theirs", "label", "nothing", "null"),
        *("text", "json empty", "json half", "json long"),
    ],
)
def test_what_names_no_account(room: Room, given: Any, status: int, code: str) -> None:
    room.got("/accounts", auth=BASIC_B)
    assert account(room, given) == (status, code)


@pytest.mark.clause("dcp 3.2")
def test_a_bank_keystore_brings_an_account_without_money(make: Make) -> None:
    room = make(settings=DcpSettings(price=Decimal(1)))
    status, code = account(room, {"json": B.keystore, "password": B.password.decode()})
    assert (status, code) == (402, "ENOFUNDS")
    accounts = {entry["address"]: entry["name"] for entry in room.got("/accounts")}
    assert accounts[B.address] == "bank"
    room.store.ledger.grant(B.address, Decimal(10), room.clock.now())
    assert account(room, {"address": B.address}) == (201, "")
    assert account(room, {"json": B.keystore, "password": "wrong"}) == (403, "AccountLocked")
    assert account(room, {"json": B.keystore, "password": B.password.decode()}, BASIC_B)[0] == 403


@pytest.mark.clause("dcp 3.2")
def test_a_locked_account_wants_its_password(room: Room) -> None:
    locked = Account(address=B.address, owner=OWNER, name="vault", balance=Decimal(5), keystore=B.keystore)
    room.store.ledger.open(locked, room.clock.now())
    assert account(room, {"label": "vault"}) == (403, "AccountLocked")
    assert account(room, {"address": B.address, "password": "nope"}) == (403, "AccountLocked")
    assert account(room, {"label": "vault", "password": B.password.decode()}) == (201, "")


@pytest.mark.clause("dcp 3.2")
def test_two_accounts_of_one_name_are_told_apart_by_address(room: Room) -> None:
    room.got("/accounts")
    room.got("/accounts", auth=BASIC_B)
    assert account(room, {"label": "default"}, "Bearer linked") == (400, "AmbiguousAccount")
    assert account(room, {"address": B.address}, "Bearer linked") == (201, "")


@pytest.mark.clause("dcp 3.2", "dcp 8.2")
def test_for_development_any_address_pays(make: Make) -> None:
    room = make(settings=DcpSettings(any_account=True))
    assert account(room, {"address": OTHER}) == (201, "")
    assert {entry["address"] for entry in room.got("/accounts")} == {A.address, "0x" + OTHER}
    answer = room.post("/job", {**JOB, "account": {"address": OTHER}}, auth=BASIC_B)
    assert answer.status_code == 201
    (warning,) = answer.get_json()["warnings"]
    assert B.address in warning
    assert room.got(f"/job/{answer.get_json()['jobId']}", auth=BASIC_B)["account"] == B.address


# -- other windows ----------------------------------------------------------------------------------
def foreign(room: Room, *roles: Role) -> Job:
    spec = Spec(environment="space", roles=roles or (Role(tasks=(Task(command=("true",)),), count=3),))
    new = NewJob(owner=OWNER, dialect="native", name="theirs", spec=spec)
    job: Job = room.store.submit(new, UNLIMITED, room.clock.now()).job
    return job


def ran(room: Room, job: Job, **ends: Run) -> None:
    """Every instance of the role starts; those in `ends`, as i0=..., end so."""
    lease = room.start(id_of(job.uid))
    for index in range(job.spec.roles[0].count):
        run = Run(
            tag=f"tg-{job.uid}.1.main.{index}.0",  # type: ignore[arg-type]
            attempt=1,
            role="main",
            index=index,
            task=0,
            state=RunState.SUBMITTED,
            handle="h",
        )
        room.store.intend(lease, run)
        end = ends.get(f"i{index}")
        if end is not None:
            room.store.note_run(lease, end)
    room.store.release([lease])


def ended(job: Job, index: int, code: int | None) -> Run:
    return Run(
        tag=f"tg-{job.uid}.1.main.{index}.0",  # type: ignore[arg-type]
        attempt=1,
        role="main",
        index=index,
        task=0,
        state=RunState.ENDED,
        handle="h",
        exit_code=code,
        reason=None if code == 0 else Reason("memory_limit", "It wanted too much memory."),
    )


@pytest.mark.clause("dcp 5.3", "dcp 5.4")
def test_a_job_of_another_window_has_a_slice_for_each_instance(room: Room) -> None:
    job = foreign(room)
    job_id = id_of(job.uid)
    assert room.status(job_id)["status"] == "running"
    assert room.status(job_id)["totalSlices"] == 3
    ran(room, job, i0=ended(job, 0, 0))
    status = room.status(job_id)
    assert (status["activeSlices"], status["completedSlices"], status["distributed"]) == (2, 1, 3)
    assert (status["open"], status["name"], status["account"]) == (False, "theirs", None)
    results = room.got(f"/job/{job_id}/result")
    assert results["results"] == [{"sliceNumber": 1, "value": {"exitCode": 0}}]
    assert room.got(f"/job/{job_id}/result?range=2-")["results"] == []
    assert room.got(f"/job/{job_id}/result/1")["results"] == results["results"]
    assert room.got(f"/job/{job_id}/result/wait?timeout=1")["complete"] is False
    assert room.got(f"/job/{job_id}/console")["lines"] == []
    assert [entry["jobId"] for entry in room.got("/jobs")] == [job_id]


@pytest.mark.clause("dcp 5.4")
def test_what_became_of_a_job_of_another_window(room: Room) -> None:
    job = foreign(room)
    job_id = id_of(job.uid)
    ran(room, job, i0=ended(job, 0, 0), i1=ended(job, 1, 4), i2=ended(job, 2, None))
    (claimed,) = room.store.claim_these("w", [job.uid], room.clock.now(), 30)
    reason = Reason("command_failed", "It ended with 4.")
    room.store.change(claimed.lease, Change(to=State.FAILED, reason=reason), room.clock.now())
    status = room.status(job_id)
    assert (status["status"], status["completedSlices"], status["failedSlices"]) == ("finished", 1, 2)
    found = room.got(f"/job/{job_id}/result")
    assert [entry["value"] for entry in found["results"]] == [{"exitCode": 0}]
    failed, killed = found["errors"]
    assert (failed["sliceNumber"], failed["exitCode"]) == (2, 4)
    assert (killed["sliceNumber"], killed["code"]) == (3, "EMEMORY")
    assert "exitCode" not in killed


@pytest.mark.clause("dcp 5.1")
def test_a_job_of_another_window_takes_no_slices_and_can_be_cancelled(room: Room) -> None:
    job_id = id_of(foreign(room).uid)
    answer = room.post(f"/job/{job_id}/slices", [1])
    assert (answer.status_code, answer.get_json()["code"]) == (409, "JobClosed")
    assert room.post(f"/job/{job_id}/close").get_json()["status"] == "running"
    assert room.call("DELETE", f"/job/{job_id}").status_code == 204
    assert room.status(job_id)["status"] == "cancelled"
