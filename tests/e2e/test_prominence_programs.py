"""What other programs expect of PROMINENCE's API, by plain requests (contract 8, at its end)."""

import pytest
import requests

from tests.e2e.prominence_user import Document, User, add_member, job_of, signed_in
from tests.stack import Stack

SECONDS = 60


@pytest.fixture(scope="module")
def user(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> User:
    return signed_in(stack, add_member(stack, "programs-eve", "CCFE"), tmp_path_factory.mktemp("eve"))


def test_a_program_that_waits_for_one_job(user: User) -> None:
    """It says `token`, asks with `all=true`, and takes whatever is neither pending nor running as the end."""
    headers = {"Authorization": f"token {user.token}"}
    base = f"{user.line.stack.gateway}/prominence/v1/"  # and a slash too many
    made = requests.post(f"{base}/jobs", json=job_of({"cmd": "echo out"}), headers=headers, timeout=SECONDS)
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    asked = requests.get(f"{base}/jobs/{number}", params={"all": "true"}, headers=headers, timeout=SECONDS)
    assert asked.json()[0]["status"] in ("pending", "running", "completed")
    assert user.ended(number)["status"] == "completed"
    out = requests.get(f"{base}/jobs/{number}/stdout", headers=headers, timeout=SECONDS)
    assert (out.status_code, out.text) == (200, "out\n")
    assert out.headers["Content-Type"] == "text/plain; charset=utf-8"


def scan(*points: str) -> Document:
    """A scan as a fusion workflow sends it: paths as values, folders by parameter, more in the factory."""
    job = job_of(
        {"cmd": 'sh -c "mkdir -p base/$pointdir; echo $workdir > base/$pointdir/out"', "runtime": "udocker"},
        name="point",
        labels={"base": "/home/eve/scan"},
        outputDirs=["base/$pointdir"],
        policies={"autoScalingType": None, "maximumTimeInQueue": 10080, "leaveInQueue": True},
    )
    return {
        "name": "scan",
        "jobs": [job],
        "factories": [
            {
                "name": "points",
                "type": "zip",
                "jobs": ["point"],
                "parameters": [
                    {"name": "pointdir", "values": list(points)},
                    {"name": "workdir", "values": [f"/work/{point}" for point in points]},
                ],
                "policies": {"maximumRetries": 2},
                "notifications": [{"event": "jobFinished", "type": "email"}],
            }
        ],
    }


def test_a_program_that_scans(user: User) -> None:
    made = user.ask("POST", "/workflows", json=scan("point_000", "point_001"))
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    assert user.ended_workflow(number)["status"] == "completed"
    params = {"num": -1, "all": "true", "id": number, "workflow": "true"}
    listed = user.ask("GET", "/jobs", params=params).json()
    by_name = {job["name"]: job for job in listed}
    assert sorted(by_name) == ["scan/point/0", "scan/point/1"]
    assert [name.split("/")[0] for name in by_name] == ["scan", "scan"]
    job = by_name["scan/point/1"]
    assert job["parameters"] == {"pointdir": "point_001", "workdir": "/work/point_001"}
    assert "resources" not in job
    assert job["tasks"][0]["cmd"].startswith('sh -c "mkdir -p base/$pointdir')
    (kept,) = user.job(job["id"])["outputDirs"]
    assert kept["name"] == "base/$pointdir"
    (user.home / "point.tgz").write_bytes(requests.get(kept["url"], timeout=SECONDS).content)
    assert user.archive("point.tgz") == {"base/point_001/out": b"/work/point_001\n"}


def test_an_image_among_a_groups_files_is_told_in_one_sentence(user: User) -> None:
    """Nothing here runs them; such jobs are not taken and then lost."""
    image = "CCFE/JINTRAC/eve:code.sif"
    answer = user.ask("POST", "/jobs", json=job_of({"image": image, "cmd": "true"}))
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("/tasks/0/image: ")


def test_a_program_with_empty_commands_and_a_folder_below_tmp(user: User) -> None:
    data = b"#!/bin/sh\necho run in place\n"
    link = user.ask("POST", "/data/upload", json={"filename": "run.sh", "checksum": None}).json()["url"]
    assert requests.put(link, data=data, timeout=SECONDS).status_code == 200
    (stored,) = user.ask("GET", "/data").json()
    assert (stored["name"], stored["size"], type(stored["lastModified"])) == ("run.sh", len(data), str)
    job = job_of({"cmd": ""}, {"cmd": "sh /tmp/work_dir/run.sh"})
    job["artifacts"] = [{"url": "run.sh", "mountpoint": "work_dir:/tmp/work_dir"}]
    number = user.ask("POST", "/jobs", json=job).json()["id"]
    ended = user.ended(number)
    assert ended["status"] in ("completed", "failed"), ended
    assert user.ask("DELETE", "/data/run.sh").status_code == 204


def test_a_program_that_asks_whether_its_token_is_alive(user: User) -> None:
    url = f"{user.line.stack.gateway}/prominence/oidc/userinfo"
    alive = requests.get(url, headers={"Authorization": f"Bearer {user.token}"}, timeout=SECONDS)
    assert (alive.status_code, alive.reason) == (200, "OK")
    assert requests.get(url, headers={"Authorization": "Bearer x.y.z"}, timeout=SECONDS).status_code == 401
