"""What owners and groups have under way and kept, against what they may have."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, bindparam, exists, func, literal_column, select, text

from services.compute.adapters.store_sql.tables import UNFINISHED, job_groups, jobs
from services.compute.adapters.store_sql.work import row_of
from services.compute.domain.quotas import Held, Quota, Quotas, check
from services.compute.domain.spec import Spec

_C = jobs.c
_IN_GROUP: Final = exists().where(job_groups.c.name == bindparam("holder"), job_groups.c.job_id == _C.id)
_IS_OWNERS: Final = _C.owner == bindparam("holder")
_UNDER_WAY: Final = select(
    func.count(),
    func.coalesce(func.sum(_C.cpus), literal_column("0.0")),
    func.coalesce(func.sum(_C.memory_bytes), literal_column("0")),
).where(text(UNFINISHED))
# That many alone, of one owner: a fourth of the sums' cost. Left to choose, SQLite takes an index that holds
# more columns, and the owner's ended jobs with them.
_NUMBER: Final = text(
    f"SELECT count(*) FROM jobs INDEXED BY ix_jobs_unfinished WHERE owner = :holder AND {UNFINISHED}"  # noqa: S608
)
_KEPT: Final = select(func.coalesce(func.sum(_C.storage_bytes), literal_column("0"))).where(
    text("storage_bytes > 0")
)
_Sums = tuple[Any, Any, Any]  # of what is under way, of how many that is on SQLite, of what is kept
OF_OWNER: Final[_Sums] = (_UNDER_WAY.where(_IS_OWNERS), _NUMBER, _KEPT.where(_IS_OWNERS))
OF_GROUP: Final[_Sums] = (_UNDER_WAY.where(_IN_GROUP), None, _KEPT.where(_IN_GROUP))
_ALL: Final = Quota(jobs=0, cpus=0.0, memory_bytes=0, storage_bytes=0)


def held_by(connection: Connection, whose: _Sums, holder: str, quota: Quota = _ALL) -> Held:
    """As much of it as `quota` limits, at least."""
    values = {"holder": holder}
    under_way, number, stored = whose
    if number is not None and connection.dialect.name == "sqlite" and _is_of_jobs_alone(quota):
        held = Held(jobs=row_of(connection, number, values)[0])
    else:
        jobs_there, cpus, memory = row_of(connection, under_way, values)
        held = Held(jobs=jobs_there, cpus=float(cpus), memory_bytes=int(memory))
    if quota.storage_bytes is not None:
        held = replace(held, storage_bytes=int(row_of(connection, stored, values)[0]))
    return held


def _is_of_jobs_alone(quota: Quota) -> bool:
    return quota.cpus is None and quota.memory_bytes is None


class Allowance:
    """What one owner and their groups may still begin: asked once, and counted on from there.

    Whoever makes one holds the locks of the owner and of the groups that have a quota.
    """

    def __init__(self, connection: Connection, owner: str, groups: Sequence[str], quotas: Quotas) -> None:
        limits = [(owner, quotas.of_owner(owner), OF_OWNER, owner)]
        limits += [
            (f"group {group}", quota, OF_GROUP, group) for group, quota in quotas.of_groups(groups).items()
        ]
        self._held: dict[str, tuple[Quota, Held]] = {}
        for name, quota, whose, holder in limits:
            self._held[name] = (quota, held_by(connection, whose, holder, quota))

    def take(self, spec: Spec) -> None:
        """Raises QuotaExceeded; then nothing was taken."""
        for name, (quota, held) in self._held.items():
            check(quota, held, spec, name)
        for name, (quota, held) in self._held.items():
            more = replace(
                held,
                jobs=held.jobs + 1,
                cpus=held.cpus + spec.total_cpus(),
                memory_bytes=held.memory_bytes + spec.total_memory(),
            )
            self._held[name] = (quota, more)
