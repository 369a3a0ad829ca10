"""The native room over a memory store and real folders, and a stand-in for the worker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from libs.web import edge
from libs.web.gate import Gate, install_gate
from libs.web.principal import Principal
from services.compute.adapters.files_fsspec import open_files
from services.compute.adapters.logs import StoredLogs
from services.compute.dialects import native
from services.compute.dialects.native.parts import NativeParts
from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.job import Job, Stored, StoredFile
from services.compute.domain.layout import live_log, stored_output
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.ports.engines import Abilities
from services.compute.ports.store import Change, Lease
from services.compute.usecases.dead_letters import DeadLetters
from services.compute.usecases.environments import RunningJobs
from services.compute.usecases.errands import Ask
from services.compute.usecases.follow import Follow
from services.compute.usecases.job_logs import JobLogs
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.repeat import Repeat
from services.compute.usecases.results import Results
from services.compute.usecases.sandboxes import Sandboxes
from services.compute.usecases.streams import Streams
from services.compute.usecases.submit import Submit
from services.compute.usecases.workflow_fitting import WorkflowFitting
from services.compute.usecases.workflows import Workflows
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_side import MemoryErrands
from tests.fakes.compute_store import MemoryJobStore
from tests.fakes.principals import KnownPrincipals

BASE = "/tidegate/v1"
SMALL = Environment(
    id="small",
    engine="process",
    cpus=2.0,
    memory_bytes=2 << 30,
    disk_bytes=1 << 30,
    image="python:3.12",
    max_job_seconds=600,
    storage_seconds=3600,
)
PINNED = Environment(id="pinned", engine="docker", image="debian:12", network=True, gpus=1)
PRICED = Environment(id="priced", engine="process", image="debian:12", price_per_minute=Decimal("0.1"))
ENGINES = {
    "process": Abilities(pins_images=False),
    "docker": Abilities(pins_images=True, nodes=1, gpus=1, gathers=True),
}
SCOPES = frozenset({"job:read", "job:write"})
WALLET = "0x" + "Ab" * 20
MINIMUM: Mapping[str, Any] = {"environment": "small", "command": ["true"]}


def person(letter: str, **more: Any) -> Principal:
    return Principal(
        subject=f"person:{letter * 32}",
        name=letter,
        display_name=letter,
        credential="api_key",
        **{"scopes": SCOPES, **more},
    )


ADA = person("a", groups=("physics",))
BOB = person("b", wallets=(WALLET,))
PRINCIPALS = {
    "ada": ADA,
    "bob": BOB,
    "reader": person("a", scopes=frozenset({"job:read"})),
    "writer": person("a", scopes=frozenset({"job:write"})),
    "nobody": person("d", scopes=frozenset()),
    "root": person("e", scopes=SCOPES | {"admin"}, is_admin=True),
    "demoted": person("e", scopes=SCOPES | {"admin"}),
}


@dataclass
class Room:
    folder: Path
    quotas: Quotas = field(default_factory=lambda: Quotas(groups={"physics": Quota(cpus=8)}))
    file_bytes: int = 1 << 20
    owner_bytes: int = 2 << 20
    streams: int = 4
    store: Any = field(default_factory=MemoryJobStore)
    clock: Any = field(default_factory=PlannedClock)

    def __post_init__(self) -> None:
        self.files = open_files(f"file://{self.folder}/objects")
        self.work = self.folder / "work"
        self.errands = MemoryErrands(self.store)
        self.logs = StoredLogs(self.work, self.files)
        self.parts = self._parts()
        self.app = self._app()
        self.http = self.app.test_client()

    def _parts(self) -> NativeParts:
        store, clock = self.store, self.clock
        book = EnvironmentBook([SMALL, PINNED, PRICED])
        submit = Submit(store, book, ENGINES, self.quotas, clock)
        return NativeParts(
            submit=submit,
            jobs=Jobs(store, clock),
            workflows=Workflows(store, store, WorkflowFitting(submit, self.quotas), self.quotas, clock),
            errands=Ask(self.errands, self.files, clock, 2, clock.pause),
            repeat=Repeat(store, submit, self.quotas, clock),
            results=Results(store, self.files, self.logs),
            logs=JobLogs(self.logs),
            follow=Follow(store, self.logs, clock, clock.pause),
            sandboxes=Sandboxes(self.files, self.file_bytes, self.owner_bytes),
            dead_letters=DeadLetters(store, clock),
            running=RunningJobs(store, book),
            environments=book,
            engines=ENGINES,
            quotas=self.quotas,
            clock=clock,
            streams=Streams(self.streams),
        )

    def _app(self) -> Flask:
        app = Flask(__name__, static_folder=None)
        app.url_map.merge_slashes = False
        native.mount(app, self.parts)
        edge.install(app, "compute", checks={}, render_error=native.render_edge)
        self.principals = KnownPrincipals(**PRINCIPALS)
        install_gate(app, Gate(self.principals))
        return app

    # -- a caller -----------------------------------------------------------------------------------
    def call(
        self, method: str, path: str, *, token: str | None = "ada", headers: Any = None, **sent: Any
    ) -> TestResponse:
        proof = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.http.open(BASE + path, method=method, headers={**proof, **(headers or {})}, **sent)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.call("GET", path, **more)

    def submit(self, token: str = "ada", **members: Any) -> str:
        """The uid of a job that was taken."""
        answer = self.call("POST", "/jobs", token=token, json={**MINIMUM, **members})
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return str(answer.get_json()["uid"])

    def follow(self, path: str, *, buffered: bool = True, **headers: str) -> TestResponse:
        return self.get(path, headers={"Accept": "text/event-stream", **headers}, buffered=buffered)

    # -- the worker ---------------------------------------------------------------------------------
    def job(self, uid: str) -> Job:
        return self.store.find(uid, None)

    def start(self, uid: str) -> Lease:
        """Until it runs."""
        claimed = self.store.claim("worker", {"small": 99, "pinned": 99}, self.clock.now(), 1e6)
        lease = next(claim.lease for claim in claimed if claim.job.uid == uid)
        self.change(lease, State.STAGING, attempt_begins=True)
        self.change(lease, State.PULLING)
        self.change(lease, State.RUNNING, started_at=self.clock.now())
        self.store.release([claim.lease for claim in claimed if claim.job.uid != uid])
        return lease

    def change(self, lease: Lease, to: State, **more: Any) -> Job:
        return self.store.change(lease, Change(to=to, **more), self.clock.now())

    def finish(self, lease: Lease, *, exit_code: int = 0, files: Mapping[str, bytes] | None = None) -> Job:
        self.change(lease, State.PUBLISHING)
        kept = [self._keep(lease.uid, path, content) for path, content in (files or {}).items()]
        reason = Reason("command_failed", f"It ended with {exit_code}.") if exit_code else None
        to = State.FAILED if exit_code else State.SUCCEEDED
        return self.change(lease, to, reason=reason, exit_code=exit_code, files=kept, release=True)

    def run(self, uid: str, **how: Any) -> Job:
        return self.finish(self.start(uid), **how)

    def write_log(self, uid: str, data: bytes, stream: str = "main.0.0.output", attempt: int = 1) -> None:
        path = self.work / live_log(uid, attempt, stream)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(data)

    def _keep(self, uid: str, path: str, content: bytes) -> StoredFile:
        kept = self.files.put(stored_output(uid, path), [content])
        media = "text/html" if path.endswith(".html") else "application/octet-stream"
        return StoredFile(kind=Stored.OUTPUT, path=path, size=kept.size, media_type=media, sha256=kept.sha256)
