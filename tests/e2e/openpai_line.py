"""OpenPAI's users at a shell: the lines that its page prints, with our host, and what came of them."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from scripts.stack.services import environment
from tests.stack import Stack
from tests.waiting import wait_for

SECONDS: Final = 60
PASSWORD: Final = "pai secret &+%1"
ENDED: Final = "FRAMEWORK_COMPLETED"
Document = dict[str, Any]
# Lines stay as printed: what they call curl also tells the status.
CURL: Final = "curl() { command curl --silent --show-error --write-out '\\n%{http_code}' \"$@\"; }\n"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a token and a folder of their own, where commands run."""

    stack: Stack
    home: Path
    name: str
    token: str

    def type(self, line: str, **variables: str) -> tuple[int, Any]:
        """What a printed line answers: status and JSON. `$H`, `$T` and `$ME` are set."""
        done = self.shell(CURL + line, variables)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        body, _, status = done.stdout.rpartition("\n")
        return int(status), json.loads(body)

    def shell(
        self, commands: str, variables: Mapping[str, str], seconds: float = SECONDS
    ) -> "subprocess.CompletedProcess[str]":
        given = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "H": self.stack.gateway,
            "T": self.token,
            "ME": self.name,
        }
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.home,
            env={**given, **variables},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return requests.request(method, self.stack.gateway + path, headers=headers, timeout=SECONDS, **more)

    @property
    def jobs(self) -> str:
        """Where this user's jobs are in the newer generation."""
        return f"/api/v1/user/{self.name}/jobs"

    def submit(self, config: Document) -> str:
        """By the newer generation; returns the job's name."""
        answer = self.ask("POST", self.jobs, json=config)
        assert answer.status_code == 202, answer.text
        return str(config["jobName"])

    def submit_old(self, config: Document) -> str:
        answer = self.ask("PUT", f"/api/job/{config['jobName']}", json=config)
        assert answer.status_code == 200, answer.text
        return str(config["jobName"])

    def detail(self, name: str) -> Document:
        """Read without a token, as anybody may."""
        answer = requests.get(f"{self.stack.gateway}{self.jobs}/{name}", timeout=SECONDS)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def status(self, name: str) -> Document:
        return dict(self.detail(name)["jobStatus"])

    def until(self, name: str, *states: str) -> Document:
        """Its status once the newer generation's word for it is one of these."""

        def found() -> Document | None:
            status = self.status(name)
            return status if status["state"] in states else None

        return wait_for(found, f"{name} to be {' or '.join(states)}") or {}

    def ended(self, name: str) -> Document:
        return self.until(name, "SUCCEEDED", "FAILED", "STOPPED")

    def old_status(self, name: str) -> Document:
        answer = requests.get(f"{self.stack.gateway}/api/job/{name}", timeout=SECONDS)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def old_ended(self, name: str) -> Document:
        def found() -> Document | None:
            status = self.old_status(name)
            return status if status["state"] == ENDED else None

        return wait_for(found, f"{name} to end") or {}

    def printed(self, base: str, role: str, index: int = 0, stream: str = "stdout") -> str:
        """What a task wrote; `base` is the job's path."""
        answer = self.ask("GET", f"{base}/logs/{role}/{index}/{stream}")
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.text

    def says(self, name: str, role: str, text: str, index: int = 0) -> None:
        """Waits until a task has come so far as to print this."""
        base = f"{self.jobs}/{name}"
        path = f"{base}/logs/{role}/{index}/stdout"
        wait_for(lambda: text in self.ask("GET", path).text, f"{role} {index} of {name} to say {text!r}")

    def failed(self, name: str) -> str:
        """For messages of asserts: all that is known of a job."""
        return json.dumps(self.detail(name), indent=1) + self.stack.log_tails()


def admin_token(stack: Stack) -> str:
    made = stack.content["dev_admin"]
    assert isinstance(made, dict)
    form = {"username": made["username"], "password": made["password"]}
    answer = requests.post(f"{stack.gateway}/api/auth", data=form, timeout=SECONDS)
    return str(answer.json()["token"])


def new_user(stack: Stack, home: Path, name: str, password: str = PASSWORD) -> User:
    """Made by the administrator, logged in."""
    headers = {"Authorization": f"Bearer {admin_token(stack)}"}
    made = {"username": name, "password": password, "admin": False, "modify": False}
    answer = requests.put(f"{stack.gateway}/api/auth", json=made, headers=headers, timeout=SECONDS)
    assert answer.status_code == 200, answer.text
    form = {"username": name, "password": password}
    token = requests.post(f"{stack.gateway}/api/auth", json=form, timeout=SECONDS).json()["token"]
    home.mkdir(exist_ok=True)
    return User(stack, home, name, token)


def storage(stack: Stack) -> Path:
    """The folder that `hdfs://` leads into."""
    return Path(environment(stack.config, "worker")["COMPUTE_OPENPAI_STORAGE_URL"].removeprefix("file://"))


def role(name: str, command: str, **more: object) -> Document:
    return {"name": name, "taskNumber": 1, "cpuNumber": 1, "memoryMB": 128, "command": command, **more}


def config(job: str, *roles: Document, **more: object) -> Document:
    return {"jobName": job, "image": "python:3.11", "taskRoles": list(roles), **more}
