"""An engine that does as it is told: outcomes by script, delays counted in observations, no processes.

It keeps the port's promises (tests/contract/engines runs on it). What is on the "machine" is in `state`; a
second ScriptedEngine with the same state is the engine after a restart of the worker.
"""

import signal as signals
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.compute.adapters.engines.words import bad_words
from services.compute.domain.errors import Refused
from services.compute.domain.ids import Tag, gathered_attempt
from services.compute.domain.job import Usage
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Image
from services.compute.ports.engines import (
    Abilities,
    Activity,
    Command,
    EngineAway,
    Executed,
    Handle,
    Member,
    Observed,
    Ready,
    RunSpec,
)

CANCELLED = Reason("cancelled", "It was stopped on request.")
LOST = Reason("engine_lost", "The engine lost the run.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How one run goes: `starting` observations STARTING, `running` RUNNING (None: until it is cancelled or
    `finish`ed), then it has ended. A reason is made up for a failure that has none.

    `act` runs at the submit, with the spec: write into its mounts what the program would have written.
    `silent` observations answer UNKNOWN before all else. `refused` is raised by submit.
    """

    exit_code: int | None = 0
    signal: int | None = None
    reason: Reason | None = None
    starting: int = 0
    running: int | None = 1
    silent: int = 0
    lost: bool = False
    output: bytes = b""
    last_output: bytes = b""  # printed at the end
    errors: bytes = b""
    act: Callable[[RunSpec], None] | None = None
    refused: Reason | None = None
    usage: Usage = field(default_factory=Usage)
    execute: Callable[[RunSpec, Command], Executed] | None = None  # None: well, and without a word


@dataclass(slots=True)
class _Run:
    spec: RunSpec
    script: Script
    started_at: float
    seen: int = 0
    ended: Observed | None = None


@dataclass(slots=True)
class Machine:
    """What outlives the engine object. `starts` counts true starts of each tag: nothing may exceed one.
    `gatherings` are the addresses of each.
    """

    runs: dict[Handle, _Run] = field(default_factory=dict)
    gatherings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    starts: dict[Tag, int] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


Chooser = Callable[[RunSpec], Script]
_DEFAULT = Script()


class ScriptedEngine:
    """`scripts` is one Script for every run, or a function of the spec. Set `away` to make it unreachable and
    `pull_refused` (image name -> Reason) to make images fail, `digests` (image name -> digest) to know better
    than a pin, `fetches` (image names) for those that are not on the machine; look at `submitted`, `pulled`,
    `cancelled` and `removed` to see what it was asked.
    """

    def __init__(
        self,
        scripts: Script | Chooser = _DEFAULT,
        *,
        name: str = "process",
        abilities: Abilities | None = None,
        state: Machine | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.scripts = scripts
        self.state = state or Machine()
        self.away = False
        self.check_refused: Reason | None = None
        self.gather_refused: Reason | None = None
        self.pull_refused: dict[str, Reason] = {}
        self.digests: dict[str, str] = {}
        self.fetches: set[str] = set()
        self.submitted: list[RunSpec] = []
        self.pulled: list[Image | None] = []
        self.executed: list[Command] = []
        self.cancelled: list[Handle] = []
        self.removed: list[Handle] = []
        self.observations = 0
        self._abilities = abilities or Abilities(pins_images=True, gathers=True, isolation="Scripted.")
        self._clock = clock

    def abilities(self) -> Abilities:
        return self._abilities

    def ping(self) -> None:
        if self.away:
            raise EngineAway("the scripted engine is away: set away = False")

    def check(self, spec: RunSpec) -> None:
        if self.check_refused is not None:
            raise Refused(self.check_refused)
        if spec.nodes > self._abilities.nodes or spec.gpus > self._abilities.gpus:
            raise Refused(Reason("resources_refused", "The engine has fewer nodes or gpus."))
        for problem in bad_words(spec):
            raise Refused(Reason("resources_refused", problem))

    def pull(self, image: Image | None, say: Callable[[str], None]) -> Ready:
        self.ping()
        self.pulled.append(image)
        if image is None:
            return Ready()
        say(f"image {image.name}")
        if (reason := self.pull_refused.get(image.name)) is not None:
            raise Refused(reason)
        if image.digest is not None and self.digests.get(image.name, image.digest) != image.digest:
            raise Refused(Reason("image_mismatch", "The image is not the one that was pinned."))
        return Ready(was_fetched=image.name in self.fetches, digest=self.digests.get(image.name))

    def submit(self, spec: RunSpec) -> Handle:
        self.ping()
        handle = Handle(f"scripted-{spec.tag}")
        with self.state.lock:
            if handle in self.state.runs:
                return handle
            script = self.scripts if isinstance(self.scripts, Script) else self.scripts(spec)
            if script.refused is not None:
                raise Refused(script.refused)
            if not all(mount.host.is_dir() for mount in spec.mounts):
                raise Refused(Reason("engine_failed", "A folder is gone."))
            if spec.member is not None:
                self._check_member(spec.member)
            self.submitted.append(spec)
            self.state.starts[spec.tag] = self.state.starts.get(spec.tag, 0) + 1
            self.state.runs[handle] = _Run(spec, script, self._clock())
            _write_logs(spec, script)
            if script.act is not None:
                script.act(spec)
        return handle

    def gather(self, name: str, count: int) -> Sequence[str]:
        """Addresses of a network that each has for itself."""
        self.ping()
        if self.gather_refused is not None or not self._abilities.gathers:
            why = Reason("resources_refused", "The engine cannot let runs reach each other.")
            raise Refused(self.gather_refused or why)
        if gathered_attempt(name) is None:
            raise Refused(Reason("engine_failed", "The name is none of ours."))
        with self.state.lock:
            number = len(self.state.gatherings)
            fresh = tuple(f"10.{number}.{at >> 8}.{at & 255}" for at in range(2, count + 2))
            return self.state.gatherings.setdefault(name, fresh)

    def part(self, name: str) -> None:
        self.ping()
        with self.state.lock:
            self.state.gatherings.pop(name, None)

    def gatherings(self) -> Sequence[str]:
        self.ping()
        with self.state.lock:
            return list(self.state.gatherings)

    def find(self, tag: Tag) -> Handle | None:
        self.ping()
        handle = Handle(f"scripted-{tag}")
        return handle if handle in self.state.runs else None

    def observe(self, handles: Sequence[Handle]) -> Mapping[Handle, Observed]:
        self.ping()
        self.observations += 1
        with self.state.lock:
            return {handle: self._observe(handle) for handle in handles}

    def execute(self, handle: Handle, command: Command, seconds: float, most_bytes: int) -> Executed:
        """What the script says to commands; `executed` keeps them."""
        self.ping()
        with self.state.lock:
            run = self.state.runs.get(handle)
            if run is None or run.ended is not None:
                raise Refused(Reason("engine_failed", "The job does not run at this moment."))
            self.executed.append(command)
        return run.script.execute(run.spec, command) if run.script.execute else Executed(0, b"")

    def cancel(self, handle: Handle) -> None:
        self.ping()
        self.cancelled.append(handle)
        with self.state.lock:
            run = self.state.runs.get(handle)
            if run is not None and run.ended is None:
                run.ended = self._end(
                    run,
                    replace(run.script, exit_code=None, signal=signals.SIGKILL, reason=CANCELLED, lost=False),
                )

    def remove(self, handle: Handle) -> None:
        self.ping()
        self.removed.append(handle)
        with self.state.lock:
            self.state.runs.pop(handle, None)

    def tags(self) -> Sequence[Tag]:
        self.ping()
        with self.state.lock:
            return [run.spec.tag for run in self.state.runs.values()]

    def finish(self, tag: Tag) -> None:
        """End a run now, as its script says."""
        with self.state.lock:
            run = self.state.runs[Handle(f"scripted-{tag}")]
            run.ended = run.ended or self._end(run, run.script)

    def lose(self, tag: Tag) -> None:
        """The machine goes away under a run."""
        with self.state.lock:
            run = self.state.runs[Handle(f"scripted-{tag}")]
            run.ended = run.ended or self._end(run, replace(run.script, lost=True))

    def _check_member(self, member: Member) -> None:
        if member.address not in self.state.gatherings.get(member.gathering, ()):
            raise Refused(Reason("engine_failed", "The run's gathering is gone."))

    def _observe(self, handle: Handle) -> Observed:
        run = self.state.runs.get(handle)
        if run is None:
            return Observed(activity=Activity.LOST, reason=LOST)
        if run.ended is not None:
            return run.ended
        run.seen += 1
        script, seen = run.script, run.seen
        if seen <= script.silent:
            return Observed(activity=Activity.UNKNOWN)
        seen -= script.silent
        if seen <= script.starting:
            return Observed(activity=Activity.STARTING)
        seen -= script.starting
        if script.running is None or seen <= script.running:
            return Observed(activity=Activity.RUNNING, started_at=run.started_at)
        run.ended = self._end(run, script)
        return run.ended

    def _end(self, run: _Run, script: Script) -> Observed:
        if script.lost:
            return Observed(activity=Activity.LOST, reason=script.reason or LOST)
        if script.last_output:
            _append(run.spec, script.last_output)
        return Observed(
            activity=Activity.ENDED,
            started_at=run.started_at,
            ended_at=max(run.started_at, self._clock()),
            exit_code=None if script.signal is not None else script.exit_code,
            signal=script.signal,
            reason=script.reason or _reason(script),
            usage=script.usage,
        )


def _reason(script: Script) -> Reason | None:
    if script.signal is not None:
        return Reason("killed_by_signal", f"Signal {script.signal} ended the program.")
    if script.exit_code:
        return Reason("command_failed", f"The program ended with exit code {script.exit_code}.")
    return None


def _write_logs(spec: RunSpec, script: Script) -> None:
    """What the program would print, cut at the limit as real engines do."""
    spec.log_folder.mkdir(parents=True, exist_ok=True)
    said = {"output": script.output + script.errors}
    if spec.split_logs:
        said = {"stdout": script.output, "stderr": script.errors}
    for kind, data in said.items():
        (spec.log_folder / f"{spec.log_name}.{kind}").write_bytes(data[: spec.limits.log_bytes])


def _append(spec: RunSpec, data: bytes) -> None:
    with (spec.log_folder / f"{spec.log_name}.{'stdout' if spec.split_logs else 'output'}").open(
        "ab"
    ) as file:
        file.write(data)
