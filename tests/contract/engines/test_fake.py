"""The scripted fake keeps the promises that other tests take from it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.compute.domain.errors import Refused
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Image
from services.compute.ports.engines import Command, EngineAway, Executed, RunSpec
from tests.contract.engines import gathering_suite, suite
from tests.contract.engines.gathering_suite import GatheringSuite, name
from tests.contract.engines.suite import EngineSuite
from tests.engine_rig import Rig, work
from tests.fakes.compute_engine import Machine, Script, ScriptedEngine

__all__ = ["name"]
NOT_FOUND = Reason("command_not_found", "It is not there.")


def _writes(name: str, data: bytes) -> Script:
    def act(spec: RunSpec) -> None:
        with (work(spec) / name).open("ab") as file:
            file.write(data)

    return Script(act=act)


def _execute(spec: RunSpec, command: Command) -> Executed:
    """The commands of the suite, as a machine would answer."""
    line = command.words[-1]
    if line == "/no/such/program":
        raise Refused(NOT_FOUND)
    if "made" in line:
        (work(spec) / "made").write_bytes(b"x\n")
        return Executed(3, b"seen\ngiven of the run\n")
    if "while" in line and "beats" not in line:
        return Executed(None, b"early\n")
    if "zero" in line:
        return Executed(0, bytes(1000), is_cut=True)
    (work(spec) / "beats").touch()
    return Executed(0, b"")


SCRIPTS = {
    suite.HELLO: Script(output=b"hello\n"),
    suite.THREE: Script(exit_code=3, errors=b"no\n"),
    suite.KILLED: Script(signal=9),
    suite.MISSING: Script(refused=NOT_FOUND),
    suite.BOTH: Script(output=b"out", errors=b"err"),
    suite.BINARY: Script(output=b"\x00\x01\xff\r\n"),
    suite.COUNTED: _writes("starts", b"started\n"),
    suite.WAITING: Script(output=b"begun\n", last_output=b"done\n", running=None, execute=_execute),
    suite.PARENT: Script(output=b"begun\n", running=None),
    suite.WORDS: Script(output=b"a b\n'$x||/work\ngiven"),
    suite.WRITES: _writes("made", b"new\n"),
    gathering_suite.SERVE: Script(output=b"up\n", last_output=b"anybody?\n", running=None),
}


def _script(spec: RunSpec) -> Script:
    if spec.command != gathering_suite.ASK:
        return SCRIPTS.get(spec.command, Script())
    is_there = spec.member is not None and spec.member.gathering == spec.environment["OF"]
    return Script(output=b"here\n") if is_there else Script(exit_code=1)


class FakeRig(Rig):
    is_real = False

    def release(self, spec: RunSpec) -> None:
        assert isinstance(self.engine, ScriptedEngine)
        self.engine.finish(spec.tag)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    machine = Machine()

    def build() -> ScriptedEngine:
        engine = ScriptedEngine(_script, state=machine)
        engine.pull_refused[Rig.missing_image.name] = Reason("image_not_found", "There is none.")
        engine.digests["debian:stable"] = "sha256:" + "1" * 64
        return engine

    rig = FakeRig(tmp_path, build)
    yield rig
    rig.close()


class TestFake(EngineSuite):
    pass


class TestGathering(GatheringSuite):
    pass


def test_an_engine_that_is_away_says_so_everywhere(rig: Rig) -> None:
    spec = rig.spec(*suite.HELLO)
    handle = rig.start(spec)
    engine = rig.engine
    assert isinstance(engine, ScriptedEngine)
    engine.away = True
    for ask in (
        engine.ping,
        lambda: engine.pull(Image(name="a"), lambda _: None),
        lambda: engine.submit(spec),
        lambda: engine.find(spec.tag),
        lambda: engine.observe([handle]),
        lambda: engine.cancel(handle),
        lambda: engine.remove(handle),
        engine.tags,
        lambda: engine.gather("tg-x", 2),
        lambda: engine.part("tg-x"),
        engine.gatherings,
    ):
        with pytest.raises(EngineAway):
            ask()
    engine.away = False
    assert rig.end(handle).exit_code == 0
