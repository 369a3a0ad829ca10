"""Virtual clusters: who may use which, and how busy each is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.compute.domain.clusters import DEFAULT, Cluster, ClusterBook
from services.compute.domain.environments import EnvironmentBook
from services.compute.domain.job import Job
from services.compute.domain.quotas import Held
from services.compute.domain.site_paths import WINDOW
from services.compute.domain.states import ACTIVE
from services.compute.ports.store import Filter, JobStore

FACT: Final = "virtual_cluster"  # of a job: the name of its cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterUse:
    """`capacity` and `used` are percentages: of all clusters, and of the cluster's own size. What is used is
    by its active jobs; the others wait.
    """

    name: str
    capacity: float
    used: float
    active: int
    waiting: int
    cpus: float
    memory_bytes: int
    gpus: int


class Clusters:
    def __init__(self, book: ClusterBook, store: JobStore, environments: EnvironmentBook) -> None:
        self._book = book
        self._store = store
        self._environments = environments

    def admit(self, name: str, allowed: Collection[str]) -> Cluster:
        """Raises ClusterUnknown, ClusterForbidden."""
        return self._book.admit(name, allowed)

    def use(self, name: str) -> ClusterUse:
        """Raises ClusterUnknown, StoreUnavailable."""
        return self._uses([self._book.find(name)])[0]

    def uses(self) -> Sequence[ClusterUse]:
        """Of all, in the operator's order. Raises StoreUnavailable."""
        return self._uses(self._book.all())

    def _uses(self, clusters: Sequence[Cluster]) -> list[ClusterUse]:
        sizes = {each.name: self._size(each) for each in self._book.all()}
        wanted = Filter(owners=None, dialects=(WINDOW,), states=ACTIVE, deleted=True)
        heads = self._store.heads(wanted)
        active = _by_cluster(self._store.jobs([head.id for head in heads]))
        held = self._store.held("", [each.group for each in clusters])
        return [
            _use(each, sizes, active.get(each.name, []), held.get(each.group, Held())) for each in clusters
        ]

    def _size(self, cluster: Cluster) -> float:
        """In cpus: what it may have, or else what its environments have."""
        if cluster.quota.cpus is not None:
            return cluster.quota.cpus
        known = [each for each in self._environments.all() if not each.price_per_minute]
        if cluster.environment is not None:
            known = [each for each in self._environments.all() if each.id == cluster.environment]
        return sum(each.cpus * each.max_jobs for each in known)


def _by_cluster(jobs: Iterable[Job]) -> Mapping[str, list[Job]]:
    found: dict[str, list[Job]] = {}
    for job in jobs:
        found.setdefault(str(job.facts.get(FACT) or DEFAULT), []).append(job)
    return found


def _use(cluster: Cluster, sizes: Mapping[str, float], active: Sequence[Job], held: Held) -> ClusterUse:
    size, whole = sizes[cluster.name], sum(sizes.values())
    cpus = sum(job.spec.total_cpus() for job in active)
    capacity = cluster.capacity
    if capacity is None:
        capacity = 100.0 * size / whole if whole else 100.0
    return ClusterUse(
        name=cluster.name,
        capacity=round(capacity, 2),
        used=round(100.0 * cpus / size, 2) if size else 0.0,
        active=len(active),
        waiting=max(0, held.jobs - len(active)),
        cpus=cpus,
        memory_bytes=sum(job.spec.total_memory() for job in active),
        gpus=sum(_gpus(job) for job in active),
    )


def _gpus(job: Job) -> int:
    return sum(role.count * role.resources.nodes * role.resources.gpus for role in job.spec.roles)
