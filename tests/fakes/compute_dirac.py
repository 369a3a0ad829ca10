"""The DIRAC room over a memory store and real folders, and a stand-in for the worker."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from libs.web import edge
from libs.web.gate import Gate, install_gate
from libs.web.principal import Principal
from libs.web.settings import Secret
from services.compute.adapters.files_fsspec import open_files
from services.compute.adapters.links import HmacLinks
from services.compute.adapters.logs import StoredLogs
from services.compute.dialects import dirac
from services.compute.dialects.dirac import DiracParts
from services.compute.dialects.dirac.errors import render_edge
from services.compute.dialects.dirac.limits import Limits
from services.compute.dialects.dirac.manifest.sites import Sites
from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.job import Job
from services.compute.domain.lfns import FileActor, LogicalFile
from services.compute.domain.quotas import Quota, Quotas
from services.compute.ports.engines import Abilities
from services.compute.ports.lfns import CatalogueUnavailable
from services.compute.usecases.job_access import JobAccess
from services.compute.usecases.job_archives import JobArchives
from services.compute.usecases.job_logs import JobLogs
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.placing import Placing
from services.compute.usecases.registering import RegisterOutputs
from services.compute.usecases.repeat import Repeat
from services.compute.usecases.results import Results
from services.compute.usecases.sandboxes import Sandboxes
from services.compute.usecases.submit import Submit
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_room import person
from tests.fakes.compute_side import MemoryObjectBook
from tests.fakes.compute_store import MemoryJobStore
from tests.fakes.principals import KnownPrincipals

API = "/dirac/api"
SMALL = Environment(
    id="small",
    engine="process",
    cpus=4.0,
    memory_bytes=8 << 30,
    disk_bytes=20 << 30,
    max_job_seconds=200_000,
    image="debian:12",
    network=True,
)
LARGE = replace(SMALL, id="large", cpus=16.0, memory_bytes=64 << 30, max_job_seconds=500_000)
ENGINES = {"process": Abilities(pins_images=True)}
NO_QUOTAS = Quotas(principal=Quota())
SCOPES = frozenset({"job:read", "job:write", "file:read", "file:write"})
ECHO: Mapping[str, Any] = {"Executable": "/bin/echo", "Arguments": "Hello World"}


def member(letter: str, name: str, group: str | None = "vo_user", **more: Any) -> Principal:
    """Of the virtual organisation `vo`, acting for the group."""
    properties = ("NormalUser",) if group == "vo_user" else ()
    given: dict[str, Any] = {"vo": "vo", "setup": "Certification", "properties": properties}
    given |= {"scopes": SCOPES, **more}
    return replace(person(letter, groups=("vo_user",), group=group, **given), name=name)


PRINCIPALS: Mapping[str, Principal] = {
    "ada": member("a", "ada"),
    "bob": member("b", "bob"),
    "plain": person("c", groups=("physics",), scopes=SCOPES),
    "reader": replace(member("a", "ada"), scopes=frozenset({"job:read"})),
    "admin": member("d", "dan", "vo_admin", properties=("JobAdministrator",)),
    "both": member("d", "dan", "vo_prod", properties=("JobAdministrator", "NormalUser")),
    "nobody": person("e", scopes=frozenset()),
}


class Catalogue:
    """The file catalogue: whoever asks may read what is in it."""

    def __init__(self) -> None:
        self.lfns: set[str] = set()
        self.asked: list[tuple[list[str], FileActor]] = []
        self.is_away = False

    def locate(self, lfns: Sequence[str], actor: FileActor) -> Mapping[str, LogicalFile]:
        if self.is_away:
            raise CatalogueUnavailable
        self.asked.append((list(lfns), actor))
        return {
            lfn: LogicalFile(lfn=lfn, size=1, checksum="", checksum_type="", replicas=())
            for lfn in lfns
            if lfn in self.lfns
        }

    def refusals(self, new: Sequence[Any], actor: FileActor) -> Mapping[str, str]:
        return {}

    def register(self, new: Sequence[Any], actor: FileActor) -> Mapping[str, str | None]:
        return {each.lfn: None for each in new}

    def named(self, guids: Collection[str]) -> Collection[str]:
        return ()


@dataclass
class Dirac:
    folder: Path
    quotas: Quotas = NO_QUOTAS
    sites: Sites = field(default_factory=Sites)
    limits: Limits = field(default_factory=Limits)
    shows_all: bool = False
    environments: Sequence[Environment] = (SMALL, LARGE)
    store: Any = field(default_factory=MemoryJobStore)
    clock: Any = field(default_factory=PlannedClock)

    def __post_init__(self) -> None:
        self.files = open_files(f"file://{self.folder}/objects")
        self.work = self.folder / "work"
        self.logs = StoredLogs(self.work, self.files)
        self.catalogue = Catalogue()
        self.objects = MemoryObjectBook()
        self.sandboxes = Sandboxes(self.files, 1 << 30, 4 << 30)
        self.parts = self._parts()
        self.app = self._app()
        self.http = self.app.test_client()

    def _parts(self) -> DiracParts:
        book = EnvironmentBook(self.environments)
        submit = Submit(self.store, book, ENGINES, self.quotas, self.clock)
        jobs = Jobs(self.store, self.clock)
        return DiracParts(
            submit=submit,
            repeat=Repeat(self.store, submit, self.quotas, self.clock),
            jobs=jobs,
            sheets=self.store.sheets,
            access=JobAccess(jobs, self.store.sheets, self.shows_all),
            logs=JobLogs(self.logs),
            placing=Placing(book, ENGINES),
            sandboxes=self.sandboxes,
            files=self.catalogue,
            results=Results(self.store, self.files, self.logs),
            archives=JobArchives(self.files),
            register=RegisterOutputs(
                self.store, self.files, self.objects, self.catalogue, self.clock, 1 << 30
            ),
            links=HmacLinks(Secret("links")),
            clock=self.clock,
            sites=self.sites,
            limits=self.limits,
            setup="Production",
        )

    def _app(self) -> Flask:
        app = Flask(__name__, static_folder=None)
        app.url_map.merge_slashes = False
        dirac.mount(app, self.parts)
        edge.install(app, "compute", checks={}, render_error=render_edge)
        self.principals = KnownPrincipals(**PRINCIPALS)
        install_gate(app, Gate(self.principals))
        return app

    # -- a caller -----------------------------------------------------------------------------------
    def call(self, method: str, path: str, *, token: str | None = "ada", **sent: Any) -> TestResponse:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.http.open(path, method=method, headers={**headers, **sent.pop("headers", {})}, **sent)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.call("GET", path, **more)

    def post(self, manifest: Any, path: str = "/jobs", **more: Any) -> TestResponse:
        """As JSON, its members in this order."""
        return self.call("POST", path, data=json.dumps(manifest), content_type="application/json", **more)

    def submit(self, manifest: Any = ECHO, **more: Any) -> list[int]:
        answer = self.post(manifest, **more)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        jids: list[int] = answer.get_json()["jids"]
        return jids

    def job(self, jid: int) -> Job:
        return self.store.find(jid, None)

    def manifest(self, jid: int, query: str = "", **more: Any) -> Any:
        answer = self.get(f"/jobs/{jid}/manifest{query}", **more)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()
