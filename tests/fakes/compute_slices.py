"""The port SliceStore in memory, over the jobs of a MemoryJobStore."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from services.compute.domain.errors import (
    AccountUnknown,
    AlreadyFinished,
    FundsShort,
    JobNotFound,
    TooManySlices,
)
from services.compute.domain.ids import JobUid
from services.compute.domain.job import NewJob, Wish
from services.compute.domain.ledger import amount, cost
from services.compute.domain.reasons import Reason
from services.compute.domain.slice_forms import kept, texts_of
from services.compute.domain.slices import (
    MOST_TRIES,
    PAGE_CHARS,
    Added,
    Batch,
    Block,
    Form,
    NewSlices,
    Piece,
    SliceCounts,
    SliceLine,
    SliceResult,
    SliceState,
    Span,
    lost_body,
)
from services.compute.domain.states import State, move
from services.compute.ports.store import Change, Lease

if TYPE_CHECKING:
    from tests.fakes.compute_rows import Row
    from tests.fakes.compute_worker_store import MemoryWorkerStore

WAITS = Reason("waiting_for_slices", "It has no slices to work on.")


@dataclass(slots=True)
class Slices:
    """Of one job."""

    account: str | None
    offer: Decimal
    blocks: list[Block] = field(default_factory=list)
    next_number: int = 1
    again: set[int] = field(default_factory=set)
    batches: dict[int, Batch] = field(default_factory=dict)
    last_batch: int = 0
    lost: dict[int, int] = field(default_factory=dict)
    results: dict[int, SliceResult] = field(default_factory=dict)
    lines: list[SliceLine] = field(default_factory=list)
    is_closed: bool = False

    @property
    def total(self) -> int:
        return sum(block.count for block in self.blocks)

    @property
    def are_all_over(self) -> bool:
        return len(self.results) == self.total

    def counts(self) -> SliceCounts:
        done = sum(result.state is SliceState.DONE for result in self.results.values())
        return SliceCounts(
            total=self.total,
            distributed=self.next_number - 1,
            active=len(self.hands()),
            done=done,
            failed=len(self.results) - done,
            cpu_seconds=sum(result.cpu_seconds for result in self.results.values()),
            is_closed=self.is_closed,
        )

    def hands(self) -> set[int]:
        return {number for batch in self.batches.values() for number in batch.numbers}

    def piece(self, number: int) -> Piece:
        first = 1
        for block in self.blocks:
            if number < first + block.count:
                (text,) = texts_of(block.form, block.body, number - first, 1)
                return Piece(number, text, block.form is Form.URLS)
            first += block.count
        raise AssertionError(number)

    def take(self, result: SliceResult) -> None:
        for seq, batch in list(self.batches.items()):
            left = [number for number in batch.numbers if number != result.number]
            self.batches[seq] = replace(batch, numbers=left)
            if not left:
                del self.batches[seq]
        tries = result.tries + self.lost.pop(result.number, 0)
        self.results[result.number] = replace(result, tries=tries, note=result.note[:16])

    def as_new(self) -> NewSlices:
        return NewSlices(blocks=self.blocks, account=self.account, offer=self.offer)

    def end(self) -> None:
        self.batches.clear()
        self.again.clear()


class MemorySlices:
    def __init__(self, store: "MemoryWorkerStore", most: int) -> None:
        self._store = store
        self.most = most

    def add(self, uid: JobUid, blocks: Sequence[Block], by: str, now: float) -> Added:
        new = kept(blocks)
        with self._store._open():
            row, slices = self._of(uid)
            if row.job.is_final or row.job.wish is Wish.CANCEL or slices.is_closed:
                raise AlreadyFinished
            before, count = slices.total, sum(block.count for block in new)
            if before + count > self.most:
                raise TooManySlices(self.most)
            try:
                self._store.ledger.reserve(uid, slices.account, cost(slices.offer, count), now)
            except AccountUnknown:
                raise FundsShort(cost(slices.offer, count), Decimal(0)) from None
            slices.blocks += new
            if count and row.job.state is State.HELD:
                self._let_go(row)
                row.wake_at = None
                self._store._move(row, State.QUEUED, _for_place(row), by, now)
            return Added(before + 1, before + count, before + count)

    def close(self, uid: JobUid, by: str, now: float) -> SliceCounts:
        with self._store._open():
            row, slices = self._of(uid)
            if not row.job.is_final and not slices.is_closed:
                slices.is_closed = True
                if row.job.state is State.HELD and slices.are_all_over:
                    self._let_go(row)
                    row.wake_at, row.dead_at = None, None
                    self._store._move(row, State.SUCCEEDED, None, by, now)
                    row.job = replace(row.job, expires_at=now + self._store._kept(row))
            return slices.counts()

    def counts(self, ids: Collection[int]) -> Mapping[int, SliceCounts]:
        with self._store._open():
            found = {number: self._book(number) for number in ids}
            return {number: slices.counts() for number, slices in found.items() if slices is not None}

    def results(self, job_id: int, spans: Sequence[Span], after: int, limit: int) -> Sequence[SliceResult]:
        with self._store._open():
            slices = self._book(job_id)
            over = {} if slices is None else slices.results
            numbers = sorted(number for number in over if number > after and _lies_in(number, spans))
            found: list[SliceResult] = []
            chars = 0
            for number in numbers[:limit]:
                found.append(over[number])
                chars += len(over[number].body)
                if chars >= PAGE_CHARS:
                    break
            return found

    def unfinished(self, job_id: int, spans: Sequence[Span]) -> int:
        with self._store._open():
            slices = self._book(job_id)
            if slices is None:
                return 0
            numbers = range(1, slices.total + 1)
            return sum(number not in slices.results and _lies_in(number, spans) for number in numbers)

    def lines(self, job_id: int, after: int, limit: int) -> Sequence[tuple[int, SliceLine]]:
        with self._store._open():
            slices = self._book(job_id)
            lines = [] if slices is None else slices.lines
            return [(seq, line) for seq, line in enumerate(lines, 1) if seq > after][:limit]

    # -- for workers --------------------------------------------------------------------------------
    def hand_out(
        self, lease: Lease, lane: int, most: int, now: float
    ) -> tuple[Batch, Sequence[Piece]] | None:
        with self._store._open():
            row = self._store._fenced(lease)
            slices = row.slices
            if slices is None or row.job.wish is Wish.CANCEL or row.job.is_final:
                return None
            fresh = list(range(slices.next_number, slices.total + 1))
            again = sorted(slices.again)[: max(most, 0)]
            fresh = fresh[: max(most - len(again), 0)]
            numbers = [*again, *fresh]
            if not numbers:
                return None
            slices.again -= set(again)
            slices.next_number += len(fresh)
            slices.last_batch += 1
            batch = Batch(seq=slices.last_batch, attempt=row.job.attempt, lane=lane, numbers=numbers)
            slices.batches[batch.seq] = batch
            return batch, [slices.piece(number) for number in numbers]

    def in_hand(self, lease: Lease) -> Sequence[Batch]:
        with self._store._open():
            slices = self._store._fenced(lease).slices
            return [] if slices is None else list(slices.batches.values())

    def take_in(
        self, lease: Lease, results: Sequence[SliceResult], lines: Sequence[SliceLine], now: float
    ) -> int:
        with self._store._open():
            slices = self._store._fenced(lease).slices
            if slices is None:
                return 0
            hands = slices.hands()
            slices.lines += [line for line in lines if line.number in hands]
            news = [result for result in reversed(results) if result.number in hands]
            first = {result.number: result for result in news}
            for result in first.values():
                slices.take(result)
            done = sum(result.state is SliceState.DONE for result in first.values())
            self._store.ledger.pay(lease.uid, cost(slices.offer, done), now)
            return len(first)

    def give_back(self, lease: Lease, batch: Batch, at_work: int | None, now: float) -> None:
        with self._store._open():
            slices = self._store._fenced(lease).slices
            left = None if slices is None else slices.batches.get(batch.seq)
            if slices is None or left is None:
                return
            if at_work in left.numbers:
                slices.lost[at_work] = slices.lost.get(at_work, 0) + 1
                if slices.lost[at_work] == MOST_TRIES:
                    slices.lost[at_work] -= 1
                    lost = SliceResult(number=at_work, state=SliceState.FAILED, body=lost_body())
                    slices.take(lost)
            slices.again |= {number for number in left.numbers if number not in slices.results}
            slices.batches.pop(batch.seq, None)

    # -- inside -------------------------------------------------------------------------------------
    def _of(self, uid: JobUid) -> "tuple[Row, Slices]":
        row = self._store._row(uid)
        if row.slices is None:
            raise JobNotFound
        return row, row.slices

    def _book(self, number: int) -> Slices | None:
        row = self._store._rows.get(number)
        return None if row is None else row.slices

    def _let_go(self, row: "Row") -> None:
        if row.lease is not None:
            row.lease = None
            row.fence += 1


def prepared(new: NewJob, most: int) -> NewJob:
    """As a sliced job is kept."""
    if new.spec.slices is None:
        if new.slices is not None:
            raise ValueError("slices of a job that is not sliced")
        return new
    slices = new.slices or NewSlices()
    blocks = kept(slices.blocks)
    if sum(block.count for block in blocks) > most:
        raise TooManySlices(most)
    return replace(new, slices=replace(slices, blocks=blocks, offer=amount(slices.offer)))


def slices_of(new: NewJob) -> Slices | None:
    if new.slices is None:
        return None
    return Slices(new.slices.account, new.slices.offer, list(new.slices.blocks))


def instead_of_waiting(row: "Row", change: Change) -> Change:
    """What becomes of a move to HELD."""
    slices = row.slices
    if change.to is not State.HELD or slices is None:
        return change
    move(row.job.state, State.HELD)
    if row.job.wish is Wish.CANCEL:
        return replace(change, to=State.CANCELLED, reason=None, wake_at=None)
    if not slices.are_all_over:
        return replace(change, to=State.QUEUED, reason=_for_place(row), wake_at=None)
    if slices.is_closed:
        return replace(change, to=State.SUCCEEDED, reason=None, wake_at=None)
    return replace(change, reason=change.reason or WAITS)


def _for_place(row: "Row") -> Reason:
    return Reason("waiting_for_place", f"It waits for a free place in {row.environment}.")


def _lies_in(number: int, spans: Sequence[Span]) -> bool:
    return not spans or any(
        span.first <= number and (span.last is None or number <= span.last) for span in spans
    )
