"""The port JobSheets over MemoryJobStore's rows, one job looked at after the other."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from services.compute.domain.job import Job
from services.compute.domain.sheets import Column, Scope, Search, Sheet, Situation, Tally, Value
from services.compute.domain.states import State
from tests.fakes.compute_rows import Row

_OF_JOBS = {
    Column.ID: lambda job: job.id,
    Column.NAME: lambda job: job.name,
    Column.SUBMITTED: lambda job: job.submitted_at,
    Column.CHANGED: lambda job: max(job.state_since, job.deleted_at or 0),
    Column.STARTED: lambda job: job.started_at,
    Column.FINISHED: lambda job: job.finished_at,
}


class MemorySheets:
    def __init__(self, store: Any) -> None:
        self._store = store

    def search(self, wanted: Search, limit: int, start: int = 0) -> tuple[int, Sequence[int]]:
        found = [(row.job.id, row) for row in self._wanted(wanted)]
        found.sort(key=lambda each: each[0], reverse=True)
        for column, is_up in reversed(wanted.order):
            # What has no value is first when it goes up, and last when it goes down.
            found.sort(key=lambda each: _rank(_value(each[1], wanted, column)), reverse=not is_up)
        return len(found), [number for number, _ in found][start : start + limit]

    def sheets(self, ids: Collection[int]) -> Mapping[int, Sheet]:
        with self._store._open():
            rows = [self._store._rows[number] for number in ids if number in self._store._rows]
            return {row.job.id: row.sheet for row in rows if row.sheet is not None}

    def tally(self, wanted: Search, columns: Sequence[Column], limit: int) -> Sequence[Tally]:
        counts: Counter[tuple[tuple[Value, ...], Situation]] = Counter(
            (tuple(_value(row, wanted, column) for column in columns), row.job.situation)
            for row in self._wanted(wanted)
        )
        return [Tally(values, situation, count) for (values, situation), count in counts.items()]

    def values(self, wanted: Search, column: Column, limit: int) -> Sequence[Value]:
        return list(dict.fromkeys(_value(row, wanted, column) for row in self._wanted(wanted)))

    def history(self, scope: Scope, since: int, until: int, step: int) -> Mapping[State, Mapping[int, int]]:
        counts: dict[State, Counter[int]] = {}
        for row in self._wanted(Search(scope=scope)):
            for moment in range(since, until, step):
                events = [event for event in row.events if event.at <= moment]
                if events:
                    counts.setdefault(events[-1].state_to, Counter())[moment] += 1
        return counts

    def batch(self, job: Job) -> Sequence[int]:
        return next((ids for ids in self._store.batches if job.id in ids), [job.id])

    def _wanted(self, wanted: Search) -> Iterator[Row]:
        with self._store._open():
            rows = list(self._store._rows.values())
        return (row for row in rows if _in_scope(row, wanted.scope) and _fits(row, wanted))


def _in_scope(row: Row, scope: Scope) -> bool:
    if row.job.owner in scope.owners:
        return True
    sheet = row.sheet
    if scope.realm is None or sheet is None or sheet.realm != scope.realm:
        return False
    return scope.groups is None or sheet.owner_group in scope.groups


def _fits(row: Row, wanted: Search) -> bool:
    if wanted.situations is not None and row.job.situation not in set(wanted.situations):
        return False
    return all(condition.fits(_value(row, wanted, condition.column)) for condition in wanted.conditions)


def _value(row: Row, wanted: Search, column: Column) -> Value:
    if column in _OF_JOBS:
        value: Value = _OF_JOBS[column](row.job)  # type: ignore[no-untyped-call]
        return value
    found: Value = getattr(row.sheet or wanted.unfiled, column.value)
    return found


def _rank(value: Value) -> tuple[bool, Any]:
    return (value is not None, 0 if value is None else value)
