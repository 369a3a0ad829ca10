"""Jobs as rows of attributes (the port JobSheets).

Few are found by what tells most about them, and sorted. Of many, it is counted along an index how many there
are, and the first are found by walking from there on.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, bindparam, false, func, or_, select

from libs.sql.engine import Database
from services.compute.adapters.store_sql.rows import sheet_of
from services.compute.adapters.store_sql.sheet_history import history_of
from services.compute.adapters.store_sql.sheet_terms import Branch, Terms
from services.compute.adapters.store_sql.sheet_totals import Totals
from services.compute.adapters.store_sql.submitting import batch_of
from services.compute.adapters.store_sql.tables import job_sheets, jobs
from services.compute.adapters.store_sql.work import SqlPart, batched
from services.compute.domain.job import Job, Wish
from services.compute.domain.sheets import Column, Scope, Search, Sheet, Situation, Tally, Value
from services.compute.domain.states import FINAL, State

FEW: Final = 2000
_C = jobs.c
_SHEETS: Final = select(job_sheets).where(job_sheets.c.job_id.in_(bindparam("ids", expanding=True)))
_NEWEST: Final = ((Column.ID, False),)
_OLDEST: Final = ((Column.ID, True),)


class SqlSheets(SqlPart):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._totals = Totals()

    def search(self, wanted: Search, limit: int, start: int = 0) -> tuple[int, Sequence[int]]:
        terms = Terms(wanted, self._database.is_sqlite)

        def work(connection: Connection) -> tuple[int, Sequence[int]]:
            if tuple(wanted.order) in (_NEWEST, _OLDEST):
                return self._by_id(connection, wanted, terms, slice(start, start + limit))
            total = self._totals.of(connection, wanted, terms)
            if start >= total or limit <= 0:
                return total, ()
            return total, connection.scalars(_sorted(terms, wanted).offset(start).limit(limit)).all()

        return (0, ()) if _is_empty(wanted) else self._read(work)

    def sheets(self, ids: Collection[int]) -> Mapping[int, Sheet]:
        def work(connection: Connection) -> dict[int, Sheet]:
            rows = (row for some in batched(list(ids)) for row in connection.execute(_SHEETS, {"ids": some}))
            return {row.job_id: sheet_of(row) for row in rows}

        return self._read(work)

    def tally(self, wanted: Search, columns: Sequence[Column], limit: int) -> Sequence[Tally]:
        terms = Terms(wanted, self._database.is_sqlite)

        def work(connection: Connection) -> Counter[tuple[tuple[Value, ...], Situation]]:
            counts: Counter[tuple[tuple[Value, ...], Situation]] = Counter()
            for branch in terms.branches(columns, stand=True):
                for is_deleted, where in _parts(branch):
                    grouped = _groups(terms, branch, columns).where(*where)
                    for row in connection.execute(grouped.limit(2 * limit + 1)):
                        *values, state, wish, code, count = row
                        standing = _situation(state, code, is_deleted, wish)
                        counts[tuple(map(_plain, columns, values)), standing] += count
            return counts

        found = {} if _is_empty(wanted) else self._read(work)
        return [Tally(values, standing, count) for (values, standing), count in found.items()]

    def values(self, wanted: Search, column: Column, limit: int) -> Sequence[Value]:
        terms = Terms(wanted, self._database.is_sqlite)

        def work(connection: Connection) -> dict[Value, None]:
            found: dict[Value, None] = {}
            for branch in terms.branches([column]):
                statement = _select(branch, terms.column(column, branch)).distinct().limit(limit + 1)
                found.update(
                    (_plain(column, value), None) for value in connection.execute(statement).scalars()
                )
            return found

        return [] if _is_empty(wanted) else list(self._read(work))

    def history(self, scope: Scope, since: int, until: int, step: int) -> Mapping[State, Mapping[int, int]]:
        branches = Terms(Search(scope=scope), self._database.is_sqlite).branches(stand=True)
        is_sqlite = self._database.is_sqlite
        return self._read(
            lambda connection: history_of(connection, branches, (since, until, step), is_sqlite)
        )

    def batch(self, job: Job) -> Sequence[int]:
        return self._read(lambda connection: batch_of(connection, job.id))

    def _by_id(
        self, connection: Connection, wanted: Search, terms: Terms, part: slice
    ) -> tuple[int, Sequence[int]]:
        """How many there are, and this part of them."""
        is_up = wanted.order[0][1]
        few = _few(connection, terms)
        if few is not None:
            return len(few), sorted(few, reverse=not is_up)[part]
        total = self._totals.of(connection, wanted, terms)
        if part.start >= min(total, part.stop):
            return total, ()
        walks = [_walk(terms, branch, is_up) for branch in terms.branches()]
        if len(walks) == 1:
            return total, connection.scalars(walks[0].offset(part.start).limit(part.stop - part.start)).all()
        found = merge(*(connection.scalars(walk.limit(part.stop)) for walk in walks), reverse=not is_up)
        return total, list(islice(found, part.start, part.stop))


def _is_empty(wanted: Search) -> bool:
    return wanted.situations is not None and not wanted.situations


def _select(branch: Branch, *columns: ColumnElement[Any]) -> Select[Any]:
    return select(*columns).select_from(branch.tables).where(branch.clause)


def _few(connection: Connection, terms: Terms) -> list[int] | None:
    """All of them, unless they are many."""
    found: list[int] = []
    for branch in terms.branches():
        if not branch.said and branch.standing is None:
            return None
        for clause in branch.clauses:
            some = select(branch.number).select_from(branch.tables).where(clause)
            found += connection.scalars(some.limit(FEW + 1 - len(found)))
            if len(found) > FEW:
                return None
    return found


def _walk(terms: Terms, branch: Branch, is_up: bool) -> Select[Any]:
    clause = branch.walked if terms.is_sqlite else branch.clause
    walk = select(branch.number).select_from(branch.tables).where(clause)
    return walk.order_by(branch.number.asc() if is_up else branch.number.desc())


def _sorted(terms: Terms, wanted: Search) -> Select[Any]:
    """All branches in one."""
    branches = terms.branches([column for column, _ in wanted.order])
    joins, is_filed = any(each.joins for each in branches), all(each.is_filed for each in branches)
    whole = Branch((or_(false(), *(branch.clause for branch in branches)),), joins, is_filed)
    statement = _select(whole, _C.id)
    for column, is_up in wanted.order:
        by = terms.sorted_by(column, whole)
        statement = statement.order_by(by.asc().nulls_first() if is_up else by.desc().nulls_last())
    return statement.order_by(_C.id.desc())


def _parts(branch: Branch) -> Iterator[tuple[bool, Sequence[ColumnElement[bool]]]]:
    """Deleted or not; where an index has them by their states, these too: in order, nothing is sorted."""
    for is_deleted in (False, True):
        which = _C.deleted_at.is_not(None) if is_deleted else _C.deleted_at.is_(None)
        if is_deleted or branch.joins or branch.is_filed:
            yield is_deleted, (which,)
        else:
            yield from ((False, (which, _C.state == state.value)) for state in State)


def _groups(terms: Terms, branch: Branch, columns: Sequence[Column]) -> Select[Any]:
    """What was stopped after its end stands like what was not: two rows at most are of one group."""
    grouped = [*(terms.column(column, branch) for column in columns), _C.state, _C.wish, _C.code]
    return _select(branch, *grouped, func.count()).group_by(*grouped)


def _situation(state: str, code: str | None, is_deleted: bool, wish: str) -> Situation:
    stands = State(state)
    return Situation(stands, code, bool(is_deleted), wish == Wish.CANCEL.value and stands not in FINAL)


def _plain(column: Column, value: Any) -> Value:
    """As the domain has it."""
    plain: Value = value.timestamp() if isinstance(value, datetime) else value
    return bool(plain) if column is Column.HAS_INPUT else plain
