"""What every engine that gathers promises, asked of a Rig: runs that reach each other, and nobody else."""

import concurrent.futures
import itertools
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from services.compute.domain.errors import Refused
from services.compute.domain.ids import Tag, gathering_of, new_uid
from services.compute.ports.engines import Handle, Member, Observed, RunSpec
from tests.engine_rig import Rig, log, reason_code, wait_for_log

_runs = itertools.count()
PORT = 7000  # nobody else's: the network is the gathering's own
SERVE = (
    "python3",
    "-c",
    f"""
import socket
with socket.create_server(("", {PORT})) as server:
    print("up", flush=True)
    asking, _ = server.accept()
    print(asking.recv(100).decode(), flush=True)
    asking.sendall(b"here")
""",
)
ASK = (
    "python3",
    "-c",
    f"""
import os, socket
with socket.create_connection((os.environ["AT"], {PORT}), 3) as answering:
    answering.sendall(b"anybody?")
    print(answering.recv(100).decode())
""",
)


@pytest.fixture
def name(rig: Rig) -> Iterator[str]:
    name = gathering_of(new_uid(), 1)
    yield name
    rig.close()  # what is parted has no runs any more
    rig.engine.part(name)
    rig.submitted.clear()


def member(rig: Rig, name: str, number: int, *command: str, of: int = 4, **env: str) -> RunSpec:
    """A run of instance `number`."""
    address = rig.engine.gather(name, of)[number]
    spec = rig.spec(*command, image=rig.python, env=env)
    tag = Tag(f"{name}.main.{number}.{next(_runs)}")
    return replace(spec, tag=tag, member=Member(gathering=name, address=address))


def serve(rig: Rig, name: str) -> tuple[Handle, RunSpec, str]:
    """Instance 0 listens."""
    spec = member(rig, name, 0, *SERVE)
    handle = rig.start(spec)
    wait_for_log(spec, b"up\n")
    assert spec.member is not None
    return handle, spec, spec.member.address


class GatheringSuite:
    """Subclass it with a fixture `rig`."""

    def test_two_runs_reach_each_other(self, rig: Rig, name: str) -> None:
        handle, serving, address = serve(rig, name)
        asking = member(rig, name, 3, *ASK, AT=address, OF=name)
        seen = rig.run(asking)
        assert (seen.exit_code, log(asking)) == (0, b"here\n")
        rig.release(serving)
        assert rig.end(handle).exit_code == 0
        assert log(serving) == b"up\nanybody?\n"

    def test_nobody_else_reaches_them(self, rig: Rig, name: str) -> None:
        """No run by itself, and none of another gathering."""
        handle, serving, address = serve(rig, name)
        alone = rig.spec(*ASK, image=rig.python, env={"AT": address, "OF": name})
        assert self._fails(rig.run(alone))
        other = gathering_of(new_uid(), 1)
        stranger = member(rig, other, 1, *ASK, AT=address, OF=name)
        inside = rig.start(stranger)
        assert self._fails(rig.end(inside))
        rig.engine.remove(inside)
        rig.submitted.remove(inside)
        rig.engine.part(other)
        assert log(serving) == b"up\n"
        rig.engine.cancel(handle)
        rig.end(handle)

    def test_addresses_are_the_same_whenever_they_are_asked(self, rig: Rig, name: str) -> None:
        first = list(rig.engine.gather(name, 4))
        assert len(first) == 4
        shared = 1 if rig.engine.abilities().shares_address else 4
        assert len(set(first)) == shared
        assert list(rig.engine.gather(name, 4)) == first
        rig.restart()
        assert list(rig.engine.gather(name, 4)) == first
        assert name in rig.engine.gatherings()

    def test_gathering_at_once_is_gathering_once(self, rig: Rig, name: str) -> None:
        gate = threading.Barrier(4)

        def gather() -> list[str]:
            gate.wait(30)
            return list(rig.engine.gather(name, 4))

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            found = [future.result() for future in [pool.submit(gather) for _ in range(4)]]
        assert all(each == found[0] for each in found)
        assert list(rig.engine.gatherings()).count(name) == 1

    def test_what_is_parted_is_gone(self, rig: Rig, name: str) -> None:
        other = gathering_of(new_uid(), 2)
        for each in (name, other):
            rig.engine.gather(each, 2)
        assert {name, other} <= set(rig.engine.gatherings())
        rig.engine.part(name)
        rig.engine.part(name)
        assert name not in rig.engine.gatherings()
        assert other in rig.engine.gatherings()
        rig.engine.part(other)
        assert other not in rig.engine.gatherings()
        assert len(rig.engine.gather(name, 2)) == 2

    def test_the_next_run_of_an_instance_has_its_address(self, rig: Rig, name: str) -> None:
        for _ in range(2):
            handle, serving, address = serve(rig, name)
            assert rig.run(member(rig, name, 1, *ASK, AT=address, OF=name)).exit_code == 0
            rig.release(serving)
            assert rig.end(handle).exit_code == 0

    def test_a_run_needs_its_gathering(self, rig: Rig, name: str) -> None:
        spec = member(rig, name, 0, *SERVE)
        rig.engine.part(name)
        with pytest.raises(Refused) as refused:
            rig.engine.submit(spec)
        assert refused.value.reason.code == "engine_failed"

    def test_names_that_are_none_of_ours(self, rig: Rig, name: str) -> None:
        for bad in ("../../etc", "host", "bridge", ""):
            rig.engine.part(bad)
            with pytest.raises(Refused) as refused:
                rig.engine.gather(bad, 2)
            assert refused.value.reason.code == "engine_failed"

    def _fails(self, seen: Observed) -> bool:
        return reason_code(seen) == "command_failed"
