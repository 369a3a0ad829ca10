"""The slices of one job as rows: its counters, its blocks, what is in hand. Whoever changes them holds the
job's row.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, select, update

from services.compute.adapters.store_sql.slice_tables import (
    slice_batches,
    slice_blocks,
    slice_tries,
    sliced_jobs,
)
from services.compute.adapters.store_sql.work import insert_all
from services.compute.domain.slice_forms import texts_of
from services.compute.domain.slices import Batch, Block, Form, Piece, SliceCounts
from services.compute.domain.spans import Range, numbers_of

_S, _B, _H, _T = sliced_jobs.c, slice_blocks.c, slice_batches.c, slice_tries.c
COUNTED: Final = (
    _S.job_id, _S.total, _S.next_number, _S.active, _S.done, _S.failed, _S.cpu_seconds, _S.closed_at,
)  # fmt: skip
_ROW: Final = select(sliced_jobs).where(_S.job_id == bindparam("id"))
_SET: Final = update(sliced_jobs).where(_S.job_id == bindparam("counted"))
_FIRST: Final = (
    select(func.max(_B.first)).where(_B.job_id == bindparam("id"), _B.first <= bindparam("start"))
).scalar_subquery()
_BLOCKS: Final = (
    select(_B.first, _B.count, _B.form, _B.body)
    .where(_B.job_id == bindparam("id"), _B.first >= _FIRST, _B.first <= bindparam("end"))
    .order_by(_B.first)
)
_ALL_BLOCKS: Final = select(_B.form, _B.count, _B.body).where(_B.job_id == bindparam("id")).order_by(_B.first)
_BATCHES: Final = (
    select(_H.seq, _H.attempt, _H.lane, _H.numbers).where(_H.job_id == bindparam("id")).order_by(_H.seq)
)
_BATCH_LEFT: Final = (
    update(slice_batches)
    .where(_H.job_id == bindparam("of_job"), _H.seq == bindparam("of_seq"))
    .values(numbers=bindparam("left"))
)
_BATCH_OVER: Final = delete(slice_batches).where(
    _H.job_id == bindparam("of_job"), _H.seq == bindparam("of_seq")
)
_NO_BATCHES: Final = delete(slice_batches).where(_H.job_id == bindparam("of_job"))
_NO_TRIES: Final = delete(slice_tries).where(_T.job_id == bindparam("of_job"))


def sliced_row(connection: Connection, job_id: int) -> Any:
    """Of sliced_jobs; None of a job that has no slices."""
    return connection.execute(_ROW, {"id": job_id}).first()


def put_counters(connection: Connection, job_id: int, values: dict[str, Any]) -> None:
    connection.execute(_SET, {**values, "counted": job_id})


def counts_of(row: Any) -> SliceCounts:
    """From COUNTED, by name."""
    return SliceCounts(
        total=row.total,
        distributed=row.next_number - 1,
        active=row.active,
        done=row.done,
        failed=row.failed,
        cpu_seconds=row.cpu_seconds,
        is_closed=row.closed_at is not None,
    )


# -- blocks -----------------------------------------------------------------------------------------
def add_blocks(connection: Connection, job_id: int, first: int, blocks: Iterable[Block]) -> None:
    """`first`: the number of the first of these slices."""
    rows = []
    for block in blocks:
        row = {"job_id": job_id, "first": first, "count": block.count}
        rows.append({**row, "form": block.form.value, "body": block.body})
        first += block.count
    insert_all(connection, slice_blocks, rows)


def all_blocks(connection: Connection, job_id: int) -> list[Block]:
    return [
        Block(Form(form), count, body)
        for form, count, body in connection.execute(_ALL_BLOCKS, {"id": job_id})
    ]


def pieces_of(connection: Connection, job_id: int, ranges: Sequence[Range]) -> list[Piece]:
    """Of slices that exist."""
    found: list[Piece] = []
    for start, end in ranges:
        for row in connection.execute(_BLOCKS, {"id": job_id, "start": start, "end": end}):
            low, high = max(start, row.first), min(end, row.first + row.count - 1)
            form = Form(row.form)
            texts = texts_of(form, row.body, low - row.first, high - low + 1)
            found += [Piece(number, text, form is Form.URLS) for number, text in enumerate(texts, low)]
    return found


# -- what is in hand --------------------------------------------------------------------------------
def add_batch(connection: Connection, job_id: int, batch: Batch, ranges: Sequence[Range]) -> None:
    row = {"job_id": job_id, "seq": batch.seq, "attempt": batch.attempt, "lane": batch.lane}
    insert_all(connection, slice_batches, [{**row, "numbers": _text(ranges)}])


def batches_of(connection: Connection, job_id: int) -> list[Batch]:
    return [
        Batch(seq=seq, attempt=attempt, lane=lane, numbers=numbers_of(json.loads(numbers)))
        for seq, attempt, lane, numbers in connection.execute(_BATCHES, {"id": job_id})
    ]


def leave_batch(connection: Connection, job_id: int, seq: int, left: Sequence[Range]) -> None:
    """In hand of it are these still."""
    values: dict[str, Any] = {"of_job": job_id, "of_seq": seq}
    if left:
        connection.execute(_BATCH_LEFT, {**values, "left": _text(left)})
    else:
        connection.execute(_BATCH_OVER, values)


def leave_all(connection: Connection, job_id: int) -> None:
    """Of a job that ends: nothing is in hand or to be done again."""
    for statement in (_NO_BATCHES, _NO_TRIES):
        connection.execute(statement, {"of_job": job_id})


def _text(ranges: Sequence[Range]) -> str:
    return json.dumps(ranges, separators=(",", ":"))
