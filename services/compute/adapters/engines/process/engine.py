"""The process engine: a sandbox and a supervisor for each run, all state in files beside them."""

import contextlib
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from services.compute.adapters.engines.process import execute, loading, locks, seccomp, verdicts
from services.compute.adapters.engines.process.enter import NOT_FOUND
from services.compute.adapters.engines.process.execute import Entered
from services.compute.adapters.engines.process.gatherings import ADDRESS, Gatherings, is_possible
from services.compute.adapters.engines.process.images import program_of
from services.compute.adapters.engines.process.launch import LaunchFailed, launch
from services.compute.adapters.engines.process.machine import (
    Identity,
    Tools,
    choose_cpus,
    identity_for,
    tools,
    try_out,
)
from services.compute.adapters.engines.process.places import log_paths, make_places
from services.compute.adapters.engines.process.runs import RunFolder, RunFolders
from services.compute.adapters.engines.process.sandbox import (
    environment_of,
    run_options,
    system_options,
)
from services.compute.adapters.engines.process.shape import check_shape
from services.compute.domain.errors import Refused
from services.compute.domain.ids import Tag, uid_of
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Image
from services.compute.ports.engines import (
    Abilities,
    Command,
    EngineAway,
    Executed,
    Handle,
    Observed,
    Ready,
    RunSpec,
)

ISOLATION = (
    "Jobs run as programs of this machine in a sandbox of their own: without images (a digest is not "
    "checked), without network, with nothing of the machine but its system programs."
)
NETWORK_ISOLATION = " A job that asks for the network shares the machine's own."


_END_SECONDS, _END_PAUSE_SECONDS, _STAND_SECONDS = 20.0, 0.02, 5.0


class ProcessEngine:
    """`root` holds the engine's state and belongs to it alone. `host_network` lets jobs have this machine's
    network, with all that listens on it: only for machines on which nothing does.
    """

    name = "process"

    def __init__(self, root: Path, *, host_network: bool = False) -> None:
        self._folders = RunFolders(root)
        self._gatherings = Gatherings(self._folders)
        self._host_network = host_network
        self._lock = threading.Lock()
        self._is_made = self._is_tried = False

    def abilities(self) -> Abilities:
        isolation = ISOLATION + (NETWORK_ISOLATION if self._host_network else "")
        gathers = is_possible()
        return Abilities(
            pins_images=False,
            network=self._host_network,
            gathers=gathers,
            shares_address=gathers,
            isolation=isolation,
        )

    def ping(self) -> None:
        with self._state(), self._lock:
            if not self._is_tried:
                identity = identity_for("0" * 32)
                found = tools()
                try_out(
                    found,
                    [*system_options(identity, found), "--unshare-net"],
                    identity.wrapper(found.setpriv),
                )
                self._is_tried = True

    def check(self, spec: RunSpec) -> None:
        check_shape(spec, self._host_network)
        program_of(spec.image)

    def pull(self, image: Image | None, say: Callable[[str], None]) -> Ready:
        """There is nothing to fetch. A digest cannot be held: `abilities` says so, and who lets such a job in
        all the same has its reasons.
        """
        program = program_of(image)
        if image is None:
            return Ready()
        say(f"image {image.name}: {program.stands_for} stands for it")
        if image.digest is not None:
            say(f"its digest {image.digest} is not checked: this environment runs no images")
        return Ready()

    def submit(self, spec: RunSpec) -> Handle:
        """The lock decides who starts it, and `started`, written under the lock, that nobody does again."""
        self.check(spec)
        self.ping()
        run = self._folders.of(spec.tag)
        if run is None:
            raise _failed("the run's name is none of ours")
        with self._state():
            lock = run.prepare()
        try:
            if not run.is_started and locks.take(lock) and not run.is_started:
                self._start(run, spec, lock)
        finally:
            os.close(lock)
        return Handle(spec.tag)

    def gather(self, name: str, count: int) -> Sequence[str]:
        """They share the loopback of one network."""
        with self._state():
            self._gatherings.gather(name)
        return [ADDRESS] * count

    def part(self, name: str) -> None:
        with self._state():
            self._gatherings.part(name)

    def gatherings(self) -> Sequence[str]:
        with self._state():
            return self._gatherings.names()

    def find(self, tag: Tag) -> Handle | None:
        """A folder in which nothing was started yet, and nobody is about to, is no run."""
        with self._state():
            run = self._folders.of(tag)
            if run is None or not run.is_known:
                return None
            return Handle(tag) if run.is_started or run.is_supervised else None

    def observe(self, handles: Sequence[Handle]) -> Mapping[Handle, Observed]:
        with self._state():
            return {handle: self._observe(handle) for handle in handles}

    def execute(self, handle: Handle, command: Command, seconds: float, most_bytes: int) -> Executed:
        """What it finds there is the run's own: see enter.py."""
        with self._state():
            run = self._folders.of(handle)
            inside = _inside(run) if run is not None else None
            if run is None or inside is None:
                raise _gone()
            with Entered(self._entering(handle, inside, command)) as entered:
                # Its number may be another's by now: it is not while the sandbox's own lock is held.
                if not entered.is_ready() or not run.is_inhabited:
                    raise _gone()
                return entered.run(seconds, most_bytes)

    def cancel(self, handle: Handle) -> None:
        with self._state():
            run = self._folders.of(handle)
            if run is not None and run.ended() is None:
                run.request_end()
                run.end_orphan()

    def remove(self, handle: Handle) -> None:
        """One that lives is left alone."""
        with self._state():
            run = self._folders.of(handle)
            if run is not None and (run.ended() is not None or not run.is_alive):
                run.remove()

    def tags(self) -> Sequence[Tag]:
        with self._state():
            return self._folders.tags()

    def _observe(self, handle: Handle) -> Observed:
        """Ask who lives before reading the end: what ends in between is read as ended."""
        run = self._folders.of(handle)
        if run is None:
            return verdicts.LOST
        is_alive = run.is_alive
        started, end = run.started(), run.ended()
        if started is not None and end is not None:
            return verdicts.ended(started, end)
        if not is_alive:
            return verdicts.LOST
        run.end_orphan()
        return verdicts.running(started) if started is not None else verdicts.starting()

    @contextlib.contextmanager
    def _state(self) -> Iterator[None]:
        """The folder is made once; when it is gone later, nothing may be concluded from that."""
        try:
            with self._lock:
                if not self._is_made:
                    self._folders.make()
                    self._is_made = True
            os.scandir(self._folders.root).close()
            yield
        except OSError as error:
            raise EngineAway(
                f"the process engine's folder cannot be used ({error.strerror}): look at its disk and owner"
            ) from error

    def _entering(self, handle: Handle, inside: Mapping[str, str], command: Command) -> dict[str, Any]:
        identity, found = identity_for(uid_of(handle) or "0"), tools()
        program = program_of(Image(name=inside["image"]) if inside["image"] else None)
        # It finds the program by the run's PATH, and says plainly that there is none.
        shell = ["/bin/sh", "-c", f'command -v "$1" >/dev/null || exit {NOT_FOUND}; exec "$@"', "sh"]
        words = [*shell, *(command.words or program.command)]
        variables = environment_of(command.environment)
        return execute.order(
            init=int(inside["pid"]),
            command=_started(identity, found, words, variables),
            environment=loading.for_starter(variables) if identity.is_own else variables,
            where=command.working_folder or "/",
            drops=not identity.is_own,
            seccomp=seccomp.program(platform.machine(), is_pinned=inside["cpus"] != ""),
        )

    def _start(self, run: RunFolder, spec: RunSpec, lock: int) -> None:
        identity = identity_for(uid_of(spec.tag) or "0")
        try:
            make_places(run.path, spec, identity)
            order = self._order(run, spec, identity)
            with self._joined(spec) as joins:
                launch(order, lock, run.path / "complaints", joins)
        except (OSError, LaunchFailed) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise _failed(why or type(error).__name__) from error

    def _joined(self, spec: RunSpec) -> contextlib.AbstractContextManager[Sequence[tuple[int, int]]]:
        """One that has the machine's network is there with its fellows. Raises Refused (engine_failed)."""
        if spec.member is None or spec.network:
            return contextlib.nullcontext(())
        return self._gatherings.entry(spec.member.gathering)

    def _order(self, run: RunFolder, spec: RunSpec, identity: Identity) -> dict[str, Any]:
        """What the supervisor is told; plain values only."""
        program, found, limits = program_of(spec.image), tools(), spec.limits
        cpus = choose_cpus(limits.cpus, os.sched_getaffinity(0), self._folders.busy_cpus())
        return {
            "folder": str(run.path),
            "bwrap": [found.bwrap],
            "options": run_options(spec, program, identity, found, run.path),
            "command": _started(
                identity, found, spec.command or program.command, environment_of(spec.environment)
            ),
            "logs": [str(path) for path in log_paths(spec)],
            # A folder that is mounted twice is one.
            "counted": [str(run.path), *dict.fromkeys(str(m.host) for m in spec.mounts if m.writable)],
            "image": spec.image.name if spec.image is not None else "",
            "cpus": cpus,
            "seccomp": seccomp.program(platform.machine(), is_pinned=bool(cpus)),
            "limits": {
                "memory_bytes": limits.memory_bytes,
                "disk_bytes": limits.disk_bytes,
                "log_bytes": limits.log_bytes,
                "processes": limits.processes,
                "wall_seconds": float(limits.wall_seconds),
            },
        }


def _started(
    identity: Identity, found: Tools, command: Sequence[str], variables: Mapping[str, str]
) -> list[str]:
    """By whom a command is started."""
    if not identity.is_own:
        return [*command]
    return [*identity.wrapper(found.setpriv), *loading.for_command(variables, command)]


def _inside(run: RunFolder) -> Mapping[str, str] | None:
    """A run counts as running a moment before its sandbox stands."""
    until = time.monotonic() + _STAND_SECONDS
    while (inside := run.inside()) is None and run.is_alive and time.monotonic() < until:
        time.sleep(_END_PAUSE_SECONDS)
    return inside


def end_all(root: Path) -> int:
    """End every run and gathering of the engine whose state is in `root` (a stack that goes down) and wait
    until they are gone; how many runs there were.
    """
    folders = RunFolders(root)
    alive = [run for tag in folders.tags() if (run := folders.of(tag)) is not None and run.is_alive]
    for run in alive:
        run.request_end()
        run.end_orphan()
    until = time.monotonic() + _END_SECONDS
    while time.monotonic() < until and any(run.is_alive for run in alive):
        time.sleep(_END_PAUSE_SECONDS)
    gatherings = Gatherings(folders)
    for name in gatherings.names():
        gatherings.part(name)
    return len(alive)


def _gone() -> Refused:
    return Refused(Reason("engine_failed", "The job does not run at this moment."))


def _failed(evidence: str) -> Refused:
    return Refused(Reason("engine_failed", "The run could not be started.", evidence))
