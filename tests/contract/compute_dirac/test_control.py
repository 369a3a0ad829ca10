"""Jobs are killed, deleted, tried again and looked into: by how far they have come, and for whom."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.compute.dialects.dirac.limits import Limits
from services.compute.domain.layout import live_log
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from tests.contract.compute_dirac.test_listing import ADA, BOB, END, RUN, file, listed, move
from tests.fakes.compute_dirac import Dirac, member
from tests.fakes.compute_jobs import new_job

pytestmark = pytest.mark.clause("dirac 2.7", "dirac 2.14", "dirac 2.15")

FAIL = (*RUN, State.PUBLISHING, State.FAILED)
Made = Callable[[Dirac], int]


@pytest.fixture
def room(tmp_path: Path) -> Dirac:
    dirac = Dirac(tmp_path)
    dirac.principals.known["monitor"] = member("m", "mia", "vo_mon", properties=("JobMonitor",))
    return dirac


def waiting(room: Dirac) -> int:
    return file(room)


def matched(room: Dirac) -> int:
    return moved(room, State.STAGING)


def running(room: Dirac) -> int:
    return moved(room, *RUN)


def completing(room: Dirac) -> int:
    return moved(room, *RUN, State.PUBLISHING)


def done(room: Dirac) -> int:
    return moved(room, *END)


def failed(room: Dirac) -> int:
    return moved(room, *FAIL, reason=Reason("command_failed", "It ended with 1."))


def killed(room: Dirac) -> int:
    number = file(room)
    room.call("DELETE", f"/jobs/{number}?killonly")
    return number


def deleted(room: Dirac) -> int:
    number = file(room)
    room.call("DELETE", f"/jobs/{number}")
    return number


def moved(room: Dirac, *states: State, reason: Reason | None = None) -> int:
    number = file(room)
    move(room, number, *states, reason=reason)
    return number


KILLED = ("Killed", "Marked for termination", True)
DELETED = ("Deleted", "Checking accounting", True)
TABLE: list[tuple[Made, tuple[str, str, bool], tuple[str, str, bool]]] = [
    (waiting, DELETED, KILLED),
    (matched, KILLED, KILLED),
    (running, KILLED, KILLED),
    (completing, KILLED, KILLED),
    (done, DELETED, ("Done", "Execution Complete", False)),
    (failed, DELETED, ("Failed", "Application Finished With Errors", False)),
    (killed, DELETED, (*KILLED[:2], False)),
    (deleted, (*DELETED[:2], False), (*DELETED[:2], False)),
]


@pytest.mark.parametrize("kills_only", [False, True])
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0].__name__)
def test_ending_by_how_far_it_has_come(room: Dirac, row: Any, kills_only: bool) -> None:
    make, plain, only = row
    number = make(room)
    answer = room.call("DELETE", f"/jobs/{number}{'?killonly=1' if kills_only else ''}")
    assert answer.status_code == 200
    status, minor, changed = only if kills_only else plain
    assert answer.get_json() == {"jid": number, "status": status, "minorStatus": minor, "changed": changed}
    shown = room.get(f"/jobs/{number}").get_json()
    assert (shown["status"], shown["minorStatus"]) == (status, minor)
    assert listed(room, f"?status={status}&minorStatus={minor}") == [number]
    assert shown["flags"]["killed"] is (room.job(number).wish == "cancel" and make not in (done, failed))
    again = room.call("DELETE", f"/jobs/{number}?killonly=yes").get_json()
    assert (again["status"], again["changed"]) == (status, False)


def test_killing_a_job_that_runs_and_then_deleting_it(room: Dirac) -> None:
    number = running(room)
    assert room.call("DELETE", f"/jobs/{number}").get_json()["status"] == "Killed"
    assert room.job(number).state is State.RUNNING
    assert room.call("DELETE", f"/jobs/{number}").get_json()["status"] == "Deleted"
    assert listed(room) == [number]


def test_killonly_is_a_boolean(room: Dirac) -> None:
    number = waiting(room)
    assert room.call("DELETE", f"/jobs/{number}?killonly=maybe").status_code == 400
    assert room.call("DELETE", f"/jobs/{number}?killonly=false").get_json()["status"] == "Deleted"


def test_several_at_once(room: Dirac) -> None:
    numbers = [waiting(room), running(room), deleted(room)]
    theirs = file(room, BOB)
    query = "&".join(f"jid={number}" for number in (*numbers, theirs, 999))
    assert room.call("DELETE", f"/jobs?{query}").get_json() == {
        "killed": [numbers[1]],
        "deleted": [numbers[0]],
        "unchanged": [numbers[2]],
        "failed": {str(theirs): "There is no such job.", "999": "There is no such job."},
    }
    for query in ("", "jid=", "jid=x", "jid=-1", "jid=" + ",".join(map(str, range(1, 1002)))):
        assert room.call("DELETE", f"/jobs?{query}").status_code == 400, query
    assert room.job(theirs).deleted_at is None


def test_of_others_jobs(room: Dirac) -> None:
    theirs = file(room, BOB, owner_name="bob")
    ways = (("DELETE", ""), ("POST", "/reschedule"), ("GET", "/peek"))
    for method, path in ways:
        assert room.call(method, f"/jobs/{theirs}{path}").status_code == 404
        assert room.call(method, f"/jobs/{theirs}{path}", token="monitor").status_code == 403
        assert room.call(method, "/jobs/999", token="admin").status_code in (404, 405)
    assert room.job(theirs).deleted_at is None
    assert room.get(f"/jobs/{theirs}/log", token="monitor").status_code == 200
    assert room.call("DELETE", f"/jobs/{theirs}", token="admin").get_json()["status"] == "Deleted"
    reader = room.call("DELETE", f"/jobs/{waiting(room)}", token="reader")
    assert (reader.status_code, reader.get_json()["error"]) == (403, "insufficient_scope")


def test_an_unknown_job(room: Dirac) -> None:
    for path in ("/jobs/1", "/jobs/0", f"/jobs/{10**30}", "/jobs/1/log", "/jobs/1/peek"):
        answer = room.get(path)
        assert (answer.status_code, answer.get_json()["error"]) == (404, "not_found"), path
    assert room.call("POST", "/jobs/1").status_code == 405
    assert "DELETE" in room.call("POST", "/jobs/1").headers["Allow"]


def test_the_log(room: Dirac) -> None:
    number = failed(room)
    room.clock.move(5)
    room.call("DELETE", f"/jobs/{number}")
    body = room.get(f"/jobs/{number}/log").get_json()
    assert body["jid"] == number
    steps = [(step["status"], step["minorStatus"], step["source"]) for step in body["log"]]
    assert steps == [
        ("Waiting", "Pilot Agent Submission", "User"),
        ("Matched", "Downloading InputSandbox", "Worker"),
        ("Matched", "Job Initialization", "Worker"),
        ("Running", "Application", "Worker"),
        ("Completing", "Uploading Output Sandbox", "Worker"),
        ("Failed", "Application Finished With Errors", "Worker"),
        ("Deleted", "Checking accounting", "User"),
    ]
    assert body["log"][-1]["time"] > body["log"][0]["time"]
    assert "person:" not in room.get(f"/jobs/{number}/log").get_data(as_text=True)


def test_what_it_says(room: Dirac) -> None:
    number = waiting(room)
    assert room.get(f"/jobs/{number}/peek").get_json() == {"jid": number, "size": 0, "stdout": ""}
    move(room, number, *RUN)
    path = room.work / live_log(room.job(number).uid, 1, "main.0.0.output")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 100 + b"\xff\xe2\x82\xac end\n" + b"y" * 65_536)
    body = room.get(f"/jobs/{number}/peek").get_json()
    assert (body["size"], body["stdout"]) == (100 + 9 + 65_536, "y" * 65_536)
    path.write_bytes(b"\xffhello\0")
    assert room.get(f"/jobs/{number}/peek").get_json()["stdout"] == "\ufffdhello\0"


def test_another_try(room: Dirac) -> None:
    number = failed(room)
    answer = room.call("POST", f"/jobs/{number}/reschedule")
    body = answer.get_json()
    new = body["jid"]
    assert answer.status_code == 200
    assert body == {
        "jid": new, "rescheduledFrom": number, "status": "Waiting", "minorStatus": "Pilot Agent Submission",
        "reschedules": 1,
    }  # fmt: skip
    assert room.job(new).facts["retry_of"] == room.job(number).uid
    assert room.job(number).state is State.FAILED
    assert room.call("POST", f"/jobs/{number}/reschedule").get_json()["jid"] == new
    shown = room.get(f"/jobs/{new}").get_json()
    assert shown["reschedules"] == 1
    assert shown["times"]["reschedule"] == shown["times"]["submission"]
    assert listed(room, "?reschedules=1") == listed(room, "?reschedule=2027") == [new]


def test_no_try_of_what_goes_on_or_went_well(room: Dirac) -> None:
    for make in (waiting, running, done):
        answer = room.call("POST", f"/jobs/{make(room)}/reschedule")
        assert (answer.status_code, answer.get_json()["error"]) == (409, "conflict")
    assert len(listed(room)) == 3


@pytest.mark.parametrize("is_filed", [True, False])
def test_tries_are_limited(tmp_path: Path, is_filed: bool) -> None:
    room = Dirac(tmp_path, limits=Limits(reschedules=2))
    number = file(room) if is_filed else int(room.store.submit(new_job(ADA), Quotas(), 1.0).job.id)
    for count in (1, 2):
        move(room, number, *FAIL, reason=Reason("command_failed", "It ended with 1."))
        body = room.call("POST", f"/jobs/{number}/reschedule").get_json()
        assert body["reschedules"] == count
        number = body["jid"]
    move(room, number, *FAIL, reason=Reason("command_failed", "It ended with 1."))
    answer = room.call("POST", f"/jobs/{number}/reschedule")
    assert (answer.status_code, answer.get_json()["detail"]) == (409, "Maximum of reschedulings reached: 2.")
