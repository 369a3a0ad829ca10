"""How much one principal, or all of one group, may have under way at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.compute.domain.errors import QuotaExceeded
from services.compute.domain.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """None is no limit. Jobs count until they end, storage until outputs are removed."""

    jobs: int | None = None
    cpus: float | None = None
    memory_bytes: int | None = None
    storage_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a principal or group has under way now."""

    jobs: int = 0
    cpus: float = 0.0
    memory_bytes: int = 0
    storage_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """`principal` holds for each owner, `groups` for the sum of all jobs of a group's people; `owners` are
    exceptions by subject.
    """

    principal: Quota = field(default_factory=lambda: Quota(jobs=1000))
    owners: Mapping[str, Quota] = field(default_factory=dict)
    groups: Mapping[str, Quota] = field(default_factory=dict)

    def of_owner(self, owner: str) -> Quota:
        return self.owners.get(owner, self.principal)

    def of_groups(self, groups: Sequence[str]) -> Mapping[str, Quota]:
        return {group: self.groups[group] for group in groups if group in self.groups}


def check(quota: Quota, held: Held, spec: Spec, holder: str) -> None:
    """Whether `spec` fits beside what is `held`. Raises QuotaExceeded."""
    if quota.jobs is not None and held.jobs + 1 > quota.jobs:
        raise QuotaExceeded("unfinished jobs", quota.jobs, holder)
    if quota.cpus is not None and held.cpus + spec.total_cpus() > quota.cpus:
        raise QuotaExceeded("cpus in unfinished jobs", int(quota.cpus), holder)
    if quota.memory_bytes is not None and held.memory_bytes + spec.total_memory() > quota.memory_bytes:
        raise QuotaExceeded("bytes of memory in unfinished jobs", quota.memory_bytes, holder)
    if quota.storage_bytes is not None and held.storage_bytes >= quota.storage_bytes:
        raise QuotaExceeded("bytes of kept outputs", quota.storage_bytes, holder)
