"""`tidegate` as a new user meets it: signing in with a code, jobs, logs, outputs, and honest exit codes."""

import json
import os
import queue
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from scripts.stack.config import REPO
from tests.e2e.browser import Browser, add_person
from tests.stack import Stack

PASSWORD = "correct horse battery"
CODE = re.compile(r"enter the code ([B-Z]{4}-[B-Z]{4})")


class CommandLine:
    """One user at one terminal: a home of their own."""

    def __init__(self, stack: Stack, home: Path) -> None:
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPO),
            "HOME": str(home),
            "TIDEGATE_URL": stack.gateway,
        }
        self.home = home

    def start(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "libs.client.main", *words],
            env=self._environment,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, code: int = 0, given: str | None = None) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", "libs.client.main", *words],
            env=self._environment,
            cwd=self.home,
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def documents(self, *words: str) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.run("--json", *words).stdout.splitlines()]


@pytest.fixture(scope="module")
def browser(stack: Stack) -> Browser:
    add_person(stack, "grace", PASSWORD)
    browser = Browser(stack.gateway)
    browser.sign_in("grace", PASSWORD)
    return browser


@pytest.fixture(scope="module")
def grace(stack: Stack, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Signed in."""
    client = CommandLine(stack, tmp_path_factory.mktemp("grace"))
    with client.start("login") as process:
        lines: queue.Queue[str] = queue.Queue()
        reader = threading.Thread(target=lambda: [lines.put(line) for line in process.stderr or ()])
        reader.start()
        found = CODE.search(lines.get(timeout=60))
        assert found is not None
        browser.connect_device(found[1])
        assert process.wait(60) == 0
        reader.join()
    return client


def test_a_login_is_kept_for_its_user_alone(grace: CommandLine) -> None:
    kept = grace.home / ".config" / "tidegate" / "tokens.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert grace.run("whoami").stdout.startswith("grace (person:")


def test_a_job_is_followed_to_its_end_and_its_outputs_are_fetched(grace: CommandLine) -> None:
    (grace.home / "main.py").write_text(
        "import os\nprint('counting', flush=True)\nos.makedirs('outputs/deep')\n"
        "open('outputs/deep/n.txt', 'w').write(open('data.txt').read() * 2)\n"
    )
    (grace.home / "data.txt").write_text("seven ")
    words = ("-f", "main.py", "-f", "data.txt", "-i", "python:3.12", "-n", "count", "--follow")
    done = grace.run("submit", *words, "--", "python3", "main.py")
    assert done.stdout == "counting\n"
    assert "succeeded" in done.stderr
    (job,) = grace.documents("list", "--name", "count")
    assert (job["state"], job["exit_code"]) == ("succeeded", 0)
    number = str(job["id"])
    assert "deep/n.txt" in grace.run("outputs", number).stdout
    grace.run("get", number, "-d", "fetched")
    assert (grace.home / "fetched" / "deep" / "n.txt").read_text() == "seven seven "
    grace.run("get", number, "--zip")
    assert (grace.home / f"{job['uid']}.zip").read_bytes().startswith(b"PK")
    assert grace.run("logs", number).stdout == "counting\n"
    assert "main.0.0.output" in grace.run("streams", number).stdout
    shown = grace.run("show", number).stdout
    assert "succeeded" in shown
    assert [event["to"] for event in grace.documents("events", number)] == [
        *("queued", "staging", "pulling", "running", "publishing", "succeeded")
    ]


def test_what_fails_says_why_and_gives_1(grace: CommandLine) -> None:
    done = grace.run("submit", "--wait", "--", "sh", "-c", "echo oh; exit 3", code=1)
    assert "exit code 3" in done.stderr
    number = done.stdout.strip()
    assert grace.run("wait", number, code=1).returncode == 1
    again = grace.run("retry", number).stdout.strip()
    assert int(again) > int(number)
    assert grace.run("wait", again, code=1).returncode == 1


def test_a_job_is_stopped(grace: CommandLine) -> None:
    number = grace.run("submit", "--", "sleep", "300").stdout.strip()
    grace.run("wait", number, "--time", "1", code=7)
    grace.run("cancel", number)
    grace.run("wait", number, code=1)
    (job,) = grace.documents("show", number)
    assert job["state"] == "cancelled"
    grace.run("delete", number)
    assert number not in {str(entry["id"]) for entry in grace.documents("list")}


def test_the_same_key_makes_one_job(grace: CommandLine) -> None:
    words = ("submit", "--key", "monday", "-s", "-")
    document = json.dumps({"environment": "ocean-compute", "command": ["true"], "name": "once"})
    first = grace.run(*words, given=document).stdout
    assert grace.run(*words, given=document).stdout == first


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("submit", "-e", "nowhere", "--", "true"), 3, "no environment of that name"),
        (("submit", "--memory", "lots", "--", "true"), 3, "/resources/memory"),
        (("submit",), 2, "Say what to run"),
        (("show", "999999"), 6, "no such job"),
        (("--token", "forged", "list"), 4, "tidegate login"),
        (("--url", "http://127.0.0.1:9", "whoami"), 5, "does not answer"),
    ],
)
def test_refusals_have_codes_and_sentences(
    grace: CommandLine, words: tuple[str, ...], code: int, text: str
) -> None:
    assert text in grace.run(*words, code=code).stderr


def test_somebody_elses_job_is_none(stack: Stack, grace: CommandLine) -> None:
    number = grace.run("submit", "--wait", "--", "true").stdout.strip()
    admin = stack.content["dev_admin"]
    assert isinstance(admin, dict)
    token = requests.post(f"{stack.gateway}/api/auth", json={**admin, "expiration": 600}, timeout=30).json()[
        "token"
    ]
    for words in (("show", number), ("logs", number), ("cancel", number), ("get", number)):
        assert "no such job" in grace.run("--token", token, *words, code=6).stderr


def test_environments_and_quotas_are_shown(grace: CommandLine) -> None:
    assert "ocean-compute-env2" in grace.run("environments").stdout
    (quotas,) = grace.documents("quotas")
    assert quotas["principal"]["jobs"]["most"] == 1000  # type: ignore[index]
    rows = [line.split() for line in grace.run("quotas").stdout.splitlines()]
    assert rows[0] == ["WHOSE", "WHAT", "HELD", "MOST"]
    assert rows[1] == ["yours", "jobs", "0", "1000"]
    assert rows[3][-2:] == ["no", "limit"]


def test_an_upload_is_kept_for_jobs_to_come(grace: CommandLine) -> None:
    (grace.home / "many.bin").write_bytes(b"x" * 3000)
    assert grace.run("upload", "many.bin", "--name", "mine").stdout.startswith("mine  2.9 KiB  sha256 ")
    (kept,) = grace.documents("upload", "many.bin", "--name", "mine")
    assert (kept["name"], kept["size"]) == ("mine", 3000)
    inputs = [{"path": "data.bin", "sandbox": "mine"}]
    document = {"environment": "ocean-compute", "command": ["wc", "-c", "data.bin"], "inputs": inputs}
    given = json.dumps(document)
    assert '"sandbox": "mine"' in grace.run("submit", "-s", "-", "--dry-run", given=given).stdout
    assert grace.run("submit", "-s", "-", "--follow", given=given).stdout == "3000 data.bin\n"


def test_a_run_is_copied(grace: CommandLine) -> None:
    first = grace.run("submit", "--wait", "--", "echo", "twice").stdout.strip()
    again = grace.run("clone", first).stdout.strip()
    grace.run("wait", again)
    assert grace.run("logs", again).stdout == "twice\n"


FLOW = {
    "steps": [
        {"name": "first", "command": ["sh", "-c", "sleep 1; echo first"]},
        {
            "name": "many",
            "after": ["first"],
            "command": ["sh", "-c", "echo $x of $TIDEGATE_INSTANCE"],
            "sweep": {"way": "product", "parameters": [{"name": "x", "start": 0, "end": 1, "number": 3}]},
        },
    ]
}


def test_a_workflow_runs_to_its_end(grace: CommandLine) -> None:
    (grace.home / "flow.json").write_text(json.dumps(FLOW))
    number = grace.run("workflow", "submit", "flow.json", "-n", "tides", "--wait").stdout.strip()
    shown = grace.run("workflow", "show", number).stdout
    assert shown.endswith("first    succeeded  1/1\n└─ many  succeeded  3/3\n")
    jobs = grace.documents("workflow", "jobs", number, "--step", "many")
    assert [grace.run("logs", str(job["id"])).stdout for job in reversed(jobs)] == [
        *("0 of 0\n", "0.5 of 1\n", "1 of 2\n")
    ]


def test_a_command_inside_of_a_running_job(grace: CommandLine) -> None:
    number = grace.run("submit", "--", "sh", "-c", "echo here > note; sleep 300").stdout.strip()
    with grace.start("wait", number) as waiting:
        for line in waiting.stderr or ():
            if line.rstrip().endswith("running"):
                break
        assert grace.run("exec", number, "--", "cat", "note").stdout == "here\n"
        assert grace.run("exec", number, "exit 3", code=1).stderr == "exit code 3\n"
        grace.run("cancel", number)
        assert waiting.wait(60) == 1
    assert "Nothing of the job runs" in grace.run("exec", number, "true", code=3).stderr
