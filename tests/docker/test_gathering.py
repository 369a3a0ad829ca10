"""Networks of gatherings on a real Docker Engine: who reaches whom, where their addresses come from, what is
left when a worker dies.
"""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import docker
import pytest

from services.compute.adapters.engines.docker import networks
from services.compute.adapters.engines.docker.containers import Containers
from services.compute.adapters.engines.docker.engine import DockerEngine
from services.compute.adapters.engines.docker.networks import POOL
from services.compute.domain.errors import Refused
from services.compute.domain.ids import gathering_of, new_uid
from services.compute.ports.engines import Activity, EngineAway, Handle
from tests.contract.engines.gathering_suite import ASK, PORT, member, name, serve
from tests.docker.rig import DockerRig
from tests.engine_rig import log, reason_code

pytestmark = pytest.mark.clause("openpai 7.2")

__all__ = ["name"]
SHOWN = ("python3", "-c", "print(*open('/proc/net/fib_trie'), *open('/proc/net/route'))")
TINY = IPv4Network("10.215.255.0/25")


@pytest.fixture
def api() -> Iterator[docker.APIClient]:
    client = docker.APIClient(version="auto")
    yield client
    client.close()


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[DockerEngine]:
    """Two gatherings have room in its pool."""
    engine = DockerEngine(tmp_path / "tiny", pool=TINY)
    yield engine
    for each in engine.gatherings():
        engine.part(each)
    engine.close()


def test_who_has_the_outside_does_not_reach_them_from_there(rig: DockerRig, name: str) -> None:
    _, serving, address = serve(rig, name)
    outsider = replace(rig.spec(*ASK, image=rig.python, env={"AT": address}), network=True)
    rig.run(outsider)
    assert b"here" not in log(outsider)  # whatever some router out there has to say for that address
    assert log(serving) == b"up\n"


def test_this_machine_is_on_no_such_network(rig: DockerRig, name: str) -> None:
    """Neither is it reached there, nor does it reach them."""
    _, serving, address = serve(rig, name)
    with contextlib.suppress(OSError), socket.create_connection((address, PORT), 2) as asking:
        asking.settimeout(2)
        asking.sendall(b"anybody?")
        assert asking.recv(100) != b"here"
    bridge = str(IPv4Address(address) - 1)
    with socket.create_server(("", PORT)):
        inside = member(rig, name, 1, *ASK, AT=bridge)
        assert reason_code(rig.run(inside)) == "command_failed"
    assert log(serving) == b"up\n"


def test_a_member_may_have_the_outside_besides(rig: DockerRig, name: str) -> None:
    handle, _, address = serve(rig, name)
    asking = replace(member(rig, name, 1, *ASK, AT=address), network=True)
    assert (rig.run(asking).exit_code, log(asking)) == (0, b"here\n")
    assert rig.end(handle).exit_code == 0
    shown = replace(member(rig, name, 1, *SHOWN), network=True)
    inside = rig.run(shown)
    assert inside.exit_code == 0
    text = log(shown).decode()
    assert str(IPv4Address(address) + 1) in text
    assert "00000000" in text.split("Destination")[1]  # a way out, by the other network


def test_a_worker_that_dies_before_the_start_leaves_one_that_is_connected(
    rig: DockerRig, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def die(self: Containers, handle: Handle, *_: object) -> None:
        raise Died

    for effect in ("connect", "start"):
        spec = replace(member(rig, name, 2, *SHOWN), network=True)
        with monkeypatch.context() as dying:
            dying.setattr(Containers, effect, die)
            with pytest.raises(Died):
                rig.engine.submit(spec)
        rig.restart()
        handle = rig.engine.find(spec.tag)
        assert handle is not None
        rig.submitted.append(handle)
        assert rig.end(handle).exit_code == 0  # looking at it starts it
        assert log(spec).decode().count("00000000") >= 1
        assert "eth1" in log(spec).decode()


def test_no_two_have_one_subnet(tiny: DockerEngine) -> None:
    found = [tiny.gather(gathering_of(new_uid(), 1), 3) for _ in range(2)]
    assert len({address for each in found for address in each}) == 6
    assert all(IPv4Address(address) in TINY for each in found for address in each)
    with pytest.raises(Refused) as full:
        tiny.gather(gathering_of(new_uid(), 1), 3)
    assert full.value.reason.code == "engine_failed"
    tiny.part(tiny.gatherings()[0])
    assert len(tiny.gather(gathering_of(new_uid(), 1), 61)) == 61


def test_a_subnet_that_another_has_is_passed_over(tiny: DockerEngine, api: docker.APIClient) -> None:
    taken = next(TINY.subnets(new_prefix=26))
    ipam = {"Driver": "default", "Config": [{"Subnet": str(taken)}]}
    other = api.create_network(f"tidegate-test-{new_uid()[:8]}", internal=True, ipam=ipam)["Id"]
    try:
        addresses = tiny.gather(gathering_of(new_uid(), 1), 61)
        assert not any(IPv4Address(address) in taken for address in addresses)
    finally:
        api.remove_network(other)


def test_a_subnet_that_is_taken_meanwhile_is_passed_over(
    tiny: DockerEngine, api: docker.APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody tells beforehand: Docker itself refuses."""
    first = tiny.gather(gathering_of(new_uid(), 1), 2)
    monkeypatch.setattr(networks, "_subnets", lambda found: [])
    monkeypatch.setattr(networks.Networks, "_found", lambda self, wanted: None)
    second = tiny.gather(gathering_of(new_uid(), 1), 2)
    assert not set(first) & set(second)


def test_more_than_any_subnet_holds(tiny: DockerEngine) -> None:
    with pytest.raises(Refused) as refused:
        tiny.gather(gathering_of(new_uid(), 1), 126)
    assert refused.value.reason.code == "resources_refused"


def test_a_thousand_instances_have_a_network(rig: DockerRig, name: str) -> None:
    addresses = rig.engine.gather(name, 1000)
    assert len(set(addresses)) == 1000
    assert all(IPv4Address(address) in POOL for address in addresses)


def test_other_deployments_gatherings_are_not_ours(rig: DockerRig, name: str, tmp_path: Path) -> None:
    rig.engine.gather(name, 2)
    stranger = DockerEngine(tmp_path / "other")
    assert name not in stranger.gatherings()
    stranger.part(name)
    assert name in rig.engine.gatherings()
    stranger.close()


def test_parting_cuts_off_what_is_left(rig: DockerRig, name: str) -> None:
    handle, _, _ = serve(rig, name)
    rig.engine.part(name)
    assert name not in rig.engine.gatherings()
    assert rig.observe(handle).activity == Activity.RUNNING


def test_away_is_no_verdict(tmp_path: Path) -> None:
    engine = DockerEngine(tmp_path, f"unix://{tmp_path}/no.sock")
    for ask in (
        lambda: engine.gather(gathering_of(new_uid(), 1), 2),
        lambda: engine.part(gathering_of(new_uid(), 1)),
        engine.gatherings,
    ):
        with pytest.raises(EngineAway):
            ask()


def test_names_are_asked_of_nobody(rig: DockerRig, name: str, api: docker.APIClient) -> None:
    """Older engines hand questions of such a network on to the machine's own resolver."""
    alone = rig.start(member(rig, name, 0, *SHOWN))
    outside = rig.start(replace(member(rig, name, 1, *SHOWN), network=True))
    resolvers = [api.inspect_container(each)["HostConfig"].get("Dns") or [] for each in (alone, outside)]
    assert resolvers == [["127.0.0.1"], []]
