"""Answers that last: events while a job goes on, within this process' places."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from flask import Response, current_app, request

from libs.web.gate import gate_of, window_of
from services.compute.dialects.native import sse
from services.compute.dialects.native.parts import NativeParts
from services.compute.dialects.native.requests import caller
from services.compute.domain.errors import FilesUnavailable, JobNotFound, StoreUnavailable
from services.compute.domain.job import Job
from services.compute.usecases.viewers import Viewer

# A stream ends then and the reader comes again with its position: who may no longer see the job is found out.
STREAM_SECONDS: Final = 300.0
# Nothing is sent to a credential that was last seen to count longer ago.
CHECK_SECONDS: Final = 1.0
Answer = TypeVar("Answer")


def following(parts: NativeParts, items: Iterable[bytes], end: Callable[[], bytes]) -> Response:
    """`items` as server-sent events, then `end()`, unless the time for one stream was over before."""
    if request.method == "HEAD":
        return Response(status=200, mimetype=sse.MEDIA_TYPE)
    give_back = parts.streams.take(caller().subject)
    guarded = _guarded(parts, items, _credential_watch())
    response = Response(_timed(parts, guarded, end, give_back), mimetype=sse.MEDIA_TYPE)
    response.call_on_close(give_back)  # also when nothing was ever read of it
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx hands each event on
    return response


def waiting(parts: NativeParts, seconds: float, ask: Callable[[], Answer]) -> Answer:
    """A long poll holds a place as well."""
    if seconds <= 0:
        return ask()
    give_back = parts.streams.take(caller().subject)
    try:
        return ask()
    finally:
        give_back()


def end_of(parts: NativeParts, job: Job) -> bytes:
    """Tells that nothing follows, and how the job ended."""
    try:
        now = parts.jobs.find(job.uid, Viewer(None))
    except JobNotFound:
        return sse.event("end", {"state": None})
    return sse.event("end", {"state": now.state.value})


def no_more() -> Response:
    """What makes a browser's EventSource stop to ask."""
    return Response(status=204)


class _NoLonger(Exception):
    """The reader's credential was revoked."""


def _credential_watch() -> Callable[[], bool]:
    window = window_of(current_app, request.endpoint or "")
    return (lambda: False) if window is None else gate_of(current_app).watch(window, "job:read")


def _guarded(parts: NativeParts, items: Iterable[bytes], still_counts: Callable[[], bool]) -> Iterator[bytes]:
    """Raises _NoLonger before the first item that the reader may not have."""
    checked_at = parts.clock.now()
    for item in items:
        if parts.clock.now() - checked_at >= CHECK_SECONDS:
            if not still_counts():
                raise _NoLonger
            checked_at = parts.clock.now()
        yield item


def _timed(
    parts: NativeParts, items: Iterable[bytes], end: Callable[[], bytes], give_back: Callable[[], None]
) -> Iterator[bytes]:
    until = parts.clock.now() + STREAM_SECONDS
    try:
        yield sse.FIRST
        for item in items:
            yield item
            if parts.clock.now() >= until:
                return
        yield end()
    except (StoreUnavailable, FilesUnavailable, _NoLonger):
        return  # the reader comes again, and is told then
    finally:
        give_back()
