"""What owners and groups have under way and kept, against what they may have."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, bindparam, exists, func, select, text

from services.compute.adapters.store_sql.tables import UNFINISHED, job_groups, jobs
from services.compute.domain.quotas import Held, Quota, Quotas, check
from services.compute.domain.spec import Spec

_C = jobs.c
_IN_GROUP: Final = exists().where(job_groups.c.name == bindparam("holder"), job_groups.c.job_id == _C.id)
_IS_OWNERS: Final = _C.owner == bindparam("holder")
_UNDER_WAY: Final = select(
    func.count(),
    func.coalesce(func.sum(_C.cpus), 0.0),
    func.coalesce(func.sum(_C.memory_bytes), 0),
).where(text(UNFINISHED))
_KEPT: Final = select(func.coalesce(func.sum(_C.storage_bytes), 0)).where(text("storage_bytes > 0"))
_Sums = tuple[Any, Any]  # of what is under way, of what is kept
OF_OWNER: Final[_Sums] = (_UNDER_WAY.where(_IS_OWNERS), _KEPT.where(_IS_OWNERS))
OF_GROUP: Final[_Sums] = (_UNDER_WAY.where(_IN_GROUP), _KEPT.where(_IN_GROUP))


def held_by(connection: Connection, whose: _Sums, holder: str, *, storage: bool = True) -> Held:
    values = {"holder": holder}
    under_way, stored = whose
    number, cpus, memory = connection.execute(under_way, values).one()
    kept = connection.execute(stored, values).scalar_one() if storage else 0
    return Held(jobs=number, cpus=float(cpus), memory_bytes=int(memory), storage_bytes=int(kept))


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
            storage = quota.storage_bytes is not None
            self._held[name] = (quota, held_by(connection, whose, holder, storage=storage))

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
