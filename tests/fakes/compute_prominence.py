"""The PROMINENCE room over a memory store and real folders, and a stand-in for the worker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from libs.web import edge
from libs.web.gate import Gate, install_gate
from libs.web.settings import Secret
from services.compute.adapters.files_fsspec import open_files
from services.compute.adapters.links import HmacLinks
from services.compute.adapters.logs import StoredLogs
from services.compute.dialects import prominence
from services.compute.dialects.prominence import ProminenceParts
from services.compute.dialects.prominence.errors import render_edge
from services.compute.dialects.prominence.stores import StoreParts
from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.job import Job, NewJob, Stored, StoredFile
from services.compute.domain.layout import live_log, stored_output
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.ports.engines import Abilities
from services.compute.ports.store import Change, Lease
from services.compute.usecases.copies import Copies
from services.compute.usecases.environments import RunningJobs
from services.compute.usecases.errands import Ask
from services.compute.usecases.job_text import JobText
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.keyvalues import KeyValues
from services.compute.usecases.objects import Objects
from services.compute.usecases.placing import Placing
from services.compute.usecases.results import Results
from services.compute.usecases.submit import Submit
from services.compute.usecases.workflow_fitting import WorkflowFitting
from services.compute.usecases.workflows import Workflows
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_room import PRINCIPALS
from tests.fakes.compute_side import MemoryKeyValue, MemoryObjectBook
from tests.fakes.compute_store import MemoryJobStore
from tests.fakes.principals import KnownPrincipals

BASE = "/prominence/v1"
PUBLIC_URL = "https://gate.example"
SMALL = Environment(
    id="small",
    engine="process",
    cpus=4.0,
    memory_bytes=8 << 30,
    disk_bytes=20 << 30,
    max_job_seconds=86_400,
    storage_seconds=3600,
    network=True,
)
ENGINES = {"process": Abilities(pins_images=True)}
JOB: Mapping[str, Any] = {
    "name": "",
    "resources": {"nodes": 1, "disk": 10, "cpus": 1, "memory": 1},
    "tasks": [{"image": "busybox", "runtime": "singularity", "cmd": "echo hi"}],
}
UNLIMITED = Quotas(principal=Quota())


@dataclass
class Prominence:
    """`errands` as of Ask; None leaves them off."""

    folder: Path
    quotas: Quotas = UNLIMITED
    public_url: str = PUBLIC_URL
    exit_completes: bool = False
    errands: Any = None
    store: Any = field(default_factory=MemoryJobStore)
    keys: Any = field(default_factory=MemoryKeyValue)
    clock: Any = field(default_factory=PlannedClock)

    def __post_init__(self) -> None:
        self.files = open_files(f"file://{self.folder}/objects")
        self.work = self.folder / "work"
        self.logs = StoredLogs(self.work, self.files)
        self.objects = MemoryObjectBook()
        self.parts = self._parts()
        self.app = self._app()
        self.http = self.app.test_client()

    def _parts(self) -> ProminenceParts:
        store, clock = self.store, self.clock
        book = EnvironmentBook([SMALL])
        submit = Submit(store, book, ENGINES, self.quotas, clock, self.objects)
        ask = None if self.errands is None else Ask(self.errands, self.files, clock, 2, clock.pause)
        fitting = WorkflowFitting(submit, self.quotas)
        return ProminenceParts(
            submit=submit,
            copies=Copies(submit, store),
            jobs=Jobs(store, clock),
            workflows=Workflows(store, store, fitting, self.quotas, clock),
            placing=Placing(book, ENGINES),
            results=Results(store, self.files, self.logs),
            text=JobText(self.logs),
            errands=ask,
            links=HmacLinks(Secret("of tests")),
            clock=clock,
            stores=self._stores(book),
            public_url=self.public_url,
            exit_completes=self.exit_completes,
        )

    def _stores(self, book: EnvironmentBook) -> StoreParts:
        return StoreParts(
            objects=Objects(self.objects, self.files, self.clock, 1 << 20, 4 << 20),
            keys=KeyValues(self.keys, self.clock),
            usage=self.store.usage,
            running=RunningJobs(self.store, book),
            environments=book,
            checks={"database": self.store.ping},
        )

    def _app(self) -> Flask:
        app = Flask(__name__, static_folder=None)
        app.url_map.merge_slashes = False
        prominence.mount(app, self.parts)
        edge.install(app, "compute", checks={}, render_error=render_edge)
        self.principals = KnownPrincipals(**PRINCIPALS)
        install_gate(app, Gate(self.principals))
        return app

    # -- a caller -----------------------------------------------------------------------------------
    def call(
        self, method: str, path: str, *, token: str | None = "ada", base: str = BASE, **sent: Any
    ) -> TestResponse:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.http.open(
            base + path, method=method, headers={**headers, **sent.pop("headers", {})}, **sent
        )

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.call("GET", path, **more)

    def listed(self, path: str = "/jobs", **more: Any) -> list[int]:
        """The ids that a listing shows."""
        answer = self.get(path, **more)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return [job["id"] for job in answer.get_json()]

    def submit(self, token: str = "ada", **members: Any) -> int:
        answer = self.call("POST", "/jobs", token=token, json={**JOB, **members})
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return int(answer.get_json()["id"])

    def workflow(self, token: str = "ada", **document: Any) -> int:
        answer = self.call("POST", "/workflows", token=token, json=document)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return int(answer.get_json()["id"])

    def described(self, number: int, **more: Any) -> Any:
        (job,) = self.get(f"/jobs/{number}", **more).get_json()
        return job

    def other(self, new: NewJob) -> Job:
        """A job of another window."""
        return self.store.submit(new, self.quotas, self.clock.now()).job

    # -- the worker ---------------------------------------------------------------------------------
    def job(self, number: int) -> Job:
        return self.store.find(number, None)

    def start(self, number: int) -> Lease:
        """Until it runs."""
        uid = self.job(number).uid
        claimed = self.store.claim("worker", {"small": 10_000}, self.clock.now(), 1e6)
        lease = next(claim.lease for claim in claimed if claim.job.uid == uid)
        self.change(lease, State.STAGING, attempt_begins=True)
        self.clock.move(2)
        self.change(lease, State.PULLING)
        self.change(lease, State.RUNNING, started_at=self.clock.now())
        self.store.release([claim.lease for claim in claimed if claim.job.uid != uid])
        return lease

    def change(self, lease: Lease, to: State, **more: Any) -> Job:
        return self.store.change(lease, Change(to=to, **more), self.clock.now())

    def finish(self, lease: Lease, reason: Reason | None = None, **files: bytes) -> Job:
        """`files`: kept outputs, a dot in a name written as two underscores."""
        self.change(lease, State.PUBLISHING)
        self.clock.move(3)
        kept = [self._keep(lease.uid, name.replace("__", "."), data) for name, data in files.items()]
        to = State.SUCCEEDED if reason is None else State.FAILED
        code = None if reason is None or reason.code != "command_failed" else 1
        done = self.change(
            lease, to, reason=reason, exit_code=0 if reason is None else code, files=kept, release=True
        )
        for workflow in [] if done.workflow is None else [done.workflow.uid]:
            self.store.feed(workflow, self.quotas, self.clock.now())
        return done

    def run(self, number: int, reason: Reason | None = None, **files: bytes) -> Job:
        return self.finish(self.start(number), reason, **files)

    def write(self, number: int, data: bytes, stream: str = "main.0.0.stdout", attempt: int = 1) -> None:
        path = self.work / live_log(self.job(number).uid, attempt, stream)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(data)

    def _keep(self, uid: str, path: str, content: bytes) -> StoredFile:
        kept = self.files.put(stored_output(uid, path), [content])
        media = "text/html" if path.endswith(".html") else "application/octet-stream"
        return StoredFile(kind=Stored.OUTPUT, path=path, size=kept.size, media_type=media, sha256=kept.sha256)
