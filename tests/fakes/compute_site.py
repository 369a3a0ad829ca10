"""A worker's surroundings from fakes, and a driver that takes jobs through their steps in one thread.

Time moves when somebody would wait. Nothing here is a worker of its own: steps are the real ones.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.compute.adapters.files_local import LocalFiles
from services.compute.adapters.logs import StoredLogs
from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.ids import JobUid
from services.compute.domain.job import Job, NewJob, Stored
from services.compute.domain.lfns import FileActor, LogicalFile, NewLogicalFile
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.sheets import Sheet
from services.compute.domain.spec import Folder, Image, Output, Role, Spec, Task
from services.compute.ports.lfns import CatalogueUnavailable
from services.compute.ports.outside import OutsideRefused
from services.compute.ports.provider import GrantRefused
from services.compute.ports.store import Claimed
from services.compute.worker.hold import Hold
from services.compute.worker.nexts import Again, Done, Pause, Watch
from services.compute.worker.steps import Steps
from services.compute.worker.tools import Tools
from services.compute.worker.upkeep import Upkeep
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_engine import Machine, Script, ScriptedEngine
from tests.fakes.compute_side import MemoryObjectBook
from tests.fakes.compute_store import MemoryJobStore
from tests.fakes.site_storage import MemorySite

LEASE_SECONDS = 30.0
LOOK_SECONDS = 0.2
OWNER = "person:1"
UNLIMITED = Quotas(principal=Quota())
ENVIRONMENT = Environment(id="small", engine="process", max_jobs=2, image="debian")
TASK = Task(command=("true",), image=Image(name="debian"), working_folder="/work")
SPEC = Spec(
    environment="small",
    roles=(Role(tasks=(TASK,)),),
    folders=(Folder(path="/work", writable=True),),
    outputs=(Output(folder="/work/outputs"),),
)


class Grants:
    """A provider's grants: by handle bytes, or what to raise; a list is used up one by one."""

    def __init__(self) -> None:
        self.files: dict[str, Any] = {}
        self.opened: list[tuple[str, str]] = []
        self.ended: list[str] = []

    def open(self, job: str, handle: str) -> Iterator[bytes]:
        self.opened.append((job, handle))
        found = self.files.get(handle, GrantRefused())
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(found, Exception):
            raise found
        return iter([found[at : at + 1000] for at in range(0, len(found), 1000)])

    def end_grants(self, job: str) -> None:
        self.ended.append(job)


class Web:
    """What lies outside: by URL bytes, or what to raise; a list is used up one by one."""

    def __init__(self) -> None:
        self.files: dict[str, Any] = {}
        self.opened: list[str] = []
        self.posted: list[tuple[str, bytes]] = []

    def open(self, url: str) -> Iterator[bytes]:
        self.opened.append(url)
        found = self.files.get(url, OutsideRefused("the origin answered 404"))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(found, Exception):
            raise found
        return iter([found[at : at + 1000] for at in range(0, len(found), 1000)])

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.posted.append((url, body))
        return 200


class Filed:
    """Sheets by the id of their job."""

    def __init__(self) -> None:
        self.by_id: dict[int, Sheet] = {}

    def sheets(self, ids: Collection[int]) -> Mapping[int, Sheet]:
        return {number: self.by_id[number] for number in ids if number in self.by_id}


class LogicalShelf:
    """A file catalogue: `readers` may read what it has; `away` is how often it does not answer first."""

    def __init__(self) -> None:
        self.files: dict[str, LogicalFile] = {}
        self.readers: set[FileActor] = set()
        self.registered: dict[str, NewLogicalFile] = {}
        self.refused: dict[str, str] = {}
        self.away = 0

    def locate(self, lfns: Sequence[str], actor: FileActor) -> Mapping[str, LogicalFile]:
        self._answers()
        return {lfn: self.files[lfn] for lfn in lfns if lfn in self.files and actor in self.readers}

    def refusals(self, new: Sequence[NewLogicalFile], actor: FileActor) -> Mapping[str, str]:
        self._answers()
        return {each.lfn: self.refused[each.lfn] for each in new if each.lfn in self.refused}

    def register(self, new: Sequence[NewLogicalFile], actor: FileActor) -> Mapping[str, str | None]:
        self._answers()
        taken = [each for each in new if each.lfn not in self.refused]
        self.registered.update((each.lfn, each) for each in taken)
        return {each.lfn: self.refused.get(each.lfn) for each in new}

    def named(self, guids: Collection[str]) -> Collection[str]:
        self._answers()
        return {each.guid for each in self.registered.values()} & set(guids)

    def _answers(self) -> None:
        if self.away:
            self.away -= 1
            raise CatalogueUnavailable("nobody answers")


class PatientHold(Hold):
    """Its pauses move the clock instead of taking time; its lease is kept meanwhile."""

    def __init__(self, claimed: Claimed, store: MemoryJobStore, clock: PlannedClock) -> None:
        super().__init__(claimed)
        self._store = store
        self._clock = clock

    def wait(self, seconds: float) -> None:
        left = max(0.01, seconds)
        while left > 0:
            self._clock.move(min(left, LEASE_SECONDS / 3))
            left -= LEASE_SECONDS / 3
            for lease in self._store.renew([self.lease], self._clock.now(), LEASE_SECONDS):
                self.prolong(lease)


class Site:
    """`scripts` as of ScriptedEngine. `wrap` may put something around the ports that the worker sees."""

    def __init__(self, folder: Path, scripts: Script | Callable[..., Script] = Script()) -> None:  # noqa: B008
        self.work = folder / "work"
        self.clock = PlannedClock()
        self.store = MemoryJobStore()
        self.machine = Machine()
        self.engine = ScriptedEngine(scripts, state=self.machine, clock=self.clock.now)
        self.files = LocalFiles(folder / "files")
        self.storage = MemorySite()
        self.grants = Grants()
        self.objects = MemoryObjectBook()
        self.web = Web()
        self.filed: Any = Filed()
        self.catalogue = LogicalShelf()
        self.logs = StoredLogs(self.work, self.files)
        self.environment = ENVIRONMENT

    def tools(self, wrap: Callable[[str, Any], Any] = lambda name, port: port) -> Tools:
        return Tools(
            store=wrap("store", self.store),
            workflows=wrap("workflows", self.store),
            engines={"process": wrap("engine", self.engine)},
            files=wrap("files", self.files),
            site=wrap("site", self.storage),
            provider=wrap("provider", self.grants),
            objects=wrap("objects", self.objects),
            outside=wrap("outside", self.web),
            sheets=self.filed,
            catalogue=wrap("catalogue", self.catalogue),
            book=EnvironmentBook([self.environment]),
            clock=self.clock,
            work=self.work,
            dice=lambda: 0.0,
        )

    def submit(self, spec: Spec = SPEC, dialect: str = "native", **changes: Any) -> Job:
        new = NewJob(owner=OWNER, dialect=dialect, spec=replace(spec, **changes))
        return self.store.submit(new, UNLIMITED, self.clock.now()).job

    def job(self, uid: JobUid) -> Job:
        return self.store.find(uid, None)

    def states(self, uid: JobUid) -> list[str]:
        return [event.state_to.value for event in self.store.events(uid)]

    def outputs(self, uid: JobUid) -> Mapping[str, bytes]:
        kept = [file.path for file in self.store.files(uid) if file.kind is Stored.OUTPUT]
        return {path: b"".join(self.files.open(f"jobs/{uid}/outputs/{path}")) for path in kept}

    def log(self, uid: JobUid, stream: str, attempt: int = 1) -> bytes:
        return self.logs.read(uid, attempt, stream, 0, 1 << 20)

    def drive(self, tools: Tools | None = None, most: int = 1000) -> None:
        """Until no job is left that a worker could do anything for now."""
        Driver(self, tools or self.tools()).run(most)

    def run(self, spec: Spec = SPEC, **changes: Any) -> Job:
        """Submit a job, and see it to its end."""
        job = self.submit(spec, **changes)
        for _ in range(20):
            self.drive()
            if self.job(job.uid).is_final:
                return self.job(job.uid)
            self.clock.move(60)
        raise AssertionError(f"the job is still {self.job(job.uid).state}")

    def assert_clean(self) -> None:
        """Nothing is left of any job that ended, after what upkeep does for ever."""
        upkeep = Upkeep(self.tools())
        upkeep.orphans()
        upkeep.orphans()
        upkeep.sweep()
        assert self.engine.tags() == []
        assert self.engine.gatherings() == []
        assert not self.work.exists() or list(self.work.iterdir()) == []


class Driver:
    def __init__(self, site: Site, tools: Tools) -> None:
        self._site = site
        self._tools = tools
        self._steps = Steps(tools)
        self.holds: list[PatientHold] = []

    def run(self, most: int = 1000) -> None:
        for _ in range(most):
            self.claim()
            if not self.holds:
                return
            for hold in list(self.holds):
                self.step(hold)
        raise AssertionError("jobs never come to rest")

    def claim(self) -> None:
        site = self._site
        places = {site.environment.id: site.environment.max_jobs}
        for claimed in self._tools.store.claim("w1", places, site.clock.now(), LEASE_SECONDS):
            self.holds.append(PatientHold(claimed, site.store, site.clock))

    def step(self, hold: PatientHold) -> None:
        site, store = self._site, self._tools.store
        for wished, wish in store.wishes([hold.uid]).items():
            assert wished == hold.uid
            hold.hear(wish)
        for lease in store.renew([hold.lease], site.clock.now(), LEASE_SECONDS):
            hold.prolong(lease)
        following = self._steps.advance(hold)
        if isinstance(following, Done):
            self.holds.remove(hold)
        elif isinstance(following, Pause):
            hold.wait(following.seconds)
        elif isinstance(following, Watch):
            if not hold.see(self._tools.engines[following.engine].observe(hold.handles())):
                site.clock.move(LOOK_SECONDS)
        else:
            assert isinstance(following, Again)
