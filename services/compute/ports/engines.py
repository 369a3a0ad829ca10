"""Where commands run: process, docker, slurm. An engine knows nothing of jobs, owners, dialects or databases.

One contract suite (tests/contract/engines) runs against each and against the scripted fake.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NewType, Protocol

from services.compute.domain.ids import Tag
from services.compute.domain.job import Usage
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Image

Handle = NewType("Handle", str)  # the engine's own name of a run, good across restarts of the worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A folder of this machine at an absolute path inside. Nothing in a read-only one can be changed."""

    host: Path
    path: str
    writable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Crossing memory, disk, log or wall ends the run with that reason; processes beyond are refused inside.

    `disk_bytes` counts all writable mounts and what the run writes elsewhere.
    """

    cpus: float
    memory_bytes: int
    disk_bytes: int
    processes: int
    log_bytes: int
    wall_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One instance of a gathering, as its runs are told of it: of which, and its own address there."""

    gathering: str  # its name: the uid and attempt of the job (domain/ids.py)
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """One command. Its output goes to `log_folder`/`log_name`.output, or .stdout and .stderr when split: the
    files grow while it runs and exist before it starts. An empty `command` is what the image does by itself.
    """

    tag: Tag
    image: Image | None
    command: tuple[str, ...]
    environment: Mapping[str, str]
    working_folder: str | None
    mounts: tuple[Mount, ...]
    limits: Limits
    log_folder: Path
    log_name: str
    split_logs: bool = False
    network: bool = False
    nodes: int = 1
    gpus: int = 0
    options: Mapping[str, str] = field(default_factory=dict)  # of the environment
    member: Member | None = None


class Activity(StrEnum):
    STARTING = "starting"  # taken, not running yet
    RUNNING = "running"
    ENDED = "ended"
    UNKNOWN = "unknown"  # the engine cannot say now: never taken for dead
    LOST = "lost"  # the engine is sure that it is gone without a result


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """`exit_code` is None when a signal ended it. `reason` is set when the run did not end well: a limit, a
    signal, a command that is not there, a cancellation, a plain failure. Times in UTC seconds.
    """

    activity: Activity
    started_at: float | None = None
    ended_at: float | None = None
    exit_code: int | None = None
    signal: int | None = None
    reason: Reason | None = None
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Ready:
    """An image that can be run now. `was_fetched`: it was not here before. `digest` is what it is
    (`sha256:...`), where the engine knows.
    """

    was_fetched: bool = False
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What an engine can keep; what a job needs beyond it is refused with a reason."""

    pins_images: bool  # honours an image digest
    nodes: int = 1  # at most, of one run
    gpus: int = 0
    network: bool = True  # can give one
    gathers: bool = False  # instances of a job can reach each other
    shares_address: bool = False  # they do so at one address, and no two can listen on one port
    isolation: str = ""  # a sentence for the environment's description


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One more command for a run that runs, in the run's own words."""

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    working_folder: str | None = None


@dataclass(frozen=True, slots=True)
class Executed:
    """`exit_code` is None when time ran out; `is_cut`: there was more output than was wanted."""

    exit_code: int | None
    output: bytes  # standard output and standard error together
    is_cut: bool = False


class Engine(Protocol):
    """All methods may be called from several threads. Each but `abilities` and `check` raises EngineAway
    when the engine cannot be reached; that is never a verdict about a run.
    """

    name: str

    def abilities(self) -> Abilities: ...

    def ping(self) -> None:
        """Raises EngineAway, with what the operator has to do."""

    def check(self, spec: RunSpec) -> None:
        """Whether such a run can be taken at all. Raises Refused (resources_refused, image_refused)."""

    def pull(self, image: Image | None, say: Callable[[str], None]) -> Ready:
        """Make the image ready and hold it to its digest; `say` gets lines for the log. Safe to do twice.

        Raises Refused (image_not_found, image_refused, image_mismatch, pull_failed).
        """

    def submit(self, spec: RunSpec) -> Handle:
        """Start it, once: a second submit of the same tag, at the same time or after a crash, returns the
        handle of the first and starts nothing. Raises Refused (engine_failed, command_not_found, ...).
        """

    def gather(self, name: str, count: int) -> Sequence[str]:
        """A private network for `count` instances that reach one another there and nothing else (a run with
        `network` has the outside world besides); the address of each. Twice is once: the same addresses, also
        after a crash. Raises Refused (resources_refused, engine_failed).
        """

    def part(self, name: str) -> None:
        """The gathering is over: what it held is free again. Runs in it have been removed. Twice is once."""

    def gatherings(self) -> Sequence[str]:
        """Names of all that the engine still holds."""

    def find(self, tag: Tag) -> Handle | None:
        """A run that was submitted before, running or ended, until it is removed."""

    def observe(self, handles: Sequence[Handle]) -> Mapping[Handle, Observed]:
        """All at once; every handle gets an answer. An ended run stays ENDED, with the same facts, until
        removed.
        """

    def execute(self, handle: Handle, command: Command, seconds: float, most_bytes: int) -> Executed:
        """Inside a run that runs: as its user, with its files, limits and walls, and nothing of ours. What is
        left of it after `seconds` is ended.

        Raises Refused (command_not_found, engine_failed; also when the run does not run).
        """

    def cancel(self, handle: Handle) -> None:
        """End it and everything it started; at once, whatever it does. Ended or unknown ones are left
        alone.
        """

    def remove(self, handle: Handle) -> None:
        """Forget an ended run and free what it held, not its mounts and logs. Twice is once."""

    def tags(self) -> Sequence[Tag]:
        """Of every run the engine still knows."""


class EngineAway(Exception):
    """The engine does not answer; the sentence tells the operator what to do."""
