"""What this window keeps of a job that was born here, and what stands for it of jobs of other windows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.compute.dialects.openpai.config import Config
from services.compute.dialects.openpai.translate import Asked, framework_name
from services.compute.domain.job import Job

DIALECT: Final = "openpai"
USER: Final = "openpai_user"  # a fact of its own: jobs are listed by it
OTHERS: Final = ("native", "ocean", "prominence", "dirac", "dcp")
OTHER_NAME: Final = re.compile(rf"({'|'.join(OTHERS)})-([0-9]{{1,18}})")
"""What jobs of other windows are called here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """`roles` are the names that users gave them, in the order of the spec's; `moment` in milliseconds."""

    name: str
    scope: str
    username: str
    cluster: str
    is_v1: bool
    moment: int
    roles: tuple[str, ...]
    config: Mapping[str, Any] | None

    @property
    def framework(self) -> str:
        return framework_name(self.scope, self.name)


def facts_of(asked: Asked) -> Mapping[str, Any]:
    config: Config = asked.config
    return {
        USER: asked.username,
        DIALECT: {
            "scope": asked.scope,
            "v1": asked.is_v1,
            "moment": asked.moment,
            "cluster": config.cluster,
            "roles": [role.name for role in config.roles],
            "config": dict(config.document),
        },
    }


def known_of(job: Job, username: str = "") -> Known:
    """`username` is of the owner of a job of another window."""
    own = job.facts.get(DIALECT)
    if job.dialect != DIALECT or not isinstance(own, Mapping):
        return _other(job, username)
    return Known(
        name=job.name,
        scope=str(own.get("scope", "")),
        username=str(job.facts.get(USER, "")),
        cluster=str(own.get("cluster", "default")),
        is_v1=bool(own.get("v1")),
        moment=int(own.get("moment", 0)),
        roles=_roles(job, own.get("roles")),
        config=own.get("config"),
    )


def _other(job: Job, username: str) -> Known:
    return Known(
        name=f"{job.dialect}-{job.id}",
        scope="",
        username=username,
        cluster="default",
        is_v1=False,
        moment=int(job.submitted_at * 1000),
        roles=tuple(role.name for role in job.spec.roles),
        config=None,
    )


def _roles(job: Job, named: Any) -> tuple[str, ...]:
    names: Sequence[Any] = named if isinstance(named, list) else ()
    if len(names) != len(job.spec.roles):
        return tuple(role.name for role in job.spec.roles)
    return tuple(map(str, names))
