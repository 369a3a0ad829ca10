"""Workers with the docker engine that are made to be killed: see tests/fault/job_workers.py."""

import sys
from pathlib import Path

import docker

from services.compute.adapters.engines.docker.engine import DockerEngine
from services.compute.adapters.engines.docker.record import INSTANCE, instance_of
from services.compute.domain.environments import Environment
from services.compute.ports.engines import Engine, Handle, RunSpec
from tests.docker.runs import SHELL
from tests.fault.job_workers import Yard, marked, serve


class MarkingDocker(DockerEngine):
    def __init__(self, work: Path, outside: Path) -> None:
        super().__init__(work)
        self._outside = outside

    def submit(self, spec: RunSpec) -> Handle:
        return super().submit(marked(spec, self._outside))


class DockerYard(Yard):
    environment = Environment(
        id="small", engine="docker", max_jobs=3, image=SHELL.name, memory_bytes=64 << 20, disk_bytes=16 << 20
    )
    workers = "tests.docker.job_workers"

    def engine(self) -> Engine:
        return MarkingDocker(self.work, self.outside)

    def clear(self) -> None:
        client = docker.APIClient(version="auto")
        for container in self._containers(client):
            client.remove_container(container, v=True, force=True)
        for network in self._networks(client):
            client.remove_network(network)
        client.close()

    def left(self) -> list[str]:
        """Containers and networks of this deployment, and folders of jobs."""
        client = docker.APIClient(version="auto")
        found = [*self._containers(client), *self._networks(client)]
        client.close()
        return [*found, *(path.name for path in self.work.iterdir())]

    def _containers(self, client: docker.APIClient) -> list[str]:
        return [each["Id"] for each in client.containers(all=True, filters={"label": self._label})]

    def _networks(self, client: docker.APIClient) -> list[str]:
        return [each["Id"] for each in client.networks(filters={"label": self._label})]

    @property
    def _label(self) -> str:
        return f"{INSTANCE}={instance_of(self.work)}"


if __name__ == "__main__":
    serve(DockerYard(Path(sys.argv[1])))
