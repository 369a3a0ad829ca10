"""Reading jobs: one, pages of them, and what hangs on them. A listing never walks over other owners' jobs."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, bindparam, exists, func, select

from services.compute.adapters.store_sql.rows import (
    EVENT_COLUMNS,
    FILE_COLUMNS,
    JOB_COLUMNS,
    RUN_COLUMNS,
    event_of,
    file_of,
    job_of,
    run_of,
    select_jobs,
)
from services.compute.adapters.store_sql.tables import job_events, job_files, job_runs, job_terms, jobs
from services.compute.adapters.store_sql.work import SqlPart, digest, moment
from services.compute.domain.errors import JobNotFound
from services.compute.domain.ids import JobUid, is_uid
from services.compute.domain.job import Event, Job, Page, Run, StoredFile, Wish, in_order
from services.compute.ports.store import Filter, Revision

LARGEST_ID: Final = 2**63 - 1
MOST_BRANCHES: Final = 64
_C = jobs.c
_T = job_terms.alias()
_BY_ID: Final = select_jobs().where(_C.id == bindparam("ref"))
_OF_REF: Final = _C.uid == bindparam("ref")
_BY_UID: Final = select_jobs().where(_OF_REF)
_BY_IDS: Final = select_jobs().where(_C.id.in_(bindparam("ids", expanding=True)))
_OF_JOB: Final = _C.uid == bindparam("uid")
_EVENTS: Final = (
    select(*EVENT_COLUMNS)
    .join(jobs, _C.id == job_events.c.job_id)
    .where(_OF_JOB, job_events.c.seq > bindparam("after"))
    .order_by(job_events.c.seq)
    .limit(bindparam("most"))
)
_RUNS: Final = (
    select(*RUN_COLUMNS)
    .join(jobs, _C.id == job_runs.c.job_id)
    .where(_OF_JOB)
    .order_by(job_runs.c.attempt, job_runs.c.role, job_runs.c.instance, job_runs.c.task)
)
_FILES: Final = select(*FILE_COLUMNS).join(jobs, _C.id == job_files.c.job_id).where(_OF_JOB)
_WISHES: Final = select(_C.uid, _C.wish).where(_C.uid.in_(bindparam("uids", expanding=True)))
_REVISION_BY_ID: Final = select(_C.uid, _C.owner, _C.revision).where(_C.id == bindparam("ref"))
_REVISION_BY_UID: Final = select(_C.uid, _C.owner, _C.revision).where(_OF_REF)
_OWNER: Final = JOB_COLUMNS.index(_C.owner)
_CURSOR = re.compile(r"j(0|[1-9][0-9]{0,18})")


class SqlFinding(SqlPart):
    def find(self, ref: int | str, owners: Collection[str] | None) -> Job:
        if not (0 < ref <= LARGEST_ID if isinstance(ref, int) else is_uid(ref)):
            raise JobNotFound
        row = self._read_hot(_BY_ID if isinstance(ref, int) else _BY_UID, {"ref": ref})
        if row is None or (owners is not None and row[_OWNER] not in owners):
            raise JobNotFound
        return job_of(row)

    def revision(self, ref: int | str, owners: Collection[str] | None) -> Revision:
        if not (0 < ref <= LARGEST_ID if isinstance(ref, int) else is_uid(ref)):
            raise JobNotFound
        row = self._read_hot(_REVISION_BY_ID if isinstance(ref, int) else _REVISION_BY_UID, {"ref": ref})
        if row is None or (owners is not None and row[1] not in owners):
            raise JobNotFound
        return Revision(JobUid(row[0]), row[2])

    def page(self, wanted: Filter, limit: int, cursor: str | None = None) -> Page:
        before = None if cursor is None else _read_cursor(cursor)

        def work(connection: Connection) -> list[Job]:
            ids = _newest(connection, wanted, limit + 1, before)
            return jobs_in_order(connection, ids)

        found = self._read(work)
        return Page(tuple(found[:limit]), _cursor(found[limit - 1].id) if len(found) > limit else None)

    def count(self, wanted: Filter) -> int:
        conditions = [*_whose(wanted), *_narrowed(wanted)]
        statement = select(func.count()).select_from(jobs).where(*conditions)
        return int(self._read(lambda connection: connection.execute(statement).scalar_one()))

    def events(self, uid: JobUid, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        values = {"uid": uid, "after": after, "most": limit}
        return [event_of(row) for row in self._read(lambda c: c.execute(_EVENTS, values).all())]

    def runs(self, uid: JobUid, attempt: int | None = None) -> Sequence[Run]:
        found = map(run_of, self._rows_hot(_RUNS, {"uid": uid}))
        return [run for run in found if attempt is None or run.attempt == attempt]

    def files(self, uid: JobUid) -> Sequence[StoredFile]:
        return in_order(map(file_of, self._rows_hot(_FILES, {"uid": uid})))

    def wishes(self, uids: Collection[JobUid]) -> Mapping[JobUid, Wish]:
        if not uids:
            return {}
        rows = self._read(lambda connection: connection.execute(_WISHES, {"uids": list(uids)}).all())
        return {JobUid(uid): Wish(wish) for uid, wish in rows}


def jobs_in_order(connection: Connection, ids: Sequence[int]) -> list[Job]:
    """The jobs with these ids, in this order; those that are gone are left out."""
    if not ids:
        return []
    found = {row.id: job_of(row) for row in connection.execute(_BY_IDS, {"ids": list(ids)})}
    return [found[number] for number in ids if number in found]


def _newest(connection: Connection, wanted: Filter, limit: int, before: int | None) -> list[int]:
    """One walk down an index for each owner, window and state; together they hold the newest of all."""
    conditions = _narrowed(wanted)
    if before is not None:
        conditions.append(_C.id < before)
    found: set[int] = set()
    for whose in _branches(wanted):
        walk = _walk(wanted).where(*whose, *conditions).limit(limit)
        found.update(connection.execute(walk).scalars())
    return sorted(found, reverse=True)[:limit]


def _walk(wanted: Filter) -> Select[Any]:
    """Newest first, along the jobs of the most telling term when there is one."""
    terms = _terms(wanted)
    if not terms:
        return select(_C.id).order_by(_C.id.desc())
    number = job_terms.c.job_id
    return (
        select(number)
        .join_from(job_terms, jobs, _C.id == number)
        .where(job_terms.c.term == terms[-1])
        .order_by(number.desc())
    )


def _branches(wanted: Filter) -> Iterator[list[ColumnElement[bool]]]:
    owners: list[str | None] = [None] if wanted.owners is None else list(set(wanted.owners))
    dialects: list[str | None] = list(set(wanted.dialects)) or [None]
    states: list[str | None] = [state.value for state in set(wanted.states)] or [None]
    if len(owners) * len(dialects) * len(states) > MOST_BRANCHES:
        yield _whose(wanted)
        return
    for values in product(owners, dialects, states):
        columns = zip((_C.owner, _C.dialect, _C.state), values, strict=True)
        yield [column == value for column, value in columns if value is not None]


def _whose(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.owners is not None:
        conditions.append(_C.owner.in_(sorted(set(wanted.owners))))
    if wanted.dialects:
        conditions.append(_C.dialect.in_(sorted(set(wanted.dialects))))
    if wanted.states:
        conditions.append(_C.state.in_(sorted(state.value for state in wanted.states)))
    return conditions


def _narrowed(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for term in _terms(wanted):
        conditions.append(exists().where(_T.c.job_id == _C.id, _T.c.term == term))
    if not wanted.deleted:
        conditions.append(_C.deleted_at.is_(None))
    if wanted.submitted_after is not None:
        conditions.append(_C.submitted_at >= moment(wanted.submitted_after))
    if wanted.submitted_before is not None:
        conditions.append(_C.submitted_at < moment(wanted.submitted_before))
    return conditions


def _terms(wanted: Filter) -> list[str]:
    return terms_of(wanted.name, wanted.labels, wanted.facts)


def terms_of(name: str | None, labels: Mapping[str, str], facts: Mapping[str, Any]) -> list[str]:
    """What a job is looked up by, as hashes: its name, each label, each fact that is a text."""
    terms = [] if name is None else [digest("name", name)]
    terms += [digest("label", key, value) for key, value in labels.items()]
    terms += [digest("fact", key, value) for key, value in facts.items() if isinstance(value, str)]
    return terms


def _cursor(last: int) -> str:
    return urlsafe_b64encode(f"j{last}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> int:
    """Raises ValueError unless it is one that _cursor made."""
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError as error:
        raise ValueError("no cursor of a page") from error
    match = _CURSOR.fullmatch(text)
    if match is None or _cursor(int(match[1])) != cursor or int(match[1]) > LARGEST_ID:
        raise ValueError("no cursor of a page")
    return int(match[1])
