"""Jobs as DIRAC users run them: RESTDIRAC's own sample, JSAGA's requests, the page's curl lines, diracx-cli;
and the same truth through every other window.
"""

import bz2
import io
import json
import os
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import requests

from scripts.stack.config import REPO
from tests.e2e.browser import Browser
from tests.e2e.dirac_user import PASSWORD, SECONDS, Member, add_member
from tests.e2e.diracx_line import Dirac
from tests.e2e.prominence_user import signed_in
from tests.stack import Stack
from tests.waiting import wait_for

pytestmark = pytest.mark.clause("dirac 0.1", "dirac 2.3", "dirac 5.1", "dirac 5.2", "dirac 5.3", "dirac 5.4")

ECHO = {"Executable": "/bin/echo", "Arguments": "Hello World"}


@pytest.fixture(scope="module")
def alice(stack: Stack) -> Member:
    return add_member(stack, "dirac-alice", "lhcb", "lhcb_user")


@pytest.fixture(scope="module")
def bob(stack: Stack) -> Member:
    return add_member(stack, "dirac-bob", "lhcb", "lhcb_user")


def curl(member: Member, *words: str, authorization: str | None = None) -> tuple[int, str]:
    """Status and body, with the page's `tokendata Bearer` unless another header is given."""
    proof = authorization or f"Authorization: {member.token} Bearer"
    line = ["curl", "-s", "-w", "\n%{http_code}", "-H", proof, *words]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=SECONDS)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def test_the_pages_resources_by_curl(alice: Member, stack: Stack) -> None:
    base = stack.gateway
    printed = '{ Executable: "/bin/echo", Arguments: "Hello World", Sites: [ "DIRAC.Site.com" ] }'
    status, refused = curl(alice, "-F", f"manifest={printed}", f"{base}/jobs")
    assert (status, json.loads(refused)["error"]) == (
        400,
        "invalid_manifest",
    )  # no JSON: its keys lack quotes
    manifest = json.dumps({**ECHO, "Sites": ["DIRAC.Site.com", "DIRAC.Site2.com"]})
    status, taken = curl(alice, "-d", manifest, "-H", "Content-Type: application/json", f"{base}/jobs")
    assert status == 200
    (jid,) = json.loads(taken)["jids"]
    assert alice.ended(jid)["status"] == "Done"
    status, listed = curl(alice, f"{base}/jobs?allOwners=false&maxJobs=5&startJob=0")
    assert jid in [job["jid"] for job in json.loads(listed)["jobs"]]
    status, some = curl(alice, f"{base}/jobs?Site=DIRAC.Site.com&Site=Multiple&Status=Done")
    assert jid in [job["jid"] for job in json.loads(some)["jobs"]]
    status, shown = curl(alice, f"{base}/jobs/{jid}", authorization=f"Authorization: Bearer {alice.token}")
    assert (json.loads(shown)["jid"], json.loads(shown)["minorStatus"]) == (jid, "Execution Complete")
    status, kept = curl(alice, f"{base}/jobs/{jid}/manifest")
    assert json.loads(kept)["Site"] == ["DIRAC.Site.com", "DIRAC.Site2.com"]
    status, _ = curl(alice, f"{base}/jobs/{jid}/inputsandbox")
    assert status == 404
    status, killed = curl(alice, "-X", "DELETE", f"{base}/jobs/{jid}")
    assert (status, json.loads(killed)["jid"]) == (200, jid)
    parameter = requests.get(f"{base}/jobs", params={"access_token": alice.token}, timeout=SECONDS)
    assert parameter.status_code == 200


def test_the_sample_client_of_restdirac(alice: Member, stack: Stack) -> None:
    """RESTDIRAC's Test/RESTClientExample.py, line by line."""
    base = stack.gateway
    manifest = {
        "Executable": "test.sh",
        "Arguments": "5",
        "StdOut": "std.out",
        "JobName": "REST_test",
        "InputSandbox": ["test.sh", "data.txt"],
        "OutputSandbox": ["std.out", "result.txt"],
    }
    script = "#!/bin/sh\necho argument $1\ncat data.txt > result.txt\n"
    answer = requests.post(
        f"{base}/jobs",
        data={"access_token": alice.token, "manifest": json.dumps(manifest)},
        files={"file": ("test.sh", script.encode()), "file1": ("data.txt", b"bytes \x00\xff")},
        timeout=SECONDS,
    )
    assert answer.status_code == 200, answer.text
    jid = answer.json()["jids"][0]
    params = {"access_token": alice.token}

    def status() -> str | None:
        found: str = requests.get(f"{base}/jobs/{jid}", params=params, timeout=SECONDS).json()["status"]
        return found if found in ("Done", "Failed") else None

    assert wait_for(status, f"job {jid}") == "Done"
    sandbox = requests.get(f"{base}/jobs/{jid}/outputsandbox", params=params, timeout=SECONDS)
    with tarfile.open(fileobj=io.BytesIO(sandbox.content), mode="r:gz") as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    assert found == {"std.out": b"argument 5\n", "result.txt": b"bytes \x00\xff"}
    sent = requests.get(f"{base}/jobs/{jid}/inputsandbox", params=params, timeout=SECONDS)
    with tarfile.open(fileobj=io.BytesIO(sent.content), mode="r:gz") as tar:
        assert sorted(tar.getnames()) == ["data.txt", "test.sh"]


def test_jsagas_requests(alice: Member, stack: Stack) -> None:
    """Manifest in the URL, files alone in the body under their own names, bzip2 for its user agent."""
    manifest = {
        "Executable": "run.sh",
        "InputSandbox": ["run.sh"],
        "OutputSandbox": ["out.txt"],
        "JobName": "jsaga",
    }
    params = {"access_token": alice.token, "manifest": json.dumps(manifest)}
    agent = {"User-Agent": "Java/1.8.0_292"}
    parts = {"run.sh": ("run.sh", "#!/bin/sh\necho jsaga > out.txt\n", "multipart/form-data")}
    answer = requests.post(
        f"{stack.gateway}/jobs", params=params, files=parts, headers=agent, timeout=SECONDS
    )
    assert answer.status_code == 200, answer.text
    jid = answer.json()["jids"][0]
    job = alice.ended(jid)
    assert (job["name"], job["status"], job["minorStatus"]) == ("jsaga", "Done", "Execution Complete")
    assert len(job["times"]["submission"]) == len("2026-01-01 10:00:00")
    query = {"access_token": alice.token}
    url = f"{stack.gateway}/jobs/{jid}/outputsandbox"
    data = requests.get(url, params=query, headers=agent, timeout=SECONDS).content
    with tarfile.open(fileobj=io.BytesIO(bz2.decompress(data)), mode="r:") as tar:
        assert tar.extractfile("out.txt").read() == b"jsaga\n"  # type: ignore[union-attr]
    empty = requests.post(
        f"{stack.gateway}/jobs",
        params={"access_token": alice.token, "manifest": json.dumps(ECHO)},
        headers={**agent, "Content-Type": "multipart/form-data; boundary=x"},
        data=b"--x--\r\n",
        timeout=SECONDS,
    )
    assert empty.status_code == 200, empty.text
    gone = requests.delete(f"{stack.gateway}/jobs/{jid}", params=query, timeout=SECONDS).json()
    assert gone["jid"] == jid


def test_one_job_is_the_same_through_every_window(alice: Member, bob: Member, tmp_path: Path) -> None:
    jid = alice.submit({**ECHO, "JobName": "seen-everywhere"})
    assert alice.ended(jid)["status"] == "Done"
    line = signed_in(alice.stack, alice.username, tmp_path)
    assert jid in line.ids("list", "--completed")
    assert (line.described(jid)["name"], line.described(jid)["status"]) == ("seen-everywhere", "completed")
    assert line("stdout", str(jid)).strip() == "Hello World"
    (prominence,) = alice.did("GET", f"/prominence/v1/jobs/{jid}")
    assert (prominence["name"], prominence["status"]) == ("seen-everywhere", "completed")
    native = alice.did("GET", f"/tidegate/v1/jobs/{jid}")
    assert (native["name"], native["state"], native["dialect"]) == ("seen-everywhere", "succeeded", "dirac")
    assert "Hello World" in alice.ask("GET", f"/prominence/v1/jobs/{jid}/stdout").text
    assert alice.did("GET", f"/dirac/api/jobs/{jid}/sandbox")["Input"] == []
    for path in (
        f"/jobs/{jid}",
        f"/jobs/{jid}/manifest",
        f"/jobs/{jid}/outputsandbox",
        f"/tidegate/v1/jobs/{jid}",
    ):
        assert bob.ask("GET", path).status_code == 404
    assert bob.ask("DELETE", f"/jobs/{jid}").status_code in (403, 404)
    born_elsewhere = alice.ask(
        "POST",
        "/prominence/v1/jobs",
        json={
            "name": "elsewhere",
            "resources": {"nodes": 1, "cpus": 1, "memory": 1, "disk": 1},
            "tasks": [{"image": "busybox", "runtime": "singularity", "cmd": "echo from elsewhere"}],
        },
    )
    number = born_elsewhere.json()["id"]
    shown = alice.ended(number)
    assert (shown["name"], shown["status"], shown["site"]) == ("elsewhere", "Done", "ANY")
    assert number in [job["jid"] for job in alice.did("GET", "/jobs?name=elsewhere")["jobs"]]


def test_a_parametric_job_of_five_hundred(alice: Member) -> None:
    manifest = {
        "Executable": "/bin/sh",
        "Arguments": "-c 'exit 0'",
        "JobName": "param-%n-%s",
        "JobGroup": "five-hundred",
        "Parameters": 500,
        "ParameterStart": 10,
        "ParameterStep": 2,
    }
    jids = alice.did("POST", "/jobs", json=manifest)["jids"]
    assert (len(jids), len(set(jids)), sorted(jids)) == (500, 500, jids)
    page = alice.did("GET", "/jobs?jobGroup=five-hundred&maxJobs=2&startJob=498")
    assert (page["entries"], [job["jid"] for job in page["jobs"]]) == (500, [jids[1], jids[0]])
    assert alice.did("GET", f"/jobs/{jids[499]}")["name"] == "param-499-1008"
    bulk = [("jid", str(jid)) for jid in jids]
    told = alice.did("DELETE", "/jobs", params=bulk[:250])
    told_rest = alice.did("DELETE", "/jobs", params=bulk[250:])
    done = [*told["killed"], *told["deleted"], *told["unchanged"]]
    rest = [*told_rest["killed"], *told_rest["deleted"], *told_rest["unchanged"]]
    assert sorted([*done, *rest]) == jids
    summary = alice.did("GET", "/jobs/summary?jobGroup=five-hundred&group=Status")
    assert sum(summary.values()) == 500


@pytest.fixture(scope="module")
def line(stack: Stack, alice: Member, tmp_path_factory: pytest.TempPathFactory) -> Dirac:
    dirac = Dirac(stack.gateway, tmp_path_factory.mktemp("diracx"))
    browser = Browser(stack.gateway)
    browser.sign_in(alice.username, PASSWORD)
    code, printed = dirac.login(browser, "lhcb", "--group", "lhcb_user")
    assert code == 0, printed
    return dirac


def test_diracx_submits_and_searches(line: Dirac, alice: Member) -> None:
    jdl = line.home / "job.jdl"
    jdl.write_text('Executable = "/bin/echo";\nArguments = "from diracx";\nJobName = "diracx-job";\n')
    done = line.run("jobs", "submit", str(jdl))
    assert done.returncode == 0, done.stdout + done.stderr
    found = alice.did("GET", "/jobs?name=diracx-job")["jobs"]
    assert len(found) == 1
    jid = found[0]["jid"]
    assert str(jid) in done.stdout
    assert alice.ended(jid)["status"] == "Done"
    searched = line.run(
        "jobs", "search", "--condition", f"JobID eq {jid}", "--parameter", "Status", "--parameter", "JobName"
    )
    assert searched.returncode == 0, searched.stdout + searched.stderr
    assert json.loads(searched.stdout) == [{"Status": "Done", "JobName": "diracx-job"}]
    config = line.run("config", "dump")
    assert config.returncode == 0, config.stdout + config.stderr


API = """
import asyncio, sys
from pathlib import Path
from diracx.api.jobs import create_sandbox, download_sandbox

async def main():
    pfn = await create_sandbox([Path(sys.argv[1])])
    print(pfn)
    again = await create_sandbox([Path(sys.argv[1])])
    assert again.split("sha256:")[0] == pfn.split("sha256:")[0]
    await download_sandbox(pfn, Path(sys.argv[2]))

asyncio.run(main())
"""
FETCH = """
import asyncio, sys
from pathlib import Path
from diracx.api.jobs import download_sandbox
asyncio.run(download_sandbox(sys.argv[1], Path(sys.argv[2])))
"""


def python(line: Dirac, code: str, *words: str) -> "subprocess.CompletedProcess[str]":
    interpreter = str(REPO / ".clients" / "diracx-cli" / "bin" / "python")
    return subprocess.run(
        [interpreter, "-c", code, *words],
        env=line.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_diracx_moves_sandboxes(line: Dirac, alice: Member, tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text("#!/bin/sh\necho sandboxed > out.txt\n")
    back = tmp_path / "back"
    back.mkdir()
    done = python(line, API, str(script), str(back))
    assert done.returncode == 0, done.stderr
    assert (back / "run.sh").read_text() == script.read_text()
    pfn = done.stdout.split()[0]
    jid = alice.submit({"Executable": "run.sh", "InputSandbox": [pfn], "OutputSandbox": ["out.txt"]})
    assert alice.ended(jid)["status"] == "Done"
    (output,) = alice.did("GET", f"/dirac/api/jobs/{jid}/sandbox/output")
    got = tmp_path / "got"
    got.mkdir()
    fetched = python(line, FETCH, output, str(got))
    assert fetched.returncode == 0, fetched.stderr
    assert (got / "out.txt").read_text() == "sandboxed\n"


def test_killing_in_every_state(alice: Member) -> None:
    jid = alice.submit({"Executable": "/bin/sleep", "Arguments": "600"})
    wait_for(lambda: alice.did("GET", f"/jobs/{jid}")["status"] == "Running", "the job to run")
    told: dict[str, Any] = alice.did("DELETE", f"/jobs/{jid}", params={"killonly": "1"})
    assert (told["jid"], told["changed"]) == (jid, True)
    assert alice.ended(jid)["status"] == "Killed"
    again = alice.did("DELETE", f"/jobs/{jid}", params={"killonly": "1"})
    assert again["changed"] is False
    assert alice.did("DELETE", f"/jobs/{jid}")["status"] == "Deleted"
    assert alice.did("GET", f"/jobs/{jid}")["status"] == "Deleted"


def test_every_command_of_the_page(alice: Member, stack: Stack, tmp_path: Path) -> None:
    page = (REPO / "docs" / "dialects" / "dirac-jobs.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 4
    script = tmp_path / "page.sh"
    script.write_text("set -euo pipefail\n" + "\n".join(blocks))
    environment = {"PATH": os.environ["PATH"], "H": stack.gateway, "T": alice.token}
    done = subprocess.run(
        ["bash", "-x", str(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-1000:]
    assert "result.txt" in done.stdout
    assert '"type":"lfn"' in done.stdout.replace(" ", "")


@pytest.mark.clause("dirac 2.10")
def test_no_private_key_is_taken(stack: Stack) -> None:
    """Where upstream takes proxies."""
    answer = requests.post(f"{stack.gateway}/proxy/alice/lhcb_user", data={"cert": "x"}, timeout=SECONDS)
    assert (answer.status_code, answer.json()["error"]) == (410, "not_found")
