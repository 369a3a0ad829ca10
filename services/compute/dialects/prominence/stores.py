"""What is no job: stored files, keys and values, what was used, what there is; built and mounted together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import Blueprint

from services.compute.dialects.prominence.signed_links import SignedLinks
from services.compute.domain.environments import EnvironmentBook
from services.compute.ports.usage import UsageBook
from services.compute.usecases.environments import RunningJobs
from services.compute.usecases.keyvalues import KeyValues
from services.compute.usecases.objects import Objects


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreParts:
    """`checks` raise when something that jobs need is not usable."""

    objects: Objects
    keys: KeyValues
    usage: UsageBook
    running: RunningJobs
    environments: EnvironmentBook
    checks: Mapping[str, Callable[[], None]] = field(default_factory=dict)


def add(room: Blueprint, parts: StoreParts, links: SignedLinks) -> None:
    from services.compute.dialects.prominence import accounting, data, keys, sites

    data.add(room, parts.objects, links)
    keys.add(room, parts.keys)
    accounting.add(room, parts.usage)
    sites.add(room, parts)
