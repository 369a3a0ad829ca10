"""Questions and orders to Docker about containers, with its refusals in our words."""

import contextlib
import re
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import docker.errors

from services.compute.adapters.engines.docker.container import refusal
from services.compute.adapters.engines.docker.daemon import Daemon, status_of, words_of
from services.compute.adapters.engines.docker.record import INSTANCE
from services.compute.ports.engines import EngineAway, Handle

NETWORK: Final = "tidegate-jobs"
NAME_TAKEN: Final = "is already in use by container"
ADDRESS_TAKEN: Final = "Address already in use"
ADDRESS_SECONDS: Final = 5.0
ADDRESS_PAUSE_SECONDS: Final = 0.1
OVER: Final = frozenset({"exited", "dead"})
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}")


def _made(api: Any, name: str) -> Mapping[str, Any] | None:
    """A name is taken a moment before its container is there to be seen."""
    until = time.monotonic() + ADDRESS_SECONDS
    while True:
        try:
            found: Mapping[str, Any] = api.inspect_container(name)
        except docker.errors.APIError:
            if time.monotonic() > until:
                return None
            time.sleep(ADDRESS_PAUSE_SECONDS)
        else:
            return found


class Containers:
    """Those of one deployment: `instance` names it. All raise EngineAway."""

    def __init__(self, daemon: Daemon, instance: str) -> None:
        self._daemon = daemon
        self._instance = instance
        self._networks = threading.Lock()

    def inspect(self, name: str) -> Mapping[str, Any] | None:
        """By id or name; None for what is not there."""
        if not _NAME.fullmatch(name):  # it becomes part of a path
            return None
        with self._daemon.asking() as api:
            try:
                found: Mapping[str, Any] = api.inspect_container(name)
            except docker.errors.NotFound:
                return None
            except docker.errors.APIError as error:
                raise EngineAway(f"Docker cannot say how a container is: {words_of(error)}") from error
        return found

    def listed(self) -> Sequence[Mapping[str, Any]]:
        with self._daemon.asking() as api:
            try:
                found: Sequence[Mapping[str, Any]] = api.containers(
                    all=True, filters={"label": f"{INSTANCE}={self._instance}"}
                )
            except docker.errors.APIError as error:
                raise EngineAway(f"Docker cannot list its containers: {words_of(error)}") from error
        return found

    def is_ours(self, found: Mapping[str, Any]) -> bool:
        labels = found["Config"].get("Labels") or {}
        return bool(labels.get(INSTANCE) == self._instance)

    def create(self, name: str, config: Mapping[str, Any]) -> Handle:
        """One that a worker had asked for before it was killed, and that Docker made just now, is it too.
        Raises Refused (resources_refused, engine_failed).
        """
        with self._daemon.asking() as api:
            try:
                return Handle(api.create_container_from_config(config, name=name)["Id"])
            except docker.errors.APIError as error:
                words = words_of(error)
                if NAME_TAKEN in words and (made := _made(api, name)) is not None and self.is_ours(made):
                    return Handle(made["Id"])
                code = "resources_refused" if "CPUs" in words or "memory limit" in words else "engine_failed"
                raise refusal(code, "Docker does not take the run as it is.", words) from error

    def connect(self, handle: Handle, network: str) -> None:
        """Twice is once. Raises Refused (engine_failed)."""
        with self._daemon.asking() as api:
            try:
                api.connect_container_to_network(handle, network)
            except docker.errors.APIError as error:
                words = words_of(error)
                if "already" not in words:
                    raise refusal("engine_failed", "Docker could not connect the run.", words) from error

    def start(self, handle: Handle) -> None:
        """One that cannot be started is removed. Raises Refused (command_not_found, engine_failed)."""
        with self._daemon.asking() as api:
            try:
                self._start(api, handle)
            except docker.errors.APIError as error:
                with contextlib.suppress(docker.errors.APIError):
                    api.remove_container(handle, v=True, force=True)
                words = words_of(error)
                code = "command_not_found" if "executable file not found" in words else "engine_failed"
                raise refusal(code, "Docker could not start the run.", words) from error

    def _start(self, api: Any, handle: Handle) -> None:
        """Docker frees an address a moment after it has told of the end of who had it. Raises APIError."""
        until = time.monotonic() + ADDRESS_SECONDS
        while True:
            try:
                api.start(handle)
            except docker.errors.APIError as error:
                if ADDRESS_TAKEN not in words_of(error) or time.monotonic() > until:
                    raise
                time.sleep(ADDRESS_PAUSE_SECONDS)
            else:
                return

    def kill(self, name: str) -> None:
        """With all that it started; what does not run is left alone."""
        with self._daemon.asking() as api:
            try:
                api.kill(name, "SIGKILL")
            except docker.errors.APIError as error:
                if status_of(error) not in (404, 409):
                    raise EngineAway(f"Docker could not end a container: {words_of(error)}") from error

    def remove(self, name: str) -> None:
        with self._daemon.asking() as api:
            try:
                api.remove_container(name, v=True, force=True)
            except docker.errors.APIError as error:
                if status_of(error) not in (404, 409):  # 409: it is being removed
                    raise EngineAway(f"Docker could not remove a container: {words_of(error)}") from error

    def network(self) -> str:
        """One bridge for all jobs that may have one; they do not reach each other over it."""
        with self._networks, self._daemon.asking() as api:
            if not api.networks(names=[f"^{NETWORK}$"]):
                options = {"com.docker.network.bridge.enable_icc": "false"}
                with contextlib.suppress(docker.errors.APIError):  # another worker made it: 409
                    api.create_network(NETWORK, driver="bridge", options=options, check_duplicate=True)
        return NETWORK
