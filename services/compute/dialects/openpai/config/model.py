"""A job as OpenPAI's users describe it, read and checked (contract 5). Memory in MB (2^20 bytes)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

HTTP, SSH = "http", "ssh"
USUAL_LABELS: Final = (HTTP, SSH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """`number` ports of each task; `begin_at` fixes the first of them, 0 leaves it open."""

    label: str
    begin_at: int = 0
    number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRole:
    """`names_failures`: the description says itself how many failed tasks end the job."""

    name: str
    number: int = 1
    cpus: int = 1
    memory_mb: int = 100
    gpus: int = 0
    shm_mb: int = 64
    command: str
    ports: tuple[Port, ...] = ()
    least_failed: int | None = 1
    least_succeeded: int | None = None
    names_failures: bool = False

    @property
    def all_ports(self) -> tuple[Port, ...]:
        """With the usual ones that the description does not define itself."""
        own = {port.label for port in self.ports}
        return (*(Port(label=label) for label in USUAL_LABELS if label not in own), *self.ports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`document` is what was sent, comments removed and numbers as JSON has them."""

    name: str
    image: str
    roles: tuple[TaskRole, ...]
    data_dir: str = ""
    output_dir: str = ""
    code_dir: str = ""
    gpu_type: str = ""
    cluster: str = "default"
    retries: int = 0
    kill_all_on: int = 0
    names_kill_all: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tasks(self) -> int:
        return sum(role.number for role in self.roles)
