"""The Ocean room of compute over a memory store, a scripted provider and real folders."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from libs.signing.keys import PrivateKey
from libs.signing.messages import ComputeControl, ComputeResult, ComputeStart, ComputeStopUnbound
from libs.signing.personal import sign_text
from libs.web import edge
from libs.web.gate import Gate, install_gate
from libs.web.principal import Principal
from services.compute.adapters.auth_tokens import AuthTokens
from services.compute.adapters.files_fsspec import open_files
from services.compute.adapters.logs import StoredLogs
from services.compute.dialects import ocean
from services.compute.dialects.ocean.parts import OceanParts
from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.ids import tag_of
from services.compute.domain.job import Job, Run, RunState, Stored, StoredFile
from services.compute.domain.layout import stored_log, stored_output
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.ports.engines import Abilities
from services.compute.ports.store import Change, Lease
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.ocean_environments import OceanEnvironments
from services.compute.usecases.ocean_jobs import OceanJobs
from services.compute.usecases.ocean_start import OceanStart
from services.compute.usecases.results import Results
from services.compute.usecases.submit import Submit
from services.compute.usecases.wallet_requests import WalletRequests
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_provider import FakeProvider, did
from tests.fakes.compute_store import MemoryJobStore
from tests.fakes.principals import KnownPrincipals

COMPUTE = "/api/services/compute"
RESULT = "/api/services/computeResult"
KEY = PrivateKey("0x" + "61" * 32)
OTHER = PrivateKey("0x" + "62" * 32)
CONSUMER = "0x" + "c0" * 20
FREE = Environment(
    id="ocean-compute",
    engine="process",
    description="free",
    memory_bytes=2 << 30,
    max_job_seconds=3600,
    unpinned=True,
    network=True,
    consumer_address=CONSUMER,
    image="node:18",
)
PRICED = Environment(
    id="env2", engine="docker", price_per_minute=Decimal("0.1"), max_job_seconds=600, chain_ids=(8996,)
)
STRICT = Environment(id="strict", engine="process")
ENGINES = {"process": Abilities(pins_images=False), "docker": Abilities(pins_images=True)}
DATASET, SECOND, ALGORITHM = did(0xD1), did(0xD2), did(0xA1)
TX = "0x" + "12" * 32


def asset(name: str = DATASET, **changes: Any) -> dict[str, Any]:
    return {"documentId": name, "serviceId": "1", "transferTxId": TX, **changes}


def wallet_token(address: str) -> str:
    """The outside of an AuthToken: auth is asked whether it counts."""
    claims = base64.urlsafe_b64encode(json.dumps({"address": address}).encode()).decode().rstrip("=")
    return f"e30.{claims}.c2ln"


def wallet_principal(*wallets: str) -> Principal:
    return Principal(
        subject=f"eip155:{wallets[0]}",
        name=wallets[0],
        display_name=wallets[0],
        wallets=wallets,
        scopes=frozenset({"job:read", "job:write"}),
        credential="auth_token",
    )


@dataclass
class OceanRoom:
    folder: Path
    quotas: Quotas = field(default_factory=lambda: Quotas(principal=Quota(jobs=3)))
    bare_environments: bool = False
    key: PrivateKey = KEY

    def __post_init__(self) -> None:
        self.clock = PlannedClock()
        self.store = MemoryJobStore()
        self.provider = FakeProvider()
        self.principals = KnownPrincipals()
        self.files = open_files(f"file://{self.folder}/objects")
        self.logs = StoredLogs(self.folder / "work", self.files)
        self.parts = self._parts()
        self.app = self._app()
        self.http = self.app.test_client()
        self._nonce = 1

    def _parts(self) -> OceanParts:
        store, clock, provider = self.store, self.clock, self.provider
        book = EnvironmentBook([FREE, PRICED, STRICT])
        submit = Submit(store, book, ENGINES, self.quotas, clock)
        jobs = Jobs(store, clock)
        return OceanParts(
            requests=WalletRequests(provider, AuthTokens(self.principals), store, clock),
            start=OceanStart(provider, submit, store, book, ENGINES),
            jobs=OceanJobs(store, jobs, Results(store, self.files, self.logs)),
            environments=OceanEnvironments(book, store, provider, clock),
            bare_environments=self.bare_environments,
        )

    def _app(self) -> Flask:
        app = Flask(__name__, static_folder=None)
        app.url_map.merge_slashes = False
        ocean.mount(app, self.parts)
        edge.install(app, "compute", checks={}, render_error=ocean.errors.render_edge)
        install_gate(app, Gate())
        return app

    # -- a caller -----------------------------------------------------------------------------------
    @property
    def address(self) -> str:
        return self.key.address

    def nonce(self) -> str:
        self._nonce += 1
        return str(self._nonce)

    def sign(self, text: str) -> str:
        return sign_text(text, self.key)

    def start_body(self, **changes: Any) -> dict[str, Any]:
        """Signed over the dataset it names."""
        body: dict[str, Any] = {
            "dataset": asset(),
            "algorithm": {**asset(ALGORITHM), "algocustomdata": {"n": 1}},
            "environment": FREE.id,
            "consumerAddress": self.address,
            "nonce": self.nonce(),
            **changes,
        }
        if "signature" not in changes and isinstance(body["dataset"], dict):
            message = ComputeStart(
                body["consumerAddress"], str(body["dataset"].get("documentId")), str(body["nonce"])
            )
            body["signature"] = self.sign(message.text())
        return {name: value for name, value in body.items() if value is not None}

    def start(self, **changes: Any) -> TestResponse:
        return self.http.post(COMPUTE, json=self.start_body(**changes))

    def started(self, **changes: Any) -> str:
        answer = self.start(**changes)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return str(answer.get_json()[0]["jobId"])

    def control(
        self, method: str, job: str, document: str = DATASET, headers: Any = None, **changes: Any
    ) -> TestResponse:
        """Stop or delete as ocean.py sends it: all signed, all sent."""
        nonce = self.nonce()
        text = ComputeControl(self.address, job, document, nonce).text()
        body = {
            "jobId": job,
            "documentId": document,
            "consumerAddress": self.address,
            "nonce": nonce,
            "signature": self.sign(text),
            **changes,
        }
        sent = {name: value for name, value in body.items() if value is not None}
        return self.http.open(COMPUTE, method=method, json=sent, headers=headers)

    def unbound_stop(self, job: str, **changes: Any) -> TestResponse:
        """As ocean.js 3.3.3 and later: the nonce is not signed, the document not sent."""
        signature = self.sign(ComputeStopUnbound(self.address, job).text())
        body = {"jobId": job, "consumerAddress": self.address, "nonce": self.nonce(), "signature": signature}
        return self.http.put(COMPUTE, json={**body, **changes})

    def status(self, headers: Any = None, **query: Any) -> TestResponse:
        return self.http.get(
            COMPUTE, query_string={"consumerAddress": self.address, **query}, headers=headers
        )

    def signed_status(self, job: str = "", document: str = "") -> TestResponse:
        nonce = self.nonce()
        signature = self.sign(ComputeControl(self.address, job, document, nonce).text())
        query = {"jobId": job, "documentId": document, "nonce": nonce, "signature": signature}
        return self.status(**{name: value for name, value in query.items() if value})

    def result_query(self, job: str, index: object, **changes: Any) -> dict[str, Any]:
        nonce = str(changes.pop("nonce", None) or self.nonce())
        message = ComputeResult(self.address, job, str(index), nonce)
        query = {"jobId": job, "index": index, "consumerAddress": self.address, "nonce": nonce}
        return {**query, "signature": self.sign(message.text()), **changes}

    def result(self, job: str, index: object, headers: Any = None, **changes: Any) -> TestResponse:
        return self.http.get(RESULT, query_string=self.result_query(job, index, **changes), headers=headers)

    # -- the worker ---------------------------------------------------------------------------------
    def job(self, uid: str) -> Job:
        return self.store.find(uid, None)

    def reach(self, uid: str, *states: State, **last: Any) -> Job:
        """Through `states`, from queued or from where an earlier call left it."""
        lease = self._lease(uid)
        for number, state in enumerate(states):
            more = last if number == len(states) - 1 else {}
            begins = state is State.STAGING
            self.store.change(lease, Change(to=state, attempt_begins=begins, **more), self.clock.now())
        self.store.release([lease])
        return self.job(uid)

    def finish(
        self,
        uid: str,
        to: State = State.SUCCEEDED,
        *,
        reason: Reason | None = None,
        exit_code: int | None = 0,
        ran: float = 0.0,
        outputs: Mapping[str, bytes] | None = None,
        logs: Mapping[str, bytes] | None = None,
    ) -> Job:
        self.reach(uid, State.STAGING, State.PULLING, State.RUNNING, started_at=self.clock.now())
        started = self.clock.now()
        self.clock.move(ran)
        lease = self._lease(uid)
        run = Run(
            tag=tag_of(uid, 1, "main", 0, 0),
            attempt=1,
            role="main",
            index=0,
            task=0,
            state=RunState.ENDED,
            handle="h",
            started_at=started,
            ended_at=self.clock.now(),
        )
        self.store.intend(lease, run)
        self.store.note_run(lease, run)
        self.store.release([lease])
        files = [self._keep(Stored.OUTPUT, uid, path, data) for path, data in (outputs or {}).items()]
        files += [self._keep(Stored.LOG, uid, path, data) for path, data in (logs or {}).items()]
        return self.reach(uid, State.PUBLISHING, to, reason=reason, exit_code=exit_code, files=files)

    def _lease(self, uid: str) -> Lease:
        places = {FREE.id: 99, PRICED.id: 99, STRICT.id: 99}
        claimed = self.store.claim("worker", places, self.clock.now(), 1e6)
        self.store.release([claim.lease for claim in claimed if claim.job.uid != uid])
        return next(claim.lease for claim in claimed if claim.job.uid == uid)

    def _keep(self, kind: Stored, uid: str, path: str, content: bytes) -> StoredFile:
        where = stored_output(uid, path) if kind is Stored.OUTPUT else stored_log(uid, 1, path)
        kept = self.files.put(where, [content])
        return StoredFile(kind=kind, path=path, size=kept.size, media_type="text/plain", sha256=kept.sha256)
