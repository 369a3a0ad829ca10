"""Workflows as both command lines ask for them."""

from typing import Any

import pytest

from services.compute.domain.reasons import Reason
from tests.fakes.compute_prominence import JOB, Prominence

pytestmark = pytest.mark.clause("prominence 1.2", "prominence 3.3", "prominence 4.3")

EXIT = Reason("command_failed", "It ended with 1.")
A, B = {**JOB, "name": "a"}, {**JOB, "name": "b"}
CHAIN: dict[str, Any] = {"name": "wf", "jobs": [A, B], "dependencies": {"a": ["b"]}}
SWEEP: dict[str, Any] = {
    "name": "scan",
    "jobs": [{**JOB, "name": "fit", "tasks": [{"image": "busybox", "cmd": "fit $x"}]}],
    "factories": [
        {
            "name": "f",
            "type": "parameterSweep",
            "jobs": ["fit"],
            "parameters": [{"name": "x", "start": 0, "end": 0.3, "step": 0.1}],
        }
    ],
}


def shown(room: Prominence, number: int) -> Any:
    (workflow,) = room.get(f"/workflows/{number}").get_json()
    return workflow


def jobs_of(room: Prominence, number: int) -> dict[str, int]:
    """Ids by name."""
    listed = room.get(f"/jobs?num=-1&id={number}&workflow=true").get_json()
    return {job["name"]: job["id"] for job in listed}


def test_a_workflow_to_its_end(room: Prominence) -> None:
    number = room.workflow(**CHAIN)
    workflow = shown(room, number)
    assert (workflow["status"], workflow["name"]) == ("pending", "wf")
    assert workflow["progress"] == {"total": 2, "done": 0, "failed": 0, "queued": 1, "waiting": 1}
    assert set(workflow["events"]) == {"createTime"}
    assert workflow["dependencies"] == {"a": ["b"]}
    assert [job["name"] for job in workflow["jobs"]] == ["a", "b"]

    made = jobs_of(room, number)
    assert list(made) == ["wf/a"]
    assert room.listed() == list(made.values())
    assert room.get(f"/jobs/{number}").data == b"[]"  # one sequence of ids
    room.start(made["wf/a"])
    assert shown(room, number)["status"] == "running"


def test_jobs_of_a_workflow_follow_each_other(room: Prominence) -> None:
    number = room.workflow(**CHAIN)
    room.run(jobs_of(room, number)["wf/a"])
    room.run(jobs_of(room, number)["wf/b"])
    workflow = shown(room, number)
    assert workflow["status"] == "completed"
    assert workflow["progress"] == {"total": 2, "done": 2, "failed": 0, "queued": 0, "waiting": 0}
    assert set(workflow["events"]) == {"createTime", "startTime", "endTime"}
    assert room.listed("/workflows?num=1") == []
    assert room.listed("/workflows?completed=true&num=3") == [number]
    assert room.listed(f"/jobs?completed=true&num=-1&id={number}&workflow=true&detail=true") != []


def test_parameters_of_a_sweep_are_in_both_forms(room: Prominence) -> None:
    number = room.workflow(**SWEEP)
    made = jobs_of(room, number)
    assert sorted(made) == [f"scan/fit/{n}" for n in range(4)]
    (job,) = room.get(f"/jobs?name=scan/fit/3&id={number}&workflow=true").get_json()
    assert job["parameters"] == {"x": 0.3}
    assert job["tasks"][0]["cmd"] == "fit $x"
    assert room.described(made["scan/fit/1"])["parameters"] == {"x": 0.1}
    assert room.job(made["scan/fit/1"]).spec.roles[0].tasks[0].command == ("fit", "0.1")


def test_streams_of_a_workflows_jobs(room: Prominence) -> None:
    number = room.workflow(**CHAIN)
    made = jobs_of(room, number)["wf/a"]
    room.start(made)
    room.write(made, b"out\n")
    room.write(made, b"err\n", "main.0.0.stderr")
    base = f"/workflows/{number}"
    assert room.get(f"{base}/a/stdout?node=0&offset=0").data == b"out\n"
    assert room.get(f"{base}/a/stderr").data == b"err\n"
    # As the newer command line sends it: `stderr <workflow> a`.
    assert room.get(f"{base}/0/stderr?node=a&offset=0").data == b"err\n"
    assert room.get(f"{base}/0/stderr?node=a&offset=1").data == b"rr\n"
    waiting = room.get(f"{base}/b/stdout?node=0&offset=0")
    assert (waiting.status_code, waiting.data) == (200, b"")


def test_streams_of_instances(room: Prominence) -> None:
    number = room.workflow(**SWEEP)
    made = jobs_of(room, number)["scan/fit/3"]
    room.start(made)
    room.write(made, b"out\n")
    room.write(made, b"err\n", "main.0.0.stderr")
    base = f"/workflows/{number}"
    assert room.get(f"{base}/fit/3/stdout?node=0&offset=0").data == b"out\n"
    assert room.get(f"{base}/0/3/stderr?node=fit&offset=0").data == b"err\n"
    assert room.get(f"{base}/fit/3/stderr").data == b"err\n"


@pytest.mark.parametrize(
    "path",
    [
        "c/stdout", "fit/stdout", "fit/4/stdout", "fit/-1/stdout", "fit/x/stdout", "fit/0/0/stdout",
        "a/stdout?node=1", "0/stdout?node=nobody", "0/9/stdout?node=fit", "a/0/stdout", "./stdout",
        "a%2Fb/stdout", "fit/" + "9" * 30 + "/stdout",
    ],
)  # fmt: skip
def test_places_that_are_not_there(room: Prominence, path: str) -> None:
    document = {**SWEEP, "jobs": [*SWEEP["jobs"], A]}
    answer = room.get(f"/workflows/{room.workflow(**document)}/{path}")
    assert (answer.status_code, answer.get_json()) == (400, {"error": "stdout does not exist"})


def test_names_that_look_like_numbers_and_paths(room: Prominence) -> None:
    jobs = [{**JOB, "name": "5"}, {**JOB, "name": "p/q"}]
    number = room.workflow(name="wf", jobs=jobs)
    made = jobs_of(room, number)
    for name, data in (("wf/5", b"five"), ("wf/p/q", b"pq")):
        room.start(made[name])
        room.write(made[name], data)
        room.write(made[name], data, "main.0.0.stderr")
    assert room.get(f"/workflows/{number}/5/stdout?node=0&offset=0").data == b"five"
    assert room.get(f"/workflows/{number}/0/stderr?node=5&offset=0").data == b"five"
    assert room.get(f"/workflows/{number}/p/q/stdout").data == b"pq"


@pytest.mark.parametrize(
    ("method", "path", "text"),
    [
        ("DELETE", "/workflows/{}", "No such workflow(s)"),
        ("DELETE", "/workflows?id={}", "No such workflow(s)"),
        ("PUT", "/workflows/{}", "Workflow does not exist"),
        ("PUT", "/workflows/{}/clone", "Workflow does not exist"),
        ("PUT", "/workflows/{}/remove", "Workflow does not exist"),
        ("GET", "/workflows/{}/a/stdout", "Workflow does not exist"),
        ("GET", "/workflows/{}/0/stderr?node=a&offset=0", "Workflow does not exist"),
    ],
)
def test_missing_and_foreign_workflows_look_the_same(
    room: Prominence, method: str, path: str, text: str
) -> None:
    foreign = room.workflow("bob", **CHAIN)
    for number in (foreign, foreign + 70):
        answer = room.call(method, path.format(number))
        assert (answer.status_code, answer.get_json()) == (400, {"error": text})
        assert room.get(f"/workflows/{number}").data == b"[]"
        assert room.listed(f"/jobs?id={number}&workflow=true") == []
    assert room.listed("/workflows") == []


def test_delete(room: Prominence) -> None:
    number = room.workflow(**CHAIN)
    made = jobs_of(room, number)["wf/a"]
    answer = room.call("DELETE", f"/workflows/{number}")
    assert (answer.status_code, answer.data) == (200, b"{}")
    workflow, job = shown(room, number), room.described(made)
    assert (workflow["status"], workflow["statusReason"]) == ("deleted", "Workflow deleted by user")
    assert job["status"] == "deleted"
    assert job["statusReason"] == "Job part of a workflow which was deleted by user"
    assert room.call("DELETE", f"/workflows/{number}").status_code == 400
    missing = room.call("DELETE", "/workflows")
    assert missing.get_json() == {"error": "a workflow id or list of workflow ids must be provided"}


def test_rerun_runs_what_failed(room: Prominence) -> None:
    number = room.workflow(name="wf", jobs=[A, B])
    early = room.call("PUT", f"/workflows/{number}")
    assert early.status_code == 400
    assert "has not ended" in early.get_json()["error"]
    made = jobs_of(room, number)
    lease = room.start(made["wf/a"])
    room.write(made["wf/a"], b"kept\n")
    room.finish(lease)
    room.run(made["wf/b"], EXIT)
    workflow = shown(room, number)
    assert (workflow["status"], workflow["statusReason"]) == ("failed", "One or more jobs failed")
    answer = room.call("PUT", f"/workflows/{number}")
    assert answer.status_code == 200
    again = answer.get_json()["id"]
    assert shown(room, again)["progress"] == {"total": 2, "done": 1, "failed": 0, "queued": 1, "waiting": 0}
    assert list(jobs_of(room, again)) == ["wf/b"]
    assert room.get(f"/workflows/{again}/a/stdout").data == b"kept\n"  # of the first run


def test_clone(room: Prominence) -> None:
    number = room.workflow(**SWEEP)
    answer = room.call("PUT", f"/workflows/{number}/clone")
    assert answer.status_code == 201
    copy, first = shown(room, answer.get_json()["id"]), shown(room, number)
    assert {**copy, "id": 0, "events": 0} == {**first, "id": 0, "events": 0}


def test_a_workflow_that_stays_in_the_queue_until_it_is_removed(room: Prominence) -> None:
    number = room.workflow(name="wf", jobs=[A], policies={"leaveInQueue": True})
    assert room.call("PUT", f"/workflows/{number}/remove").status_code == 400
    room.run(jobs_of(room, number)["wf/a"])
    assert room.listed("/workflows?num=1") == [number]
    assert room.call("PUT", f"/workflows/{number}/remove").get_json() == {}
    assert room.listed("/workflows?num=1") == []
    again = room.call("PUT", f"/workflows/{number}/remove")
    assert again.get_json() == {"error": "Workflow is no longer in the queue"}


def test_listing(room: Prominence) -> None:
    done = room.workflow(name="done", jobs=[A], labels={"app": "x"})
    room.run(jobs_of(room, done)["done/a"])
    running = room.workflow(name="running", jobs=[A])
    room.start(jobs_of(room, running)["running/a"])
    pending = room.workflow(jobs=[A], labels={"app": "x"})
    for query, expected in (
        ("?num=1", [pending, running]),
        ("?all=true", [pending, running, done]),
        ("?completed=true&num=1", [done]),
        ("?status=idle", [pending]),
        ("?status=running", [running]),
        ("?constraint=app%3Dx", [pending]),
        ("?all=true&constraint=app%3Dx", [pending, done]),
        ("?all=true&constraint=app%3Dx&constraint=app%3Dy", []),
        ("?all=true&name=done", [done]),
        (f"?id={done},{running}", [running, done]),
    ):
        assert room.listed(f"/workflows{query}") == expected, query
    (row,) = room.get(f"/workflows?id={pending}").get_json()
    assert set(row) == {"id", "name", "status", "events", "progress"}
    assert row["name"] == ""


def test_a_described_workflow_can_be_submitted_again(room: Prominence) -> None:
    jobs = [{**A, "inputs": [{"filename": "x", "content": "eA=="}]}, B]
    first = shown(room, room.workflow(name="wf", jobs=jobs, dependencies={"a": ["b"]}))
    assert first["jobs"][0]["inputs"][0]["content"] == "eA=="
    again = {
        name: value for name, value in first.items() if name not in ("status", "id", "events", "progress")
    }
    number = room.workflow(**again)
    assert shown(room, number)["jobs"] == first["jobs"]


def test_refusals_name_the_place(room: Prominence) -> None:
    answer = room.call("POST", "/workflows", json={**CHAIN, "dependencies": {"a": ["b"], "b": ["a"]}})
    assert answer.status_code == 400
    assert "/dependencies" in answer.get_json()["error"]
    huge = {**A, "resources": {**JOB["resources"], "cpus": 4000}}
    answer = room.call("POST", "/workflows", json={"name": "wf", "jobs": [B, huge]})
    assert answer.status_code == 400
    assert "/jobs/1/resources" in answer.get_json()["error"]


def test_a_large_sweep_is_taken_at_once(room: Prominence) -> None:
    factory = {"name": "f", "type": "repeat", "jobs": ["fit"], "number": 10_000}
    number = room.workflow(**{**SWEEP, "factories": [factory]})
    assert shown(room, number)["progress"]["total"] == 10_000
    assert len(room.get(f"/workflows/{number}").data) < 4000
