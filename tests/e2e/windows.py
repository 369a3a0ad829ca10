"""The five windows onto jobs, each asked in its own words for the same few things.

A person has one account with a linked wallet, and a credential that each window's clients bring. Jobs are
known by the core's integer id and uid; each window makes its own name of them. States are told in five words:
waiting, running, done, failed, stopped.
"""

import base64
import hashlib
import io
import json
import secrets
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import requests
from eth_account import Account

from libs.signing.keys import PrivateKey
from libs.signing.personal import sign_personal
from tests.e2e.dirac_user import PASSWORD, Member, add_member
from tests.stack import Stack

SECONDS: Final = 60
WAITING, RUNNING, DONE, FAILED, STOPPED = "waiting", "running", "done", "failed", "stopped"
FINAL: Final = frozenset({DONE, FAILED, STOPPED})
HELLO, FAIL, LONG = "hello", "fail", "long"
KEPT: Final = "kept.txt"
ENVIRONMENT: Final = "ocean-compute"
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    stack: Stack
    member: Member  # with a DIRAC token
    token: str  # of the password: OpenPAI's, PROMINENCE's, the native window's
    keystore: str  # DCP's Basic credentials

    @property
    def username(self) -> str:
        return self.member.username


@dataclass(frozen=True, slots=True)
class Known:
    """A job, by the core's names; `born` is the window it came by, `name` what it was called there."""

    id: int
    uid: str
    born: str
    name: str
    owner: str


def person(stack: Stack, username: str) -> Person:
    """A new one, whose wallet's keystore leads to the same account."""
    member = add_member(stack, username, "windows", "windows_user")
    form = {"username": username, "password": PASSWORD, "expiration": "86400"}
    token = requests.post(f"{stack.gateway}/api/auth", data=form, timeout=SECONDS).json()["token"]
    key = secrets.token_bytes(32)
    wallet = PrivateKey(key)
    _link(stack, f"Bearer {token}", wallet)
    keystore = Account.encrypt(key, "pass:word", kdf="scrypt", iterations=1024)
    credentials = f"{json.dumps(keystore)}:pass:word".encode()
    return Person(stack, member, token, f"Basic {base64.b64encode(credentials).decode()}")


def _link(stack: Stack, authorization: str, wallet: PrivateKey) -> None:
    headers, base = {"Authorization": authorization}, f"{stack.gateway}/tidegate/v1/me/wallets"
    query = {"address": wallet.address}
    asked = requests.get(f"{base}/challenge", params=query, headers=headers, timeout=SECONDS).json()
    proof = {"message": asked["message"], "signature": sign_personal(asked["message"], wallet)}
    answer = requests.post(base, json=proof, headers=headers, timeout=SECONDS)
    assert answer.status_code in (200, 201), answer.text


class Window:
    """`words` maps the window's own states."""

    name: str
    words: ClassVar[Mapping[str, str]]

    def __init__(self, who: Person) -> None:
        self.who = who

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": self.authorization, **more.pop("headers", {})}
        url = self.who.stack.gateway + path
        return requests.request(method, url, headers=headers, timeout=SECONDS, **more)

    def did(self, method: str, path: str, **more: Any) -> Any:
        answer = self.ask(method, path, **more)
        assert answer.ok, f"{self.name} {method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json() if answer.content else None

    @property
    def authorization(self) -> str:
        return f"Bearer {self.who.token}"

    def submit(self, kind: str, name: str, text: str) -> Known:
        raise NotImplementedError

    def look(self, job: Known) -> requests.Response:
        raise NotImplementedError

    def state(self, answer: Any) -> str:
        """The window's own word, in what `look` answered."""
        raise NotImplementedError

    def word(self, job: Known) -> str:
        answer = self.look(job)
        assert answer.ok, f"{self.name} about {job}: {answer.status_code} {answer.text[:2000]}"
        return self.words[self.state(answer.json())]

    def stop(self, job: Known) -> requests.Response:
        raise NotImplementedError

    def log(self, job: Known) -> str | None:
        """What the job wrote; None where the window has no such thing."""
        return None

    def kept(self, job: Known) -> bytes | None:
        """The content of the file that a hello job leaves; None where the window has no such thing."""
        return None

    def ids(self) -> set[int]:
        """Of all jobs that the window lists, as far as they are shown by the core's ids or uids."""
        raise NotImplementedError

    def hides(self, answer: requests.Response) -> bool:
        """Whether this is the window's answer about a job that is not there."""
        return answer.status_code == 404


SHELL: Final = {
    HELLO: "echo {text}; mkdir -p outputs; echo {text} > outputs/kept.txt",
    FAIL: "echo {text}; exit 3",
    LONG: "echo {text}; sleep 600",
}


class Native(Window):
    name = "native"
    words: ClassVar = {
        **dict.fromkeys(("held", "queued"), WAITING),
        **dict.fromkeys(("staging", "pulling", "running", "publishing"), RUNNING),
        "succeeded": DONE, "failed": FAILED, "cancelled": STOPPED,
    }  # fmt: skip

    def submit(self, kind: str, name: str, text: str) -> Known:
        line = SHELL[kind].format(text=text)
        asked = {"environment": ENVIRONMENT, "image": "busybox", "command": ["sh", "-c", line], "name": name}
        made = self.did("POST", "/tidegate/v1/jobs", json=asked)
        return Known(made["id"], made["uid"], self.name, name, self.who.username)

    def known(self, ref: int | str, born: str, name: str) -> Known:
        found = self.did("GET", f"/tidegate/v1/jobs/{ref}")
        return Known(found["id"], found["uid"], born, name, self.who.username)

    def named(self, born: str, name: str) -> Known:
        (found,) = self.did("GET", "/tidegate/v1/jobs", params={"dialect": born, "name": name})["jobs"]
        return Known(found["id"], found["uid"], born, name, self.who.username)

    def look(self, job: Known) -> requests.Response:
        return self.ask("GET", f"/tidegate/v1/jobs/{job.uid}")

    def state(self, answer: Any) -> str:
        return str(answer["state"])

    def stop(self, job: Known) -> requests.Response:
        return self.ask("POST", f"/tidegate/v1/jobs/{job.id}/cancel")

    def log(self, job: Known) -> str | None:
        return self.ask("GET", f"/tidegate/v1/jobs/{job.id}/logs").text

    def kept(self, job: Known) -> bytes | None:
        listed = self.did("GET", f"/tidegate/v1/jobs/{job.uid}/outputs")["files"]
        paths = [file["path"] for file in listed if file["path"].rpartition("/")[2] == KEPT]
        if not paths:
            return None
        return self.ask("GET", f"/tidegate/v1/jobs/{job.uid}/outputs/{paths[0]}").content

    def ids(self) -> set[int]:
        found: set[int] = set()
        cursor: str | None = None
        while True:
            params = {"limit": "100", **({} if cursor is None else {"cursor": cursor})}
            page = self.did("GET", "/tidegate/v1/jobs", params=params)
            found |= {job["id"] for job in page["jobs"]}
            cursor = page.get("next")
            if cursor is None:
                return found


class Prominence(Window):
    name = "prominence"
    words: ClassVar = {
        "pending": WAITING, "running": RUNNING, "completed": DONE, "failed": FAILED, "killed": FAILED,
        "deleted": STOPPED,
    }  # fmt: skip

    def submit(self, kind: str, name: str, text: str) -> Known:
        line = (
            SHELL[kind].format(text=text).replace("outputs/kept.txt", KEPT).replace("mkdir -p outputs; ", "")
        )
        asked = {
            "name": name,
            "resources": {"nodes": 1, "cpus": 1, "memory": 1, "disk": 1},
            "tasks": [{"image": "busybox", "runtime": "singularity", "cmd": f"sh -c '{line}'"}],
            **({"outputFiles": [KEPT]} if kind == HELLO else {}),
        }
        number = self.did("POST", "/prominence/v1/jobs", json=asked)["id"]
        return Native(self.who).known(number, self.name, name)

    def look(self, job: Known) -> requests.Response:
        return self.ask("GET", f"/prominence/v1/jobs/{job.id}")

    def state(self, answer: Any) -> str:
        (found,) = answer
        return str(found["status"])

    def hides(self, answer: requests.Response) -> bool:
        return answer.status_code == 200 and answer.json() == []

    def stop(self, job: Known) -> requests.Response:
        return self.ask("DELETE", f"/prominence/v1/jobs/{job.id}")

    def log(self, job: Known) -> str | None:
        return self.ask("GET", f"/prominence/v1/jobs/{job.id}/stdout").text

    def ids(self) -> set[int]:
        query = {"completed": "true", "all": "true", "num": "-1"}
        found: set[int] = set()
        for params in ({}, query):
            found |= {job["id"] for job in self.did("GET", "/prominence/v1/jobs", params=params)}
        return found


class Dirac(Window):
    name = "dirac"
    words: ClassVar = {
        **dict.fromkeys(("Received", "Checking", "Staging", "Waiting", "Submitting"), WAITING),
        **dict.fromkeys(("Matched", "Running", "Completing", "Completed", "Stalled"), RUNNING),
        "Done": DONE, "Failed": FAILED, "Killed": STOPPED,
    }  # fmt: skip

    @property
    def authorization(self) -> str:
        return f"Bearer {self.who.member.token}"

    def submit(self, kind: str, name: str, text: str) -> Known:
        line = (
            SHELL[kind].format(text=text).replace("outputs/kept.txt", KEPT).replace("mkdir -p outputs; ", "")
        )
        asked = {
            "Executable": "/bin/sh",
            "Arguments": f'-c "{line}"',
            "JobName": name,
            "StdOutput": "std.out",
            "OutputSandbox": ["std.out", KEPT] if kind == HELLO else ["std.out"],
        }
        (jid,) = self.did("POST", "/jobs", json=asked)["jids"]
        return Native(self.who).known(jid, self.name, name)

    def look(self, job: Known) -> requests.Response:
        return self.ask("GET", f"/jobs/{job.id}")

    def state(self, answer: Any) -> str:
        return str(answer["status"])

    def stop(self, job: Known) -> requests.Response:
        return self.ask("DELETE", f"/jobs/{job.id}", params={"killonly": "1"})

    def kept(self, job: Known) -> bytes | None:
        if job.born == "dcp":
            return None
        answer = self.ask("GET", f"/jobs/{job.id}/outputsandbox")
        assert answer.status_code == 200, f"{job}: {answer.status_code} {answer.text[:500]}"
        with tarfile.open(fileobj=io.BytesIO(answer.content), mode="r:*") as tar:
            found = [member for member in tar if member.name.rpartition("/")[2] == KEPT]
            file = tar.extractfile(found[0]) if found else None
            assert file is not None, f"{job}: {tar.getnames()}"
            return file.read()

    def ids(self) -> set[int]:
        page = self.did("GET", "/jobs", params={"maxJobs": "1000"})
        return {int(job["jid"]) for job in page["jobs"]}


class OpenPai(Window):
    name = "openpai"
    words: ClassVar = {
        "WAITING": WAITING,
        "RUNNING": RUNNING,
        "SUCCEEDED": DONE,
        "FAILED": FAILED,
        "STOPPED": STOPPED,
    }

    def submit(self, kind: str, name: str, text: str) -> Known:
        line = SHELL[kind].format(text=text).replace("outputs/kept.txt", f"$PAI_OUTPUT_DIR/{KEPT}")
        role = {"name": "Main", "taskNumber": 1, "memoryMB": 256, "command": line}
        asked = {"jobName": name, "image": "busybox", "taskRoles": [role]}
        self.did("POST", f"/openpai/api/v1/user/{self.who.username}/jobs", json=asked)
        return Native(self.who).named(self.name, name)

    def path(self, job: Known) -> str:
        own = f"/openpai/api/v1/user/{job.owner}/jobs/{job.name}"
        return own if job.born == self.name else f"/openpai/api/v1/jobs/{job.born}-{job.id}"

    def look(self, job: Known) -> requests.Response:
        return self.ask("GET", self.path(job))

    def state(self, answer: Any) -> str:
        return str(answer["jobStatus"]["state"])

    def stop(self, job: Known) -> requests.Response:
        return self.ask("PUT", f"{self.path(job)}/executionType", json={"value": "STOP"})

    def log(self, job: Known) -> str | None:
        listed = self.did("GET", f"{self.path(job)}/logs")["logs"]
        urls = [task[stream]["url"] for task in listed for stream in ("stdout", "stderr")]
        paths = [url.removeprefix(self.who.stack.gateway) for url in urls]
        return "".join(self.ask("GET", path).text for path in paths)

    def ids(self) -> set[int]:
        listed = self.did("GET", "/openpai/api/v1/jobs", params={"username": self.who.username})
        born_here = Native(self.who).did(
            "GET", "/tidegate/v1/jobs", params={"dialect": self.name, "limit": "100"}
        )
        named = {job["name"]: job["id"] for job in born_here["jobs"]}
        found = set()
        for job in listed:
            dialect, _, number = job["name"].rpartition("-")
            is_other = dialect in ("native", "prominence", "dirac", "dcp", "ocean")
            if is_other:
                found.add(int(number))
            elif job["name"] in named:
                found.add(named[job["name"]])
        return found


class Dcp(Window):
    name = "dcp"
    words: ClassVar = {
        "new": WAITING, "running": RUNNING, "completed": RUNNING, "finished": DONE, "failed": FAILED,
        "cancelled": STOPPED,
    }  # fmt: skip
    functions: ClassVar = {
        HELLO: "(x) => {{ console.log('{text}'); return x * 2; }}",
        FAIL: "(x) => {{ console.log('{text}'); throw new Error('on purpose'); }}",
        LONG: "(x) => {{ console.log('{text}'); for (;;); }}",
    }

    @property
    def authorization(self) -> str:
        return self.who.keystore

    def submit(self, kind: str, name: str, text: str) -> Known:
        work = {"language": "js", "function": self.functions[kind].format(text=text)}
        asked = {
            "slices": [1, 2, 3],
            "work": work,
            "account": {"label": "default"},
            "public": {"name": name},
            "maxErrors": 1,
        }
        job_id = self.did("POST", "/api/v0/job", json=asked)["jobId"]
        self.did("POST", f"/api/v0/job/{job_id}/close")
        known = Native(self.who).known(job_id[2:34].lower(), self.name, name)
        assert self.path(known).lower().endswith(job_id.lower())
        return known

    def path(self, job: Known) -> str:
        tail = hashlib.sha256(job.uid.encode()).hexdigest()[:8]
        return f"/api/v0/job/0x{job.uid}{tail}"

    def look(self, job: Known) -> requests.Response:
        return self.ask("GET", f"{self.path(job)}/status")

    def state(self, answer: Any) -> str:
        """Failure has no word of its own here: its slices failed, or too many of them did. That no slice is
        left is told at once, the job's own end with its time.
        """
        if answer["status"] == "finished" and answer["finishedTime"] is None:
            return "running"
        is_cut = answer.get("reason") == "ETOOMANYERRORS"
        has_failed = answer["status"] == "finished" and answer["failedSlices"] > 0
        return "failed" if is_cut or has_failed else str(answer["status"])

    def stop(self, job: Known) -> requests.Response:
        return self.ask("DELETE", self.path(job))

    def ids(self) -> set[int]:
        listed = self.did("GET", "/api/v0/jobs", params={"limit": "1000"})
        uids = {job["jobId"][2:34].lower() for job in listed}
        native = Native(self.who)
        return {number for number, uid in _uids(native).items() if uid in uids}


def _uids(native: Native) -> dict[int, str]:
    found: dict[int, str] = {}
    cursor: str | None = None
    while True:
        params = {"limit": "100", **({} if cursor is None else {"cursor": cursor})}
        page = native.did("GET", "/tidegate/v1/jobs", params=params)
        found |= {job["id"]: job["uid"] for job in page["jobs"]}
        cursor = page.get("next")
        if cursor is None:
            return found


KINDS: Final = (HELLO, FAIL, LONG)
WINDOWS: Final[tuple[type[Window], ...]] = (Native, Prominence, Dirac, OpenPai, Dcp)


def windows(who: Person) -> dict[str, Window]:
    return {kind.name: kind(who) for kind in WINDOWS}
