"""What a search of sheets says, in SQL: columns, conditions, situations, whose jobs."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, and_, case, collate, false, func, literal, or_, select, true

from services.compute.adapters.store_sql.filters import LARGEST_ID, terms_of
from services.compute.adapters.store_sql.tables import job_sheets, job_terms, jobs
from services.compute.adapters.store_sql.work import moment, storable
from services.compute.domain.job import Wish
from services.compute.domain.reasons import CODES
from services.compute.domain.sheets import Column, Comparison, Condition, Scope, Search, Situation, like_parts
from services.compute.domain.states import FINAL, State

_J, _S = jobs.c, job_sheets.c
Clause = ColumnElement[bool]
OF_JOBS: Final[dict[Column, ColumnElement[Any]]] = {
    Column.ID: _J.id,
    Column.NAME: _J.name,
    Column.SUBMITTED: _J.submitted_at,
    Column.CHANGED: case((_J.deleted_at > _J.state_since, _J.deleted_at), else_=_J.state_since),
    Column.STARTED: _J.started_at,
    Column.FINISHED: _J.finished_at,
}
TIMES: Final = frozenset({Column.SUBMITTED, Column.CHANGED, Column.STARTED, Column.FINISHED})
LARGEST_SHORT: Final = 2**31 - 1
_LONG: Final = frozenset({Column.ID, Column.CPU_SECONDS})
_NUMBERS: Final = frozenset(
    {Column.ID, Column.PRIORITY, Column.CPU_SECONDS, Column.HAS_INPUT, Column.RETRIES}
)
ALL_CODES: Final = frozenset({None, *CODES})
_Codes = frozenset[str | None]
MOST_STANDING: Final = 24


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of the jobs that are looked through; no job is in two. `whose` they are, what else is `said` of
    them, and how they may be `standing`: one of these, of which no two hold (None: in any way). `is_filed`:
    all of them have sheets, which are joined; `joins`: they are where there are any; `is_bare`: their sheets
    alone tell. `owner`: all of them are this one's.
    """

    whose: tuple[Clause, ...]
    joins: bool
    is_filed: bool
    owner: str | None = None
    is_realm: bool = False
    is_bare: bool = False
    said: tuple[Clause, ...] = ()
    standing: tuple[Clause, ...] | None = None

    @property
    def tables(self) -> FromClause:
        if self.is_bare:
            return job_sheets
        if not (self.joins or self.is_filed):
            return jobs
        return jobs.join(job_sheets, _S.job_id == _J.id, isouter=not self.is_filed)

    @property
    def clause(self) -> Clause:
        return and_(true(), *self.whose, *self._conditions)

    @property
    def clauses(self) -> Sequence[Clause]:
        """As `clause`, in several of which no two hold: each is found along an index."""
        if self.is_realm or self.standing is None or len(self.standing) > MOST_STANDING:
            return [self.clause]
        return [and_(true(), *self.whose, *self.said, standing) for standing in self.standing]

    @property
    def walked(self) -> Clause:
        """No index serves what else is said, so that there is none but that of whose they are."""
        if not self._conditions:
            return and_(true(), *self.whose)
        return and_(*self.whose, case((and_(*self._conditions), 1), else_=0) == 1)

    @property
    def number(self) -> ColumnElement[int]:
        """What a walk goes along."""
        return _S.job_id if self.is_realm else _J.id

    @property
    def _conditions(self) -> Sequence[Clause]:
        return self.said if self.standing is None else (*self.said, or_(false(), *self.standing))


class Terms:
    """Of one search."""

    def __init__(self, wanted: Search, is_sqlite: bool) -> None:
        self._wanted = wanted
        self.is_sqlite = is_sqlite

    def column(self, column: Column, branch: Branch) -> ColumnElement[Any]:
        if column in OF_JOBS:
            return OF_JOBS[column]
        filed: ColumnElement[Any] = _S[column.value]
        if branch.is_filed:
            return filed
        otherwise = _value(column, getattr(self._wanted.unfiled, column.value))
        return func.coalesce(filed, literal(otherwise, filed.type))

    def sorted_by(self, column: Column, branch: Branch) -> ColumnElement[Any]:
        """Texts by code points on both databases."""
        found = self.column(column, branch)
        if self.is_sqlite or column in TIMES or column in _NUMBERS:
            return found
        return collate(found, "C")

    def branches(self, columns: Collection[Column] = (), *, stand: bool = False) -> list[Branch]:
        """With the sheets that the search and these columns need; `stand`: where jobs stand is asked for."""
        used = {*columns, *(condition.column for condition in self._wanted.conditions)}
        joins = not used <= OF_JOBS.keys()
        is_filed = any(not self._may_be_unfiled(condition) for condition in self._wanted.conditions)
        found = _whose(self._wanted.scope, joins, is_filed)
        if self._wanted.situations is None and not stand and not used & OF_JOBS.keys():
            found = [replace(each, is_bare=each.is_realm, whose=_in_order(each)) for each in found]
        return [self._narrowed(branch) for branch in found]

    def _may_be_unfiled(self, condition: Condition) -> bool:
        column = condition.column
        return column in OF_JOBS or condition.fits(getattr(self._wanted.unfiled, column.value))

    def _narrowed(self, branch: Branch) -> Branch:
        said = [self._clause(condition, branch) for condition in self._wanted.conditions]
        situations = self._wanted.situations
        standing = None if situations is None else _standing(frozenset(situations))
        return replace(branch, said=tuple(said), standing=standing)

    def _clause(self, condition: Condition, branch: Branch) -> Clause:
        column, comparison = condition.column, condition.comparison
        if comparison in (Comparison.LIKE, Comparison.NOT_LIKE):
            found = self.column(column, branch)
            likes = or_(*(found.ilike(_pattern(str(value)), escape="\\") for value in condition.values))
            return likes if comparison is Comparison.LIKE else or_(found.is_(None), ~likes)
        values = [_value(column, value) for value in condition.values]
        if comparison in (Comparison.EQ, Comparison.IN):
            return and_(self.column(column, branch).in_(values), *_named(condition))
        if comparison in (Comparison.NE, Comparison.NOT_IN):
            found = self.column(column, branch)
            return or_(found.is_(None), found.not_in(values))
        ordered = self.sorted_by(column, branch)
        if comparison is Comparison.WITHIN:
            return and_(ordered >= values[0], ordered < values[1])
        if comparison is Comparison.OUTSIDE:
            return or_(ordered.is_(None), ordered < values[0], ordered >= values[1])
        return or_(*(_ORDERS[comparison](ordered, value) for value in values))


def _whose(scope: Scope, joins: bool, is_filed: bool) -> list[Branch]:
    filed = None if scope.realm is None else _in_realm(scope.realm, scope.groups)
    branches = []
    for owner in sorted(set(scope.owners)):
        clauses: tuple[Clause, ...] = (_J.owner == owner,)
        if filed is None:
            branches.append(Branch(clauses, joins, is_filed, owner))
        else:
            elsewhere = ~filed if is_filed else or_(_S.job_id.is_(None), ~filed)
            branches.append(Branch((*clauses, elsewhere), True, is_filed, owner))
    if filed is not None:
        branches.append(Branch((filed,), joins=True, is_filed=True, is_realm=True))
    return branches


def _in_order(branch: Branch) -> tuple[Clause, ...]:
    """Along the index that has the jobs in the order of their ids, as the sheets are."""
    return branch.whose if branch.is_realm else (*branch.whose, _J.id > 0)


def _in_realm(realm: str, groups: Collection[str] | None) -> Clause:
    in_groups = true() if groups is None else _S.owner_group.in_(sorted(map(storable, groups)))
    return and_(_S.realm == storable(realm), in_groups)


@lru_cache(maxsize=64)
def _standing(situations: frozenset[Situation]) -> tuple[Clause, ...]:
    """One clause for each state, deleted or not, stopping or not. Remembered: there are a thousand
    situations, and the same ones are asked for again and again.
    """
    return tuple(standings(situations))


def standings(situations: Collection[Situation]) -> Iterator[Clause]:
    codes: dict[tuple[State, bool], tuple[set[str | None], set[str | None]]] = defaultdict(
        lambda: (set(), set())
    )
    for each in situations:
        if not (each.is_stopping and each.state in FINAL):
            codes[each.state, each.is_deleted][each.is_stopping].add(each.code)
    for (state, is_deleted), (going_on, stopping) in codes.items():
        if state in FINAL or going_on == stopping:
            yield _stands(state, is_deleted, None, frozenset(going_on))
        else:
            for is_stopping, some in ((False, going_on), (True, stopping)):
                if some:
                    yield _stands(state, is_deleted, is_stopping, frozenset(some))


def _stands(state: State, is_deleted: bool, is_stopping: bool | None, codes: _Codes) -> Clause:
    clauses: list[Clause] = [
        _J.state == state.value,
        _J.deleted_at.is_not(None) if is_deleted else _J.deleted_at.is_(None),
    ]
    if is_stopping is not None:
        clauses.append(_J.wish == (Wish.CANCEL if is_stopping else Wish.RUN).value)
    if codes != ALL_CODES:
        clauses.append(_coded(codes))
    return and_(*clauses)


def _coded(codes: _Codes) -> Clause:
    """By the shorter list of the two."""
    others = ALL_CODES - codes
    if len(others) < len(codes):
        known = _J.code.not_in(sorted(code for code in others if code is not None))
    else:
        known = _J.code.in_(sorted(code for code in codes if code is not None))
    return or_(_J.code.is_(None), known) if None in codes else and_(_J.code.is_not(None), known)


def _value(column: Column, value: float | str | bool) -> Any:
    """As the column has it; what no database holds is the nearest that it does."""
    if isinstance(value, str):
        return storable(value)
    if column in TIMES:
        return moment(max(float(value), 0.0))
    most = LARGEST_ID if column in _LONG else LARGEST_SHORT
    return max(-most, min(most, int(value)))


def _named(condition: Condition) -> list[Clause]:
    """A name is looked up, whoever else has jobs of that name."""
    if condition.column is not Column.NAME:
        return []
    terms = [term for value in condition.values for term in terms_of(str(value), {}, {})]
    return [_J.id.in_(select(job_terms.c.job_id).where(job_terms.c.term.in_(terms)))]


def _pattern(pattern: str) -> str:
    return "".join(like_parts(storable(pattern)))


_ORDERS: Final = {
    Comparison.LT: lambda column, value: column < value,
    Comparison.LE: lambda column, value: column <= value,
    Comparison.GT: lambda column, value: column > value,
    Comparison.GE: lambda column, value: column >= value,
}
