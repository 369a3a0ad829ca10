"""Runs for the tests of the docker engine: their specs, and the engine they go to."""

import dataclasses
import itertools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.compute.adapters.engines.docker.daemon import DEFAULT_URL
from services.compute.adapters.engines.docker.engine import DockerEngine
from services.compute.domain.ids import Tag, new_uid, tag_of
from services.compute.domain.spec import Image
from services.compute.ports.engines import Activity, Handle, Limits, Mount, Observed, RunSpec
from tests.waiting import wait_for

SHELL = Image(name="tidegate/test-shell:1")  # scripts/setup/docker.sh builds both
PYTHON = Image(name="tidegate/test-python:1")
LIMITS = Limits(
    cpus=1, memory_bytes=128 << 20, disk_bytes=32 << 20, processes=64, log_bytes=4 << 20, wall_seconds=60
)
_numbers = itertools.count()


@dataclass(slots=True)
class Runs:
    """One deployment's runs, in one folder. restarted() is what a worker that was killed leaves behind."""

    folder: Path
    url: str = DEFAULT_URL
    engines: list[DockerEngine] = field(default_factory=list)

    @property
    def engine(self) -> DockerEngine:
        return self.engines[-1] if self.engines else self.restarted()

    def restarted(self) -> DockerEngine:
        """Another engine over the same work folder; those before it keep going, as a stuck worker would."""
        self.engines.append(DockerEngine(self.folder, self.url))
        return self.engines[-1]

    def spec(self, *command: str, **changes: Any) -> RunSpec:
        logs = self.folder / f"logs-{next(_numbers)}"
        logs.mkdir(parents=True)
        spec = RunSpec(
            tag=tag_of(new_uid(), 1, "main", 0, 0),
            image=SHELL,
            command=command,
            environment={},
            working_folder=None,
            mounts=(),
            limits=LIMITS,
            log_folder=logs,
            log_name="main.0.0",
        )
        limits = {name: changes.pop(name) for name in list(changes) if hasattr(LIMITS, name)}
        return dataclasses.replace(spec, limits=dataclasses.replace(LIMITS, **limits), **changes)

    def sh(self, script: str, **changes: Any) -> RunSpec:
        return self.spec("sh", "-c", script, **changes)

    def mount(self, path: str, files: Mapping[str, bytes] | None = None, writable: bool = True) -> Mount:
        """A new folder as the worker makes it."""
        host = self.folder / f"mount-{secrets.token_hex(4)}"
        host.mkdir()
        for name, content in (files or {}).items():
            (host / name).write_bytes(content)
        host.chmod(0o777 if writable else 0o755)
        return Mount(host=host, path=path, writable=writable)

    def look(self, handle: Handle) -> Observed:
        return self.engine.observe([handle])[handle]

    def end_of(self, handle: Handle) -> Observed:
        def ended() -> Observed | None:
            seen = self.look(handle)
            return seen if seen.activity in (Activity.ENDED, Activity.LOST) else None

        seen = wait_for(ended, "the end of the run")
        assert seen is not None
        return seen

    def done(self, spec: RunSpec) -> tuple[Observed, bytes]:
        """Run it to its end: how it ended, and what it wrote (of split ones standard output)."""
        seen = self.end_of(self.engine.submit(spec))
        return seen, log_of(spec, "stdout" if spec.split_logs else "output")

    def remove_all(self) -> None:
        engine = self.restarted()
        for tag in engine.tags():
            handle = engine.find(Tag(tag))
            if handle is not None:
                engine.remove(handle)
        for each in self.engines:
            each.close()


def log_of(spec: RunSpec, kind: str = "output") -> bytes:
    return (spec.log_folder / f"{spec.log_name}.{kind}").read_bytes()


def write_once(mount: Mount) -> str:
    """A command that leaves a line in the mount each time it is started."""
    return f"echo started >> {mount.path}/starts"


def starts_in(mount: Mount) -> int:
    file = mount.host / "starts"
    return len(file.read_text().splitlines()) if file.exists() else 0
