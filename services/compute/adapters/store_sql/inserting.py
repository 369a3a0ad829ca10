"""New jobs as rows: their first event, what they are looked up by, whom to tell of their end."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, update

from services.compute.adapters.store_sql.filters import terms_of
from services.compute.adapters.store_sql.rows import json_text, reason_columns, reason_text
from services.compute.adapters.store_sql.side_tables import notices
from services.compute.adapters.store_sql.slice_steps import WAITS, begin_slices, for_place, waits
from services.compute.adapters.store_sql.tables import (
    job_documents,
    job_events,
    job_groups,
    job_sheets,
    job_terms,
    jobs,
)
from services.compute.adapters.store_sql.work import insert_all, inserted_id, moment, moment_or_none, storable
from services.compute.domain.ids import JobUid
from services.compute.domain.job import NewJob, Wish
from services.compute.domain.notices import Means, Notice
from services.compute.domain.numbering import with_number
from services.compute.domain.reasons import Reason
from services.compute.domain.sheets import Sheet
from services.compute.domain.spec_json import canonical_bytes
from services.compute.domain.states import State

_INSERT: Final = insert(jobs).returning(jobs.c.uid, jobs.c.id)
_RENAME: Final = update(jobs).where(jobs.c.id == bindparam("job")).values(name=bindparam("named"))


@dataclass(frozen=True, slots=True)
class Place:
    """Of a workflow's job; `instance` counts from 0, of a step that is run once too."""

    workflow_id: int
    step: int
    instance: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A job as it goes into the tables: with its uid, its payment's hash, who asked, and its place in a
    workflow, whose step then holds what it is to do.
    """

    new: NewJob
    uid: JobUid
    natural_key: str | None
    by: str
    place: Place | None = None


def insert_jobs(connection: Connection, taken: Sequence[Taken], now: float) -> list[int]:
    """Their ids. Raises AccountUnknown, FundsShort (sliced ones)."""
    if not taken:
        return []
    pairs = [
        (number, _told(each, number))
        for number, each in zip(_numbers(connection, taken, now), taken, strict=True)
    ]
    _rename(connection, taken, pairs)
    documents = [_document(number, each.new) for number, each in pairs if each.place is None]
    insert_all(connection, job_documents, documents)
    insert_all(connection, job_events, [_first_event(number, each, now) for number, each in pairs])
    terms, groups, told = [], [], []
    for number, each in pairs:
        new = each.new
        terms += [{"term": term, "job_id": number} for term in terms_of(new.name, new.labels, new.facts)]
        groups += [{"name": group, "job_id": number} for group in set(new.groups)]
        told += [notice_row(notice, job_id=number) for notice in new.notices]
    insert_all(connection, job_terms, terms)
    insert_all(connection, job_groups, groups)
    insert_all(connection, notices, told)
    filed = [(number, each.new.sheet) for number, each in pairs if each.new.sheet is not None]
    insert_all(connection, job_sheets, [_sheet(number, sheet) for number, sheet in filed])
    for number, each in pairs:
        begin_slices(connection, number, each.uid, each.new, now)
    return [number for number, _ in pairs]


def _told(taken: Taken, number: int) -> Taken:
    new = with_number(taken.new, number)
    return taken if new is taken.new else replace(taken, new=new)


def _rename(connection: Connection, taken: Sequence[Taken], pairs: Sequence[tuple[int, Taken]]) -> None:
    """Jobs that are called by their id."""
    names = [
        {"job": number, "named": storable(each.new.name)}
        for (number, each), before in zip(pairs, taken, strict=True)
        if each.new.name != before.new.name
    ]
    if names:
        connection.execute(_RENAME, names)


def _numbers(connection: Connection, taken: Sequence[Taken], now: float) -> list[int]:
    rows = [_row(each, now) for each in taken]
    if len(rows) == 1:
        return [inserted_id(connection, jobs, rows[0])]
    numbers = {uid: number for uid, number in connection.execute(_INSERT, rows)}
    return [numbers[each.uid] for each in taken]


def notice_row(
    notice: Notice, *, job_id: int | None = None, workflow_id: int | None = None
) -> dict[str, Any]:
    return {"job_id": job_id, "workflow_id": workflow_id, "notice": notice_text(notice), "tries": 0}


def notice_text(notice: Notice) -> str:
    return json_text(notice_document(notice))


def notice_document(notice: Notice) -> dict[str, str]:
    return {
        "means": notice.means.value,
        "url": notice.url,
        "secret": notice.secret,
        "address": notice.address,
    }


def notice_of(text: str) -> Notice:
    return notice_from(json.loads(text))


def notice_from(document: dict[str, str]) -> Notice:
    return Notice(**{**document, "means": Means(document["means"])})  # type: ignore[arg-type]


def _document(number: int, new: NewJob) -> dict[str, Any]:
    return {
        "job_id": number,
        "spec": canonical_bytes(new.spec).decode(),
        "labels": json_text(new.labels),
        "facts": json_text(new.facts),
    }


def _sheet(number: int, sheet: Sheet) -> dict[str, Any]:
    row = {name: getattr(sheet, name) for name in Sheet.__slots__}
    texts = {name: storable(value) for name, value in row.items() if isinstance(value, str)}
    return {"job_id": number, **row, **texts, "has_input": int(sheet.has_input)}


def _row(taken: Taken, now: float) -> dict[str, Any]:
    new, spec, place = taken.new, taken.new.spec, taken.place
    return {
        "uid": taken.uid,
        "owner": new.owner,
        "dialect": new.dialect,
        "name": storable(new.name),
        "environment": spec.environment,
        "state": _first_state(new).value,
        "state_since": moment(now),
        **reason_columns(_first_reason(new)),
        "wish": Wish.RUN.value,
        "natural_key": taken.natural_key,
        "precedence": -spec.priority,
        "attempt": 0,
        "cpus": spec.total_cpus(),
        "memory_bytes": spec.total_memory(),
        "storage_bytes": 0,
        "queue_seconds": spec.clocks.queue,
        "keep_seconds": spec.keep_seconds,
        "submitted_at": moment(now),
        "queue_until": moment_or_none(None if spec.clocks.queue is None else now + spec.clocks.queue),
        "fence": 0,
        "strikes": 0,
        "last_event": 1,
        "revision": 1,
        "lingers": int(new.lingers),
        "workflow_id": None if place is None else place.workflow_id,
        "step": None if place is None else place.step,
        "instance": None if place is None else place.instance,
    }


def _first_state(new: NewJob) -> State:
    return State.HELD if waits(new) else State.QUEUED


def _first_reason(new: NewJob) -> Reason:
    return WAITS if waits(new) else for_place(new.spec.environment)


def _first_event(number: int, taken: Taken, now: float) -> dict[str, Any]:
    return {
        "job_id": number,
        "seq": 1,
        "at": moment(now),
        "state_to": _first_state(taken.new).value,
        "by": taken.by,
        "attempt": 0,
        "reason": reason_text(_first_reason(taken.new)),
    }
