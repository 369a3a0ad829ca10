"""Look at files without fetching them whole: is it there, how large, of what type, and its checksum when
asked.

An unreachable file is an answer here, not an error. Many files of one asset are looked at side by side,
within one budget of time. Those who look at the same file at the same moment share the look.
Source: contract sections 2.7 and 6 (probe).
"""

import hashlib
import re
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from time import monotonic

from libs.sharing.calls import SharedCalls
from services.provider.domain.file_names import media_type
from services.provider.domain.file_types import url_name
from services.provider.domain.origins import (
    ContractCall,
    ContractReadFailed,
    OriginRefused,
    OriginRequest,
    OriginUnavailable,
    Plan,
    TooManyProbes,
)
from services.provider.ports import ContractReader, OriginReply, Origins

_THREADS = 16
_MOVING_SECONDS = 0.5
_LENGTH = re.compile(r"[0-9]{1,18}")
_LAST_OF_RANGE = re.compile(r"bytes [0-9]{1,18}-([0-9]{1,18})/.*")


@dataclass(frozen=True, slots=True)
class FileDetails:
    """What could be seen of one file. `content_length` is the origin's text, or a count for contract
    calls.
    """

    valid: bool
    content_length: str | int = ""
    content_type: str = ""
    filename: str | None = None  # None: the type of file has no name at all
    checksum: str | None = None  # sha256, hex


UNREACHABLE = FileDetails(valid=False)


class Probe:
    def __init__(
        self,
        origins: Origins,
        contracts: ContractReader,
        *,
        max_checksum_bytes: int,
        budget_seconds: float = 30.0,
        at_once: int = 12,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`budget_seconds` bounds one call of any method here, checksums included; `at_once` bounds how many
        calls may be under way. It stays below the server's threads: whoever names an origin that never
        answers must not be able to stop everything else."""
        self._origins = origins
        self._contracts = contracts
        self._max_checksum_bytes = max_checksum_bytes
        self._budget_seconds = budget_seconds
        self._clock = clock
        self._admission = _Admission(at_once)
        self._glances: SharedCalls[FileDetails] = SharedCalls()
        self._threads: ThreadPoolExecutor | None = None
        self._lock = Lock()

    def one(self, plan: Plan, *, with_checksum: bool = False) -> FileDetails:
        """Never raises for anything the origin does. Raises TooManyProbes."""
        with self._admission:
            return self._details(plan, with_checksum, self._clock() + self._budget_seconds)

    def many(self, plans: Sequence[Plan], *, with_checksum: bool = False) -> list[FileDetails]:
        """In the order given. What is not known when the budget ends counts as unreachable.

        Raises TooManyProbes.
        """
        if len(plans) == 1:
            return [self.one(plans[0], with_checksum=with_checksum)]
        with self._admission:
            deadline = self._clock() + self._budget_seconds
            pending = [self._pool().submit(self._details, plan, with_checksum, deadline) for plan in plans]
            wait(pending, timeout=self._budget_seconds)
            return [_outcome(future) for future in pending]

    def _details(self, plan: Plan, with_checksum: bool, deadline: float) -> FileDetails:
        if self._clock() >= deadline:
            return UNREACHABLE
        if isinstance(plan, ContractCall):
            return self._call_details(plan, with_checksum)
        if with_checksum or plan.method != "GET":
            return self._origin_details(plan, with_checksum, deadline)
        return self._glances.value(_sent(plan), lambda: self._origin_details(plan, False, deadline))

    def _call_details(self, call: ContractCall, with_checksum: bool) -> FileDetails:
        try:
            answer = self._contracts.read(call)
        except ContractReadFailed:
            return UNREACHABLE
        checksum = hashlib.sha256(answer).hexdigest() if with_checksum else None
        return FileDetails(True, len(answer), "application/json", checksum=checksum)

    def _origin_details(self, request: OriginRequest, with_checksum: bool, deadline: float) -> FileDetails:
        try:
            reply = self._origins.open(request)
        except (OriginRefused, OriginUnavailable):
            return UNREACHABLE
        try:
            if not _is_there(reply, request):
                return UNREACHABLE
            length = _length(reply)
            checksum = self._checksum(reply, length, deadline) if with_checksum else None
        finally:
            reply.discard()
        name = url_name(reply.url) if request.shown_name is None else request.shown_name
        return FileDetails(True, length, media_type(reply.headers.get("content-type")), name, checksum)

    def _checksum(self, reply: OriginReply, length: str, deadline: float) -> str | None:
        """None when the file is too large, proves too large, breaks off or takes too long."""
        if int(length or 0) > self._max_checksum_bytes or self._max_checksum_bytes == 0:
            return None
        digest, seen = hashlib.sha256(), 0
        try:
            for piece in reply.chunks():
                seen += len(piece)
                if seen > self._max_checksum_bytes or self._clock() >= deadline:
                    return None
                digest.update(piece)
        except OriginUnavailable:
            return None
        return digest.hexdigest()

    def _pool(self) -> ThreadPoolExecutor:
        # Made at first use: a server may fork its workers after the app was built.
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="probe")
            return self._threads


class _Admission:
    """At most so many at a time. Who finds it full waits a moment while places come free, else not at all."""

    def __init__(self, places: int) -> None:
        self._places = BoundedSemaphore(places)
        self._left_at = monotonic()

    def __enter__(self) -> None:
        if self._places.acquire(blocking=False):
            return
        moving = monotonic() - self._left_at < _MOVING_SECONDS
        if not moving or not self._places.acquire(timeout=_MOVING_SECONDS / 2):
            raise TooManyProbes

    def __exit__(self, *raised: object) -> None:
        self._left_at = monotonic()
        self._places.release()


def _outcome(future: "Future[FileDetails]") -> FileDetails:
    if future.done() and not future.cancelled():
        return future.result()
    future.cancel()
    return UNREACHABLE


def _sent(request: OriginRequest) -> Hashable:
    """All that the origin gets to see, and what it is told as."""
    sent = request.url, tuple(request.headers.items()), request.body, request.content_type
    return *sent, request.shown_name


def _is_there(reply: OriginReply, request: OriginRequest) -> bool:
    """200, or 206 when the publisher's own headers ask for a range of the file."""
    if reply.status == 206:
        return any(name.lower() == "range" for name in request.headers)
    return reply.status == 200


def _length(reply: OriginReply) -> str:
    """Content-Length, else what Content-Range tells, as the text the origin wrote; "" when unknown."""
    stated = reply.headers.get("content-length", "").partition(",")[0].strip()
    if _LENGTH.fullmatch(stated):
        return stated
    in_range = _LAST_OF_RANGE.fullmatch(reply.headers.get("content-range", ""))
    return in_range[1] if in_range else ""
