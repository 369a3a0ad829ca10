"""Networks that Docker keeps for gatherings: a bridge of its own for each, on which nobody else is.

It leads nowhere (`internal`), and this machine has no address on it either: what listens here is not reached.
Addresses are given by us, counted from the subnet's beginning, so that they are known before anything starts.
"""

import hashlib
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network, ip_network
from typing import Any, Final

import docker.errors

from services.compute.adapters.engines.docker.container import refusal
from services.compute.adapters.engines.docker.daemon import Daemon, status_of, words_of
from services.compute.adapters.engines.docker.record import INSTANCE
from services.compute.domain.ids import gathered_attempt
from services.compute.ports.engines import EngineAway

POOL: Final = IPv4Network("10.212.0.0/14")
GATHERING: Final = "tidegate.gathering"
_OPTIONS: Final = {"com.docker.network.bridge.inhibit_ipv4": "true"}
_LEAST_BITS: Final = 6  # of the numbers in one subnet
_FIRST: Final = 2  # after the subnet's own number and the one that Docker keeps for a gateway
_TRIES: Final = 32
_TAKEN: Final = ("overlap", "conflict")  # how Docker says that a subnet is in use


class Networks:
    """Those of one deployment: `instance` names it. All raise EngineAway. Subnets come from `pool`."""

    def __init__(self, daemon: Daemon, instance: str, pool: IPv4Network = POOL) -> None:
        self._daemon = daemon
        self._instance = instance
        self._pool = pool
        self._lock = threading.Lock()

    def gather(self, name: str, count: int) -> Sequence[str]:
        """Raises Refused (resources_refused, engine_failed)."""
        if gathered_attempt(name) is None:
            raise refusal("engine_failed", "The gathering's name is none of ours.")
        with self._lock:
            found = self._found(name)
            subnet = self._make(name, count) if found is None else _subnets(found)[0]
        if subnet.num_addresses < _needed(count):
            raise refusal("engine_failed", "The gathering is smaller than its instances.")
        return [str(subnet[_FIRST + number]) for number in range(count)]

    def id_of(self, name: str) -> str:
        """Raises Refused (engine_failed) when there is no such gathering."""
        found = self._found(name)
        if found is None:
            raise refusal("engine_failed", "The gathering is gone.")
        return str(found["Id"])

    def part(self, name: str) -> None:
        with self._lock:
            for found in self._listed(name):
                self._remove(found["Id"])

    def names(self) -> Sequence[str]:
        return sorted({found["Labels"][GATHERING] for found in self._listed()})

    def _found(self, name: str) -> Mapping[str, Any] | None:
        """Docker may have let two be made at once: the older one counts."""
        return min(self._listed(name), key=lambda found: (found["Created"], found["Id"]), default=None)

    def _listed(self, name: str | None = None) -> Sequence[Mapping[str, Any]]:
        labels = [f"{INSTANCE}={self._instance}", GATHERING if name is None else f"{GATHERING}={name}"]
        with self._daemon.asking() as api:
            try:
                found: Sequence[Mapping[str, Any]] = api.networks(filters={"label": labels})
            except docker.errors.APIError as error:
                raise EngineAway(f"Docker cannot list its networks: {words_of(error)}") from error
        return found

    def _make(self, name: str, count: int) -> IPv4Network:
        size = max(_LEAST_BITS, math.ceil(math.log2(_needed(count))))
        if size > self._pool.max_prefixlen - self._pool.prefixlen:
            raise refusal("resources_refused", f"No network of this environment has room for {count}.")
        evidence = ""
        for tried, subnet in enumerate(self._free(name, size)):
            if tried == _TRIES:
                break
            try:
                self._create(name, subnet)
            except docker.errors.APIError as error:
                evidence = words_of(error)
                if not any(word in evidence for word in _TAKEN):
                    break
                continue
            return subnet
        sentence = "Docker has no network for the job's instances."
        raise refusal("engine_failed", sentence, evidence or "every subnet is in use")

    def _free(self, name: str, size: int) -> Iterator[IPv4Network]:
        """Subnets that no network of Docker's has, each job beginning somewhere else."""
        with self._daemon.asking() as api:
            taken = [subnet for found in api.networks() for subnet in _subnets(found)]
        width = 1 << size
        count = self._pool.num_addresses // width
        start = int(hashlib.sha256(name.encode()).hexdigest(), 16) % count
        for number in range(count):
            base = self._pool[((start + number) % count) * width]
            subnet = IPv4Network((int(base), self._pool.max_prefixlen - size))
            if not any(subnet.overlaps(other) for other in taken):
                yield subnet

    def _create(self, name: str, subnet: IPv4Network) -> None:
        ipam = {"Driver": "default", "Config": [{"Subnet": str(subnet)}]}
        with self._daemon.asking() as api:
            api.create_network(
                name,
                driver="bridge",
                internal=True,
                check_duplicate=True,
                labels={INSTANCE: self._instance, GATHERING: name},
                options=dict(_OPTIONS),
                ipam=ipam,
            )

    def _remove(self, network: str) -> None:
        """With whatever is still on it cut off."""
        with self._daemon.asking() as api:
            try:
                for each in api.inspect_network(network).get("Containers") or {}:
                    api.disconnect_container_from_network(each, network, force=True)
                api.remove_network(network)
            except docker.errors.APIError as error:
                if status_of(error) != 404:
                    raise EngineAway(f"Docker could not remove a network: {words_of(error)}") from error


def _needed(count: int) -> int:
    """Numbers that a subnet must have: its own, the gateway's, everybody's, and one for each instance."""
    return count + _FIRST + 1


def _subnets(network: Mapping[str, Any]) -> list[IPv4Network]:
    config = (network.get("IPAM") or {}).get("Config") or []
    found = [ip_network(entry["Subnet"], strict=False) for entry in config if entry.get("Subnet")]
    return [subnet for subnet in found if isinstance(subnet, IPv4Network)]
