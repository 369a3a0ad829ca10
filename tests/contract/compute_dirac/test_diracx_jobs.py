"""Jobs are searched, counted, tried again and ended as the clients of DiracX do it."""

from typing import Any

import pytest

from libs.web.principal import Principal
from services.compute.dialects.dirac.attributes import conditions
from services.compute.domain.states import State
from tests.contract.compute_dirac.test_control import failed, running, waiting
from tests.contract.compute_dirac.test_listing import BOB, END, file, move
from tests.fakes.compute_dirac import API, Dirac, member

pytestmark = pytest.mark.clause("dirac 2.11", "dirac 4")


@pytest.fixture
def room(tmp_path: Any) -> Dirac:
    dirac = Dirac(tmp_path)
    monitor: Principal = member("m", "mia", "vo_mon", properties=("JobMonitor",))
    dirac.principals.known["monitor"] = monitor
    return dirac


def search(room: Dirac, body: Any = None, query: str = "", **more: Any) -> Any:
    return room.call("POST", f"{API}/jobs/search{query}", json={} if body is None else body, **more)


def found(room: Dirac, *items: tuple[Any, ...], **more: Any) -> list[int]:
    conditions = [
        {
            "parameter": name,
            "operator": operator,
            "values" if operator in ("in", "not in") else "value": value,
        }
        for name, operator, value in items
    ]
    answer = search(room, {"parameters": ["JobID"], "search": conditions, **more}, "?per_page=1000")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [row["JobID"] for row in answer.get_json()]


def test_rows(room: Dirac) -> None:
    number = file(room, site="A.B.c", priority=2)
    (row,) = search(room).get_json()
    times = {name: row.pop(name) for name in ("SubmissionTime", "LastUpdateTime")}
    assert set(times.values()) == {"2027-01-15T08:00:00Z"}
    assert row == {
        "JobID": number, "JobType": "User", "JobGroup": "00000000", "Site": "A.B.c", "JobName": "n",
        "Owner": "ada", "OwnerGroup": "vo_user", "VO": "vo", "RescheduleTime": None, "StartExecTime": None,
        "HeartBeatTime": None, "EndExecTime": None, "Status": "Waiting",
        "MinorStatus": "Pilot Agent Submission", "ApplicationStatus": "Unknown", "UserPriority": 2,
        "RescheduleCounter": 0, "VerifiedFlag": True, "AccountedFlag": False,
    }  # fmt: skip
    body = {"parameters": ["Status", "LoggingInfo"]}
    (row,) = search(room, body).get_json()
    assert list(row) == ["Status", "LoggingInfo"]
    assert row["LoggingInfo"][0]["StatusTime"] == "2027-01-15T08:00:00Z"


def test_conditions(room: Dirac) -> None:
    a = file(room, site="A.B.c", name="alpha", priority=1)
    room.clock.move(86_400)
    b = file(room, site="D.E.f", name="Beta_1", priority=5)
    c = file(room, name="", batch="g")
    move(room, b, *END)
    cases: list[tuple[tuple[Any, ...], list[int]]] = [
        (("JobID", "eq", str(a)), [a]),
        (("JobID", "eq", a), [a]),
        (("JobID", "neq", a), [c, b]),
        (("JobID", "gt", str(a)), [c, b]),
        (("JobID", "in", [str(a), c]), [c, a]),
        (("JobID", "not in", [str(a), c]), [b]),
        (("Status", "eq", "Waiting"), [c, a]),
        (("Status", "neq", "Waiting"), [b]),
        (("Status", "in", ["Done", "Failed"]), [b]),
        (("Status", "like", "w%"), [c, a]),
        (("Status", "regex", "^(Done|Failed)$"), [b]),
        (("MinorStatus", "not like", "Pilot%"), [b]),
        (("Status", "gt", "E"), [c, a]),
        (("JobName", "like", "%\\_1"), [b]),
        (("JobName", "regex", "^[a-z]+$"), [a]),
        (("JobName", "regex", "(a+)+$"), [a]),
        (("JobName", "eq", "Unknown"), [c]),
        (("JobName", "neq", "Unknown"), [b, a]),
        (("Site", "not like", "%.%"), [c]),
        (("Owner", "regex", "."), [c, b, a]),
        (("ApplicationStatus", "regex", "now"), [c, b, a]),
        (("ApplicationStatus", "eq", "Done"), []),
        (("UserPriority", "lt", "5"), [c, a]),
        (("VerifiedFlag", "eq", "true"), [c, b, a]),
        (("VerifiedFlag", "eq", False), []),
        (("AccountedFlag", "eq", True), [b]),
        (("SubmissionTime", "eq", "2027-01-15"), [a]),
        (("SubmissionTime", "neq", "2027-01-15"), [c, b]),
        (("SubmissionTime", "gt", "2027-01-15"), [c, b]),
        (("SubmissionTime", "lt", "2027-01-15T08:00:01Z"), [a]),
        (("SubmissionTime", "gt", "2026"), [c, b, a]),
        (("SubmissionTime", "gt", "2027"), []),
        (("EndExecTime", "lt", "2028"), [b]),
        (("HeartBeatTime", "gt", "2000"), []),
        (("RescheduleTime", "gt", "2000"), []),
    ]
    for item, expected in cases:
        assert found(room, item) == expected, item
    assert found(room, ("Status", "eq", "Waiting"), ("JobID", "gt", a)) == [c]
    assert found(room, ("Status", "eq", "Waiting"), ("Status", "eq", "Done")) == []
    order = [{"parameter": "UserPriority", "direction": "desc"}, {"parameter": "JobID", "direction": "asc"}]
    assert found(room, sort=order) == [b, a, c]


def test_pages(room: Dirac) -> None:
    ids = [file(room, site="x" if number % 2 else "y") for number in range(5)]
    answer = search(room, {"parameters": ["JobID"]}, "?page=2&per_page=2")
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == "jobs 2-3/5"
    assert [row["JobID"] for row in answer.get_json()] == ids[::-1][2:4]
    assert search(room, {}, "?page=1&per_page=5").status_code == 200
    past = search(room, {}, "?page=4&per_page=2")
    assert (past.status_code, past.get_json()) == (200, [])
    sites = search(room, {"parameters": ["Site"], "distinct": True}, "?per_page=1")
    assert (sites.status_code, sites.get_json(), sites.headers["Content-Range"]) == (
        206, [{"Site": "x"}], "jobs 0-0/2",
    )  # fmt: skip


def test_the_summary(room: Dirac) -> None:
    for site in ("x", "x", "y"):
        number = file(room, site=site)
    move(room, number, *END)
    body = {"grouping": ["Status", "Site"], "search": []}
    answer = room.call("POST", f"{API}/jobs/summary", json=body)
    assert answer.get_json() == [
        {"Status": "Done", "Site": "y", "count": 1},
        {"Status": "Waiting", "Site": "x", "count": 2},
    ]
    body["search"] = [{"parameter": "Site", "operator": "eq", "value": "x"}]
    assert room.call("POST", f"{API}/jobs/summary", json={**body, "grouping": []}).get_json() == [
        {"count": 2}
    ]


def test_whose_jobs(room: Dirac) -> None:
    mine, theirs = file(room), file(room, BOB, owner_name="bob")
    file(room, BOB, owner_name="bob", realm="other")
    assert found(room) == [mine]
    answer = search(room, {"parameters": ["JobID"]}, token="monitor")
    assert [row["JobID"] for row in answer.get_json()] == [theirs, mine]
    assert search(room, token=None).status_code == 401
    assert search(room, query="?access_token=ada", token=None).status_code == 401
    assert search(room, token="nobody").status_code == 403


BAD: list[Any] = [
    [], "x", {"parameters": "JobID"}, {"parameters": ["Colour"]}, {"parameters": [["JobID"]]},
    {"parameters": ["jobid"]}, {"parameters": ["JobID"] * 101}, {"search": {}}, {"search": ["x"]},
    {"search": [{}]}, {"distinct": "yes"}, {"sort": ["JobID"]}, {"sort": [{"parameter": "Status"}]},
    {"sort": [{"parameter": "JobID", "direction": "up"}]},
    *({"search": [item]} for item in (
        {"parameter": "JobID", "operator": "is", "value": 1},
        {"parameter": "JobID", "operator": ["eq"], "value": 1},
        {"parameter": "JobID", "operator": "eq"},
        {"parameter": "JobID", "operator": "eq", "value": None},
        {"parameter": "JobID", "operator": "eq", "value": "x"},
        {"parameter": "JobID", "operator": "eq", "value": 1.5},
        {"parameter": "JobID", "operator": "eq", "value": [1]},
        {"parameter": "JobID", "operator": "like", "value": "1%"},
        {"parameter": "JobID", "operator": "regex", "value": "1"},
        {"parameter": "JobID", "operator": "in", "values": [1] * 1001},
        {"parameter": "JobID", "operator": "in", "values": [[1]]},
        {"parameter": "PilotStamp", "operator": "eq", "value": "x"},
        {"parameter": "VerifiedFlag", "operator": "gt", "value": "true"},
        {"parameter": "SubmissionTime", "operator": "in", "values": ["2024", "2025"]},
        {"parameter": "SubmissionTime", "operator": "eq", "value": "soon"},
        {"parameter": "SubmissionTime", "operator": "regex", "value": "2024"},
        {"parameter": "JobName", "operator": "regex", "value": "("},
        {"parameter": "JobName", "operator": "regex", "value": "(x{1000}){1000}"},
        {"parameter": "JobName", "operator": "regex", "value": "a" * 256},
        {"parameter": "Status", "operator": "regex", "value": "\\1(a)"},
    )),
]  # fmt: skip


@pytest.mark.parametrize("body", BAD, ids=lambda body: repr(body)[:60])
def test_what_cannot_be_asked(room: Dirac, body: Any) -> None:
    file(room)
    answer = search(room, body)
    assert answer.status_code == 400
    assert answer.get_json()["detail"]


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=10001", "per_page=0", "page=" + "9" * 30])
def test_pages_that_there_are_not(room: Dirac, query: str) -> None:
    assert search(room, {}, f"?{query}").status_code == 400


def test_bodies_that_are_none(room: Dirac) -> None:
    for data in (
        b"{",
        b"\xff",
        b'{"search":' + b"[" * 5000,
        b'{"a":1,"a":2}',
        b'{"search":[{"parameter":"\\ud800"}]}',
    ):
        for path in ("search", "summary", "reschedule"):
            answer = room.call("POST", f"{API}/jobs/{path}", data=data)
            assert answer.status_code == 400
            assert answer.get_json()["detail"]


def test_a_regular_expression_is_tried_on_so_many_values(
    room: Dirac, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions, "MOST_LOOKED_AT", 2)
    for name in ("a", "b", "c"):
        file(room, name=name)
    item = {"parameter": "JobName", "operator": "regex", "value": "."}
    assert search(room, {"search": [item]}).status_code == 400
    few = {"parameter": "JobID", "operator": "lt", "value": 3}
    assert len(search(room, {"search": [item, few]}).get_json()) == 2


def test_reschedule(room: Dirac) -> None:
    bad, well = failed(room), waiting(room)
    theirs = file(room, BOB)
    answer = room.call("POST", f"{API}/jobs/reschedule", json={"job_ids": [bad, str(well), theirs]})
    assert answer.status_code == 200
    body = answer.get_json()
    new = body["success"][str(bad)]["JobID"]
    assert body["success"] == {
        str(bad): {
            "JobID": new, "RescheduledFrom": bad,
            "Status": "Waiting", "MinorStatus": "Pilot Agent Submission",
        }
    }  # fmt: skip
    assert set(body["failed"]) == {str(well), str(theirs)}
    none = room.call("POST", f"{API}/jobs/reschedule", json={"job_ids": [well]})
    assert (none.status_code, set(none.get_json()["failed"])) == (400, {str(well)})
    for wrong in ({}, {"job_ids": []}, {"job_ids": ["x"]}, {"job_ids": 3}, {"job_ids": [1] * 1001}):
        assert room.call("POST", f"{API}/jobs/reschedule", json=wrong).status_code == 400
    resets = room.call("POST", f"{API}/jobs/reschedule?reset_jobs=true", json={"job_ids": [bad]})
    assert resets.status_code == 403


def status(room: Dirac, body: Any, query: str = "", **more: Any) -> Any:
    return room.call("PATCH", f"{API}/jobs/status{query}", json=body, **more)


def test_statuses(room: Dirac) -> None:
    kill, delete, other, theirs = running(room), waiting(room), waiting(room), file(room, BOB)
    at, later = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00+01:00"
    body = {
        str(kill): {later: {"Status": "Killed"}, at: {"Status": "Done"}},
        str(delete): {at: {"Status": "Deleted", "MinorStatus": "gone"}},
        str(other): {at: {"Status": "Done"}},
        str(theirs): {at: {"Status": "Killed"}},
    }
    answer = status(room, body)
    assert answer.status_code == 200
    found = answer.get_json()
    assert found["success"] == {
        str(kill): {"Status": "Killed", "MinorStatus": "Marked for termination"},
        str(delete): {"Status": "Deleted", "MinorStatus": "Checking accounting"},
    }
    assert set(found["failed"]) == {str(other), str(theirs)}
    assert room.job(other).state is State.QUEUED
    assert room.job(theirs).wish == "run"
    assert status(room, {str(theirs): {at: {"Status": "Killed"}}}).status_code == 404
    assert status(room, {str(other): {at: {"Status": "Killed"}}}, "?force=true").status_code == 403
    assert (
        status(room, {str(theirs): {at: {"Status": "Killed"}}}, "?force=true", token="both").status_code
        == 200
    )
    for wrong in (
        {},
        {"x": {}},
        {str(other): {}},
        {str(other): {"soon": {"Status": "Killed"}}},
        {str(other): 1},
    ):
        assert status(room, wrong).status_code in (400, 404), wrong
    assert room.job(other).wish == "run"


def test_a_job_that_went_well_is_not_killed(room: Dirac) -> None:
    number = file(room)
    move(room, number, *END)
    at = "2026-01-01T00:00:00Z"
    answer = status(room, {str(number): {at: {"Status": "Killed"}}})
    assert answer.get_json()["failed"][str(number)]["detail"] == "A job that is Done does not become Killed."
