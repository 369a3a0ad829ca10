"""What jobs used (the port UsageBook); rows are added where jobs end (ends.py)."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final

from sqlalchemy import bindparam, func, select

from services.compute.adapters.store_sql.side_tables import usage
from services.compute.adapters.store_sql.work import SqlPart
from services.compute.ports.usage import Used

_U = usage.c
_USED: Final = (
    select(
        _U.owner,
        _U.holder_group,
        func.sum(_U.jobs),
        func.sum(_U.cpu_seconds),
        func.sum(_U.core_seconds),
    )
    .where(_U.day >= bindparam("first"), _U.day < bindparam("last"))
    .where(_U.holder_group.in_(bindparam("groups", expanding=True)))
    .group_by(_U.owner, _U.holder_group)
    .order_by(_U.holder_group, _U.owner)
)
_OF_OWNERS: Final = _USED.where(_U.owner.in_(bindparam("owners", expanding=True)))


class SqlUsage(SqlPart):
    def used(
        self, first: date, last: date, owners: Collection[str] | None, groups: Collection[str] = ()
    ) -> Sequence[Used]:
        values = {"first": first, "last": last, "groups": sorted(set(groups) - {""}) or [""]}
        statement = _USED
        if owners is not None:
            statement, values["owners"] = _OF_OWNERS, sorted(set(owners))
        rows = self._read(lambda connection: connection.execute(statement, values).all())
        return [
            Used(owner=owner, group=group, jobs=int(jobs), cpu_seconds=float(cpu), core_seconds=float(core))
            for owner, group, jobs, cpu, core in rows
        ]
