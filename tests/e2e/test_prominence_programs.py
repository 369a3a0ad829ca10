"""What other programs expect of PROMINENCE's API, by plain requests (contract 8, at its end)."""

import base64
import hashlib
import hmac
import io
import json
import tarfile

import pytest
import requests

from tests.e2e.prominence_user import Document, User, add_member, job_of, signed_in
from tests.fakes.origin import Exchange, Origin, Seen
from tests.stack import Stack
from tests.waiting import wait_for

pytestmark = pytest.mark.clause("prominence 8")

SECONDS = 60
SECRET = "whsec_" + base64.b64encode(b"of the receiver").decode()


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
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        script = b"echo run in place > result; cat result"
        member = tarfile.TarInfo("work_dir/run.sh")
        member.size = len(script)
        archive.addfile(member, io.BytesIO(script))
    link = user.ask("POST", "/data/upload", json={"filename": "w.tgz", "checksum": None}).json()["url"]
    assert requests.put(link, data=buffer.getvalue(), timeout=SECONDS).status_code == 200  # exactly
    (stored,) = user.ask("GET", "/data").json()
    assert (stored["name"], type(stored["size"]), type(stored["lastModified"])) == ("w.tgz", int, str)
    job = job_of(
        {"cmd": ""}, {"cmd": "sh run.sh", "workdir": "/tmp/work_dir"}, outputFiles=["work_dir/result"]
    )
    job["artifacts"] = [{"url": "w.tgz", "mountpoint": "work_dir:/tmp/work_dir"}]
    ended = user.ended(user.ask("POST", "/jobs", json=job).json()["id"])
    assert ended["status"] == "completed", ended
    assert user.ask("GET", f"/jobs/{ended['id']}/stdout").text == "run in place\n"
    (kept,) = ended["outputFiles"]
    assert requests.get(kept["url"], timeout=SECONDS).text == "run in place\n"
    assert user.ask("DELETE", "/data/w.tgz").status_code == 204


def test_a_program_that_asks_whether_its_token_is_alive(user: User) -> None:
    url = f"{user.line.stack.gateway}/prominence/oidc/userinfo"
    alive = requests.get(url, headers={"Authorization": f"Bearer {user.token}"}, timeout=SECONDS)
    assert (alive.status_code, alive.reason) == (200, "OK")
    assert requests.get(url, headers={"Authorization": "Bearer x.y.z"}, timeout=SECONDS).status_code == 401


def hook(origin: Origin, path: str, event: str) -> Document:
    return {"event": event, "type": "webhook", "url": origin.url(path), "secret": SECRET}


def told(origin: Origin, path: str) -> Document:
    """The one document that came to `path`, once its signature was seen to be right."""
    found = wait_for(lambda: [seen for seen in origin.requests if seen.path == path], f"a call of {path}")
    assert len(found) == 1
    assert found[0].headers["webhook-signature"] == f"v1,{signature(found[0])}"
    document = json.loads(found[0].body)
    assert isinstance(document, dict)
    return document


def signature(seen: Seen) -> str:
    """By Standard Webhooks."""
    text = f"{seen.headers['webhook-id']}.{seen.headers['webhook-timestamp']}.".encode() + seen.body
    return base64.b64encode(hmac.digest(base64.b64decode(SECRET[6:]), text, hashlib.sha256)).decode()


def test_a_program_that_is_told_of_ends(user: User, origin: Origin) -> None:
    """Of the bad ones too; the secret is shown to nobody."""

    def thank(exchange: Exchange) -> None:
        exchange.respond(204, {})

    for path in ("/job-ended", "/flow-ended"):
        origin.route(path, thank)
    failing = {**job_of({"cmd": "false"}), "notifications": [hook(origin, "/job-ended", "jobFinished")]}
    number = user.ask("POST", "/jobs", json=failing).json()["id"]
    flow = {
        "name": "flow",
        "jobs": [{**job_of({"cmd": "true"}), "name": "one"}],
        "notifications": [hook(origin, "/flow-ended", "workflowFinished")],
    }
    workflow = user.ask("POST", "/workflows", json=flow).json()["id"]
    about = told(origin, "/job-ended")
    assert (about["kind"], about["id"], about["state"]) == ("job", number, "failed")
    about = told(origin, "/flow-ended")
    assert (about["kind"], about["id"], about["state"]) == ("workflow", workflow, "succeeded")
    for shown in (user.job(number), user.one("workflows", workflow)):
        assert shown["notifications"][0]["secret"] == "***"
        assert SECRET not in json.dumps(shown)
