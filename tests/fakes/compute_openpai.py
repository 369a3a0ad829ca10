"""The OpenPAI room over a memory store and real folders, and a stand-in for the worker."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from libs.web import edge
from libs.web.gate import Gate, install_gate
from libs.web.principal import Principal
from services.compute.adapters.files_fsspec import open_files
from services.compute.adapters.logs import StoredLogs
from services.compute.dialects import openpai
from services.compute.dialects.openpai import OpenPaiParts, render_edge
from services.compute.domain.clusters import Cluster, ClusterBook
from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.ids import tag_of
from services.compute.domain.job import Job, NewJob, Run, RunState
from services.compute.domain.layout import live_log
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import lanes
from services.compute.domain.states import State
from services.compute.ports.engines import Abilities
from services.compute.ports.store import Change, Filter, Lease
from services.compute.usecases.clusters import Clusters
from services.compute.usecases.job_logs import JobLogs
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.named_jobs import NamedJobs
from services.compute.usecases.placing import Placing
from services.compute.usecases.repeat import Repeat
from services.compute.usecases.submit import Submit
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_room import SCOPES
from tests.fakes.compute_store import MemoryJobStore
from tests.fakes.principals import KnownPrincipals

PUBLIC_URL = "https://gate.example"
SHARED, OWN = "/openpai/api/v1/jobs", "/api/v1/user/ada/jobs"
SMALL = Environment(
    id="small",
    engine="process",
    cpus=16.0,
    memory_bytes=16 << 30,
    disk_bytes=20 << 30,
    max_job_seconds=86_400,
    storage_seconds=40 * 86_400,
    network=True,
)
ABILITIES = Abilities(pins_images=True, gathers=True)
CLUSTERS = ClusterBook([Cluster(name="default"), Cluster(name="vc1")])
TASK: Mapping[str, Any] = {"name": "w", "taskNumber": 1, "cpuNumber": 1, "memoryMB": 512, "gpuNumber": 0}
# The smallest one that is good for both generations.
EXAMPLE: Mapping[str, Any] = {
    "jobName": "exampleJob",
    "image": "python:3.11",
    "codeDir": "hdfs://code",
    "taskRoles": [{**TASK, "command": "python -V"}],
}


def user(name: str, **more: Any) -> Principal:
    return Principal(
        subject=f"person:{name.encode().hex():0<32}",
        name=name,
        display_name=name,
        credential="token",
        **{"scopes": SCOPES, **more},
    )


WALLET = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
ADA, BOB = user("ada"), user("bob", virtual_clusters=("vc1",))
PRINCIPALS = {
    "ada": ADA,
    "bob": BOB,
    "root": user("root", scopes=SCOPES | {"admin"}, is_admin=True),
    "reader": user("ada", scopes=frozenset({"job:read"})),
    # Called as a person is.
    "client": replace(ADA, subject="client:ada"),
    "wallet": replace(ADA, subject=f"eip155:{WALLET}", name=WALLET, wallets=(WALLET,)),
}


@dataclass
class OpenPai:
    folder: Path
    quotas: Quotas = field(default_factory=lambda: Quotas(principal=Quota()))
    abilities: Abilities = ABILITIES
    environment: Environment = SMALL
    is_open: bool = True
    public_url: str = PUBLIC_URL
    images: tuple[str, ...] = ()
    people: Callable[[str], Principal | None] | None = None
    store: Any = field(default_factory=MemoryJobStore)
    clock: Any = field(default_factory=PlannedClock)

    def __post_init__(self) -> None:
        self.files = open_files(f"file://{self.folder}/objects")
        self.work = self.folder / "work"
        self.logs = StoredLogs(self.work, self.files)
        self.parts = self._parts()
        self.app = self._app()
        self.http = self.app.test_client()

    def _parts(self) -> OpenPaiParts:
        store, clock = self.store, self.clock
        book, engines = EnvironmentBook([self.environment]), {"process": self.abilities}
        submit = Submit(store, book, engines, self.quotas, clock)
        return OpenPaiParts(
            submit=submit,
            jobs=Jobs(store, clock),
            named=NamedJobs(store, Repeat(store, submit, self.quotas, clock), clock),
            placing=Placing(book, engines),
            logs=JobLogs(self.logs),
            clusters=Clusters(CLUSTERS, store, book),
            clock=clock,
            root_uri="hdfs://storage:9000",
            public_url=self.public_url,
            is_open=self.is_open,
            images=self.images,
            people=self.people,
        )

    def _app(self) -> Flask:
        app = Flask(__name__, static_folder=None)
        app.url_map.merge_slashes = False
        openpai.mount(app, self.parts)
        edge.install(app, "compute", checks={}, render_error=render_edge)
        self.principals = KnownPrincipals(**PRINCIPALS)
        install_gate(app, Gate(self.principals))
        return app

    # -- a caller -----------------------------------------------------------------------------------
    def call(self, method: str, path: str, *, token: str | None = "ada", **sent: Any) -> TestResponse:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.http.open(path, method=method, headers={**headers, **sent.pop("headers", {})}, **sent)

    def get(self, path: str, token: str | None = None, **more: Any) -> TestResponse:
        return self.call("GET", path, token=token, **more)

    def put(
        self, path: str, document: Mapping[str, Any] | None = None, token: str | None = "ada"
    ) -> TestResponse:
        """Of a job named as the path ends, unless the document says more."""
        sent = {**EXAMPLE, "jobName": path.rpartition("/")[2]} if document is None else document
        return self.call("PUT", path, token=token, json=sent)

    def submit(
        self, name: str = "exampleJob", base: str = "/api/job", token: str = "ada", **more: Any
    ) -> Job:
        answer = self.put(f"{base}/{name}", {**EXAMPLE, "jobName": name, **more}, token)
        assert answer.status_code in (200, 202), answer.get_data(as_text=True)
        return self.newest()

    def newest(self) -> Job:
        (job,) = self.store.jobs([max(head.id for head in self.store.heads(_all()))])
        return job

    def other(self, new: NewJob) -> Job:
        """A job of another window."""
        return self.store.submit(new, self.quotas, self.clock.now()).job

    # -- the worker ---------------------------------------------------------------------------------
    def job(self, job: Job) -> Job:
        return self.store.find(job.uid, None)

    def start(self, job: Job) -> Lease:
        """Until all its tasks run."""
        lease = self.claim(job)
        for state in (State.STAGING, State.PULLING, State.RUNNING):
            self.change(lease, state, attempt_begins=state is State.STAGING)
            self.clock.move(1)
        now = self.clock.now()
        self.change(lease, None, started_at=now)
        for number, (role, index) in enumerate(lanes(job.spec)):
            run = Run(
                tag=tag_of(job.uid, 1, role.name, index, 0),
                attempt=self.job(job).attempt,
                role=role.name,
                index=index,
                task=0,
                state=RunState.SUBMITTED,
                handle=f"h{number}",
                started_at=now,
                address=f"10.0.0.{number + 1}",
            )
            self.store.intend(lease, run)
            self.store.note_run(lease, run)
        return lease

    def claim(self, job: Job) -> Lease:
        claimed = self.store.claim("worker", {"small": 10_000}, self.clock.now(), 1e6)
        self.store.release([claim.lease for claim in claimed if claim.job.uid != job.uid])
        return next(claim.lease for claim in claimed if claim.job.uid == job.uid)

    def change(self, lease: Lease, to: State | None, **more: Any) -> Job:
        return self.store.change(lease, Change(to=to, **more), self.clock.now())

    def end_run(self, lease: Lease, role: str, index: int, code: int, reason: Reason | None = None) -> None:
        run = next(run for run in self.store.runs(lease.uid) if (run.role, run.index) == (role, index))
        why = Reason("command_failed", f"It ended with {code}.") if code and reason is None else reason
        ended = replace(run, state=RunState.ENDED, exit_code=code, reason=why, ended_at=self.clock.now())
        self.store.note_run(lease, ended)

    def finish(self, lease: Lease, reason: Reason | None = None, code: int = 0) -> Job:
        self.change(lease, State.PUBLISHING)
        self.clock.move(3)
        to = State.SUCCEEDED if reason is None else State.FAILED
        return self.change(lease, to, reason=reason, exit_code=code, release=True)

    def run(self, job: Job, code: int = 0) -> Job:
        """All its tasks end so."""
        lease = self.start(job)
        for role, index in lanes(job.spec):
            self.end_run(lease, role.name, index, code)
        return self.finish(lease, Reason("command_failed", f"It ended with {code}.") if code else None, code)

    def write(self, job: Job, data: bytes, stream: str, attempt: int = 1) -> None:
        path = self.work / live_log(job.uid, attempt, stream)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(data)


def _all() -> Filter:
    return Filter(owners=None, deleted=True)
