"""A run as a container: everything that keeps a job inside, in one place. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from services.compute.adapters.engines.docker.record import OUTSIDE, record_of
from services.compute.adapters.engines.words import bad_words
from services.compute.domain.errors import Refused
from services.compute.domain.reasons import Reason
from services.compute.ports.engines import RunSpec

SCRATCH: Final = "/tmp"  # noqa: S108 - inside the container: a memory file system of its own
SHARED_MEMORY_BYTES: Final = 64 << 20
OPEN_FILES: Final = 16384
MIN_MEMORY_BYTES: Final = 6 << 20  # Docker's own
LOG_SLACK_BYTES: Final = 16 << 20
NOBODY: Final = "127.0.0.1"  # inside the container
SYSTEM_FOLDERS: Final = ("/proc", "/sys", "/dev")
# One stream for both outputs, in the order they came: Docker carries them apart and loses the order.
MERGE: Final = ("/bin/sh", "-c", 'exec "$@" 2>&1', "sh")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """What the engine knows of an image that is on the machine."""

    id: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    variables: tuple[str, ...]  # names of its environment
    volumes: tuple[str, ...]
    working_folder: str
    has_shell: bool


def check(spec: RunSpec, gpus: int) -> None:
    """Raises Refused for what no container can be made of."""
    if spec.image is None:
        raise refusal("image_refused", "The docker engine runs images, and the job names none.")
    if spec.nodes > 1:
        raise refusal("resources_refused", f"The docker engine has one node, not {spec.nodes}.")
    if spec.gpus > gpus:
        raise refusal("resources_refused", f"The docker engine has {gpus} GPUs, not {spec.gpus}.")
    if spec.limits.memory_bytes < MIN_MEMORY_BYTES:
        raise refusal("resources_refused", f"A container needs {MIN_MEMORY_BYTES} bytes of memory or more.")
    for sentence in bad_words(spec):
        raise refusal("resources_refused", sentence)
    for mount in spec.mounts:
        path = PurePosixPath(mount.path)
        if not path.is_absolute() or ".." in path.parts or path == PurePosixPath("/"):
            raise refusal("resources_refused", f"Nothing can be mounted at {mount.path}.")
        if any(path.is_relative_to(folder) for folder in SYSTEM_FOLDERS):
            raise refusal("resources_refused", f"Nothing can be mounted below {path.parts[1]}.")


@dataclass(frozen=True, slots=True)
class Connection:
    """What a container is connected to when it is created: a network by id, the address there, and a second
    network that it is connected to before it starts.
    """

    network: str
    address: str | None = None
    outside: str | None = None


def config(
    spec: RunSpec, image: ImageFacts, instance: str, user: int, connection: Connection
) -> dict[str, Any]:
    """The body of Docker's POST /containers/create. Raises Refused (command_not_found)."""
    argv = _argv(spec, image)
    if not argv:
        raise refusal("command_not_found", "The job names no command, and the image has none of its own.")
    variables = {"HOME": SCRATCH, "TMPDIR": SCRATCH, **spec.environment}
    return {
        "Image": image.id,
        "Entrypoint": list(argv),
        "Cmd": [],
        "Env": [f"{name}={value}" for name, value in variables.items()],
        "WorkingDir": spec.working_folder or image.working_folder or "/",
        "User": f"{user}:{user}",
        "Hostname": "job",
        "Labels": {**record_of(spec).labels(instance), **_outside(connection)},
        "Healthcheck": {"Test": ["NONE"]},
        "OpenStdin": False,
        "Tty": False,
        "HostConfig": _host(spec, image, user, connection),
        **_endpoint(connection),
    }


def _outside(connection: Connection) -> Mapping[str, str]:
    return {} if connection.outside is None else {OUTSIDE: connection.outside}


def _endpoint(connection: Connection) -> Mapping[str, Any]:
    if connection.address is None:
        return {}
    endpoint = {"IPAMConfig": {"IPv4Address": connection.address}}
    return {"NetworkingConfig": {"EndpointsConfig": {connection.network: endpoint}}}


def _argv(spec: RunSpec, image: ImageFacts) -> Sequence[str]:
    argv = spec.command or image.entrypoint + image.command
    plain_names = all(_VARIABLE.fullmatch(name) for name in (*spec.environment, *image.variables))
    if argv and image.has_shell and not spec.split_logs and plain_names and not argv[0].startswith("-"):
        return (*MERGE, *argv)
    return argv


def _host(spec: RunSpec, image: ImageFacts, user: int, connection: Connection) -> dict[str, Any]:
    limits = spec.limits
    document: dict[str, Any] = {
        "NetworkMode": connection.network,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "Privileged": False,
        "ReadonlyRootfs": True,
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "Init": True,
        "RestartPolicy": {"Name": "no"},
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_bytes,
        "NanoCpus": round(limits.cpus * 1e9),
        "PidsLimit": limits.processes + 1,  # and the init of the container
        "OomScoreAdj": 500,
        "ShmSize": min(SHARED_MEMORY_BYTES, limits.memory_bytes),
        "Tmpfs": _tmpfs(spec, image, user),
        "Mounts": [_mount(str(m.host.absolute()), m.path, m.writable) for m in spec.mounts],
        "Ulimits": [
            {"Name": "core", "Soft": 0, "Hard": 0},
            {"Name": "nofile", "Soft": OPEN_FILES, "Hard": OPEN_FILES},
            {"Name": "fsize", "Soft": limits.disk_bytes, "Hard": limits.disk_bytes},
        ],
        "LogConfig": {"Type": "local", "Config": _log_options(limits.log_bytes)},
    }
    if connection.address is not None and connection.outside is None:
        # Names are asked of nobody: older Docker Engines ask the machine's own resolver, who asks the world.
        document["Dns"] = [NOBODY]
    if runtime := spec.options.get("runtime"):
        document["Runtime"] = runtime
    if spec.gpus:
        document["DeviceRequests"] = [{"Count": spec.gpus, "Capabilities": [["gpu"]]}]
    return document


def _mount(host: str, path: str, writable: bool) -> dict[str, Any]:
    return {
        "Type": "bind",
        "Source": host,
        "Target": path,
        "ReadOnly": not writable,
        "BindOptions": {"Propagation": "rprivate"},
    }


def _tmpfs(spec: RunSpec, image: ImageFacts, user: int) -> Mapping[str, str]:
    """Scratch room, and what the image declares as volumes: those would be folders of the host without an
    end. They are a little larger than the disk limit, so that crossing it can be seen; and the run's own,
    since runc gives them the mode of the image's folder whatever is asked.
    """
    taken = {str(PurePosixPath(mount.path)) for mount in spec.mounts}
    size = min(spec.limits.disk_bytes, spec.limits.memory_bytes) + 65536
    options = f"rw,nosuid,nodev,exec,mode=1777,uid={user},gid={user},size={size}"
    paths = {str(PurePosixPath(path)) for path in (SCRATCH, *image.volumes)}
    return {path: options for path in sorted(paths - taken)}


def _log_options(log_bytes: int) -> Mapping[str, str]:
    """The engine reads along and ends the run at its log limit. The files hold a line's text and some thirty
    bytes more; where nobody reads along they never grow past twice this.
    """
    return {"max-size": str(4 * log_bytes + LOG_SLACK_BYTES), "max-file": "2", "compress": "false"}


def refusal(code: str, sentence: str, evidence: str = "") -> Refused:
    return Refused(Reason(code, sentence, evidence))
