"""What a job is to do, in words that every window can be translated into.

    job = roles in parallel, each `count` times; a role = tasks in sequence; a task = one command in one image

A plain job is one role with one task. Sizes are bytes, times seconds, cpus whole or parts of one. Paths
inside the job are absolute. `domain/spec_check.py` says what is wrong with one, `domain/spec_json.py` writes
it down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

MAIN: Final = "main"  # the role of a job that has only one


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """`name` as the user wrote it (`python:3.12`); `digest` pins it (`sha256:...`): the registry's digest of
    the image, or its id on the machine.
    """

    name: str
    digest: str | None = None


class MpiKind(StrEnum):
    OPENMPI = "openmpi"
    MPICH = "mpich"
    INTEL = "intelmpi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mpi:
    """Processes of one program that talk to each other. `processes` are per node; None: one for each cpu."""

    kind: MpiKind
    processes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """`command` is an argv, never a line for a shell; empty means what the image does by itself.

    `split_logs`: standard output and standard error are kept apart; otherwise they are one stream, in the
    order they came. `retries`: how often this task alone is tried again when it fails. `tee`: what it wrote
    is appended to this file of the job's when it has ended. `mpi`: its command is run by that many processes.
    """

    command: tuple[str, ...] = ()
    image: Image | None = None  # the environment's own when None
    environment: Mapping[str, str] = field(default_factory=dict)
    working_folder: str | None = None
    split_logs: bool = False
    retries: int = 0
    tee: str | None = None
    mpi: Mpi | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Of each instance of a role. `nodes` above one wants an engine that has several."""

    cpus: float = 1.0
    memory_bytes: int = 1 << 30
    disk_bytes: int = 1 << 30
    gpus: int = 0
    nodes: int = 1
    processes: int = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A `sidecar` serves the others: it is ended when all that are none have ended, and how it ends decides
    nothing.

    `least_failed` instances that failed end the job as failed, at once (None: however many);
    `least_succeeded` that ended well end it as done well, at once (None: all of them are waited for). The
    job's time and the engine's troubles end it whatever these say.
    """

    name: str = MAIN
    tasks: tuple[Task, ...] = ()
    count: int = 1
    resources: Resources = field(default_factory=Resources)
    sidecar: bool = False
    least_failed: int | None = 1
    least_succeeded: int | None = None


class Source(StrEnum):
    """Where an input comes from."""

    INLINE = "inline"  # `value` is the content, as text (base64 when `encoded`)
    GRANT = "grant"  # `value` is an opaque handle that the provider gave for one file; never a URL
    SANDBOX = "sandbox"  # `value` names an object that the owner uploaded before
    OUTPUT = "output"  # `value` is "<uid>/<path>" of an output of another job of the same owner
    OBJECT = "object"  # `value` is the address (domain/objects.py) of a stored object that the owner may read
    URL = "url"  # `value` is the owner's own http(s) URL, fetched past the guard
    LFN = "lfn"  # `value` is a file of the file catalogue that the owner may read
    STORAGE = "storage"  # `value` is a path of the site's storage (domain/site_paths.py): a file or a folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One file at `path` before the job starts. `sha256` pins it. `label` is what logs call it. `unpack`: it
    is an archive, and what it holds comes to its place instead of it. A folder of the site's storage comes
    with all that lies in it; its `path` may be one of the job's folders, and `group` is as which user of the
    storage it is read.
    """

    source: Source
    path: str
    value: str
    encoded: bool = False
    executable: bool = False
    sha256: str | None = None
    label: str = ""
    group: str = ""  # inputs of one dataset have one group
    unpack: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of the job's own, beside the image's read-only files. Inputs lie in one of them.

    `shows`: a second path, in another folder of the job, at which the same folder is seen.
    """

    path: str
    writable: bool = False
    shows: str | None = None


class Take(StrEnum):
    ALL = "all"  # every file that matches, at its path
    FIRST = "first"  # the first match alone, by name
    ARCHIVE = "archive"  # the folder that matches first, as one .tgz


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What is kept: the whole folder, or files below it that match `pattern` (glob, `**` for any depth).

    `name` is the kept file's path where one is taken; None: its own last part, `.tgz` added to an archive's.
    `to`: it is written below this folder of the site's storage (domain/site_paths.py) as well, which is there
    before the job starts.
    """

    folder: str
    pattern: str = "**"
    required: bool = False
    take: Take = Take.ALL
    name: str | None = None
    to: str | None = None


class OnTaskFailure(StrEnum):
    """What becomes of a job of whose tasks one failed."""

    STOP = "stop"  # no further task; the job failed
    CONTINUE = "continue"  # the other tasks run, and the job did well
    FORGIVE = "forgive"  # no further task, and the job did well


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Seconds that each phase may take, of each attempt; None is the environment's own limit."""

    queue: float | None = None
    stage_in: float | None = None
    pull: float | None = None
    run: float | None = None
    publish: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often the whole job is tried, and after which reasons again (domain/retry.py)."""

    attempts: int = 1
    on: frozenset[str] = frozenset()  # reason codes; empty: those that are transient
    succeeded: bool = False  # after an attempt that went well too: services that are to run on


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """The job works off an open-ended row of slices (domain/slices.py): it waits while there is none to do,
    and ends well when the row was closed and nothing is left.

    Slices come in and results go out as files in `folder`, a writable one, below it in one folder for each
    instance of the first role. `errors`: as many slices that failed end the job (None: however many).
    """

    folder: str
    errors: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One job. `environment` names where it runs; `network` asks for the outside world, which is refused
    where the data's owner or the environment does not allow it; `keep_failed_outputs` publishes what a
    failed run left.
    """

    environment: str
    roles: tuple[Role, ...]
    folders: tuple[Folder, ...] = ()
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    clocks: Clocks = field(default_factory=Clocks)
    retry: Retry = field(default_factory=Retry)
    priority: int = 0  # larger first, among the jobs of one owner
    network: bool = False
    keep_failed_outputs: bool = True
    on_task_failure: OnTaskFailure = OnTaskFailure.STOP
    keep_seconds: float | None = None  # after the finish; None is the service's own
    # Instances know each other's addresses before the first of them starts, and can reach one another.
    gathered: bool = False
    least_succeeded: int | None = None  # as many instances of whatever roles that ended well end the job well
    # What failed, in roles of which any number may, counts when all is over: the job ends as the last of it.
    judged_late: bool = False
    slices: Slices | None = None

    @property
    def instances(self) -> int:
        return sum(role.count for role in self.roles)

    @property
    def has_grants(self) -> bool:
        return any(given.source is Source.GRANT for given in self.inputs)

    def total_cpus(self) -> float:
        return sum(role.count * role.resources.nodes * role.resources.cpus for role in self.roles)

    def total_memory(self) -> int:
        return sum(role.count * role.resources.nodes * role.resources.memory_bytes for role in self.roles)


def lanes(spec: Spec) -> Sequence[tuple[Role, int]]:
    """Every instance of every role, in order: what runs side by side."""
    return [(role, index) for role in spec.roles for index in range(role.count)]
