"""How many jobs were in each state, moment by moment: from those that changed since, by their events."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, case, cast, extract, func, select

from services.compute.adapters.store_sql.sheet_terms import Branch
from services.compute.adapters.store_sql.tables import job_events, jobs
from services.compute.adapters.store_sql.work import moment
from services.compute.domain.states import State

Span = tuple[int, int, int]  # since, until, step
_J, _E = jobs.c, job_events.c
_FRACTION: Final = 21  # where it begins in a moment as SQLite keeps it


def history_of(
    connection: Connection, branches: Sequence[Branch], span: Span, is_sqlite: bool
) -> Mapping[State, Mapping[int, int]]:
    since, until, step = span
    count = max(0, -((since - until) // step))
    changes: dict[str, list[int]] = defaultdict(lambda: [0] * count)
    for branch in branches if count else ():
        for state, jobs_there in connection.execute(_settled(branch, since)):
            changes[state][0] += jobs_there
        for at, left, entered, moves in connection.execute(_moves(branch, span, is_sqlite)):
            if at < count:
                changes[entered][at] += moves
                if left is not None:
                    changes[left][at] -= moves
    return {State(state): _shown(span, accumulate(by)) for state, by in changes.items() if any(by)}


def _shown(span: Span, counts: Any) -> dict[int, int]:
    since, _, step = span
    return {since + number * step: count for number, count in enumerate(counts) if count}


def _settled(branch: Branch, since: int) -> Any:
    """Jobs that have not moved since."""
    found = select(_J.state, func.count()).select_from(branch.tables).where(branch.clause)
    return found.where(_J.state_since <= moment(since)).group_by(_J.state)


def _moves(branch: Branch, span: Span, is_sqlite: bool) -> Any:
    """Of the other jobs: (number of the first moment at which it counts, from, to, how many)."""
    since, until, step = span
    late = _second(_E.at, is_sqlite) - since
    at = case((late <= 0, 0), else_=(late + step - 1) // step)
    return (
        select(at, _E.state_from, _E.state_to, func.count())
        .select_from(branch.tables.join(job_events, _E.job_id == _J.id))
        .where(branch.clause, _J.state_since > moment(since), _E.at < moment(until))
        .group_by(at, _E.state_from, _E.state_to)
    )


def _second(at: ColumnElement[Any], is_sqlite: bool) -> ColumnElement[int]:
    """The first whole second that is not before."""
    if not is_sqlite:
        return cast(func.ceil(extract("epoch", at)), BigInteger)
    whole = cast(func.strftime("%s", at), BigInteger)
    return whole + case((func.substr(at, _FRACTION) > "000000", 1), else_=0)
