"""How many jobs a search finds, without counting again what was counted before.

A job's id, name and sheet never change, and who submits for an owner waits for whoever does so already: an
owner's jobs are seen in the order of their ids. What was counted of them up to an id therefore stays right
until one of them is purged, which is counted in job_purges. Where jobs stand does change: of those that
stand as asked, what is counted is the others, as long as these are the fewer.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from threading import Lock
from typing import Final

from sqlalchemy import BindParameter, Connection, and_, bindparam, func, select

from services.compute.adapters.store_sql.sheet_terms import ALL_CODES, Branch, Clause, Terms, standings
from services.compute.adapters.store_sql.side_tables import job_purges
from services.compute.adapters.store_sql.tables import jobs
from services.compute.adapters.store_sql.work import row_of
from services.compute.domain.sheets import Column, Search, Situation
from services.compute.domain.states import State

MOST: Final = 1000  # searches whose counts are remembered
LONGEST: Final = 1024  # characters of all values of such a search
MOST_OTHERS: Final = 6  # clauses; each is a statement
_CHANGING: Final = frozenset({Column.CHANGED, Column.STARTED, Column.FINISHED})
_OWNER: Final[BindParameter[str]] = bindparam("owner")
_NEWEST: Final = select(func.max(jobs.c.id)).where(jobs.c.owner == _OWNER).scalar_subquery()
_PURGED: Final = select(job_purges.c.purged).where(job_purges.c.owner == _OWNER).scalar_subquery()
_STAND: Final = select(_NEWEST.label("newest"), _PURGED.label("purged"))


@dataclass(frozen=True, slots=True)
class Counted:
    """`total` jobs up to the id `newest`, when `purged` of the owner's had been purged."""

    newest: int
    purged: int
    total: int


class Totals:
    """Of one process, safe for its threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[Hashable, Counted] = OrderedDict()

    def of(self, connection: Connection, wanted: Search, terms: Terms) -> int:
        is_lasting = _is_lasting(wanted)
        return sum(
            self._of_owner(connection, wanted, branch, branch.owner)
            if is_lasting and branch.owner is not None
            else _count(connection, branch)
            for branch in terms.branches()
        )

    def _of_owner(self, connection: Connection, wanted: Search, branch: Branch, owner: str) -> int:
        if wanted.situations is None:
            return self._lasting(connection, wanted, branch, owner)
        others = _others(frozenset(wanted.situations))
        if len(others) > MOST_OTHERS:
            return _count(connection, branch)
        total = self._lasting(connection, wanted, replace(branch, standing=None), owner)
        left = total // 2
        for clause in others:
            found = _count_some(connection, replace(branch, standing=(clause,)), left + 1)
            if found > left:
                return _count(connection, branch)
            left -= found
        return total - (total // 2 - left)

    def _lasting(self, connection: Connection, wanted: Search, branch: Branch, owner: str) -> int:
        """However they stand."""
        row = row_of(connection, _STAND, {"owner": owner})
        newest, purged = row.newest or 0, row.purged or 0
        key = (owner, wanted.scope.realm, _groups(wanted), wanted.conditions, wanted.unfiled)
        with self._lock:
            known = self._known.get(key)
        if known is None or known.purged != purged or known.newest > newest:
            known = Counted(0, purged, 0)
        if known.newest == newest:
            return known.total
        rest = and_(branch.clause, jobs.c.id > known.newest, jobs.c.id <= newest)
        counted = select(func.count()).select_from(branch.tables).where(rest)
        total = known.total + (connection.scalar(counted) or 0)
        self._keep(key, Counted(newest, purged, total))
        return total

    def _keep(self, key: Hashable, counted: Counted) -> None:
        with self._lock:
            self._known[key] = counted
            self._known.move_to_end(key)
            if len(self._known) > MOST:
                self._known.popitem(last=False)


def _is_lasting(wanted: Search) -> bool:
    """Whether a job that fits, however it stands, always does."""
    values = [value for condition in wanted.conditions for value in condition.values]
    is_short = sum(len(str(value)) for value in values) <= LONGEST
    return is_short and all(condition.column not in _CHANGING for condition in wanted.conditions)


def _groups(wanted: Search) -> tuple[str, ...] | None:
    return None if wanted.scope.groups is None else tuple(sorted(wanted.scope.groups))


def _count(connection: Connection, branch: Branch) -> int:
    total = 0
    for clause in branch.clauses:
        total += connection.scalar(select(func.count()).select_from(branch.tables).where(clause)) or 0
    return total


def _count_some(connection: Connection, branch: Branch, limit: int) -> int:
    """At most `limit`."""
    some = select(branch.number).select_from(branch.tables).where(branch.clause).limit(limit).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0


@lru_cache(maxsize=64)
def _others(situations: frozenset[Situation]) -> tuple[Clause, ...]:
    """How jobs stand that stand in none of these; no two hold. Each is found along an index."""
    states = {situation.state for situation in situations}
    everywhere = (Situation(*each) for each in product(states, ALL_CODES, (False, True), (False, True)))
    unasked = sorted(state.value for state in State if state not in states)
    elsewhere = (jobs.c.state.in_(unasked),) if unasked else ()
    return (*elsewhere, *standings(frozenset(everywhere) - situations))
