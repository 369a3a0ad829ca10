"""A job watched while it runs: its events and its logs, from any position, until it has ended.

Each item carries where to go on, so that a connection that broke resumes without a gap. The store and the log
files are asked again and again: whoever writes them is another process.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.compute.domain.errors import JobNotFound, OutputNotFound
from services.compute.domain.ids import JobUid
from services.compute.domain.job import Event, Job
from services.compute.ports import Clock
from services.compute.ports.files import Logs
from services.compute.ports.store import JobStore

PIECE_BYTES: Final = 16 * 1024  # an event's worth: a poor connection gets on all the same
LOOK_SECONDS: Final = 0.1  # between two looks at a log
ASK_SECONDS: Final = 0.5  # between two questions to the store
BEAT_SECONDS: Final = 10.0  # an item at least so often, so that a caller who went away is noticed


@dataclass(frozen=True, slots=True)
class Piece:
    """Of a log: `data` and the offset after it. Empty: nothing new."""

    data: bytes
    end: int


class Follow:
    """Whose the job is, is asked before. The generators end with the job, when it is gone, and never else."""

    def __init__(
        self, store: JobStore, logs: Logs, clock: Clock, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._store = store
        self._logs = logs
        self._clock = clock
        self._pause = pause

    def events(self, uid: JobUid, after: int = 0) -> Iterator[Sequence[Event]]:
        """Those later than number `after`, as they come; an empty batch now and then."""
        beat = self._clock.now()
        while True:
            job = self._job(uid)
            new = self._store.events(uid, after)
            if new:
                after = new[-1].seq
                yield new
                beat = self._clock.now()
                continue
            if job is None or job.is_final:
                return
            if self._clock.now() - beat >= BEAT_SECONDS:
                yield ()
                beat = self._clock.now()
            self._pause(ASK_SECONDS)

    def wait_events(self, uid: JobUid, after: int, seconds: float) -> Sequence[Event]:
        """What is later than `after`, as soon as there is some; nothing when time is up or the job ended."""
        until = self._clock.now() + seconds
        while True:
            job = self._job(uid)
            new = self._store.events(uid, after)
            if new or job is None or job.is_final or self._clock.now() >= until:
                return new
            self._pause(min(ASK_SECONDS, max(0.0, until - self._clock.now())))

    def has_events(self, uid: JobUid, after: int) -> bool:
        return bool(self._store.events(uid, after, 1))

    def log(self, uid: JobUid, attempt: int, stream: str, start: int = 0) -> Iterator[Piece]:
        """From byte `start` until nothing will be added; an empty piece now and then."""
        beat = self._clock.now()
        watch = _Watch(self, uid, attempt)
        while True:
            ended = watch.has_ended()  # asked before reading: what was written until then is read
            data = self._read(uid, attempt, stream, start)
            if data:
                start += len(data)
                yield Piece(data, start)
                beat = self._clock.now()
                continue
            if ended:
                return
            if self._clock.now() - beat >= BEAT_SECONDS:
                yield Piece(b"", start)
                beat = self._clock.now()
            self._pause(LOOK_SECONDS)

    def wait_log(
        self, uid: JobUid, attempt: int, stream: str, start: int, seconds: float
    ) -> tuple[Piece, bool]:
        """What is there from `start`, as soon as there is some, and whether nothing more will come."""
        until = self._clock.now() + seconds
        watch = _Watch(self, uid, attempt)
        while True:
            ended = watch.has_ended()
            data = self._read(uid, attempt, stream, start)
            if data or ended or self._clock.now() >= until:
                end = start + len(data)
                return Piece(data, end), ended and end >= self._size(uid, attempt, stream)
            self._pause(min(LOOK_SECONDS, max(0.0, until - self._clock.now())))

    def _read(self, uid: JobUid, attempt: int, stream: str, start: int) -> bytes:
        try:
            return self._logs.read(uid, attempt, stream, start, PIECE_BYTES)
        except OutputNotFound:
            return b""  # not begun yet, or never written

    def _size(self, uid: JobUid, attempt: int, stream: str) -> int:
        try:
            return self._logs.size(uid, attempt, stream)
        except OutputNotFound:
            return 0

    def _job(self, uid: JobUid) -> Job | None:
        try:
            return self._store.find(uid, None)
        except JobNotFound:
            return None  # removed meanwhile: its time was over


class _Watch:
    """Whether an attempt's logs are whole; asks the store seldom."""

    def __init__(self, follow: Follow, uid: JobUid, attempt: int) -> None:
        self._follow = follow
        self._uid = uid
        self._attempt = attempt
        self._asked_at: float | None = None
        self._ended = False

    def has_ended(self) -> bool:
        now = self._follow._clock.now()
        if not self._ended and (self._asked_at is None or now - self._asked_at >= ASK_SECONDS):
            self._asked_at = now
            job = self._follow._job(self._uid)
            self._ended = job is None or job.is_final or job.attempt > self._attempt
        return self._ended
