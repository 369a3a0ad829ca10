"""The same jobs through PROMINENCE's window and through the native one: seen, followed, stopped in either."""

from typing import Any

import pytest
import requests

from tests.e2e.prominence_user import User, add_member, job_of, signed_in
from tests.stack import Stack
from tests.waiting import wait_for

SECONDS = 60
SLEEP = ["sh", "-c", "echo begun; sleep 600"]


@pytest.fixture(scope="module")
def user(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> User:
    return signed_in(stack, add_member(stack, "windows-eve"), tmp_path_factory.mktemp("eve"))


@pytest.fixture(scope="module")
def other(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> User:
    return signed_in(stack, add_member(stack, "windows-mal"), tmp_path_factory.mktemp("mal"))


def native(user: User, method: str, path: str, **more: Any) -> requests.Response:
    url = f"{user.line.stack.gateway}/tidegate/v1{path}"
    headers = {"Authorization": f"Bearer {user.token}"}
    return requests.request(method, url, headers=headers, timeout=SECONDS, **more)


def submitted(user: User, **more: object) -> dict[str, Any]:
    asked = {"environment": "ocean-compute", "image": "busybox", "command": SLEEP, **more}
    made = native(user, "POST", "/jobs", json=asked)
    assert made.status_code == 201, made.text
    found = made.json()
    assert isinstance(found, dict)
    return found


def test_a_prominence_job_in_the_native_window(user: User, other: User) -> None:
    number = user.run_file(
        "job.json", job_of({"cmd": "sh -c 'echo begun; sleep 600'"}, labels={"of": "windows"})
    )
    with user.running(number):
        look_natively(user, other, number)
    ended = user.ended(number)
    assert (ended["status"], ended["statusReason"]) == ("deleted", "Job deleted by user")
    assert user("stdout", str(number)) == "begun\n\n"


def look_natively(user: User, other: User, number: int) -> None:
    found = native(user, "GET", f"/jobs/{number}").json()
    assert (found["id"], found["dialect"], found["name"]) == (number, "prominence", "described")
    assert (found["state"], found["labels"]) == ("running", {"of": "windows"})
    assert found["spec"]["roles"][0]["resources"]["cpus"] == 1
    assert [job["id"] for job in native(user, "GET", "/jobs?dialect=prominence").json()["jobs"]] == [number]
    assert native(user, "GET", f"/jobs/{number}/logs").text == "begun\n"
    assert native(other, "GET", f"/jobs/{number}").status_code == 404
    assert native(other, "POST", f"/jobs/{number}/cancel").status_code == 404
    assert native(user, "POST", f"/jobs/{found['uid']}/cancel").status_code == 200


def test_a_native_job_in_prominences_window(user: User, other: User) -> None:
    made = submitted(user, name="plain", labels={"of": "native"}, variables={"N": "3"})
    number, uid = made["id"], made["uid"]
    with user.running(number):
        look_by_prominence(user, other, number)
        assert user("delete", str(number)) == "Success\n"
        wait_for(
            lambda: native(user, "GET", f"/jobs/{uid}").json()["state"] == "cancelled", "the end of the job"
        )
    assert user.ended(number)["status"] == "deleted"


def look_by_prominence(user: User, other: User, number: int) -> None:
    (row,) = user.table("list")
    assert (row["ID"], row["NAME"], row["STATUS"]) == (str(number), "plain", "running")
    assert (row["IMAGE"], row["CMD"]) == ("busybox", "sh -c 'echo begun; sleep 600'")
    found = user.described(number)
    assert found["labels"] == {"of": "native"}
    assert "env" not in found["tasks"][0]  # what was brought to it is its own window's
    assert {"cpus", "memory", "disk", "nodes"} <= set(found["resources"])
    assert user("stdout", str(number)) == "begun\n\n"
    assert user("exec", str(number), "echo inside") == "inside\n\n"
    assert other.refused("describe", str(number)) == "No such job"
    assert other.refused("delete", str(number)) == "No such job(s)"


def test_results_of_a_native_job(user: User) -> None:
    made = submitted(user, name="plain", command=["sh", "-c", "mkdir outputs; echo kept > outputs/kept.txt"])
    assert user.ended(made["id"])["status"] == "completed"
    user("download", str(made["id"]))
    assert (user.home / "kept.txt").read_text() == "kept\n"
    again = user.made("clone", str(made["id"]))
    assert user.ended(again)["status"] == "completed"
    assert native(user, "GET", f"/jobs/{again}").json()["clone_of"] == made["uid"]
    assert native(user, "DELETE", f"/jobs/{made['uid']}").status_code == 204
    assert user.refused("describe", str(made["id"])) == "No such job"


def test_jobs_of_a_workflow_in_the_native_window(user: User) -> None:
    document = {
        "name": "flow",
        "jobs": [{**job_of({"cmd": "echo $x"}), "name": "swept"}],
        "factories": [
            {
                "name": "f",
                "type": "zip",
                "jobs": ["swept"],
                "parameters": [{"name": "x", "values": ["a/b", "c"]}],
            }
        ],
    }
    number = user.run_file("flow.json", document, "Workflow")
    user.ended_workflow(number)
    listed = native(user, "GET", "/jobs?name=flow/swept/0").json()["jobs"]
    assert [(job["name"], job["state"]) for job in listed] == [("flow/swept/0", "succeeded")]
    job = native(user, "GET", f"/jobs/{listed[0]['id']}").json()
    assert job["spec"]["roles"][0]["tasks"][0]["command"] == ["echo", "a/b"]
    assert native(user, "GET", f"/jobs/{listed[0]['id']}/logs").text == "a/b\n"
