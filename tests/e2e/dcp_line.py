"""Users of dcp-rest: keystores that dcp-client makes, curl lines as printed, and plain requests."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import requests

from scripts.stack.config import REPO
from tests.stack import Stack

RELEASES: Final = ("4.4.0", "5.6.1")
FOLDER: Final = REPO / "tests" / "e2e" / "dcp"
PASSWORD: Final = "myepicpassw0rd"
SECONDS: Final = 60
WAIT_SECONDS: Final = 120  # the longest wait that the service offers
Document = dict[str, Any]
# Lines stay as printed: what they call curl also tells the status.
CURL: Final = "curl() { command curl --silent --show-error --write-out '\\n%{http_code}' \"$@\"; }\n"


def made_by(release: str, password: str, home: Path, label: str = "") -> dict[str, str]:
    """`token`, `address` and `keystore` (JSON text), by that release's own wallet."""
    done = subprocess.run(
        ["node", str(FOLDER / "keystore.cjs"), release, password, *([label] if label else [])],
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody with an identity. `authorization` is the header's whole value; `home` holds `id.keystore`."""

    stack: Stack
    home: Path
    address: str
    authorization: str

    def type(self, line: str, **variables: str) -> tuple[int, Any]:
        """What a printed line answers: status and JSON, None for an empty body. `$A` and `$API` are set."""
        done = self.shell(f'A="$(cat id.keystore):{PASSWORD}"\n{CURL}{line}', variables)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        body, _, status = done.stdout.rpartition("\n")
        return int(status), json.loads(body) if body else None

    def shell(
        self, commands: str, variables: Mapping[str, str], seconds: float = SECONDS
    ) -> "subprocess.CompletedProcess[str]":
        given = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "API": f"{self.stack.gateway}/api/v0",
            "GATEWAY": self.stack.gateway,
            "ADDRESS": self.address,
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
        headers = {"Authorization": self.authorization, **more.pop("headers", {})}
        url = f"{self.stack.gateway}/api/v0{path}"
        return requests.request(method, url, headers=headers, timeout=WAIT_SECONDS + SECONDS, **more)

    def did(self, method: str, path: str, **more: Any) -> Any:
        answer = self.ask(method, path, **more)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json() if answer.content else None

    def with_key(self, **body: object) -> "Owner":
        """The same identity by an API key."""
        key = self.did("POST", "/key", json=body)["key"]
        return replace(self, authorization=f"Bearer {key}")

    def deploy(self, function: str, slices: object = None, language: str = "js", **more: object) -> str:
        """Returns the job's path."""
        body: Document = {
            "work": {"language": language, "function": function},
            "account": {"name": "default"},
        }
        if slices is not None:
            body["slices"] = slices
        return f"/job/{self.did('POST', '/job', json={**body, **more})['jobId']}"

    def results(self, job: str, ranges: Sequence[str] = ()) -> Document:
        """Once every slice of the ranges is over."""
        answer = self.did(
            "GET", f"{job}/result/wait", params=[*(("range", each) for each in ranges), ("timeout", "120")]
        )
        assert answer["complete"], f"{answer}\n{self.stack.log_tails()}"
        return dict(answer)

    def values(self, job: str, *ranges: str) -> list[Any]:
        """In order, every slice with a value."""
        answer = self.results(job, ranges)
        assert not answer["errors"], answer["errors"]
        return [result["value"] for result in answer["results"]]

    def computed(self, function: str, slices: object, language: str = "js", **more: object) -> list[Any]:
        return self.values(self.deploy(function, slices, language, **more))


def owner(stack: Stack, home: Path, release: str = RELEASES[-1]) -> Owner:
    """A new identity, whose keystore is one of that release."""
    home.mkdir(exist_ok=True)
    made = made_by(release, PASSWORD, home)
    (home / "id.keystore").write_text(made["keystore"])
    return Owner(stack, home, made["address"], made["token"])
