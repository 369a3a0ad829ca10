"""Gatherings of the process engine: what their members reach of this machine, and what is left when somebody
dies.
"""

import os
import random
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.compute.adapters.engines.process import facts, gatherings
from services.compute.adapters.engines.process.engine import ProcessEngine, end_all
from services.compute.domain.errors import Refused
from services.compute.domain.ids import gathering_of, new_uid
from services.compute.ports.engines import Activity, Command
from tests.contract.engines import suite
from tests.contract.engines.gathering_suite import ASK, SERVE, member, name, serve
from tests.engine_rig import Rig, log, reason_code, wait_for_log
from tests.waiting import wait_for

pytestmark = pytest.mark.clause("openpai 7.2")

__all__ = ["name"]
KILLS = 25
ABSTRACT = """
import os, socket
with socket.socket(socket.AF_UNIX) as asking:
    asking.connect("\\0" + os.environ["AT"])
"""
REACH = """
import os, socket
socket.create_connection(("127.0.0.1", int(os.environ["AT"])), 3)
"""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, lambda: ProcessEngine(tmp_path / "engine"))
    yield rig
    rig.close()


def holder(rig: Rig, name: str) -> int:
    inside = facts.read(str(rig.root / "engine" / name), facts.INSIDE)
    assert inside is not None
    return int(inside["pid"])


def lives(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}/ns/net")


def test_the_machine_itself_is_not_reached(rig: Rig, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        spec = member(rig, name, 0, "python3", "-c", REACH, AT=str(listening.getsockname()[1]))
        assert reason_code(rig.run(spec)) == "command_failed"
        assert b"ConnectionRefusedError" in log(spec)


def test_abstract_sockets_of_the_machine_are_not_reached(rig: Rig, name: str) -> None:
    place = f"tidegate-test-{os.getpid()}-{random.getrandbits(64):x}"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("\0" + place)
        listening.listen()
        spec = member(rig, name, 0, "python3", "-c", ABSTRACT, AT=place)
        assert reason_code(rig.run(spec)) == "command_failed"
        assert b"ConnectionRefusedError" in log(spec)


def test_a_command_inside_is_in_the_gathering_too(rig: Rig, name: str) -> None:
    handle, serving, address = serve(rig, name)
    waiting = member(rig, name, 1, *suite.WAITING)
    inside = rig.start(waiting)
    wait_for_log(waiting, b"begun\n")
    rig.until_running(inside)
    done = rig.engine.execute(inside, Command(words=ASK, environment={"AT": address}), 30, 1000)
    assert (done.exit_code, done.output) == (0, b"here\n")
    assert rig.end(handle).exit_code == 0
    assert log(serving) == b"up\nanybody?\n"


def test_parting_ends_what_held_it(rig: Rig, name: str) -> None:
    rig.engine.gather(name, 2)
    pid = holder(rig, name)
    assert lives(pid)
    rig.engine.part(name)
    assert not lives(pid)
    assert [path.name for path in (rig.root / "engine").iterdir()] == []


def test_a_stack_that_goes_down_leaves_none(rig: Rig) -> None:
    names = [gathering_of(new_uid(), 1) for _ in range(2)]
    for each in names:
        rig.engine.gather(each, 1)
    pids = [holder(rig, each) for each in names]
    end_all(rig.root / "engine")
    assert rig.engine.gatherings() == []
    assert not any(map(lives, pids))


def test_a_network_that_is_lost_is_not_made_anew_under_its_runs(rig: Rig, name: str) -> None:
    handle, serving, _ = serve(rig, name)
    pid = holder(rig, name)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not lives(pid), "the holder's end")
    joining = replace(rig.spec(*SERVE, image=rig.python), member=serving.member)
    with pytest.raises(Refused) as joins:
        rig.engine.submit(joining)
    with pytest.raises(Refused) as again:
        rig.engine.gather(name, 4)
    assert (joins.value.reason.code, again.value.reason.code) == ("engine_failed", "engine_failed")
    assert rig.observe(handle).activity == Activity.RUNNING
    rig.engine.cancel(handle)
    rig.end(handle)
    serve(rig, name)  # nothing is left in the old one


def test_workers_that_are_killed_leave_one_network_or_none(rig: Rig) -> None:
    dice = random.Random(20262)
    rig.engine.abilities()
    pids = set()
    for _ in range(KILLS):
        wanted = gathering_of(new_uid(), 1)
        child = os.fork()
        if child == 0:
            rig.engine.gather(wanted, 2)
            os._exit(0)
        time.sleep(dice.random() * 0.15)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        rig.restart()
        assert list(rig.engine.gather(wanted, 2)) == ["127.0.0.1"] * 2
        pids.add(holder(rig, wanted))
        rig.engine.part(wanted)
        assert rig.engine.gatherings() == []
    assert len(pids) == KILLS
    assert not any(map(lives, pids))


def test_a_machine_that_lets_nobody_make_networks(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    gatherings.is_possible.cache_clear()
    try:
        can = rig.engine.abilities()
        assert (can.gathers, can.shares_address) == (False, False)
        with pytest.raises(Refused) as refused:
            rig.engine.gather(gathering_of(new_uid(), 1), 2)
        assert refused.value.reason.code == "resources_refused"
    finally:
        gatherings.is_possible.cache_clear()


def test_the_port_is_the_gatherings_own(rig: Rig, name: str) -> None:
    """Two of them listen on one port at the same time."""
    other = gathering_of(new_uid(), 1)
    first, _, _ = serve(rig, name)
    second, _, _ = serve(rig, other)
    assert {rig.observe(each).activity for each in (first, second)} == {Activity.RUNNING}
    rig.close()
    rig.submitted.clear()
    rig.engine.part(other)
