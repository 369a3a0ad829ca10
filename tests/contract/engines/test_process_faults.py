"""The process engine when somebody dies: the worker in the middle of a submit, a supervisor, the
machine's own parts. Whatever happens, a run starts at most once and what is left of it is nothing.
"""

import os
import pickle
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.compute.adapters.engines.process import facts
from services.compute.adapters.engines.process.engine import ProcessEngine, end_all
from services.compute.adapters.engines.process.locks import is_held
from services.compute.adapters.engines.process.runs import RunFolder
from services.compute.domain.ids import Tag
from services.compute.ports.engines import Activity, EngineAway, Handle, RunSpec
from tests.contract.engines import suite
from tests.engine_rig import Rig, log, reason_code, shell, wait_for_log, work
from tests.waiting import wait_for

POINTS = 30


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, lambda: ProcessEngine(tmp_path / "engine"))
    yield rig
    rig.close()


def folder(rig: Rig, handle: str) -> Path:
    return rig.root / "engine" / handle


def supervisor(rig: Rig, handle: str) -> int:
    started = facts.read(str(folder(rig, handle)), facts.STARTED)
    assert started is not None
    return int(started["pid"])


def is_quiet(path: Path) -> bool:
    """Whether nobody writes to it any more."""
    size = path.stat().st_size
    subprocess.run(["sleep", "0.2"], check=True)
    return path.stat().st_size == size


def test_a_supervisor_that_is_killed_takes_its_run_along(rig: Rig) -> None:
    spec = rig.spec(*suite.PARENT)
    handle = rig.start(spec)
    wait_for_log(spec, b"begun\n")
    os.kill(supervisor(rig, handle), signal.SIGKILL)
    seen = rig.end(handle)
    assert (seen.activity, reason_code(seen)) == (Activity.LOST, "engine_lost")
    assert is_quiet(work(spec) / "beats")
    assert rig.engine.submit(spec) == handle
    assert rig.observe(handle).activity == Activity.LOST
    rig.engine.cancel(handle)
    rig.engine.remove(handle)
    assert rig.engine.find(spec.tag) is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_supervisor_that_is_told_to_go_leaves_nothing(rig: Rig, number: signal.Signals) -> None:
    spec = rig.spec(*suite.PARENT)
    handle = rig.start(spec)
    wait_for_log(spec, b"begun\n")
    os.kill(supervisor(rig, handle), number)
    assert rig.end(handle).activity == Activity.LOST
    assert is_quiet(work(spec) / "beats")


@pytest.fixture
def dying(rig: Rig) -> Iterator["DyingWorker"]:
    worker = DyingWorker(rig)
    yield worker
    worker.close()


class DyingWorker:
    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        argv = [sys.executable, str(Path(__file__).with_name("dying_worker.py")), str(rig.root / "engine")]
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": "."},
        )

    def submit(self, spec: RunSpec, seconds: float) -> None:
        path = self._rig.root / "spec.pickle"
        path.write_bytes(pickle.dumps(spec))
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{path} {seconds}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "dead\n"

    def close(self) -> None:
        self._process.communicate()


def test_a_run_outlives_the_worker_that_started_it(rig: Rig, dying: DyingWorker) -> None:
    spec = rig.spec(*suite.WAITING)
    dying.submit(spec, -1)
    handle = rig.engine.find(spec.tag)
    assert handle == Handle(spec.tag)
    rig.submitted.append(handle)
    rig.until_running(handle)
    rig.release(spec)
    assert rig.end(handle).exit_code == 0
    assert log(spec) == b"begun\ndone\n"


def test_a_worker_killed_anywhere_in_a_submit_starts_once(rig: Rig, dying: DyingWorker) -> None:
    """Found again or submitted again, as the worker's successor does: the program ran exactly once."""
    dice = random.Random(4)
    for _ in range(POINTS):
        spec = rig.spec(*suite.COUNTED)
        dying.submit(spec, dice.uniform(0, 0.12))
        handle = rig.engine.find(spec.tag) or rig.start(spec)
        rig.submitted.append(handle)
        seen = rig.end(handle)
        if seen.activity == Activity.LOST:  # killed before the supervisor read its order, after we had looked
            assert not (work(spec) / "starts").exists()
            assert rig.end(rig.start(spec)).exit_code == 0
        assert (work(spec) / "starts").read_bytes() == b"started\n"


def test_a_folder_in_which_nothing_was_started_is_no_run(rig: Rig) -> None:
    """The worker died between the folder and the supervisor."""
    spec = rig.spec(*suite.COUNTED)
    rig.engine.ping()
    os.close(RunFolder(folder(rig, spec.tag)).prepare())
    assert rig.engine.find(spec.tag) is None
    assert rig.engine.tags() == [spec.tag]
    assert rig.observe(Handle(spec.tag)).activity == Activity.LOST
    assert rig.run(spec).exit_code == 0
    assert (work(spec) / "starts").read_bytes() == b"started\n"


def test_what_was_cancelled_before_it_started_never_runs(rig: Rig) -> None:
    spec = rig.spec(*suite.COUNTED)
    rig.engine.ping()
    os.close(RunFolder(folder(rig, spec.tag)).prepare())
    rig.engine.cancel(Handle(spec.tag))
    assert reason_code(rig.run(spec)) == "cancelled"
    assert not (work(spec) / "starts").exists()


def test_an_end_that_is_half_written_is_none(rig: Rig) -> None:
    handle = rig.start(rig.spec(*suite.HELLO))
    rig.end(handle)
    wait_for(lambda: not RunFolder(folder(rig, handle)).is_alive, "the supervisor's end")
    (folder(rig, handle) / facts.ENDED).write_text("cause=exit\ncode=0\nended_", encoding="ascii")
    assert rig.observe(handle).activity == Activity.LOST


def test_end_all_leaves_nothing_behind(rig: Rig) -> None:
    specs = [rig.spec(*suite.PARENT) for _ in range(3)]
    handles = [rig.start(spec) for spec in specs]
    for spec in specs:
        wait_for_log(spec, b"begun\n")
    assert end_all(rig.root / "engine") == 3
    assert [reason_code(rig.observe(handle)) for handle in handles] == ["cancelled"] * 3
    assert end_all(rig.root / "engine") == 0
    assert end_all(rig.root / "nowhere") == 0


def test_a_machine_without_bubblewrap_says_what_to_do(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(rig.root))
    for ask in (rig.engine.ping, lambda: rig.engine.submit(rig.spec(*suite.HELLO))):
        with pytest.raises(EngineAway, match="install bubblewrap"):
            ask()


def test_a_machine_that_forbids_sandboxes_says_so(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = rig.root / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{rig.root}:{os.environ['PATH']}")
    with pytest.raises(EngineAway, match=r"No permissions to create new namespace\).*user"):
        rig.engine.ping()


def test_a_state_folder_that_cannot_be_used_is_no_verdict(rig: Rig, tmp_path: Path) -> None:
    handle = rig.start(rig.spec(*suite.HELLO))
    rig.end(handle)
    (tmp_path / "engine").rename(tmp_path / "aside")
    asked = (rig.engine.tags, lambda: rig.engine.observe([handle]), lambda: rig.engine.find(Tag(handle)))
    for ask in asked:
        with pytest.raises(EngineAway, match="folder cannot be used"):
            ask()
    (tmp_path / "engine").write_text("in the way", encoding="utf-8")
    for ask in asked:
        with pytest.raises(EngineAway, match="folder cannot be used"):
            ask()
    (tmp_path / "engine").unlink()
    (tmp_path / "aside").rename(tmp_path / "engine")
    assert rig.observe(handle).exit_code == 0


def test_a_sandbox_that_cannot_be_made_is_the_engines_fault(rig: Rig) -> None:
    spec = rig.spec(*shell("true"), working_folder="/dev/null/nowhere")
    seen = rig.run(spec)
    assert (seen.activity, reason_code(seen)) == (Activity.ENDED, "engine_failed")


def test_a_supervisor_killed_anywhere_in_a_start_leaves_nothing(rig: Rig) -> None:
    """Bubblewrap binds itself to its parent some way into its own start, and would go on without one."""
    dice = random.Random(11)
    for _ in range(POINTS):
        spec = rig.spec(*shell("while :; do echo x >> /work/beats; sleep 0.02; done"))
        handle = rig.start(spec)
        wait_for((folder(rig, handle) / facts.STARTED).exists, "the supervisor")
        subprocess.run(["sleep", f"{dice.uniform(0, 0.03):.4f}"], check=True)
        os.kill(supervisor(rig, handle), signal.SIGKILL)
        assert rig.end(handle).activity == Activity.LOST
        assert not is_held(str(folder(rig, handle) / facts.SANDBOX))
        if (work(spec) / "beats").exists():
            assert is_quiet(work(spec) / "beats")


def test_a_cancellation_anywhere_in_a_start_ends_it(rig: Rig) -> None:
    dice = random.Random(17)
    for _ in range(POINTS):
        spec = rig.spec(*shell("while :; do echo x >> /work/beats; sleep 0.02; done"))
        handle = rig.start(spec)
        subprocess.run(["sleep", f"{dice.uniform(0, 0.05):.4f}"], check=True)
        rig.engine.cancel(handle)
        seen = rig.end(handle)
        assert (seen.activity, reason_code(seen)) == (Activity.ENDED, "cancelled")
