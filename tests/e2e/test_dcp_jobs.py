"""Jobs by the lines of dcp-rest's page, with our host, as real keystores of dcp-client deploy them."""

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.dcp_line import RELEASES, SECONDS, Owner, owner
from tests.stack import Stack

DOUBLE = "(datum) => { return datum * 2; }"
DEPLOY = (
    "curl -u \"$A\" -H 'Content-Type: application/json' -X POST $API/job -d "
    '\'{"slices":[1,2,3,4,5,6,7,8,9,10],'
    '"work":{"language":"js","function":"(datum) => { return datum * 2; }"},'
    '"account":{"address":"\'$ADDRESS\'"}}\''
)
STATUS_MEMBERS = {
    "jobId", "status", "totalSlices", "activeSlices", "completedSlices", "failedSlices", "totalCPUTime",
    "totalGPUTime", "open", "runStatus", "total", "distributed", "computed", "name", "account", "createdTime",
    "finishedTime",
}  # fmt: skip


@pytest.fixture(scope="module")
def ann(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Owner:
    return owner(stack, tmp_path_factory.mktemp("dcp") / "ann")


def rows(values: dict[int, Any]) -> list[dict[str, Any]]:
    return [{"sliceNumber": number, "value": value} for number, value in values.items()]


@pytest.mark.clause("dcp 1", "dcp 3", "dcp 5.1", "dcp 5.3", "dcp 5.4", "dcp 5.6", "dcp 6", "dcp 8.2")
@pytest.mark.parametrize("release", RELEASES)
def test_the_commands_as_printed(stack: Stack, tmp_path: Path, release: str) -> None:
    """The page's own body, with the deployer's account in place of the example's."""
    own = owner(stack, tmp_path, release)
    status, answer = own.type(DEPLOY)
    assert (status, len(answer["jobId"]), answer["totalSlices"]) == (201, 42, 10), answer
    job = answer["jobId"]
    own.results(f"/job/{job}")
    status, shown = own.type('curl -u "$A" $API/job/$JOBID/status', JOBID=job)
    assert (status, shown["status"], shown["totalSlices"]) == (200, "completed", 10)
    assert set(shown) >= STATUS_MEMBERS
    assert (shown["completedSlices"], shown["activeSlices"], shown["runStatus"]) == (10, 0, "running")
    assert own.type('curl -u "$A" $API/job/$JOBID', JOBID=job[2:]) == (200, shown)
    ranged = 'curl -u "$A" "$API/job/$JOBID/result?range=1-10&range=33-35"'
    status, answer = own.type(ranged, JOBID=job)
    assert (status, answer["results"]) == (200, rows({n: 2 * n for n in range(1, 11)}))
    added = 'curl -u "$A" -X POST $API/job/$JOBID/slices -d \'{"sliceData":[100,200,300]}\''
    status, answer = own.type(added, JOBID=job)
    assert (status, answer["lastSliceNumber"], answer["totalSlices"]) == (201, 13, 13)
    own.results(f"/job/{job}")
    status, answer = own.type('curl -u "$A" "$API/job/$JOBID/result/13"', JOBID=job)
    assert (status, answer["results"]) == (200, rows({13: 600}))
    assert own.type('curl -u "$A" -X DELETE $API/job/$JOBID', JOBID=job) == (204, None)
    assert own.did("GET", f"/job/{job}")["status"] == "cancelled"
    assert own.type('curl -u "$A" -X DELETE $API/job/$JOBID', JOBID=job) == (204, None)
    assert len(own.did("GET", f"/job/{job}/result")["results"]) == 13  # what was computed stays
    status, accounts = own.type('curl -u "$A" $API/accounts')
    assert status == 200
    assert [account["name"] for account in accounts] == ["default"]
    assert accounts[0]["address"].lower() == own.address.lower()
    status, answer = own.type("curl $API/accounts")
    assert (status, answer["error"]) == (401, "Authentication method not provided")


@pytest.mark.clause("dcp 3.2", "dcp 8.2")
def test_the_pages_own_body(stack: Stack, tmp_path: Path) -> None:
    """Its account is nobody's: an installation for development takes it."""
    own = owner(stack, tmp_path)
    status, answer = own.type(DEPLOY, ADDRESS="94E619279C5780fF20ECe07fAA719e3D66111A88")
    assert (status, len(answer["jobId"])) == (201, 42), answer
    assert own.values(f"/job/{answer['jobId']}") == [2 * n for n in range(1, 11)]


@pytest.mark.clause("dcp 2.4", "dcp 2.5", "dcp 4.3", "dcp 5.1", "dcp 8.2")
@pytest.mark.parametrize("release", RELEASES)
def test_the_same_job_by_an_api_key(stack: Stack, tmp_path: Path, release: str) -> None:
    own = owner(stack, tmp_path, release)
    job = own.type(DEPLOY)[1]["jobId"]
    status, made = own.type('curl -u "$A" -X POST $API/key -d \'{"label":"laptop"}\'')
    assert (status, made["address"].lower()) == (201, own.address.lower())
    bearer = 'curl -H "Authorization: Bearer $KEY" '
    status, shown = own.type(bearer + "$API/job/$JOBID", KEY=made["key"], JOBID=job)
    assert (status, shown["totalSlices"]) == (200, 10)
    body = (
        '{"work":{"language":"python","function":"def f(x):\\n    return x**2\\n"},'
        '"account":{"label":"default"}}'
    )
    status, second = own.type(f"{bearer} -X POST $API/job -d '{body}'", KEY=made["key"])
    assert (status, second["totalSlices"], second["status"]) == (201, 0, "new")
    more = bearer + '-X POST $API/job/$JOBID/slices -d \'{"slices":{"start":1,"end":5}}\''
    status, added = own.type(more, KEY=made["key"], JOBID=second["jobId"])
    assert (status, added["firstSliceNumber"], added["lastSliceNumber"]) == (201, 1, 5)
    # By the keystore again: it is one identity.
    assert own.values(f"/job/{second['jobId']}") == [1, 4, 9, 16, 25]
    by_key = Owner(stack, tmp_path, own.address, f"Bearer {made['key']}")
    assert by_key.ask("DELETE", f"/job/{job}").status_code == 204
    assert own.did("GET", f"/job/{job}")["status"] == "cancelled"
    assert {one["jobId"] for one in by_key.did("GET", "/jobs")} == {job, second["jobId"]}
    reading = own.with_key(scopes=["job:read"])
    refused = reading.ask("POST", f"/job/{second['jobId']}/slices", json=[1])
    assert refused.status_code == 403
    assert reading.did("GET", f"/job/{second['jobId']}")["totalSlices"] == 5


@pytest.mark.clause("dcp 2.5")
def test_another_identitys_job_is_none(ann: Owner, stack: Stack, tmp_path: Path) -> None:
    job = ann.deploy(DOUBLE, [1])
    other = owner(stack, tmp_path / "other")
    nobodys = f"/job/0x{'ab' * 20}"
    calls = [
        ("GET", ""),
        ("GET", "/status"),
        ("GET", "/result"),
        ("GET", "/result/1"),
        ("GET", "/result/wait"),
        ("GET", "/console"),
        ("POST", "/slices"),
        ("POST", "/close"),
        ("DELETE", ""),
    ]
    for method, tail in calls:
        more = {"json": [1]} if method == "POST" else {}
        theirs, missing = other.ask(method, job + tail, **more), other.ask(method, nobodys + tail, **more)
        assert (theirs.status_code, theirs.json()["code"]) == (404, "JobNotFound"), tail
        assert theirs.content == missing.content, tail
    assert ann.values(job) == [2]


@pytest.mark.clause("dcp 3.1")
@pytest.mark.parametrize(
    ("slices", "seen"),
    [
        ([None, [1, 2], {"a": "b"}, "text", 0.5], [None, [1, 2], {"a": "b"}, "text", 0.5]),
        ({"start": 1, "end": 9, "step": 3}, [1, 4, 7]),
        ({"start": 6, "end": 16, "step": 3}, [6, 9, 12, 15]),
        ({"start": 0.5, "end": 3}, [0.5, 1.5, 2.5]),
        ({"start": 3, "end": 1}, [3, 2, 1]),
        ({"start": 1, "end": 9, "step": 3, "group": 2}, [[1, 4], [7]]),
        ({"ranges": [{"start": 1, "end": 2}, {"start": 1, "end": 3}]},
         [[1, 1], [1, 2], [1, 3], [2, 1], [2, 2], [2, 3]]),
        ({"sparse": True, "ranges": [{"start": 8, "end": 9}, {"start": 1, "end": 2}]}, [8, 9, 1, 2]),
        ({"array": ["x"]}, ["x"]),
        ({"range": {"start": 1, "end": 2}}, [1, 2]),
    ],
    ids=[
        "list", "step", "end-not-hit", "halves", "downward", "groups", "product", "sparse", "array", "range",
    ],
)  # fmt: skip
def test_forms_of_slices(ann: Owner, slices: object, seen: list[object]) -> None:
    assert ann.computed("(x) => x", slices) == seen


@pytest.mark.clause("dcp 3.1", "dcp 3.2", "dcp 3.3", "dcp 4.1", "dcp 7")
@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"slices": 7}, 400, "InvalidSlices"),
        ({"slices": {"start": 1, "end": 2, "step": -1}}, 400, None),
        ({"slices": {"remoteDataSet": ["https://example.org/x"]}}, 400, "RemoteDataDisabled"),
        ({"work": None}, 400, None),
        ({"work": {"language": "cobol", "function": "x"}}, 400, None),
        ({"work": {"language": "js", "function": "(x) => {"}}, 422, "WorkFunctionInvalid"),
        ({"work": {"language": "python", "function": "def f(x:\n"}}, 422, "WorkFunctionInvalid"),
        ({"work": {"language": "python", "function": "x = 1\n"}}, 422, None),
        ({"account": None}, 400, None),
        ({"account": {"address": "94E619279C5780fF20ECe07fAA719e3D66111a88"}}, 400, "InvalidAddress"),
        ({"account": {"name": "savings"}}, 403, None),
        ({"computeGroups": [{"joinKey": "secret", "joinSecret": "x"}]}, 403, "ComputeGroupDenied"),
        ({"webHookUrls": ["https://example.org"]}, 400, None),
    ],
    ids=[
        "a-number", "a-step-away", "remote-data", "no-work", "cobol", "broken-js", "broken-python",
        "python-without-function", "no-account", "bad-checksum", "unknown-name",
        "unknown-group", "web-hooks",
    ],
)  # fmt: skip
def test_what_cannot_be_deployed(
    ann: Owner, change: dict[str, object], status: int, code: str | None
) -> None:
    body = {"slices": [1], "work": {"language": "js", "function": DOUBLE}, "account": {"name": "default"}}
    before = ann.did("GET", "/jobs/count")
    answer = ann.ask("POST", "/job", json={**body, **change})
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert told["error"] == told["message"]
    assert told["code"]
    assert code is None or told["code"] == code
    assert ann.did("GET", "/jobs/count") == before


@pytest.mark.clause("dcp 3.3")
def test_a_deploy_that_is_sent_again_is_one_job(ann: Owner) -> None:
    body = {"work": {"language": "js", "function": DOUBLE}, "account": {"name": "default"}, "slices": [1]}
    key = {"Idempotency-Key": "e2e-one-deploy"}
    first, again = (ann.ask("POST", "/job", json=body, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["jobId"] == again.json()["jobId"]
    other = ann.ask("POST", "/job", json={**body, "slices": [2]}, headers=key)
    assert other.status_code == 409


@pytest.mark.clause("dcp 5.2", "dcp 5.4")
def test_closing(ann: Owner) -> None:
    job = ann.deploy(DOUBLE)
    assert ann.did("GET", job)["status"] == "new"
    assert ann.did("POST", f"{job}/slices", json={"slices": []})["added"] == 0
    ann.did("POST", f"{job}/slices", json=[1, 2])
    assert ann.values(job) == [2, 4]
    closed = ann.did("POST", f"{job}/close")
    assert (closed["status"], closed["open"], closed["runStatus"]) == ("finished", False, "finished")
    assert ann.did("POST", f"{job}/close")["status"] == "finished"
    refused = ann.ask("POST", f"{job}/slices", json=[3])
    assert (refused.status_code, refused.json()["code"]) == (409, "JobClosed")
    assert ann.ask("DELETE", job).status_code == 204
    assert ann.did("GET", job)["status"] == "finished"
    assert ann.values(job) == [2, 4]


@pytest.mark.clause("dcp 5.7")
def test_ones_jobs_newest_first(stack: Stack, tmp_path: Path) -> None:
    own = owner(stack, tmp_path)
    assert own.did("GET", "/jobs") == []
    jobs = [own.deploy(DOUBLE, public={"name": f"job {number}"}) for number in range(3)]
    listed = own.did("GET", "/jobs")
    assert [f"/job/{one['jobId']}" for one in listed] == jobs[::-1]
    assert [one["name"] for one in listed] == ["job 2", "job 1", "job 0"]
    assert own.did("GET", "/jobs/count") == {"jobCount": 3}
    own.ask("DELETE", jobs[1])
    cancelled = own.did("GET", "/jobs", params={"status": "cancelled"})
    assert [f"/job/{one['jobId']}" for one in cancelled] == [jobs[1]]
    page = own.did("GET", "/jobs", params={"limit": "1", "offset": "1"})
    assert [f"/job/{one['jobId']}" for one in page] == [jobs[1]]


@pytest.mark.clause("dcp 1")
def test_the_description_is_there_for_everybody(stack: Stack) -> None:
    answer = requests.get(f"{stack.gateway}/api/v0/spec", timeout=SECONDS)
    assert answer.status_code == 200
    assert answer.text.startswith("openapi:"), answer.text[:200]  # YAML, as its users know it
    for path in ("/job", "/job/{", "/accounts", "/key"):
        assert path in answer.text
