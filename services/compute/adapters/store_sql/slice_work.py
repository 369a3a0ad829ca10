"""What workers do with slices: hand them out to instances, take in what came of them, give back what was
lost. All of it under the job's lock and fence.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select, update

from services.compute.adapters.store_sql.ends import SqlEnds
from services.compute.adapters.store_sql.moves import fenced, put
from services.compute.adapters.store_sql.slice_rows import (
    add_batch,
    batches_of,
    leave_batch,
    pieces_of,
    put_counters,
    sliced_row,
)
from services.compute.adapters.store_sql.slice_steps import pay
from services.compute.adapters.store_sql.slice_tables import slice_lines, slice_results, slice_tries
from services.compute.adapters.store_sql.work import insert_all, moment, storable
from services.compute.domain.job import Wish
from services.compute.domain.slices import (
    MOST_TRIES,
    Batch,
    Piece,
    SliceLine,
    SliceResult,
    SliceState,
    lost_body,
)
from services.compute.domain.spans import ranges_of
from services.compute.domain.states import FINAL, State
from services.compute.ports.store import Lease

NOTE_CHARS: Final = 16
_T = slice_tries.c
_AGAIN: Final = (
    select(_T.number)
    .where(_T.job_id == bindparam("id"), _T.waits == 1)
    .order_by(_T.number)
    .limit(bindparam("most"))
)
_TAKEN_AGAIN: Final = (
    update(slice_tries)
    .where(_T.job_id == bindparam("of_job"), _T.number == bindparam("of_number"))
    .values(waits=0)
)
_LOST: Final = select(_T.number, _T.tries).where(_T.job_id == bindparam("id"), _T.waits == 0)
_OVER: Final = delete(slice_tries).where(
    _T.job_id == bindparam("of_job"), _T.number == bindparam("of_number")
)


class SqlSliceWork(SqlEnds):
    def hand_out(
        self, lease: Lease, lane: int, most: int, now: float
    ) -> tuple[Batch, Sequence[Piece]] | None:
        def work(connection: Connection) -> tuple[Batch, Sequence[Piece]] | None:
            row = fenced(connection, lease)
            sliced = sliced_row(connection, row.id)
            is_wanted = row.wish != Wish.CANCEL and State(row.state) not in FINAL
            if sliced is None or not is_wanted or most <= 0:
                return None
            again = _again(connection, sliced, most)
            end = min(sliced.total, sliced.next_number - 1 + most - len(again))
            numbers = [*again, *range(sliced.next_number, end + 1)]
            if not numbers:
                return None
            ranges = ranges_of(numbers)
            batch = Batch(seq=sliced.last_batch + 1, attempt=row.attempt, lane=lane, numbers=numbers)
            add_batch(connection, row.id, batch, ranges)
            values = {
                "last_batch": batch.seq,
                "next_number": end + 1,
                "again": sliced.again - len(again),
                "active": sliced.active + len(numbers),
            }
            put_counters(connection, row.id, values)
            put(connection, row.id, {})
            return batch, pieces_of(connection, row.id, ranges)

        return self._write(work)

    def in_hand(self, lease: Lease) -> Sequence[Batch]:
        return self._write(lambda connection: batches_of(connection, fenced(connection, lease).id))

    def take_in(
        self, lease: Lease, results: Sequence[SliceResult], lines: Sequence[SliceLine], now: float
    ) -> int:
        def work(connection: Connection) -> int:
            row = fenced(connection, lease)
            batches = batches_of(connection, row.id)
            hands = {number for batch in batches for number in batch.numbers}
            said = [line for line in lines if line.number in hands]
            news = {result.number: result for result in reversed(results) if result.number in hands}
            if not news and not said:
                return 0
            sliced = sliced_row(connection, row.id)
            self._leave(connection, row.id, batches, news)
            _add_lines(connection, row.id, sliced.last_line, said)
            _note(connection, lease.uid, sliced, list(news.values()), now)
            put_counters(connection, row.id, {"last_line": sliced.last_line + len(said)})
            put(connection, row.id, {})
            return len(news)

        return self._write(work)

    def give_back(self, lease: Lease, batch: Batch, at_work: int | None, now: float) -> None:
        def work(connection: Connection) -> None:
            row = fenced(connection, lease)
            left = next((each for each in batches_of(connection, row.id) if each.seq == batch.seq), None)
            if left is None:
                return
            leave_batch(connection, row.id, batch.seq, ())
            tries = _lost_before(connection, row.id)
            if at_work is not None:
                tries[at_work] = tries.get(at_work, 0) + 1
            lost = [number for number in left.numbers if tries.get(number, 0) >= MOST_TRIES]
            again = [number for number in left.numbers if tries.get(number, 0) < MOST_TRIES]
            rows = [
                {"job_id": row.id, "number": number, "tries": tries.get(number, 0), "waits": 1}
                for number in again
            ]
            self._upsert(connection, slice_tries, rows)
            sliced = sliced_row(connection, row.id)
            values = {"again": sliced.again + len(again), "active": sliced.active - len(again)}
            put_counters(connection, row.id, values)
            sliced = sliced_row(connection, row.id)
            _note(connection, lease.uid, sliced, [_lost(number) for number in lost], now)
            put(connection, row.id, {})

        self._write(work)

    def _leave(
        self, connection: Connection, job_id: int, batches: Iterable[Batch], over: dict[int, SliceResult]
    ) -> None:
        for batch in batches:
            left = [number for number in batch.numbers if number not in over]
            if len(left) < len(batch.numbers):
                leave_batch(connection, job_id, batch.seq, ranges_of(left))


def _again(connection: Connection, sliced: Any, most: int) -> list[int]:
    """Those that are to be done again, as far as there are: they are in hand from now on."""
    if not sliced.again:
        return []
    values = {"id": sliced.job_id, "most": most}
    numbers = list(connection.execute(_AGAIN, values).scalars())
    connection.execute(_TAKEN_AGAIN, [{"of_job": sliced.job_id, "of_number": number} for number in numbers])
    return numbers


def _lost(number: int) -> SliceResult:
    return SliceResult(number=number, state=SliceState.FAILED, body=lost_body())


def _note(connection: Connection, uid: str, sliced: Any, results: Sequence[SliceResult], now: float) -> None:
    """Results, what they change in the counters, and what is paid for them."""
    if not results:
        return
    lost = _lost_before(connection, sliced.job_id)
    rows = [
        {
            "job_id": sliced.job_id,
            "number": result.number,
            "state": result.state.value,
            "body": storable(result.body),
            "note": storable(result.note)[:NOTE_CHARS],
            "cpu_seconds": result.cpu_seconds,
            "tries": result.tries + lost.get(result.number, 0),
        }
        for result in results
    ]
    insert_all(connection, slice_results, rows)
    over = [result.number for result in results if result.number in lost]
    if over:
        connection.execute(_OVER, [{"of_job": sliced.job_id, "of_number": number} for number in over])
    done = sum(result.state is SliceState.DONE for result in results)
    values = {
        "active": sliced.active - len(results),
        "done": sliced.done + done,
        "failed": sliced.failed + len(results) - done,
        "cpu_seconds": sliced.cpu_seconds + sum(result.cpu_seconds for result in results),
        "escrow": pay(connection, uid, sliced, done, now),
    }
    put_counters(connection, sliced.job_id, values)


def _lost_before(connection: Connection, job_id: int) -> dict[int, int]:
    """Of slices in hand whose sandbox was lost before: how often while they were at work."""
    return {number: tries for number, tries in connection.execute(_LOST, {"id": job_id})}


def _add_lines(connection: Connection, job_id: int, last: int, lines: Sequence[SliceLine]) -> None:
    rows = [
        {
            "job_id": job_id,
            "seq": seq,
            "number": line.number,
            "level": line.level,
            "text": storable(line.text),
            "at": moment(line.at),
        }
        for seq, line in enumerate(lines, last + 1)
    ]
    insert_all(connection, slice_lines, rows)
