"""GET /jobs, /jobs/summary, /jobs/history: what is listed, counted and shown, and to whom."""

import re
from typing import Any

import pytest

from services.compute.domain.job import Wish
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.sheets import Sheet
from services.compute.domain.states import State
from services.compute.ports.store import Change
from tests.fakes.compute_dirac import Dirac, member
from tests.fakes.compute_jobs import new_job

pytestmark = pytest.mark.clause("dirac 2.2", "dirac 2.3", "dirac 2.8", "dirac 2.9", "dirac 2.14")

TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
BOB = member("b", "bob").subject
ADA = member("a", "ada").subject


@pytest.fixture
def room(tmp_path: Any) -> Dirac:
    dirac = Dirac(tmp_path)
    dirac.principals.known |= {
        "monitor": member("m", "mia", "vo_mon", properties=("JobMonitor",)),
        "away": member("n", "ned", "other_mon", vo="other", properties=("JobMonitor", "JobAdministrator")),
        "sharer": member("s", "sue", properties=("NormalUser", "JobSharing")),
        "without": member("w", "wil", None, vo=None, properties=("JobAdministrator",)),
    }
    return dirac


def file(room: Dirac, owner: str = ADA, name: str = "n", **filed: Any) -> int:
    """A job that was submitted by a member of `vo`."""
    sheet = Sheet(**{"owner_name": "ada", "owner_group": "vo_user", "realm": "vo", **filed})
    new = new_job(owner, dialect="dirac", name=name, sheet=sheet)
    return int(room.store.submit(new, Quotas(), room.clock.now()).job.id)


def move(room: Dirac, number: int, *states: State, reason: Reason | None = None) -> None:
    job = room.job(number)
    claims = room.store.claim("w", {job.spec.environment: 999}, room.clock.now(), 1e6)
    lease = next(claim.lease for claim in claims if claim.job.uid == job.uid)
    for state in states:
        told = reason if state is states[-1] else None
        started = room.clock.now() if state is State.RUNNING else None
        room.store.change(lease, Change(to=state, reason=told, started_at=started), room.clock.now())
    room.store.release([claim.lease for claim in claims])


RUN = (State.STAGING, State.PULLING, State.RUNNING)
END = (*RUN, State.PUBLISHING, State.SUCCEEDED)


def listed(room: Dirac, query: str = "", **more: Any) -> list[int]:
    answer = room.get(f"/jobs{query}", **more)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body = answer.get_json()
    assert body["entries"] >= len(body["jobs"])
    return [job["jid"] for job in body["jobs"]]


def test_a_job_is_shown_as_restdirac_does(room: Dirac) -> None:
    number = file(room, site="A.B.c", setup="Certification", batch="7", priority=3, cpu_seconds=500)
    move(room, number, *END)
    answer = room.get("/jobs")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    body = answer.get_json()
    assert set(body) == {"entries", "jobs"}
    (job,) = body["jobs"]
    times = job.pop("times")
    assert job == {
        "jid": number, "status": "Done", "minorStatus": "Execution Complete", "appStatus": "Unknown",
        "reschedules": 0, "cpuTime": 500, "jobGroup": "7", "site": "A.B.c", "setup": "Certification",
        "priority": 3, "ownerDN": "", "ownerGroup": "vo_user", "owner": "ada", "name": "n", "jobType": "User",
        "vo": "vo",
        "flags": {
            "verified": True, "retrieved": False, "accounted": True, "outputSandboxReady": True,
            "inputSandboxReady": False, "deleted": False, "killed": False,
        },
    }  # fmt: skip
    assert set(times) == {"submission", "lastUpdate", "startExecution", "endExecution", "lastSOL"}
    assert all(TIME.fullmatch(time) for time in times.values())
    one = room.get(f"/jobs/{number}").get_json()
    assert {name: one[name] for name in job} == job
    assert one["links"]["log"] == f"/jobs/{number}/log"
    assert one["parameters"]["JobStatus"] == "Done"


def test_jobs_of_all_windows_newest_first_in_pages(room: Dirac) -> None:
    ids = [file(room), int(room.store.submit(new_job(ADA, name=""), Quotas(), 1.0).job.id), file(room)]
    file(room, BOB)
    assert listed(room) == ids[::-1]
    assert listed(room, "?maxJobs=1") == [ids[2]]
    answer = room.get("/jobs?maxJobs=2&Site=ANY&access_token=ada")
    assert answer.get_json()["entries"] == 3
    link = re.fullmatch(r'<(/jobs\?[^>]*)>; rel="next"', answer.headers["Link"])
    assert link is not None
    assert "access_token" not in link[1]
    following = room.get(link[1])
    assert [job["jid"] for job in following.get_json()["jobs"]] == [ids[0]]
    assert "Link" not in following.headers
    assert room.get("/jobs?startJob=3").get_json() == {"entries": 3, "jobs": []}
    (other,) = [job for job in room.get("/jobs").get_json()["jobs"] if job["jid"] == ids[1]]
    assert (other["name"], other["owner"], other["site"]) == ("Unknown", "ada", "ANY")
    assert listed(room, "?name=Unknown") == [ids[1]]
    assert listed(room, "?owner=ada") == ids[::-1]


def test_restrictions(room: Dirac) -> None:
    first = file(room, site="A.B.c", name="x")
    second = file(room, site="D.E.f", priority=5)
    third = file(room, site="G.H.i", has_input=True)
    move(room, second, *END)
    room.store.delete(room.job(third).uid, ADA, room.clock.now())
    cases = {
        "Site=A.B.c": [first],
        "site=A.B.c&Site=D.E.f&SITE=nowhere": [second, first],
        "site=a.b.c": [],
        "Status=Waiting": [first],
        "status=Done&status=Deleted": [third, second],
        "status=Done&site=A.B.c": [],
        "Status=Nonsense": [],
        "minorStatus=Pilot Agent Submission": [first],
        f"jid={first}&jid={third}": [third, first],
        "jid=99999999999999999999999": [],
        "UserPriority=5": [second],
        "deleted=true": [third],
        "DeletedFlag=False": [second, first],
        "inputSandboxReady=1": [third],
        "verified=True": [third, second, first],
        "verified=no": [],
        "outputSandboxReady=yes": [second],
        "appStatus=Unknown": [third, second, first],
        "ownerGroup=vo_user&owner_group=vo_user": [third, second, first],
        "from=2023": [third, second, first],
        "to=2022": [],
        "submission=2027-01": [third, second, first],
        "submission=2023-10": [],
        "heartBeat=2023": [],
        "sort=site": [first, second, third],
        "sort=site:desc": [third, second, first],
        "sort=jid:asc": [first, second, third],
        "sort=UserPriority:desc,jid:asc": [second, first, third],
    }
    for query, expected in cases.items():
        assert listed(room, f"?{query}") == expected, query
    shown = room.get("/jobs?fields=jid,Status,deleted,submission&maxJobs=1").get_json()["jobs"]
    assert [set(job) for job in shown] == [{"jid", "status", "flags", "times"}]


def test_unknown_keys_are_told_of(room: Dirac) -> None:
    number = file(room)
    body = room.get("/jobs?colour=red&Status=Waiting").get_json()
    assert [job["jid"] for job in body["jobs"]] == [number]
    assert body["warnings"] == ["colour is no attribute of jobs: it was ignored."]
    answer = room.get("/jobs?colour=red&strict=true")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
    assert room.get("/jobs?strict=1&Status=Done&allOwners=0&from=2024").status_code == 200


BAD = [
    "maxJobs=0", "maxJobs=10001", "maxJobs=x", "maxJobs=", "maxJobs=1.0", "startJob=-1", "startJob=%00",
    "startJob=99999999999999999999", "jid=x", "jid=", "jid=1.5", "jid=%D9%A1", "UserPriority=high",
    "verified=maybe", "verified=", "allOwners=perhaps", "from=yesterday", "to=2024-13",
    "submission=2024-02-30", "submission=2023&submission=2024", "sort=colour", "sort=jid:up", "sort=status",
    "fields=colour",
    "strict=2", "site=" + "x" * 1025,
]  # fmt: skip


@pytest.mark.parametrize("query", BAD)
def test_bad_parameters_are_named(room: Dirac, query: str) -> None:
    answer = room.get(f"/jobs?{query}")
    assert answer.status_code == 400
    body = answer.get_json()
    assert body["error"] == "invalid_request"
    assert body["detail"] == body["error_description"]
    names = {"jid": "JobID", "verified": "VerifiedFlag", "submission": "SubmissionTime", "site": "Site"}
    name = query.partition("=")[0]
    assert names.get(name, name) in body["detail"]


ODD = ["%00", "%ED%A0%80", "%FF", "'; DROP TABLE jobs; --", "%25", "\\", "€" * 50, "a" * 1000, "${jndi:x}"]


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    "key", ["name", "site", "status", "jid", "submission", "verified", "group", "sort", "x"]
)
def test_nothing_breaks_it(room: Dirac, key: str, value: str) -> None:
    file(room)
    for path in ("/jobs", "/jobs/summary", "/jobs/history"):
        answer = room.http.get(f"{path}?{key}={value}", headers={"Authorization": "Bearer ada"})
        assert answer.status_code in (200, 400), answer.get_data(as_text=True)


def test_whose_jobs_are_seen(room: Dirac) -> None:
    mine, theirs = file(room), file(room, BOB, owner_name="bob")
    prod = file(room, BOB, owner_name="bob", owner_group="vo_prod")
    away = file(room, BOB, realm="other")
    unfiled = int(room.store.submit(new_job(BOB), Quotas(), 1.0).job.id)
    everybody = "?allOwners=true"
    assert listed(room, everybody) == [mine]
    assert listed(room, "?allOwners=false", token="monitor") == []
    assert listed(room, everybody, token="monitor") == [prod, theirs, mine]
    assert listed(room, everybody, token="admin") == [prod, theirs, mine]
    assert listed(room, everybody, token="sharer") == [theirs, mine]
    assert listed(room, everybody, token="away") == [away]
    assert listed(room, everybody, token="without") == []
    assert listed(room, everybody, token="bob") == [unfiled, away, prod, theirs]
    statuses = {
        (token, number): room.get(f"/jobs/{number}", token=token).status_code
        for token in ("ada", "monitor", "admin", "sharer", "away", "without", "bob")
        for number in (mine, theirs, prod, away, unfiled)
    }
    seen = {(token, number) for (token, number), status in statuses.items() if status == 200}
    assert set(statuses.values()) == {200, 404}
    assert seen == {
        ("ada", mine),
        *(("monitor", each) for each in (mine, theirs, prod)),
        *(("admin", each) for each in (mine, theirs, prod)),
        *(("sharer", each) for each in (mine, theirs)),
        ("away", away),
        *(("bob", each) for each in (theirs, prod, away, unfiled)),
    }


def test_everybody_in_the_organisation_sees_its_jobs_where_that_is_so(tmp_path: Any) -> None:
    room = Dirac(tmp_path, shows_all=True)
    mine, theirs = file(room), file(room, BOB, owner_name="bob")
    file(room, BOB, realm="other")
    assert listed(room, "?allOwners=1") == [theirs, mine]
    assert room.get(f"/jobs/{theirs}").status_code == 200
    assert room.call("DELETE", f"/jobs/{theirs}").status_code == 403
    assert room.get(f"/jobs/{theirs}/peek").status_code == 403


def test_a_token_is_needed(room: Dirac) -> None:
    for path in ("/jobs", "/jobs/1", "/jobs/summary", "/jobs/history", "/jobs/1/log", "/jobs/1/peek"):
        answer = room.get(path, token=None)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="dirac"')
        assert room.get(f"{path}?access_token=nobody", token=None).status_code == 403
    assert room.get("/jobs?access_token=ada", token=None).status_code == 200
    assert room.http.get("/jobs", headers={"Authorization": "ada Bearer"}).status_code == 200
    assert room.get("/jobs?access_token=ada", token="bob").status_code == 400


def test_the_summary(room: Dirac) -> None:
    first, _, third = (file(room, site=site) for site in ("x", "x", "y"))
    move(room, first, *END)
    room.store.wish(room.job(third).uid, Wish.CANCEL, ADA, Reason("cancelled", "Stop."), 1.0)
    file(room, BOB)
    assert room.get("/jobs/summary").get_json() == {"Done": 1, "Killed": 1, "Waiting": 1}
    assert room.get("/jobs/summary?group=Status&group=site").get_json() == {
        "Done|x": 1, "Killed|y": 1, "Waiting|x": 1,
    }  # fmt: skip
    assert room.get("/jobs/summary?group=Site&Status=Waiting&Status=Done").get_json() == {"x": 2}
    assert room.get("/jobs/summary?allOwners=1", token="monitor").get_json()["Waiting"] == 2
    assert room.get("/jobs/summary?group=colour").status_code == 400


def test_the_history(room: Dirac) -> None:
    number = file(room)
    room.clock.move(7200)
    move(room, number, *RUN)
    room.clock.move(7200)
    body = room.get("/jobs/history").get_json()
    assert body["granularity"] == 900
    assert set(body["data"]) == {"Waiting", "Running"}
    for status, count in (("Waiting", 8), ("Running", 9)):
        buckets = body["data"][status]
        assert len(buckets) == count
        assert all(int(at) % 900 == 0 and many == 1.0 for at, many in buckets.items())
    for span, step in ((60, 60), (3600, 60), (31 * 86_400, 28_800)):
        body = room.get(f"/jobs/history?timeSpan={span}").get_json()
        assert body["granularity"] == step
        assert all(len(buckets) <= 500 for buckets in body["data"].values())
    for span in ("0", "x", str(31 * 86_400 + 1), "-5", "1e9"):
        assert room.get(f"/jobs/history?timeSpan={span}").status_code == 400
    assert room.get("/jobs/history", token="bob").get_json()["data"] == {}
    assert room.get("/jobs/history?allOwners=1", token="monitor").get_json()["data"] != {}
