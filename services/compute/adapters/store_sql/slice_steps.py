"""Where sliced jobs differ from others as they begin, wait, end and begin again, and what they then pay."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection

from services.compute.adapters.store_sql.booking import book, give, take
from services.compute.adapters.store_sql.slice_rows import (
    add_blocks,
    all_blocks,
    leave_all,
    put_counters,
    sliced_row,
)
from services.compute.adapters.store_sql.slice_tables import sliced_jobs
from services.compute.adapters.store_sql.work import insert_all
from services.compute.domain.errors import TooManySlices
from services.compute.domain.job import Job, NewJob, Wish
from services.compute.domain.ledger import EXACT, FEES, NOTHING, Entry, amount, amount_text, cost
from services.compute.domain.reasons import Reason
from services.compute.domain.slice_forms import kept
from services.compute.domain.slices import Block, NewSlices
from services.compute.domain.states import State, move
from services.compute.ports.store import Change

WAITS: Final = Reason("waiting_for_slices", "It has no slices to work on.")


# -- the beginning ----------------------------------------------------------------------------------
def prepared(new: NewJob, most: int) -> NewJob:
    """With its slices as they are kept. Raises TooManySlices, and ValueError for what nobody may hand in."""
    if new.spec.slices is None:
        if new.slices is not None:
            raise ValueError("slices of a job that is not sliced")
        return new
    slices = new.slices or NewSlices()
    blocks = kept(slices.blocks)
    if size_of(blocks) > most:
        raise TooManySlices(most)
    return replace(new, slices=replace(slices, blocks=blocks, offer=amount(slices.offer)))


def waits(new: NewJob) -> bool:
    """It begins as HELD."""
    return new.spec.slices is not None and (new.slices is None or not size_of(new.slices.blocks))


def size_of(blocks: Sequence[Block]) -> int:
    return sum(block.count for block in blocks)


def begin_slices(connection: Connection, job_id: int, uid: str, new: NewJob, now: float) -> None:
    """Raises AccountUnknown, FundsShort."""
    if new.spec.slices is None:
        return
    slices = new.slices or NewSlices()
    total = size_of(slices.blocks)
    price = cost(slices.offer, total)
    row = {
        "job_id": job_id,
        "total": total,
        "next_number": 1,
        **dict.fromkeys(("again", "active", "done", "failed", "last_batch", "last_line"), 0),
        "cpu_seconds": 0.0,
        "closed_at": None,
        "account": slices.account,
        "offer": amount_text(slices.offer),
        "escrow": reserve(connection, uid, slices.account, price, now),
    }
    insert_all(connection, sliced_jobs, [row])
    add_blocks(connection, job_id, 1, slices.blocks)


def slices_again(connection: Connection, job_id: int) -> NewSlices | None:
    """What an ended job had to work on, all of it, for a new one."""
    row = sliced_row(connection, job_id)
    if row is None:
        return None
    return NewSlices(blocks=all_blocks(connection, job_id), account=row.account, offer=Decimal(row.offer))


def close_again(connection: Connection, from_id: int, to_id: int) -> None:
    """A job that begins again is as closed as it was."""
    row = sliced_row(connection, from_id)
    if row is not None and row.closed_at is not None:
        put_counters(connection, to_id, {"closed_at": row.closed_at})


# -- on the way -------------------------------------------------------------------------------------
def instead_of_waiting(connection: Connection, row: Any, change: Change) -> Change:
    """A worker that saw no slices does not know what came since: whether the job really waits is decided
    here, under its lock. Raises IllegalMove.
    """
    if change.to is not State.HELD:
        return change
    move(State(row.state), State.HELD)
    sliced = sliced_row(connection, row.id)
    if sliced is None:
        return change
    if row.wish == Wish.CANCEL.value:
        return replace(change, to=State.CANCELLED, reason=None, wake_at=None)
    if sliced.done + sliced.failed < sliced.total:
        return replace(change, to=State.QUEUED, reason=for_place(row.environment), wake_at=None)
    if sliced.closed_at is not None:
        return replace(change, to=State.SUCCEEDED, reason=None, wake_at=None)
    return replace(change, reason=change.reason or WAITS)


def for_place(environment: str) -> Reason:
    return Reason("waiting_for_place", f"It waits for a free place in {environment}.")


# -- the end ----------------------------------------------------------------------------------------
def end_slices(connection: Connection, job: Job, now: float) -> None:
    """Nothing is in hand any more, and what was not paid goes back."""
    row = sliced_row(connection, job.id)
    if row is None:
        return
    leave_all(connection, job.id)
    left = Decimal(row.escrow)
    put_counters(connection, job.id, {"active": 0, "again": row.again + row.active, "escrow": "0"})
    if left > NOTHING:
        give(connection, row.account, left)
        book(
            connection,
            Entry(at=now, debit=job.uid, credit=row.account, amount=left, kind="refund", job=job.uid),
        )


# -- money ------------------------------------------------------------------------------------------
def reserve(
    connection: Connection, uid: str, account: str | None, price: Decimal, now: float, held: str = "0"
) -> str:
    """What the job's escrow holds then, as it is kept. Raises AccountUnknown, FundsShort."""
    if price == NOTHING:
        return held
    take(connection, account or "", price)
    book(connection, Entry(at=now, debit=account or "", credit=uid, amount=price, kind="escrow", job=uid))
    return amount_text(EXACT.add(Decimal(held), price))


def pay(connection: Connection, uid: str, row: Any, done: int, now: float) -> str:
    """For so many slices; what the escrow holds then."""
    price = cost(Decimal(row.offer), done)
    book(connection, Entry(at=now, debit=uid, credit=FEES, amount=price, kind="payment", job=uid))
    return amount_text(EXACT.subtract(Decimal(row.escrow), price))
