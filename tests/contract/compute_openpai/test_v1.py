"""The next generation: namespaces, details, STOP and START, configurations."""

import json
from typing import Any

import pytest

from services.compute.domain.job import NewJob
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Role, Spec, Task
from services.compute.domain.states import State
from services.compute.ports.people import PeopleUnavailable
from tests.fakes.compute_openpai import ADA, BOB, EXAMPLE, OWN, SHARED, TASK, OpenPai

ROW = [
    "name", "username", "state", "subState", "executionType", "retries", "createdTime", "completedTime",
    "appExitCode", "virtualCluster",
]  # fmt: skip
STATUS = [
    *ROW, "appId", "appProgress", "appTrackingUrl", "appLaunchedTime", "appCompletedTime",
    "appExitDiagnostics", "appExitType",
]  # fmt: skip
TASK_STATUS = [
    "taskIndex", "containerId", "containerIp", "containerPorts", "containerGpus", "containerLog", "taskState",
    "containerExitCode", "containerExitDiagnostics", "launchedTime", "completedTime",
]  # fmt: skip
BASES = pytest.mark.parametrize("base", [OWN, SHARED], ids=["own", "shared"])
NATIVE = Spec(environment="small", roles=(Role(tasks=(Task(command=("true",)),)),))


def code(answer: Any) -> tuple[int, str, str]:
    document = answer.get_json()
    return answer.status_code, document["code"], document["message"]


@pytest.mark.clause("openpai 4.1")
@BASES
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_job_is_submitted_by_the_name_in_its_body_or_in_its_path(
    room: OpenPai, base: str, method: str
) -> None:
    path = base if method == "POST" else f"{base}/exampleJob"
    answer = room.call(method, path, json=dict(EXAMPLE))
    assert answer.status_code == 202
    assert answer.get_json() == {"message": "update job exampleJob successfully"}
    assert room.get(f"{base}/exampleJob").status_code == 200
    again = room.call(method, path, json=dict(EXAMPLE))
    assert code(again) == (409, "ConflictJobError", "Job name exampleJob already exists")


@pytest.mark.clause("openpai 4.1")
def test_what_is_wrong_is_told_with_code_message_and_detail(room: OpenPai) -> None:
    answer = room.call("POST", OWN, json={**EXAMPLE, "gpuNumbr": 1, "image": ""})
    assert code(answer) == (400, "InvalidParametersError", "gpuNumbr is not allowed; image is required")
    assert answer.get_json()["detail"] == [
        {"path": "gpuNumbr", "reason": "is not allowed"},
        {"path": "image", "reason": "is required"},
    ]
    assert code(room.put(f"{OWN}/other", EXAMPLE))[1] == "InvalidParametersError"


@pytest.mark.clause("openpai 4.1", "openpai 10")
def test_two_users_have_jobs_of_one_name_in_their_namespaces(either: OpenPai) -> None:
    room = either
    room.submit("job", OWN)
    room.submit("job", "/api/v1/user/bob/jobs", token="bob")
    room.submit("job")
    names = {path: room.get(path).get_json()["jobStatus"]["name"] for path in (
        f"{OWN}/job", "/api/v1/user/bob/jobs/job", f"{SHARED}/job", f"{SHARED}/bob~job")}  # fmt: skip
    assert list(names.values()) == ["ada~job", "bob~job", "job", "bob~job"]
    assert room.get("/api/job/ada~job").get_json()["name"] == "ada~job"
    assert room.get("/api/job/job").get_json()["name"] == "job"
    assert room.call("DELETE", f"{OWN}/job").status_code == 202
    assert [room.get(path).status_code for path in names] == [404, 200, 200, 200]


@pytest.mark.clause("openpai 4.1")
def test_a_namespace_is_its_users_and_administrators(room: OpenPai) -> None:
    refused = room.put("/api/v1/user/bob/jobs/x")
    assert code(refused)[:2] == (403, "ForbiddenUserError")
    people = {"bob": BOB}
    asked = OpenPai(room.folder, people=people.get)
    assert code(asked.put("/api/v1/user/bob/jobs/x"))[:2] == (403, "ForbiddenUserError")
    assert asked.put("/api/v1/user/nobody/jobs/x", token="root").status_code == 403
    assert asked.put("/api/v1/user/bob/jobs/x", token="root").status_code == 202
    job = asked.newest()
    assert job.owner == BOB.subject
    assert asked.get("/api/v1/user/bob/jobs/x").get_json()["jobStatus"]["username"] == "bob"


def test_users_who_cannot_be_asked_for_are_503(room: OpenPai) -> None:
    def away(name: str) -> None:
        raise PeopleUnavailable(name)

    answer = OpenPai(room.folder, people=away).put("/api/v1/user/bob/jobs/x", token="root")
    assert code(answer)[:2] == (503, "ServiceUnavailable")


@pytest.mark.clause("openpai 4.5")
def test_a_list_has_rows_of_both_generations_and_says_which(room: OpenPai) -> None:
    room.submit("old")
    room.submit("new", OWN)
    room.submit("his", "/api/v1/user/bob/jobs", token="bob")
    rows = {row["name"]: row for row in room.get(SHARED).get_json()}
    assert list(rows) == ["his", "new", "old"]
    assert list(rows["new"]) == ROW
    assert list(rows["old"]) == [*ROW, "legacy"]
    assert [row["name"] for row in room.get(OWN).get_json()] == ["new", "old"]
    assert [row["name"] for row in room.get(f"{SHARED}?username=bob").get_json()] == ["his"]
    assert room.get(f"{SHARED}?username=nobody").get_json() == []


@pytest.mark.clause("openpai 4.5")
def test_a_detail_has_every_task_with_its_address_and_ports(room: OpenPai) -> None:
    roles = [
        {**TASK, "name": "PS", "taskNumber": 2, "command": "x"},
        {**TASK, "name": "worker", "command": "y", "portList": [{"label": "grpc", "portNumber": 2}]},
    ]
    job = room.submit("j", OWN, taskRoles=roles)
    room.start(job)
    detail = room.get(f"{OWN}/j").get_json()
    assert list(detail) == ["name", "jobStatus", "taskRoles"]
    assert sorted(detail["jobStatus"]) == sorted(STATUS)
    assert list(detail["taskRoles"]) == ["PS", "worker"]
    first, second = detail["taskRoles"]["PS"]["taskStatuses"]
    (worker,) = detail["taskRoles"]["worker"]["taskStatuses"]
    assert detail["taskRoles"]["PS"]["taskRoleStatus"] == {"name": "PS"}
    assert list(first) == TASK_STATUS
    assert [each["containerIp"] for each in (first, second, worker)] == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert first["containerPorts"] == {"http": "20000", "ssh": "20002"}
    assert second["containerPorts"] == {"http": "20001", "ssh": "20003"}
    assert worker["containerPorts"] == {"http": "20004", "ssh": "20005", "grpc": "20006,20007"}
    assert second["containerLog"] == "https://gate.example/api/job/ada~j/logs/PS/1"
    assert [each["taskState"] for each in (first, second, worker)] == ["RUNNING"] * 3


@pytest.mark.clause("openpai 4.5", "openpai 10")
def test_tasks_of_a_job_that_is_over_are_not_running(room: OpenPai) -> None:
    job = room.submit("j", OWN, taskRoles=[{**TASK, "taskNumber": 3, "command": "x"}])
    lease = room.start(job)
    room.end_run(lease, "w", 0, 0)
    room.end_run(lease, "w", 1, 9)
    room.end_run(lease, "w", 2, 137, Reason("cancelled", "Another task failed."))
    room.finish(lease, Reason("command_failed", "It ended with 9."), 9)
    tasks = room.get(f"{OWN}/j").get_json()["taskRoles"]["w"]["taskStatuses"]
    assert [(task["taskState"], task["containerExitCode"]) for task in tasks] == [
        ("SUCCEEDED", 0),
        ("FAILED", 9),
        ("STOPPED", 137),
    ]


@pytest.mark.clause("openpai 4.4")
@BASES
def test_deleting_says_202_404_and_403(room: OpenPai, base: str) -> None:
    room.submit("j", base)
    assert code(room.call("DELETE", f"{base}/nope")) == (404, "NoJobError", "Job nope is not found.")
    refused = room.call("DELETE", f"{base}/j", token="bob")
    assert code(refused) == (403, "ForbiddenUserError", "User bob is not allowed to remove job j.")
    done = room.call("DELETE", f"{base}/j")
    assert (done.status_code, done.get_json()) == (202, {"message": "deleted job j successfully"})
    assert room.get(f"{base}/j").status_code == 404


@pytest.mark.clause("openpai 4.5", "openpai 10")
@pytest.mark.parametrize(
    "sent",
    [
        {"data": '{"value":"STOP"}'},
        {"data": '{"value":"STOP"}', "content_type": "application/x-www-form-urlencoded"},
        {"data": "value=STOP", "content_type": "application/json"},
        {"data": '{"value":"STOP"}', "content_type": "text/plain"},
    ],
    ids=["no-type", "form-label", "form-labelled-json", "text"],
)
def test_stop_stops_whatever_the_label_of_its_body(room: OpenPai, sent: dict[str, str]) -> None:
    job = room.submit("j", OWN)
    lease = room.start(job)
    answer = room.call("PUT", f"{OWN}/j/executionType", **sent)
    assert (answer.status_code, answer.get_json()) == (202, {"message": "execute job j successfully"})
    status = room.get(f"{OWN}/j").get_json()["jobStatus"]
    assert (status["state"], status["executionType"], status["stopping"]) == ("RUNNING", "STOP", True)
    room.change(lease, State.PUBLISHING)
    room.change(lease, State.CANCELLED, release=True)
    status = room.get(f"{OWN}/j").get_json()["jobStatus"]
    assert (status["state"], status["appExitCode"], status["stoppedBy"]) == ("STOPPED", 214, "ada")
    assert "stopping" not in status


@pytest.mark.clause("openpai 4.5")
def test_start_is_a_new_attempt_under_the_same_name_with_the_same_count_of_retries(either: OpenPai) -> None:
    room = either
    job = room.submit("j", OWN)
    created = room.get(f"{OWN}/j").get_json()["jobStatus"]["createdTime"]
    room.run(job, code=3)
    room.clock.move(60)
    for _ in range(2):  # the second finds a job that lives
        assert room.call("PUT", f"{OWN}/j/executionType", json={"value": "START"}).status_code == 202
    again = room.get(f"{OWN}/j").get_json()["jobStatus"]
    assert (again["state"], again["executionType"], again["retries"]) == ("WAITING", "START", 0)
    assert again["createdTime"] == created
    assert [row["name"] for row in room.get(OWN).get_json()] == ["j"]
    room.run(room.newest())
    assert room.get(f"{OWN}/j").get_json()["jobStatus"]["state"] == "SUCCEEDED"
    assert room.call("PUT", f"{OWN}/j/executionType", json={"value": "START"}).status_code == 202
    assert room.get(f"{OWN}/j").get_json()["jobStatus"]["state"] == "SUCCEEDED"


@pytest.mark.clause("openpai 4.5")
def test_stop_of_what_is_over_changes_nothing(room: OpenPai) -> None:
    job = room.submit("j", OWN)
    room.run(job)
    before = room.get(f"{OWN}/j").get_json()
    assert room.call("PUT", f"{OWN}/j/executionType", json={"value": "STOP"}).status_code == 202
    assert room.get(f"{OWN}/j").get_json() == before


@pytest.mark.clause("openpai 10")
@pytest.mark.parametrize(
    "body", [{"value": "RESTART"}, {"value": "stop"}, {}, {"value": None}, {"value": "STOP", "more": 1}]
)
def test_another_word_than_start_and_stop_is_refused(room: OpenPai, body: dict[str, Any]) -> None:
    room.submit("j", OWN)
    answer = room.call("PUT", f"{OWN}/j/executionType", json=body)
    assert code(answer) == (400, "InvalidParametersError", "value must be START or STOP")
    assert room.newest().wish.value == "run"


@pytest.mark.clause("openpai 4.5", "openpai 10")
def test_execution_is_the_owners_and_administrators(room: OpenPai) -> None:
    room.submit("j", OWN)
    refused = room.call("PUT", f"{OWN}/j/executionType", json={"value": "STOP"}, token="bob")
    assert code(refused) == (403, "ForbiddenUserError", "User bob is not allowed to execute job j.")
    assert room.call("PUT", f"{OWN}/j/executionType", json={"value": "STOP"}, token="root").status_code == 202
    assert room.get(f"{OWN}/j").get_json()["jobStatus"]["stoppedBy"] == "root"
    assert room.call("PUT", f"{OWN}/x/executionType", json={"value": "STOP"}).status_code == 404


@pytest.mark.clause("openpai 4.5", "openpai 2.1")
@BASES
def test_a_config_is_the_document_without_its_comments(room: OpenPai, base: str) -> None:
    text = json.dumps({**EXAMPLE, "jobName": "j", "extras": {"a": [1, 2.5, None]}}, indent=1)
    body = text.replace("{\n", "{ // what it is\n/* and why */\n", 1)
    assert room.call("PUT", f"{base}/j", data=body).status_code == 202
    own = room.get(f"{base}/j/config", token="ada")
    assert own.get_json() == json.loads(text)
    assert own.mimetype == "application/json"
    twice = room.get(f"{base}/j/config?format=string", token="ada").get_json()
    assert json.loads(twice) == json.loads(text)


@pytest.mark.clause("openpai 4.5", "openpai 10")
@pytest.mark.parametrize("path", ["config", "ssh", "logs", "logs/w/0", "logs/w/0/stdout"])
def test_what_a_job_is_made_of_is_its_owners_alone(room: OpenPai, path: str) -> None:
    room.submit("j", OWN, jobEnvs={"TOKEN": "verysecret"})
    assert room.get(f"{OWN}/j/{path}").status_code == 401
    assert room.get(f"{OWN}/j/{path}", token="bob").status_code == 403
    assert room.get(f"{OWN}/j/{path}", token="root").status_code in (200, 404)
    for open_path in (f"{OWN}/j", OWN, "/api/job", "/api/job/ada~j"):
        assert "verysecret" not in room.get(open_path).get_data(as_text=True)


@pytest.mark.clause("openpai 4.5")
@BASES
def test_there_is_no_ssh(room: OpenPai, base: str) -> None:
    room.submit("j", base)
    answer = room.get(f"{base}/j/ssh", token="ada")
    assert code(answer) == (404, "NoJobSshInfoError", "SSH info of job j is not found.")
    assert code(room.get(f"{base}/x/ssh", token="ada"))[1] == "NoJobError"


@pytest.mark.clause("openpai 5")
def test_the_obsolete_member_is_honoured_and_warned_of(room: OpenPai) -> None:
    sent = {**EXAMPLE, "killAllOnCompletedTaskNumber": 1}
    answer = room.call("POST", OWN, json=sent)
    assert answer.headers["X-Warning"].startswith("killAllOnCompletedTaskNumber has been obsoleted, ")
    assert room.newest().spec.least_succeeded == 1
    legacy = room.put("/api/job/exampleJob", sent)
    assert "X-Warning" not in legacy.headers


@pytest.mark.clause("openpai 4.1", "openpai 3.5")
def test_a_virtual_cluster_is_there_and_the_users(room: OpenPai) -> None:
    unknown = room.put(f"{OWN}/j", {**EXAMPLE, "jobName": "j", "virtualCluster": "nope"})
    assert code(unknown) == (404, "NoVirtualClusterError", "Virtual cluster nope is not found.")
    refused = room.put(f"{OWN}/j", {**EXAMPLE, "jobName": "j", "virtualCluster": "vc1"})
    assert code(refused)[:2] == (403, "ForbiddenUserError")
    job = room.submit("j", "/api/v1/user/bob/jobs", token="bob", virtualCluster="vc1")
    assert room.get("/api/v1/user/bob/jobs/j").get_json()["jobStatus"]["virtualCluster"] == "vc1"
    assert room.job(job).facts["virtual_cluster"] == "vc1"
    assert sorted(room.get("/api/v1/virtual-clusters").get_json()) == ["default", "vc1"]


@pytest.mark.clause("openpai 2.2")
def test_without_a_token_v1_has_one_sentence_for_every_cause(room: OpenPai) -> None:
    for headers in ({}, {"Authorization": "Basic x"}, {"Authorization": "Bearer garbage"}):
        answer = room.call("PUT", f"{OWN}/j", token=None, json=dict(EXAMPLE), headers=headers)
        sentence = "Guest is not allowed to do this operation."
        assert code(answer) == (401, "UnauthorizedUserError", sentence)


@pytest.mark.clause("openpai 1")
def test_what_is_nowhere_is_told_in_the_words_of_v1(room: OpenPai) -> None:
    for path in ("/openpai/api/v1/nothing", f"{OWN}/j/nothing", "/api/v2/nothing"):
        assert code(room.get(path)) == (404, "NoApiError", f"API {path} is not found.")
    refused = room.call("PATCH", f"{OWN}/j")
    assert code(refused)[:2] == (405, "MethodNotAllowed")


@pytest.mark.clause("openpai 4.5")
def test_jobs_of_other_windows_are_shown_to_their_owner_by_window_and_number(room: OpenPai) -> None:
    job = room.other(NewJob(owner=ADA.subject, dialect="native", spec=NATIVE, name="mine"))
    name = f"native-{job.id}"
    for path in (f"/api/job/{name}", f"{SHARED}/{name}", f"{OWN}/{name}"):
        assert room.get(path, token="ada").status_code == 200
        missing = 500 if path.startswith("/api/job") else 404
        assert room.get(path).status_code == missing
        assert room.get(path, token="bob").status_code == missing
    assert [row["name"] for row in room.get("/api/job", token="ada").get_json()] == [name]
    assert room.get("/api/job").get_json() == room.get("/api/job", token="bob").get_json() == []
    shown = room.get(f"{SHARED}/{name}", token="ada").get_json()
    assert shown["jobStatus"]["username"] == "ada"
    assert list(shown["taskRoles"]) == ["main"]
    assert code(room.get(f"{SHARED}/{name}/config", token="ada"))[1] == "NoJobConfigError"
    assert room.call("DELETE", f"{SHARED}/{name}").status_code == 202
    assert room.get(f"{SHARED}/{name}", token="ada").status_code == 404


def test_a_name_that_stands_for_a_job_of_another_window_is_nobodys(room: OpenPai) -> None:
    answer = room.put(f"{OWN}/native-7")
    assert code(answer)[2] == "jobName is kept for the jobs of other windows"
