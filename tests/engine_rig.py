"""What the engines' suites need of an engine under test: specs with folders of their own, patience, a way to
see what a run did.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from services.compute.domain.ids import new_uid, tag_of
from services.compute.domain.spec import Image
from services.compute.ports.engines import Activity, Engine, Handle, Limits, Mount, Observed, RunSpec
from tests.waiting import wait_for

MIB = 1 << 20
OVER = frozenset({Activity.ENDED, Activity.LOST})
LIMITS = Limits(
    cpus=1, memory_bytes=256 * MIB, disk_bytes=64 * MIB, processes=64, log_bytes=MIB, wall_seconds=60
)


class Rig:
    """`engine` under test, over whatever `build` makes it from: a second build is the engine after a restart
    of the worker. `image` has a POSIX shell, `python` Python 3 too.
    """

    is_real = True
    image: Image | None = Image(name="debian:stable")
    python: Image | None = Image(name="python:3")
    missing_image = Image(name="registry.test/no/such-image:1")

    def __init__(self, root: Path, build: Callable[[], Engine]) -> None:
        self.root = root
        self._build = build
        self.engine = build()
        self.submitted: list[Handle] = []

    def restart(self) -> None:
        self.engine = self._build()

    def spec(
        self,
        *command: str,
        image: Image | None = None,
        env: Mapping[str, str] | None = None,
        working_folder: str | None = "/work",
        split: bool = False,
        **limits: float,
    ) -> RunSpec:
        """With /work to write in and /data/inputs to read; `limits` by their names in Limits."""
        uid = new_uid()
        for name, mode in (("work", 0o777), ("inputs", 0o755), ("logs", 0o755)):
            folder = self.root / "jobs" / uid / name
            folder.mkdir(parents=True)
            folder.chmod(mode)
        job = self.root / "jobs" / uid
        (job / "inputs" / "input.txt").write_bytes(b"given")
        return RunSpec(
            tag=tag_of(uid, 1, "main", 0, 0),
            image=image or self.image,
            command=command,
            environment=dict(env or {}),
            working_folder=working_folder,
            mounts=(
                Mount(host=job / "work", path="/work", writable=True),
                Mount(host=job / "inputs", path="/data/inputs", writable=False),
            ),
            limits=dataclasses.replace(LIMITS, **limits),  # type: ignore[arg-type]
            log_folder=job / "logs",
            log_name="main.0.0",
            split_logs=split,
        )

    def python_spec(self, program: str, **limits: float) -> RunSpec:
        return self.spec("python3", "-c", program, image=self.python, **limits)  # type: ignore[arg-type]

    def start(self, spec: RunSpec) -> Handle:
        handle = self.engine.submit(spec)
        self.submitted.append(handle)
        return handle

    def observe(self, handle: Handle) -> Observed:
        return self.engine.observe([handle])[handle]

    def end(self, handle: Handle) -> Observed:
        """Wait until it is over."""
        seen = wait_for(lambda: over(self.observe(handle)), f"the end of {handle}")
        assert seen is not None
        return seen

    def run(self, spec: RunSpec) -> Observed:
        return self.end(self.start(spec))

    def until_running(self, handle: Handle) -> None:
        wait_for(lambda: self.observe(handle).activity == Activity.RUNNING, f"{handle} to run")

    def release(self, spec: RunSpec) -> None:
        """Let a WAITING run go on to its end."""
        (work(spec) / "go").touch()

    def close(self) -> None:
        """End and forget whatever is left."""
        for handle in self.submitted:
            self.engine.cancel(handle)
            self.end(handle)
            self.engine.remove(handle)


def over(observed: Observed) -> Observed | None:
    return observed if observed.activity in OVER else None


def work(spec: RunSpec) -> Path:
    return spec.mounts[0].host


def inputs(spec: RunSpec) -> Path:
    return spec.mounts[1].host


def log(spec: RunSpec, stream: str = "output") -> bytes:
    return (spec.log_folder / f"{spec.log_name}.{stream}").read_bytes()


def wait_for_log(spec: RunSpec, text: bytes) -> None:
    wait_for(lambda: text in log(spec), f"{text!r} in the log")


def reason_code(observed: Observed) -> str | None:
    return observed.reason.code if observed.reason else None


def shell(*lines: str) -> Sequence[str]:
    return ("sh", "-c", "\n".join(lines))
