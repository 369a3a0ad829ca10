"""The process engine's parts, without a sandbox."""

import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from services.compute.adapters.engines.process import facts, locks, seccomp, verdicts
from services.compute.adapters.engines.process.facts import Cause
from services.compute.adapters.engines.process.images import program_of
from services.compute.adapters.engines.process.machine import Identity, Tools, choose_cpus, identity_for
from services.compute.adapters.engines.process.orphans import kill_holders
from services.compute.adapters.engines.process.supervisor.capture import Capture, LogLost
from services.compute.domain.errors import Refused
from services.compute.domain.spec import Image
from services.compute.ports.engines import Activity

STARTED = {
    "started_at": "100.0", "memory_bytes": str(512 << 20), "disk_bytes": "1000", "log_bytes": "10",
    "wall_seconds": "60.0",
}  # fmt: skip
ENDED = {"started_at": "100.0", "ended_at": "101.5", "wall": "1.5", "cpu": "0.5", "memory": "4096"}
TOOLS = Tools("bwrap", "setpriv")
EVERY_CAUSE = [value for name, value in vars(Cause).items() if name.isupper()]


@pytest.mark.parametrize(
    "name", ["python", "python:3", "python:3.11-slim", "docker.io/library/python:latest", "python@sha256:00"]
)
def test_python_images_are_this_machines_python(name: str) -> None:
    program = program_of(Image(name=name))
    assert set(program.links) == {"python", "python3"}
    assert Path(program.links["python"]).is_file()


@pytest.mark.parametrize("name", ["debian", "ubuntu:22.04", "library/bash"])
def test_system_images_are_this_machines_system(name: str) -> None:
    program = program_of(Image(name=name))
    assert (program.links, program.trees) == ({}, ())
    assert Path(program.command[0]).exists()


def test_node_images_are_this_machines_node() -> None:
    assert set(program_of(Image(name="node:18")).links) == {"node"}
    assert set(program_of(Image(name="oceanprotocol/algo_dockers:node-vibrant")).links) == {"node"}


@pytest.mark.parametrize(
    "name",
    ["alpine", "alpine:3.19", "evil.test/python", "evil.test:5000/python:3", "", ":", "python:2.7", "Python"],
)
def test_every_other_image_is_refused_with_its_name(name: str) -> None:
    with pytest.raises(Refused) as refused:
        program_of(Image(name=name))
    assert refused.value.reason.code == "image_refused"


@pytest.mark.parametrize("cause", EVERY_CAUSE)
def test_every_cause_is_understood(cause: str) -> None:
    seen = verdicts.ended(STARTED, {**ENDED, "cause": cause, "code": "0"})
    assert seen.activity == Activity.ENDED
    assert (seen.reason is None) == (cause == Cause.EXIT)
    assert seen.usage.cpu_seconds == 0.5


@pytest.mark.parametrize(
    ("code", "exit_code", "number", "reason"),
    [
        (0, 0, None, None),
        (1, 1, None, "command_failed"),
        (128, 128, None, "command_failed"),
        (128 + signal.SIGSEGV, None, signal.SIGSEGV, "killed_by_signal"),
        (128 + signal.SIGXFSZ, None, signal.SIGXFSZ, "disk_limit"),
        (128 + 64, None, 64, "killed_by_signal"),
        (128 + 65, 193, None, "command_failed"),
        (255, 255, None, "command_failed"),
    ],
)
def test_exit_codes_and_signals(
    code: int, exit_code: int | None, number: int | None, reason: str | None
) -> None:
    seen = verdicts.ended(STARTED, {**ENDED, "cause": Cause.EXIT, "code": str(code)})
    assert (seen.exit_code, seen.signal) == (exit_code, number)
    assert (seen.reason.code if seen.reason else None) == reason


def test_limits_are_named_in_their_sentence() -> None:
    seen = verdicts.ended(STARTED, {**ENDED, "cause": Cause.MEMORY})
    assert seen.reason is not None
    assert "512 MiB" in seen.reason.sentence


def test_facts_hold_any_text(tmp_path: Path) -> None:
    said = "a=b\n\\n\x00é\u2028 €"
    facts.write(str(tmp_path), "ended", {"evidence": said, "code": 3, "nothing": None})
    assert facts.read(str(tmp_path), "ended") == {"evidence": said, "code": "3"}
    assert facts.read(str(tmp_path), "started") is None


def test_facts_that_are_cut_are_none(tmp_path: Path) -> None:
    facts.write(str(tmp_path), "ended", {"cause": "exit", "code": 0})
    whole = (tmp_path / "ended").read_bytes()
    for length in range(len(whole) - 1):
        (tmp_path / "ended").write_bytes(whole[:length])
        assert facts.read(str(tmp_path), "ended") is None


def test_a_lock_lives_as_long_as_its_opening(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not locks.is_held(str(path))
    first, second = (os.open(path, os.O_RDWR | os.O_CREAT) for _ in range(2))
    assert locks.take(first)
    assert not locks.take(second)
    assert locks.is_held(str(path))
    copy = os.dup(first)
    os.close(first)
    assert locks.is_held(str(path))
    os.close(copy)
    assert not locks.is_held(str(path))
    assert locks.take(second)
    os.close(second)


def test_cpus_are_those_with_the_fewest_runs() -> None:
    assert choose_cpus(1, {0, 1, 2}, []) == [0]
    assert choose_cpus(1, {0, 1, 2}, [[0]]) == [1]
    assert choose_cpus(1.5, {0, 1, 2}, [[0], [0, 1], [9]]) == [1, 2]
    assert choose_cpus(0.1, {0, 1}, [[0], [1], [1]]) == [0]
    assert choose_cpus(2, {0, 1}, []) == []
    assert choose_cpus(1, {0}, []) == []


def test_root_gives_every_job_a_user_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    first, second = identity_for("a" * 32), identity_for("b" * 32)
    assert first == identity_for("a" * 32)
    assert first.uid != second.uid
    assert min(first.uid, second.uid) >= 30_000
    assert "--clear-groups" in first.wrapper("/usr/bin/setpriv")
    assert "--unshare-user" not in first.options(TOOLS)


def test_an_ordinary_service_is_itself_in_a_user_namespace() -> None:
    identity = Identity(1000, 1000, is_own=False)
    assert identity.wrapper("/usr/bin/setpriv") == []
    assert identity.options(TOOLS) == ["--unshare-user", "--disable-userns"]
    assert identity.options(Tools("bwrap", "setpriv", closes_userns=False)) == ["--unshare-user"]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_jumps_forward_and_ends(machine: str) -> None:
    """Every path through it meets a return: what the kernel demands of a filter."""
    for is_pinned in (False, True):
        words = list(struct.iter_unpack("HBBI", seccomp.program(machine, is_pinned=is_pinned)))
        assert words[-1] == (0x06, 0, 0, 0x7FFF0000)
        for at, (code, yes, no, _) in enumerate(words):
            assert code in {0x20, 0x15, 0x35, 0x45, 0x06}
            assert at + 1 + max(yes, no) < len(words) or code == 0x06


def test_a_supervisor_imports_next_to_nothing() -> None:
    """Its start is part of every run's: typing alone would double it."""
    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "from services.compute.adapters.engines.process.supervisor.__main__ import main\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, check=True, text=True
    )
    heavy = {"typing", "re", "enum", "json", "signal", "subprocess", "collections", "contextlib", "logging"}
    assert heavy.isdisjoint(done.stdout.split())


def test_an_unknown_machine_has_no_filter() -> None:
    assert seccomp.program("riscv64", is_pinned=True) == b""


def test_a_log_that_cannot_be_written_is_told() -> None:
    capture = Capture(["/dev/full"], 100)
    os.write(capture.ends[0], b"x")
    with pytest.raises(LogLost, match="No space left"):
        capture.pump(capture.pipes[0])
    capture.close_ends()


def test_output_past_the_limit_is_cut_to_the_byte(tmp_path: Path) -> None:
    capture = Capture([str(tmp_path / "a"), str(tmp_path / "b")], 5)
    os.write(capture.ends[0], b"abc")
    os.write(capture.ends[1], b"def")
    assert capture.pump(capture.pipes[0])
    assert not capture.is_over
    capture.drain()
    capture.close_ends()
    assert capture.is_over
    assert (tmp_path / "a").read_bytes() + (tmp_path / "b").read_bytes() == b"abcde"


def test_only_a_sandbox_that_holds_the_file_is_ended(tmp_path: Path) -> None:
    """Whoever looks whether it is held has it open for a moment, and is nobody's orphan."""
    held = tmp_path / "sandbox"
    held.touch()
    named = tmp_path / "bwrap"
    named.symlink_to("/usr/bin/sleep")
    with held.open("rb") as it, Path("/dev/null").open("rb") as nothing:
        orphan = subprocess.Popen([named, "60"], stdin=it)
        stranger = subprocess.Popen([named, "60"], stdin=nothing)
        looker = subprocess.Popen(["/usr/bin/sleep", "60"], stdin=it)
    try:
        kill_holders(held)
        assert orphan.wait(10) == -signal.SIGKILL
        assert (stranger.poll(), looker.poll()) == (None, None)
        kill_holders(tmp_path / "missing")
    finally:
        for process in (orphan, stranger, looker):
            process.kill()
            process.wait()
