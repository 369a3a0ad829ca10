"""Which jobs a listing has, as walks along indexes: never over other owners' jobs."""

from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, exists, literal_column, or_, select

from services.compute.adapters.store_sql.tables import LINGERS, job_terms, jobs
from services.compute.adapters.store_sql.work import digest, moment
from services.compute.ports.store import Filter

LARGEST_ID: Final = 2**63 - 1
MOST_BRANCHES: Final = 64
_C = jobs.c
_T = job_terms.alias()
_LINGERS: Final[ColumnElement[bool]] = literal_column(f"jobs.{LINGERS}")
Conditions = list[ColumnElement[bool]]


def walks(wanted: Filter, *columns: ColumnElement[Any]) -> Iterator[Select[Any]]:
    """Newest first, one for each owner, window and state; together they find all that is wanted, a few of it
    twice.
    """
    for whose in _branches(wanted):
        yield _walk(wanted, *columns).where(*whose, *_narrowed(wanted))


def all_of(wanted: Filter) -> Conditions:
    """In one walk."""
    return [*_whose(wanted), *_narrowed(wanted)]


def terms_of(name: str | None, labels: Mapping[str, str], facts: Mapping[str, Any]) -> list[str]:
    """What a job is looked up by, as hashes: its name, each label, each fact that is a text."""
    terms = [] if name is None else [digest("name", name)]
    terms += [digest("label", key, value) for key, value in labels.items()]
    terms += [digest("fact", key, value) for key, value in facts.items() if isinstance(value, str)]
    return terms


def known_ids(ids: Collection[int]) -> list[int]:
    """Those that a database can hold."""
    return sorted({number for number in ids if 0 < number <= LARGEST_ID})


def _walk(wanted: Filter, *columns: ColumnElement[Any]) -> Select[Any]:
    """Along the jobs of the most telling term when there is one."""
    terms = _terms(wanted)
    if not terms:
        return select(*columns).select_from(jobs).order_by(_C.id.desc())
    number = job_terms.c.job_id
    return (
        select(*columns)
        .select_from(job_terms.join(jobs, _C.id == number))
        .where(job_terms.c.term == terms[-1])
        .order_by(number.desc())
    )


def _branches(wanted: Filter) -> Iterator[Conditions]:
    owners: list[str | None] = [None] if wanted.owners is None else list(set(wanted.owners))
    dialects: list[str | None] = list(set(wanted.dialects)) or [None]
    states: list[str | None] = [state.value for state in set(wanted.states)] or [None]
    if wanted.workflow is not None or len(owners) * len(dialects) * len(states) > MOST_BRANCHES:
        yield _whose(wanted)
        return
    for values in product(owners, dialects, states):
        columns = zip((_C.owner, _C.dialect, _C.state), values, strict=True)
        yield [column == value for column, value in columns if value is not None]
    if wanted.lingering and wanted.states:
        for owner, dialect in product(owners, dialects):
            pairs = zip((_C.owner, _C.dialect), (owner, dialect), strict=True)
            yield [_LINGERS, *(column == value for column, value in pairs if value is not None)]


def _whose(wanted: Filter) -> Conditions:
    conditions: Conditions = []
    if wanted.owners is not None:
        conditions.append(_C.owner.in_(sorted(set(wanted.owners))))
    if wanted.dialects:
        conditions.append(_C.dialect.in_(sorted(set(wanted.dialects))))
    if wanted.states:
        in_states = _C.state.in_(sorted(state.value for state in wanted.states))
        conditions.append(or_(in_states, _LINGERS) if wanted.lingering else in_states)
    return conditions


def _narrowed(wanted: Filter) -> Conditions:
    conditions: Conditions = []
    for term in _terms(wanted):
        conditions.append(exists().where(_T.c.job_id == _C.id, _T.c.term == term))
    if not wanted.deleted:
        conditions.append(_C.deleted_at.is_(None))
    if wanted.submitted_after is not None:
        conditions.append(_C.submitted_at >= moment(wanted.submitted_after))
    if wanted.submitted_before is not None:
        conditions.append(_C.submitted_at < moment(wanted.submitted_before))
    if wanted.ids is not None:
        conditions.append(_C.id.in_(known_ids(wanted.ids)))
    if wanted.workflow is not None:
        conditions.append(
            and_(_C.workflow_id.is_not(None), _C.workflow_id == min(wanted.workflow, LARGEST_ID))
        )
        if wanted.step is not None:
            conditions.append(_C.step == wanted.step)
    return conditions


def _terms(wanted: Filter) -> list[str]:
    return terms_of(wanted.name, wanted.labels, wanted.facts)
