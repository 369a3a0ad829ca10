"""What one instance of a sliced job has in hand, and what came back of it so far."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from services.compute.domain.slices import Batch, Piece, SliceResult
from services.compute.slicework.protocol import MOST_LINE, Begun, End, Over, batch_of, failure, told
from services.compute.worker import meters
from services.compute.worker.exchange import Exchange

FIRST_SLICES: Final = 8
MOST_SLICES: Final = 1000
MOST_BYTES: Final = 1 << 20  # of the data of one batch, about
BATCH_SECONDS: Final = 1.0  # of work, aimed at
GROWTH: Final = 4  # at most, from one batch to the next
AHEAD: Final = 3  # batches in hand: the instance never waits for the next
MOST_FETCHED: Final = 16  # slices of a batch whose data is to be fetched
_CHUNK: Final = 4 << 20
_CHUNKS: Final = 8  # of one batch at a time

Fetched = Piece | SliceResult


@dataclass(slots=True)
class InHand:
    """`left`: numbers whose results are not noted; `heard`: of which there is one. `fetches`: data that is to
    come before the instance gets the batch.
    """

    batch: Batch
    left: set[int]
    heard: set[int] = field(default_factory=set)
    fetches: list[Future[Fetched]] = field(default_factory=list)
    offset: int = 0
    rest: bytes = b""
    at_work: int | None = None
    is_ended: bool = False


class SliceLane:
    """Instance `index`. Used by one thread at a time."""

    def __init__(self, index: int, exchange: Exchange, *, is_careful: bool = False) -> None:
        self.index = index
        self.exchange = exchange
        self.batches: dict[int, InHand] = {}
        self.malformed = 0  # lines
        self._size = 1 if is_careful else FIRST_SLICES
        self._is_careful = is_careful
        self._piece_bytes = 1.0  # of the last batch, in the middle
        self._fetches = False
        self._freed_at = time.monotonic()

    @property
    def wants(self) -> int:
        """How many slices it should get now."""
        if len(self.batches) >= (1 if self._is_careful else AHEAD):
            return 0
        return max(1, min(self._size, int(MOST_BYTES / self._piece_bytes)))

    def take(self, batch: Batch, pieces: Sequence[Piece]) -> None:
        """A fresh batch. Raises OSError."""
        self.batches[batch.seq] = InHand(batch, set(batch.numbers))
        if not self.batches.keys() - {batch.seq}:
            self._freed_at = time.monotonic()
        self.send(batch.seq, pieces)

    def await_data(self, batch: Batch, fetches: Sequence[Future[Fetched]]) -> None:
        """A fresh batch of which data is still to come."""
        self.batches[batch.seq] = InHand(batch, set(batch.numbers), fetches=list(fetches))
        self._fetches = True

    def send(self, seq: int, pieces: Sequence[Piece]) -> None:
        """Raises OSError."""
        content = batch_of(pieces)
        self._piece_bytes = max(1.0, len(content) / max(1, len(pieces)))
        self.exchange.put(seq, content)

    def inherit(self, batch: Batch) -> None:
        """A batch that it got from another worker: what came back is read from its beginning."""
        self.batches[batch.seq] = InHand(batch, set(batch.numbers))

    def start_again(self) -> None:
        """Its sandbox is gone. The next ones get few slices at first: which one a sandbox is lost at is known
        for certain only when it was alone there.
        """
        self.batches.clear()
        self._is_careful, self._size = True, 1

    def read(self) -> Iterator[Over]:
        """What came back since; each slice once, of those that are left. Raises OSError."""
        for hand in list(self.batches.values()):
            if hand.fetches:
                yield from self._fetched(hand)
            else:
                yield from self._read(hand)

    def over(self, numbers: set[int]) -> None:
        """Their results are noted. Raises OSError."""
        for seq, hand in list(self.batches.items()):
            hand.left -= numbers
            if not hand.left:
                del self.batches[seq]
                self.exchange.drop(seq)
                self._pace(len(hand.batch.numbers))

    def suspect(self, hand: InHand) -> int | None:
        """The slice that was at work when the sandbox ended."""
        if hand.at_work in hand.left:
            return hand.at_work
        started = next((each for each in self.batches.values() if not each.is_ended), None)
        is_first = started is hand and not hand.fetches
        return (
            next((number for number in hand.batch.numbers if number in hand.left), None) if is_first else None
        )

    def _read(self, hand: InHand) -> Iterator[Over]:
        for _ in range(_CHUNKS):
            if hand.is_ended:
                break
            chunk = self.exchange.read(hand.batch.seq, hand.offset, _CHUNK)
            if not chunk:
                return
            hand.offset += len(chunk)
            *lines, hand.rest = (hand.rest + chunk).split(b"\n")
            for line in lines:
                yield from self._heard(hand, line)
            if len(hand.rest) > MOST_LINE:  # what comes behind it belongs to it
                hand.rest = b"!"
        if hand.is_ended:
            yield from self._missing(hand)

    def _heard(self, hand: InHand, line: bytes) -> Iterator[Over]:
        said = told(line) if len(line) <= MOST_LINE else None
        match said:
            case None:
                self.malformed += 1
                meters.SLICE_LINES_REFUSED.inc()
            case Begun(number):
                hand.at_work = number
            case End():
                hand.is_ended = True
            case Over(result, _) if result.number in hand.left and result.number not in hand.heard:
                hand.heard.add(result.number)
                yield said

    def _missing(self, hand: InHand) -> Iterator[Over]:
        """The instance is done with the batch, and what it said of these could not be read."""
        for number in sorted(hand.left - hand.heard):
            hand.heard.add(number)
            yield Over(failure(number, "EUNSERIALIZABLE", "What it gave could not be read."), ())

    def _fetched(self, hand: InHand) -> Iterator[Over]:
        if not all(fetch.done() for fetch in hand.fetches):
            return
        found = [fetch.result() for fetch in hand.fetches]
        hand.fetches = []
        pieces = [each for each in found if isinstance(each, Piece)]
        if pieces:
            self.send(hand.batch.seq, pieces)
        for each in found:
            if isinstance(each, SliceResult):
                hand.heard.add(each.number)
                yield Over(each, ())

    def _pace(self, count: int) -> None:
        """Of a batch that is over: the next ones take about the time that is aimed at."""
        now = time.monotonic()
        seconds = max(1e-3, now - self._freed_at)
        self._freed_at = now
        aimed = int(count * BATCH_SECONDS / seconds)
        if self._is_careful:
            self._size *= 2
            self._is_careful = self._size < FIRST_SLICES
            return
        most = MOST_FETCHED if self._fetches else MOST_SLICES
        self._size = max(1, min(most, aimed, max(count, self._size) * GROWTH))
