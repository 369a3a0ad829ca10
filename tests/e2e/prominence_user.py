"""Somebody with PROMINENCE's command lines: what they print, and plain requests with the same token."""

import json
import os
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any

import requests

from libs.sql.engine import Database
from scripts.stack.processes import find
from services.auth.adapters.clock import SystemClock
from services.auth.adapters.store_sql.people import SqlPeople
from services.auth.domain.people import Group
from tests.e2e.browser import add_person
from tests.e2e.prominence_line import NEWER, PASSWORD, CommandLine
from tests.stack import Stack
from tests.waiting import wait_for

SECONDS = 60
UNFINISHED = ("pending", "running")
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class User:
    """A command line that is signed in. Called with a command's words, it gives what is printed."""

    line: CommandLine
    username: str
    token: str

    @property
    def home(self) -> Path:
        return self.line.home

    def __call__(self, *words: str) -> str:
        done = self.line.run(self.line.argv(*words))
        assert (done.returncode, done.stderr) == (0, ""), (
            f"{words}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
        return done.stdout

    def refused(self, *words: str) -> str:
        """The one line that says so, without `Error: `."""
        done = self.line.run(self.line.argv(*words))
        assert (done.returncode, done.stderr) == (1, ""), f"{words}: {done.stdout}{done.stderr}"
        lines = [line for line in done.stdout.splitlines() if line not in ANNOUNCED]
        assert len(lines) == 1, done.stdout
        assert lines[0].startswith("Error: "), done.stdout
        return lines[0].removeprefix("Error: ")

    def all_refused(self, *calls: tuple[str, ...]) -> list[str]:
        """As `refused`, several at once: most of a call is the start of the client."""
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            return list(pool.map(lambda words: self.refused(*words), calls))

    def broken(self, *words: str) -> str:
        """The last line of the traceback that this client gives for some refusals (contract 1.2)."""
        done = self.line.run(self.line.argv(*words))
        assert (done.returncode, done.stdout) == (1, ""), f"{words}: {done.stdout}{done.stderr}"
        assert done.stderr.startswith("Traceback "), done.stderr
        return done.stderr.splitlines()[-1].removeprefix("prominence.exceptions.")

    def made(self, *words: str, kind: str = "Job") -> int:
        """The id of what a command says that it created."""
        printed = self(*words).splitlines()[-1]
        assert printed.startswith(f"{kind} created with id "), printed
        return int(printed.rpartition(" ")[2])

    def run_file(self, name: str, text: str | Document, kind: str = "Job") -> int:
        return self.made("run", self.file(name, text), kind=kind)

    def file(self, name: str, text: str | bytes | Document) -> str:
        """Its path as written into the home, where commands run."""
        data = text if isinstance(text, (str, bytes)) else json.dumps(text)
        (self.home / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        return name

    def archive(self, name: str) -> dict[str, bytes]:
        """The files in a .tgz of the home."""
        with tarfile.open(self.home / name) as opened:
            members = [member for member in opened if member.isfile()]
            return {member.name: (opened.extractfile(member) or BytesIO()).read() for member in members}

    def table(self, *words: str) -> list[dict[str, str]]:
        """The rows of a list, by the names of its columns."""
        head, *rows = self(*words).splitlines()
        names = head.split()
        starts = [head.index(name) for name in names]
        ends = [*starts[1:], None]
        return [
            {name: row[start:end].strip() for name, start, end in zip(names, starts, ends, strict=True)}
            for row in rows
        ]

    def ids(self, *words: str) -> list[int]:
        return [int(row["ID"]) for row in self.table(*words)]

    def described(self, number: int, *kind: str) -> Document:
        found = json.loads(self("describe", *kind, str(number)))
        assert isinstance(found, dict)
        return found

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """Without the command line, at the same base."""
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        url = f"{self.line.stack.gateway}{self.line.base}{path}"
        return requests.request(method, url, headers=headers, timeout=SECONDS, **more)

    def one(self, kind: str, number: int) -> Document:
        answer = self.ask("GET", f"/{kind}/{number}")
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()
        assert isinstance(found, dict)
        return found

    def job(self, number: int) -> Document:
        return self.one("jobs", number)

    def ended(self, number: int, kind: str = "jobs") -> Document:
        """As it is once it has ended."""

        def found() -> Document | None:
            job = self.one(kind, number)
            return None if job["status"] in UNFINISHED else job

        return wait_for(found, f"{kind}/{number} to end") or {}

    def ended_workflow(self, number: int) -> Document:
        return self.ended(number, "workflows")

    @contextmanager
    def running(self, number: int, text: str = "begun") -> Iterator[int]:
        """The job has come so far as to print `text`; it is ended after this."""
        try:
            self.until_printed(number, text)
            yield number
        finally:
            self.ask("DELETE", f"/jobs/{number}")

    def until_printed(self, number: int, text: str) -> None:
        """The job runs and has come so far."""
        wait_for(lambda: text in self.ask("GET", f"/jobs/{number}/stdout").text, f"{text!r} of job {number}")


def job_of(*tasks: Document, **more: object) -> Document:
    """A description with small wishes; tasks are busybox's unless they say otherwise."""
    resources = {"nodes": 1, "cpus": 1, "memory": 1, "disk": 1}
    images = [{"image": "busybox", **task} for task in tasks]
    return {"name": "described", "resources": resources, "tasks": images, **more}


ANNOUNCED = ("Creating snapshot...", "Preparing downloads...")  # before the refusal


def signed_in(
    stack: Stack, username: str, home: Path, name: str = NEWER, base: str = "/prominence/v1"
) -> User:
    """With a token of the stack in the file that the command lines read. The person exists."""
    home.mkdir(exist_ok=True)
    asked = {"username": username, "password": PASSWORD, "expiration": 86400}
    token = requests.post(f"{stack.gateway}/api/auth", json=asked, timeout=SECONDS).json()["token"]
    line = CommandLine(name, stack, home, base)
    line.file("token").parent.mkdir()
    line.file("token").write_text(json.dumps({"access_token": token, "token_type": "Bearer"}))
    line.file("token").chmod(0o600)
    return User(line, username, token)


def add_member(stack: Stack, username: str, *groups: str) -> str:
    """A new person, in groups that are made when they are missing."""
    person = add_person(stack, username, PASSWORD)
    database = Database.open(stack.config.service_database("auth"))
    people = SqlPeople(database, SystemClock())
    for group in groups:
        people.put_group(Group(name=group, vo="", properties=()))
    people.set_groups(person.id, list(groups))
    database.dispose()
    return username


@contextmanager
def no_worker(stack: Stack) -> Iterator[None]:
    """What is submitted stays pending. For less time than a worker's lease."""
    worker = find(stack.config.run_dir, "worker")
    assert worker is not None
    os.kill(worker.pid, SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker.pid, SIGCONT)
