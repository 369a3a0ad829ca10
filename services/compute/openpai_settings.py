"""Settings about OpenPAI's window: its storage and its virtual clusters."""

from dataclasses import dataclass, field
from typing import Any, Final

from libs.web.settings import Env
from services.compute.domain.clusters import Cluster, ClusterBook, is_cluster_name
from services.compute.domain.quotas import Quota
from services.compute.domain.sizes import MOST, size_of

ROOT_URI: Final = "hdfs://storage:9000"
KEEP_DAYS: Final = 30
OVERCOMMIT: Final = 8.0
CLUSTERS: Final = "OPENPAI_VIRTUAL_CLUSTERS"
_LIMITS: Final = ("jobs", "cpus", "memory_bytes", "storage_bytes")
_KNOWN: Final = frozenset({"environment", "capacity", *_LIMITS})


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPaiSettings:
    root_uri: str = ROOT_URI  # what jobs are told the storage's root is called
    clusters: ClusterBook = field(default_factory=ClusterBook)
    is_open: bool = True  # anybody may see which jobs were born in the window, and how they are
    keep_seconds: float = KEEP_DAYS * 86400.0  # after a job's end, as far as its environment keeps anything
    overcommit: float = OVERCOMMIT  # as many times an environment's cpus one job may ask for
    images: tuple[str, ...] = ()  # patterns of those that jobs may name; none: all


def read_openpai(env: Env) -> OpenPaiSettings:
    """Problems are collected in `env`."""
    return OpenPaiSettings(
        root_uri=_root_uri(env),
        clusters=_clusters(env),
        is_open=env.bool("COMPUTE_OPENPAI_PUBLIC", True),
        keep_seconds=env.int("COMPUTE_OPENPAI_KEEP_DAYS", KEEP_DAYS, least=1, most=366) * 86400.0,
        overcommit=env.float("COMPUTE_OPENPAI_OVERCOMMIT", OVERCOMMIT, least=1.0),
        images=tuple(env.list("COMPUTE_OPENPAI_IMAGES")),
    )


def _root_uri(env: Env) -> str:
    found = env.text("COMPUTE_OPENPAI_FS_URI", ROOT_URI).rstrip("/")
    host = found.removeprefix("hdfs://")
    if host == found or not host.partition(":")[0] or not host.partition(":")[2].isdecimal():
        env.problem("COMPUTE_OPENPAI_FS_URI must look like hdfs://host:port.")
    return found


def _clusters(env: Env) -> ClusterBook:
    """`{"<name>": {"environment": "...", "jobs": 10, "cpus": 8, "memory_bytes": "64 GiB", ...}}`"""
    found = env.json(CLUSTERS, {})
    if not isinstance(found, dict) or not all(isinstance(value, dict) for value in found.values()):
        env.problem(f"{CLUSTERS} must be a JSON object of objects, by name.")
        return ClusterBook()
    return ClusterBook([_cluster(env, name, value) for name, value in found.items()])


def _cluster(env: Env, name: str, value: dict[str, Any]) -> Cluster:
    if not is_cluster_name(name):
        env.problem(f"{CLUSTERS}: a virtual cluster's name has up to 64 letters, digits and underscores.")
    unknown = sorted(value.keys() - _KNOWN)
    if unknown:
        env.problem(f"{CLUSTERS}: members are {', '.join(sorted(_KNOWN))}.")
    environment, capacity = value.get("environment"), value.get("capacity")
    if environment is not None and not isinstance(environment, str):
        env.problem(f"{CLUSTERS}: environment must be the name of one.")
    if capacity is not None and not (_is_number(capacity) and 0 < capacity <= 100):
        env.problem(f"{CLUSTERS}: capacity must be a percentage above 0.")
    limits = {limit: _limit(env, limit, value[limit]) for limit in _LIMITS if limit in value}
    return Cluster(name=name, environment=environment, capacity=capacity, quota=Quota(**limits))


def _limit(env: Env, name: str, value: Any) -> Any:
    found: Any = size_of(value) if isinstance(value, str) and name.endswith("_bytes") else value
    is_cpus = name == "cpus" and _is_number(found) and found > 0
    is_whole = name != "cpus" and type(found) is int and 0 <= found < MOST
    if not is_cpus and not is_whole:
        env.problem(f"{CLUSTERS}: {name} must be a number, or a size such as 64 GiB where it counts bytes.")
        return None
    return found


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)
