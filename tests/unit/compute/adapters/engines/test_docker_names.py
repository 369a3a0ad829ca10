"""A container's name that is taken: by the run itself, for which a killed worker had asked, or by another."""

import contextlib
from collections.abc import Iterator
from typing import Any

import docker.errors
import pytest
import requests

from services.compute.adapters.engines.docker.containers import Containers
from services.compute.adapters.engines.docker.record import INSTANCE
from services.compute.domain.errors import Refused

NAME = "tg-run"


class Api:
    """Docker's, which has made the container when it was asked for `blind` times in vain."""

    def __init__(self, instance: str, blind: int) -> None:
        self.container = {"Id": "made", "Config": {"Labels": {INSTANCE: instance}}}
        self.blind = blind

    def create_container_from_config(self, config: object, name: str) -> Any:
        response = requests.Response()
        response.status_code = 409
        words = f'Conflict. The container name "/{name}" is already in use by container "made".'
        raise docker.errors.APIError("Conflict", response, words)

    def inspect_container(self, name: str) -> Any:
        self.blind -= 1
        if self.blind >= 0:
            raise docker.errors.NotFound(f"No such container: {name}")
        return self.container


class Daemon:
    def __init__(self, api: Api) -> None:
        self.api = api

    @contextlib.contextmanager
    def asking(self) -> Iterator[Api]:
        yield self.api


def containers(instance: str, blind: int = 0) -> Containers:
    return Containers(Daemon(Api(instance, blind)), "ours")  # type: ignore[arg-type]


@pytest.mark.parametrize("blind", [0, 1, 2])
def test_what_was_made_for_a_killed_worker_is_the_runs(blind: int) -> None:
    assert containers("ours", blind).create(NAME, {}) == "made"


def test_a_strangers_container_is_not_taken() -> None:
    with pytest.raises(Refused) as refused:
        containers("another").create(NAME, {})
    assert refused.value.reason.code == "engine_failed"
    assert "already in use" in refused.value.reason.evidence
