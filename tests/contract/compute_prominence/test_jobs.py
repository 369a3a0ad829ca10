"""Jobs as the command lines of both generations ask for them: the exact requests of contract section 7."""

import json
from typing import Any

import pytest

from services.compute.domain.job import NewJob
from services.compute.domain.objects import Address, Holder, Scope, StoredObject
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Input, Output, Source
from services.compute.domain.states import State
from services.compute.usecases.viewers import viewer_of
from tests.fakes.compute_jobs import spec
from tests.fakes.compute_prominence import JOB, Prominence
from tests.fakes.compute_room import ADA, BOB

pytestmark = pytest.mark.clause(
    "prominence 1.1", "prominence 4.1", "prominence 4.2", "prominence 4.4", "prominence 7"
)

CLI_BODY = (
    b'{"resources": {"nodes": 1, "disk": 10, "cpus": 1, "memory": 1}, "name": "", "tasks": '
    b'[{"image": "busybox", "runtime": "singularity", "cmd": "echo hi"}]}'
)
EXIT = Reason("command_failed", "It ended with 1.")


def has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(has_null(part) for part in value.values())
    return any(has_null(part) for part in value) if isinstance(value, list) else value is None


@pytest.mark.parametrize("base", ["/prominence/v1", "/api/v1", "/prominence/v1/", "/api//v1/"])
@pytest.mark.parametrize("scheme", ["Bearer", "token"])
def test_create(room: Prominence, base: str, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} ada", "Content-type": "application/json"}
    answer = room.call("POST", "/jobs", base=base, token=None, headers=headers, data=CLI_BODY)
    assert (answer.status_code, answer.mimetype) == (201, "application/json")
    number = answer.get_json()["id"]
    assert type(number) is int
    assert answer.data == b'{"id":%d}' % number
    assert room.job(number).dialect == "prominence"


def test_describe_a_pending_job(room: Prominence) -> None:
    number = room.submit(name="calculate-pi")
    answer = room.get(f"/jobs/{number}")
    created = int(room.job(number).submitted_at)
    assert answer.get_json() == [
        {
            "id": number,
            "name": "calculate-pi",
            "status": "pending",
            "events": {"createTime": created},
            "resources": JOB["resources"],
            "tasks": JOB["tasks"],
        }
    ]


def test_describe_a_job_that_ran(room: Prominence) -> None:
    number = room.submit(outputFiles=["out.txt"], outputDirs=["dir"], labels={"app": "x"})
    lease = room.start(number)
    while_it_runs = room.described(number)
    assert (while_it_runs["status"], while_it_runs["execution"]["site"]) == ("running", "small")
    assert while_it_runs["outputFiles"] == [{"name": "out.txt", "url": ""}]
    room.finish(lease, out__txt=b"1234", dir__tgz=b"tar")
    job = room.described(number)
    assert not has_null(job)
    assert job["status"] == "completed"
    assert set(job["events"]) == {"createTime", "startTime", "endTime"}
    assert (job["execution"]["stageInTime"], job["execution"]["stageOutTime"]) == (2, 3)
    assert job["execution"]["provisionedResources"] == {"cpus": 1, "memory": 1, "disk": 10, "nodes": 1}
    (file,), (folder,) = job["outputFiles"], job["outputDirs"]
    assert (file["name"], file["size"], folder["name"], folder["size"]) == ("out.txt", 4, "dir", 3)
    assert file["url"].startswith("https://gate.example/prominence/v1/outputs/")
    assert job["labels"] == {"app": "x"}


def test_inputs_come_back_with_their_content(room: Prominence) -> None:
    inputs = [{"filename": "a/run.sh", "content": "ZWNobyBoaQ==", "executable": True}]
    assert room.described(room.submit(inputs=inputs))["inputs"] == inputs


def test_a_described_job_can_be_submitted_again(room: Prominence) -> None:
    first = room.described(room.submit(name="a", inputs=[{"filename": "x", "content": "eA=="}]))
    again = {name: value for name, value in first.items() if name not in ("status", "id", "events")}
    assert room.call("POST", "/jobs", json=again).status_code == 201


def test_who_asks_for_nobodys_job_gets_an_empty_list(room: Prominence) -> None:
    number = room.submit("bob")
    deleted = room.submit()
    room.parts.jobs.delete(deleted, viewer_of(ADA), "ada")
    for wanted in (number, deleted, 99, 10**17):
        assert room.get(f"/jobs/{wanted}").data == b"[]"
        assert room.get(f"/jobs/{wanted}?all=true").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "text"),
    [
        ("DELETE", "/jobs/{}", "No such job(s)"),
        ("DELETE", "/jobs?id={}", "No such job(s)"),
        ("GET", "/jobs/{}/stdout?node=0&offset=0", "Job does not exist"),
        ("GET", "/jobs/{}/stderr", "Job does not exist"),
        ("POST", "/jobs/{}/exec?command=ls", "Job does not exist"),
        ("PUT", "/jobs/{}/snapshot?path=x", "Job does not exist"),
        ("GET", "/jobs/{}/snapshot", "Job does not exist"),
        ("PUT", "/jobs/{}/remove", "Job does not exist"),
        ("PUT", "/jobs/{}/clone", "Job does not exist"),
    ],
)
def test_missing_and_foreign_jobs_look_the_same(room: Prominence, method: str, path: str, text: str) -> None:
    foreign = room.submit("bob")
    for number in (foreign, foreign + 7):
        answer = room.call(method, path.format(number))
        assert (answer.status_code, answer.get_json()) == (400, {"error": text})
    assert room.job(foreign).state is State.QUEUED


@pytest.mark.parametrize(
    ("code", "status", "text"),
    [
        ("command_failed", "failed", "Executable exited with a non-zero exit code"),
        ("run_timeout", "killed", "Walltime limit exceeded"),
        ("memory_limit", "killed", "Job used too much memory"),
        ("pull_failed", "failed", "Container image pull failed"),
        ("input_unavailable", "failed", "Artifact download failed"),
        ("input_not_unpacked", "failed", "Artifact uncompress failed"),
        ("output_missing", "failed", "Stageout failed due to no such file or directory"),
        ("queue_timeout", "failed", "Maximum time queued was exceeded"),
        ("disk_limit", "failed", "The sentence."),
    ],
)
def test_states_and_reasons_are_the_ones_clients_know(
    room: Prominence, code: str, status: str, text: str
) -> None:
    number = room.submit()
    room.run(number, Reason(code, "The sentence."))
    job = room.described(number)
    assert (job["status"], job["statusReason"]) == (status, text)


def test_delete(room: Prominence) -> None:
    number = room.submit()
    answer = room.call("DELETE", f"/jobs/{number}")
    assert (answer.status_code, answer.data) == (200, b"{}")
    job = room.described(number)
    assert (job["status"], job["statusReason"]) == ("deleted", "Job deleted by user")
    again = room.call("DELETE", f"/jobs/{number}")
    assert (again.status_code, again.get_json()) == (400, {"error": "No such job(s)"})


def test_a_running_job_is_deleted_by_its_worker(room: Prominence) -> None:
    number = room.submit()
    lease = room.start(number)
    assert room.call("DELETE", f"/jobs/{number}").status_code == 200
    assert room.call("DELETE", f"/jobs/{number}").status_code == 200  # it has not ended yet
    room.change(lease, State.CANCELLED)
    assert room.described(number)["statusReason"] == "Job deleted by user"


def test_delete_several(room: Prominence) -> None:
    numbers = [room.submit(), room.submit()]
    foreign = room.submit("bob")
    asked = ",".join(map(str, [*numbers, foreign]))
    assert room.call("DELETE", f"/jobs?id={asked}").get_json() == {}
    assert [room.job(number).state for number in (*numbers, foreign)] == [
        State.CANCELLED,
        State.CANCELLED,
        State.QUEUED,
    ]
    assert room.call("DELETE", f"/jobs?id={asked}").status_code == 400
    for query in ("", "?id=", "?id=,"):
        answer = room.call("DELETE", f"/jobs{query}")
        assert answer.get_json() == {"error": "a job id or list of job ids must be provided"}


def test_a_job_that_stays_in_the_queue_until_it_is_removed(room: Prominence) -> None:
    number = room.submit(policies={"leaveInQueue": True})
    early = room.call("PUT", f"/jobs/{number}/remove")
    assert early.status_code == 400
    room.run(number)
    assert room.listed("/jobs?num=1") == [number]
    assert room.call("PUT", f"/jobs/{number}/remove").get_json() == {}
    assert room.listed("/jobs?num=1") == []
    assert room.listed("/jobs?completed=true&num=1") == [number]
    again = room.call("PUT", f"/jobs/{number}/remove")
    assert (again.status_code, again.get_json()) == (400, {"error": "Job is no longer in the queue"})


def test_clone(room: Prominence) -> None:
    number = room.submit(name="a", labels={"x": "y"}, policies={"leaveInQueue": True})
    room.run(number, EXIT)
    answer = room.call("PUT", f"/jobs/{number}/clone")
    assert answer.status_code == 201
    copy, first = room.described(answer.get_json()["id"]), room.described(number)
    same = ("name", "tasks", "resources", "labels", "policies")
    assert {name: copy[name] for name in same} == {name: first[name] for name in same}
    assert copy["status"] == "pending"
    room.run(copy["id"])
    assert copy["id"] in room.listed("/jobs")


def test_a_job_whose_inputs_were_granted_is_not_cloned(room: Prominence) -> None:
    given = Input(source=Source.GRANT, path="/data/x", value="secret-handle")
    job = room.other(NewJob(owner=ADA.subject, dialect="ocean", spec=spec("small", inputs=(given,))))
    answer = room.call("PUT", f"/jobs/{job.id}/clone")
    assert answer.status_code == 400
    assert answer.get_json()["error"].startswith("Unable to get JSON description of the specified job")


def test_jobs_of_other_windows_are_shown_from_their_specs(room: Prominence) -> None:
    new = NewJob(
        owner=ADA.subject,
        dialect="native",
        spec=spec("small", outputs=(Output(folder="/work"),)),
        name="other",
        labels={"a": "b"},
    )
    number = room.other(new).id
    assert room.listed() == [number]
    room.run(number, out__txt=b"12")
    job = room.described(number)
    assert (job["name"], job["tasks"][0]["cmd"], job["labels"]) == ("other", "true", {"a": "b"})
    assert isinstance(job["tasks"][0]["image"], str)
    assert job["resources"]["cpus"] == 1
    (kept,) = job["outputFiles"]
    assert (kept["name"], kept["size"]) == ("out.txt", 2)
    assert not has_null(job)


def test_handles_of_grants_are_shown_nowhere(room: Prominence) -> None:
    given = Input(source=Source.GRANT, path="/data/x", value="secret-handle")
    job = room.other(NewJob(owner=ADA.subject, dialect="ocean", spec=spec("small", inputs=(given,))))
    for path in (f"/jobs/{job.id}", "/jobs", "/jobs?detail=true"):
        assert b"secret-handle" not in room.get(path).data


def test_what_linked_wallets_own_is_the_persons(room: Prominence) -> None:
    wallet = room.other(NewJob(owner=f"eip155:{BOB.wallets[0]}", dialect="ocean", spec=spec("small")))
    assert room.listed(token="bob") == [wallet.id]
    assert room.listed() == []


def test_a_quota_is_told(room: Prominence, tmp_path: Any) -> None:
    full = Prominence(tmp_path / "full", quotas=Quotas(principal=Quota(jobs=1)))
    full.submit()
    answer = full.call("POST", "/jobs", json=JOB)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
    assert "may have 1 unfinished jobs" in answer.get_json()["error"]


def test_an_exit_that_completes(tmp_path: Any) -> None:
    room = Prominence(tmp_path, exit_completes=True)
    number = room.submit()
    assert room.job(number).spec.on_task_failure.value == "forgive"


BAD_BODIES = [b"", b"{", b"[]", b'"x"', b"null", b"\xff", b'{"a":1,"a":2}', b"[" * 5000, b"1" * 100_000]


@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda body: repr(body[:8]))
@pytest.mark.parametrize("path", ["/jobs", "/workflows"])
def test_bodies_that_are_no_document(room: Prominence, path: str, body: bytes) -> None:
    answer = room.call("POST", path, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert isinstance(answer.get_json()["error"], str)


def test_a_body_that_is_too_large(room: Prominence) -> None:
    answer = room.call("POST", "/jobs", data=b"x" * (16 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.mimetype) == (413, "application/json")
    assert "larger" in answer.get_json()["error"]


def test_an_input_of_a_megabyte_is_taken(room: Prominence) -> None:
    content = "QUFB" * 300_000
    number = room.submit(inputs=[{"filename": "big", "content": content}])
    assert room.described(number)["inputs"][0]["content"] == content


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/jobs/x", 404), ("GET", "/jobs/-1", 404), ("GET", "/nothing", 404), ("GET", "/", 404),
        ("PATCH", "/jobs", 405), ("POST", "/jobs/1", 405), ("PUT", "/jobs/1", 405),
        ("GET", "/jobs/1/clone", 405),
    ],
)  # fmt: skip
def test_what_no_route_answers_is_told_in_json(room: Prominence, method: str, path: str, status: int) -> None:
    answer = room.call(method, path)
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    assert isinstance(answer.get_json()["error"], str)


def test_a_database_that_is_away(room: Prominence) -> None:
    room.store.away = True
    for method, path in (("GET", "/jobs"), ("GET", "/jobs/1"), ("DELETE", "/jobs/1"), ("GET", "/workflows")):
        answer = room.call(method, path)
        assert (answer.status_code, answer.mimetype) == (503, "application/json")
        assert isinstance(answer.get_json()["error"], str)


@pytest.mark.parametrize("token", ["reader", "nobody"])
def test_scopes(room: Prominence, token: str) -> None:
    assert room.call("POST", "/jobs", token=token, json=JOB).status_code == 403
    assert room.get("/jobs", token=token).status_code == (200 if token == "reader" else 403)


def test_the_body_of_a_refusal_quotes_no_secret(room: Prominence) -> None:
    job = {
        **JOB,
        "tasks": [{"image": "x", "imagePullCredential": {"username": "u", "token": "s3cret"}, "a": 1}],
    }
    answer = room.call("POST", "/jobs", json=job)
    assert answer.status_code == 400
    assert "s3cret" not in json.dumps(answer.get_json())


def test_a_request_with_a_key_that_is_sent_again_makes_no_second_job(room: Prominence) -> None:
    keyed = {"Idempotency-Key": "one"}
    first = room.call("POST", "/jobs", json=JOB, headers=keyed)
    again = room.call("POST", "/jobs", json=JOB, headers=keyed)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    other = room.call("POST", "/jobs", json={**JOB, "name": "other"}, headers=keyed)
    assert other.status_code == 422
    assert "Idempotency-Key" in other.get_json()["error"]
    bad = room.call("POST", "/jobs", json=JOB, headers={"Idempotency-Key": "k" * 256})
    assert bad.status_code == 400
    assert room.call("POST", "/jobs", json=JOB).get_json() != first.get_json()


def test_a_copy_tells_whom_the_first_told(room: Prominence) -> None:
    hook = {"event": "jobFinished", "type": "webhook", "url": "https://example.org/x", "secret": "s3cret"}
    number = room.submit(notifications=[hook, {"event": "jobFinished", "type": "email"}])
    copied = room.call("PUT", f"/jobs/{number}/clone").get_json()["id"]
    first, second = (room.store.notices(room.job(job).uid) for job in (number, copied))
    assert [notice.url for notice in second] == ["https://example.org/x", ""]
    assert first == second
    assert "s3cret" not in room.get(f"/jobs/{copied}").get_data(as_text=True)


def test_a_replay_is_answered_though_what_the_job_needed_is_gone_by_now(room: Prominence) -> None:
    address = Address(Scope(Holder.OWNER, ADA.subject), "data.tgz")
    stored = StoredObject(address=address, blob="b" * 32, size=1, sha256="", modified_at=room.clock.now())
    room.objects.put(stored, ADA.subject)
    job, keyed = {**JOB, "artifacts": [{"url": "data.tgz"}]}, {"Idempotency-Key": "one"}
    first = room.call("POST", "/jobs", json=job, headers=keyed)
    assert first.status_code == 201, first.get_data(as_text=True)
    room.objects.remove(address)
    assert room.call("POST", "/jobs", json=job, headers=keyed).get_json() == first.get_json()
    assert room.call("POST", "/jobs", json=job).status_code == 400
