"""Slices of sliced jobs: added and read by windows, handed out and taken in by the worker that holds the job.

A sliced job is submitted with JobStore.submit (NewJob.slices), HELD when it has none yet. Every method is
one transaction, and counters move with results: who sees `done` = 10 gets ten values. What a worker writes
is void (FencedOff) once another holds the job. All raise StoreUnavailable.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from services.compute.domain.ids import JobUid
from services.compute.domain.slices import (
    Added,
    Batch,
    Block,
    Piece,
    SliceCounts,
    SliceLine,
    SliceResult,
    Span,
)
from services.compute.ports.store import Lease


class SliceStore(Protocol):
    # -- for the windows ----------------------------------------------------------------------------
    def add(self, uid: JobUid, blocks: Sequence[Block], by: str, now: float) -> Added:
        """Append them all, in order, or none: calls at the same time never interleave. What they cost moves
        to the job's escrow; a job that waited for slices is queued again, with `by` in its event.

        Raises JobNotFound, AlreadyFinished (ended, closed or about to be cancelled), FundsShort (of an
        account that was revoked too), TooManySlices; ValueError for a block that does not hold as many as it
        says.
        """

    def close(self, uid: JobUid, by: str, now: float) -> SliceCounts:
        """No more slices; twice is once. A job that has nothing left to do and waits is ended here and now,
        as SUCCEEDED. Raises JobNotFound.
        """

    def counts(self, ids: Collection[int]) -> Mapping[int, SliceCounts]:
        """By job id; jobs that are not sliced are left out."""

    def results(self, job_id: int, spans: Sequence[Span], after: int, limit: int) -> Sequence[SliceResult]:
        """Those that are over and lie in one of the spans (none: all), rising, above `after` only. Less than
        `limit` where there are no more, or where their bodies have PAGE_CHARS.
        """

    def unfinished(self, job_id: int, spans: Sequence[Span]) -> int:
        """How many existing slices of the spans are not over."""

    def lines(self, job_id: int, after: int, limit: int) -> Sequence[tuple[int, SliceLine]]:
        """What the functions said, each with its place (counts up in the job), those above `after`."""

    # -- for workers --------------------------------------------------------------------------------
    def hand_out(
        self, lease: Lease, lane: int, most: int, now: float
    ) -> tuple[Batch, Sequence[Piece]] | None:
        """Up to `most` slices for instance `lane` of the current attempt: those that are to be done again
        first, then the next in the row. None when none waits, or the job is not wanted any more. Raises
        FencedOff.
        """

    def in_hand(self, lease: Lease) -> Sequence[Batch]:
        """Of this and earlier attempts, as handed out; numbers whose results were taken in are left out.
        Raises FencedOff.
        """

    def take_in(
        self, lease: Lease, results: Sequence[SliceResult], lines: Sequence[SliceLine], now: float
    ) -> int:
        """Note results and lines of slices that are in hand; others (over already, never handed out) are
        passed over. Each slice done is paid for. How many results were news. Raises FencedOff.
        """

    def give_back(self, lease: Lease, batch: Batch, at_work: int | None, now: float) -> None:
        """The instance that had it is gone. What has no result is to be done again; the slice it was at
        counts a try, and fails with EWORKERLOST after MOST_TRIES. Twice is once. Raises FencedOff.
        """
