"""The DCP room over a store, with what a worker would do to its slices."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from libs.web import edge
from libs.web.dcp_window import render_edge
from libs.web.gate import Gate, install_gate
from libs.web.principal import WALLET, Principal
from services.compute.dcp_settings import DcpSettings
from services.compute.dialects import dcp
from services.compute.dialects.dcp import DcpParts
from services.compute.dialects.dcp.job_ids import uid_of
from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.job import Job
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.slices import SliceLine, SliceResult, SliceState
from services.compute.domain.states import State
from services.compute.ports.engines import Abilities
from services.compute.ports.store import Change, Lease
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.payment_accounts import PaymentAccounts
from services.compute.usecases.placing import Placing
from services.compute.usecases.slice_waiting import SliceWaiting
from services.compute.usecases.streams import Streams
from services.compute.usecases.submit import Submit
from tests.dcp_vectors import VECTORS, A, B
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_room import person
from tests.fakes.compute_store import MemoryJobStore
from tests.fakes.principals import KnownPrincipals

BASE = "/api/v0"
SCOPES = frozenset({"job:read", "job:write", "accounts:read"})
SPACE = Environment(
    id="space",
    engine="process",
    cpus=4.0,
    memory_bytes=8 << 30,
    disk_bytes=20 << 30,
    image="debian:12",
    max_job_seconds=86_400,
)
OTHER = replace(SPACE, id="other", cpus=1.0)
ENGINES = {"process": Abilities(pins_images=True)}
UNLIMITED = Quotas(principal=Quota())
DOUBLE = "(datum) => { return datum * 2; }"
# The body that dcp-rest's page shows.
SEED: Mapping[str, Any] = {
    "slices": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    "work": {"language": "js", "function": DOUBLE},
    "account": {"address": "94E619279C5780fF20ECe07fAA719e3D66111A88"},
}
JOB: Mapping[str, Any] = {**SEED, "account": {"label": "default"}}


def wallet(address: str, **more: Any) -> Principal:
    given: dict[str, Any] = {"scopes": SCOPES, "credential": "keystore", "wallets": (address,), **more}
    return Principal(subject=WALLET + address, name=address, display_name=address, **given)


PRINCIPALS: Mapping[str, Principal] = {
    **{vector.credentials: wallet(vector.address) for vector in VECTORS},
    "key-of-a": wallet(A.address, credential="api_key"),
    "reader": wallet(A.address, scopes=frozenset({"job:read"})),
    "writer": wallet(A.address, scopes=frozenset({"job:write"})),
    "nothing": wallet(A.address, scopes=frozenset({"accounts:read"})),
    "ada": person("a", scopes=SCOPES),
    "linked": person("c", scopes=SCOPES, wallets=(A.address, B.address)),
}
BASIC_A, BASIC_B = f"Basic {A.credentials}", f"Basic {B.credentials}"


@dataclass
class Room:
    store: Any = field(default_factory=MemoryJobStore)
    settings: DcpSettings = field(default_factory=DcpSettings)
    quotas: Quotas = UNLIMITED
    streams: int = 4
    packages: Mapping[str, str] = field(default_factory=dict)
    clock: Any = field(default_factory=PlannedClock)
    environments: tuple[Environment, ...] = (SPACE, OTHER)

    def __post_init__(self) -> None:
        self.parts = self._parts()
        self.app = self._app()
        self.http = self.app.test_client()

    def _parts(self) -> DcpParts:
        store, clock, settings = self.store, self.clock, self.settings
        book = EnvironmentBook(self.environments)
        return DcpParts(
            submit=Submit(store, book, ENGINES, self.quotas, clock),
            jobs=Jobs(store, clock),
            slices=store.slices,
            accounts=PaymentAccounts(store.ledger, clock, settings.opening_balance, settings.any_account),
            placing=Placing(book, ENGINES),
            waiting=SliceWaiting(clock, clock.pause),
            streams=Streams(self.streams),
            clock=clock,
            settings=settings,
            packages=self.packages,
        )

    def _app(self) -> Flask:
        app = Flask(__name__, static_folder=None)
        app.url_map.merge_slashes = False
        dcp.mount(app, self.parts)
        edge.install(app, "compute", checks={}, render_error=render_edge)
        self.principals = KnownPrincipals(**PRINCIPALS)
        install_gate(app, Gate(self.principals))
        return app

    # -- a caller -----------------------------------------------------------------------------------
    def call(self, method: str, path: str, *, auth: str | None = BASIC_A, **sent: Any) -> TestResponse:
        headers = {} if auth is None else {"Authorization": auth}
        return self.http.open(
            BASE + path, method=method, headers={**headers, **sent.pop("headers", {})}, **sent
        )

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> TestResponse:
        return self.call("POST", path, data=None if body is None else json.dumps(body), **more)

    def deploy(self, auth: str = BASIC_A, **members: Any) -> str:
        """The id of a job that was taken."""
        answer = self.post("/job", {**JOB, **members}, auth=auth)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return str(answer.get_json()["jobId"])

    def status(self, job_id: str) -> Any:
        return self.got(f"/job/{job_id}")

    def got(self, path: str, **more: Any) -> Any:
        answer = self.get(path, **more)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()

    # -- the worker ---------------------------------------------------------------------------------
    def job(self, job_id: str) -> Job:
        job: Job = self.store.find(uid_of(job_id), None)
        return job

    def start(self, job_id: str) -> Lease:
        places = {environment.id: 99 for environment in self.environments}
        claimed = self.store.claim("worker", places, self.clock.now(), 1e6)
        lease = next(claim.lease for claim in claimed if claim.job.uid == uid_of(job_id))
        for to in (State.STAGING, State.PULLING, State.RUNNING):
            change = Change(to=to, attempt_begins=to is State.STAGING)
            self.store.change(lease, change, self.clock.now())
        return lease

    def compute(self, lease: Lease, most: int = 1000, **made: Any) -> list[SliceResult]:
        """As many as wait, up to `most`. `made` by number, as n1=...; others get twice their number."""
        handed = self.store.slices.hand_out(lease, 0, most, self.clock.now())
        pieces = [] if handed is None else handed[1]
        results = [made.get(f"n{piece.number}", doubled(piece.number)) for piece in pieces]
        self.store.slices.take_in(lease, results, (), self.clock.now())
        return results

    def say(self, lease: Lease, *lines: SliceLine) -> None:
        self.store.slices.take_in(lease, (), lines, self.clock.now())

    def rest(self, lease: Lease) -> None:
        """The worker found nothing to do any more."""
        self.store.change(lease, Change(to=State.PUBLISHING), self.clock.now())
        self.store.change(lease, Change(to=State.HELD, release=True), self.clock.now())


def doubled(number: int) -> SliceResult:
    return SliceResult(number=number, state=SliceState.DONE, body=str(number * 2), cpu_seconds=0.25)


def failed(number: int, code: str = "EUNCAUGHT") -> SliceResult:
    body = {"code": code, "name": "TypeError", "message": "it is no number", "stack": "at f (work.js:1)"}
    return SliceResult(number=number, state=SliceState.FAILED, body=json.dumps(body))


def credits_of(room: Room, owner: str) -> Decimal:
    total = Decimal(0)
    for account in room.store.ledger.accounts([owner]):
        total += account.balance
    return total
