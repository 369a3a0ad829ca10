"""Slices of sliced jobs (the port SliceStore), for the windows. What workers do is in slice_work.py."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, func, literal_column, select

from libs.sql.engine import Database
from services.compute.adapters.store_sql.moves import FREED, By, locked, noted, put
from services.compute.adapters.store_sql.slice_rows import (
    COUNTED,
    add_blocks,
    counts_of,
    put_counters,
    sliced_row,
)
from services.compute.adapters.store_sql.slice_steps import for_place, reserve, size_of
from services.compute.adapters.store_sql.slice_tables import slice_lines, slice_results, sliced_jobs
from services.compute.adapters.store_sql.slice_work import SqlSliceWork
from services.compute.adapters.store_sql.work import batched, moment
from services.compute.domain.errors import (
    AccountUnknown,
    AlreadyFinished,
    FundsShort,
    JobNotFound,
    TooManySlices,
)
from services.compute.domain.ids import JobUid
from services.compute.domain.job import KEEP_SECONDS, Wish
from services.compute.domain.ledger import NOTHING, cost
from services.compute.domain.slice_forms import kept
from services.compute.domain.slices import (
    MOST_SLICES,
    PAGE_CHARS,
    Added,
    Block,
    SliceCounts,
    SliceLine,
    SliceResult,
    SliceState,
    Span,
)
from services.compute.domain.spans import LARGEST, merged
from services.compute.domain.states import FINAL, State

_S, _R, _L = sliced_jobs.c, slice_results.c, slice_lines.c
_COUNTS: Final = select(*COUNTED).where(_S.job_id.in_(bindparam("ids", expanding=True)))
_COUNTS_OF_ONE: Final = select(*COUNTED).where(_S.job_id == bindparam("id"))
_IN_RANGE: Final = (
    _R.job_id == bindparam("id"),
    _R.number >= bindparam("start"),
    _R.number <= bindparam("end"),
)
_RESULTS: Final[Select[Any]] = (
    select(_R.number, _R.state, _R.body, _R.note, _R.cpu_seconds, _R.tries)
    .where(*_IN_RANGE)
    .order_by(_R.number)
    .limit(bindparam("most"))
    .offset(literal_column("0"))  # SQLite would have it as a parameter
)
_OVER: Final = select(func.count()).select_from(slice_results).where(*_IN_RANGE)
_LINES: Final = (
    select(_L.seq, _L.number, _L.level, _L.text, _L.at)
    .where(_L.job_id == bindparam("id"), _L.seq > bindparam("after"))
    .order_by(_L.seq)
    .limit(bindparam("most"))
)
_STATES: Final = {state.value: state for state in SliceState}


class SqlSlices(SqlSliceWork):
    def __init__(
        self, database: Database, keep_seconds: float = KEEP_SECONDS, most_slices: int = MOST_SLICES
    ) -> None:
        super().__init__(database, keep_seconds)
        self._most_slices = most_slices

    def add(self, uid: JobUid, blocks: Sequence[Block], by: str, now: float) -> Added:
        new = kept(blocks)

        def work(connection: Connection) -> Added:
            row = locked(connection, uid)
            sliced = _open_row(connection, row)
            total = sliced.total + size_of(new)
            if total > self._most_slices:
                raise TooManySlices(self._most_slices)
            if new:
                escrow = _topped_up(connection, uid, sliced, size_of(new), now)
                add_blocks(connection, row.id, sliced.total + 1, new)
                put_counters(connection, row.id, {"total": total, "escrow": escrow})
                put(connection, row.id, _queued(connection, row, by, now) if row.state == State.HELD else {})
            return Added(sliced.total + 1, total, total)

        return self._write(work)

    def close(self, uid: JobUid, by: str, now: float) -> SliceCounts:
        def work(connection: Connection) -> SliceCounts:
            row = locked(connection, uid)
            sliced = sliced_row(connection, row.id)
            if sliced is None:
                raise JobNotFound
            if sliced.closed_at is None and State(row.state) not in FINAL:
                put_counters(connection, row.id, {"closed_at": moment(now)})
                self._close(connection, row, sliced.done + sliced.failed == sliced.total, by, now)
            return counts_of(connection.execute(_COUNTS_OF_ONE, {"id": row.id}).one())

        return self._write(work)

    def _close(self, connection: Connection, row: Any, are_all_over: bool, by: str, now: float) -> None:
        if row.state != State.HELD or not are_all_over:
            put(connection, row.id, {})
            return
        values = {**_let_go(row), "dead_at": None, "wake_at": None}
        values.update(self._ended(row, State.SUCCEEDED, now, None))
        values.update(noted(connection, row, State.SUCCEEDED, By(by, None), now))
        put(connection, row.id, values)
        self._note_end(connection, row, State.SUCCEEDED, now)

    def counts(self, ids: Collection[int]) -> Mapping[int, SliceCounts]:
        def work(connection: Connection) -> dict[int, SliceCounts]:
            found: dict[int, SliceCounts] = {}
            for some in batched(list(ids)):
                rows = connection.execute(_COUNTS, {"ids": some})
                found.update((row.job_id, counts_of(row)) for row in rows)
            return found

        return self._read(work) if ids else {}

    def results(self, job_id: int, spans: Sequence[Span], after: int, limit: int) -> Sequence[SliceResult]:
        page = _Page()
        for start, end in merged(spans):
            if end <= after:
                continue
            most = limit - len(page.found)
            values = {"id": job_id, "start": max(start, after + 1), "end": end, "most": most}
            self._hot(_RESULTS, values, page.take)
            if len(page.found) >= limit or page.is_full:
                break
        return page.found

    def unfinished(self, job_id: int, spans: Sequence[Span]) -> int:
        def work(connection: Connection) -> int:
            row = connection.execute(_COUNTS_OF_ONE, {"id": job_id}).first()
            if row is None:
                return 0
            if not spans:
                return int(row.total - row.done - row.failed)
            left = 0
            for start, end in merged(spans, row.total):
                over = connection.execute(_OVER, {"id": job_id, "start": start, "end": end}).scalar_one()
                left += end - start + 1 - int(over)
            return left

        return self._read(work)

    def lines(self, job_id: int, after: int, limit: int) -> Sequence[tuple[int, SliceLine]]:
        values = {"id": job_id, "after": min(after, LARGEST), "most": limit}
        rows = self._read(lambda connection: connection.execute(_LINES, values).all())
        return [
            (seq, SliceLine(number=number, level=level, text=text, at=at.timestamp()))
            for seq, number, level, text, at in rows
        ]


class _Page:
    """Results up to PAGE_CHARS: a thousand large ones are more than a server has memory for."""

    def __init__(self) -> None:
        self.found: list[SliceResult] = []
        self._chars = 0

    @property
    def is_full(self) -> bool:
        return self._chars >= PAGE_CHARS

    def take(self, cursor: Any) -> None:
        for row in cursor:
            self.found.append(_result(row))
            self._chars += len(self.found[-1].body)
            if self.is_full:
                cursor.close()
                return


def _result(row: Any) -> SliceResult:
    number, state, body, note, cpu_seconds, tries = row
    return SliceResult(
        number=number, state=_STATES[state], body=body, note=note, cpu_seconds=cpu_seconds, tries=tries
    )


def _open_row(connection: Connection, row: Any) -> Any:
    """Its sliced row, if slices may come. Raises JobNotFound, AlreadyFinished."""
    sliced = sliced_row(connection, row.id)
    if sliced is None:
        raise JobNotFound
    if State(row.state) in FINAL or row.wish == Wish.CANCEL or sliced.closed_at is not None:
        raise AlreadyFinished
    return sliced


def _topped_up(connection: Connection, uid: str, sliced: Any, count: int, now: float) -> str:
    """Raises FundsShort: an account that is revoked has nothing to give."""
    price = cost(Decimal(sliced.offer), count)
    try:
        return reserve(connection, uid, sliced.account, price, now, sliced.escrow)
    except AccountUnknown:
        raise FundsShort(price, NOTHING) from None


def _queued(connection: Connection, row: Any, by: str, now: float) -> dict[str, Any]:
    values: dict[str, Any] = {**_let_go(row), "wake_at": None}
    if row.queue_seconds is not None:
        values["queue_until"] = moment(now + row.queue_seconds)
    whose = By(by, for_place(row.environment))
    return {**values, **noted(connection, row, State.QUEUED, whose, now)}


def _let_go(row: Any) -> dict[str, Any]:
    """A job that waits has nothing for a worker to do: one that holds it still has nothing more to say."""
    return {} if row.lease_worker is None else {**FREED, "fence": row.fence + 1}
