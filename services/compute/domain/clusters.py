"""OpenPAI's virtual clusters: names under which jobs share what an operator gives them together (OpenPAI
contract 3.5). `default` is there whatever the operator says, and everybody's.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Final

from libs.web.principal import ALL_CLUSTERS
from services.compute.domain.errors import ComputeError
from services.compute.domain.quotas import Quota, Quotas

DEFAULT: Final = "default"
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")


class ClusterUnknown(ComputeError):
    """There is no virtual cluster of that name."""

    def __init__(self, name: str) -> None:
        super().__init__("there is no such virtual cluster")
        self.name = name


class ClusterForbidden(ComputeError):
    """The virtual cluster is not one that this user may use."""

    def __init__(self, name: str) -> None:
        super().__init__("the virtual cluster is for others")
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """`environment` None: wherever a job of it fits. `quota` is of all its unfinished jobs together.
    `capacity` is its share in percent, as its operator says; None: as its size among the others is.
    """

    name: str
    environment: str | None = None
    capacity: float | None = None
    quota: Quota = field(default_factory=Quota)

    @property
    def group(self) -> str:
        """By which the store counts its jobs; no group of people has such a name."""
        return group_of(self.name)


class ClusterBook:
    """By name, in the operator's order; `default` comes first where none is named so."""

    def __init__(self, clusters: Iterable[Cluster] = ()) -> None:
        named = {cluster.name: cluster for cluster in clusters}
        self._known = named if DEFAULT in named else {DEFAULT: Cluster(name=DEFAULT), **named}

    def all(self) -> Sequence[Cluster]:
        return tuple(self._known.values())

    def find(self, name: str) -> Cluster:
        """Empty is the default. Raises ClusterUnknown."""
        found = self._known.get(name or DEFAULT)
        if found is None:
            raise ClusterUnknown(name)
        return found

    def admit(self, name: str, allowed: Collection[str]) -> Cluster:
        """For a job of somebody who may use those that are `allowed`, besides the default. Raises
        ClusterUnknown, ClusterForbidden.
        """
        found = self.find(name)
        if found.name != DEFAULT and not {found.name, ALL_CLUSTERS}.intersection(allowed):
            raise ClusterForbidden(name)
        return found

    def environments(self) -> Set[str]:
        """That clusters name."""
        return {each.environment for each in self.all() if each.environment is not None}

    def limits(self, quotas: Quotas) -> Quotas:
        """With the clusters' own besides: of those that have limits."""
        own: Mapping[str, Quota] = {each.group: each.quota for each in self.all() if each.quota != Quota()}
        return replace(quotas, groups={**quotas.groups, **own})


def group_of(name: str) -> str:
    return f"vc:{name}"


def is_cluster_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None
