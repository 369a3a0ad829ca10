"""`/jobs/<job>/logs`: a stream as it stands, parts of it, by long poll, or as it is written.

`stream` is one of `/jobs/<job>/streams`, `attempt` counts from 1; without them: the main stream of the last
attempt. `offset` (with `wait`) asks for what follows that byte.
"""

from dataclasses import dataclass

from flask import Blueprint, Response

from libs.web.byte_answers import attached, file_answer
from libs.web.gate import needs
from services.compute.dialects.native import sse
from services.compute.dialects.native.answers import answer
from services.compute.dialects.native.following import end_of, following, no_more, waiting
from services.compute.dialects.native.parts import NativeParts
from services.compute.dialects.native.requests import LARGEST, Query, last_event_id, viewer, wants_events
from services.compute.domain.job import Job
from services.compute.usecases.job_logs import main_stream

MEDIA_TYPE = "text/plain; charset=utf-8"
MOST_ATTEMPTS = 999_999


@dataclass(frozen=True, slots=True)
class _Asked:
    job: Job
    attempt: int
    stream: str


def add(room: Blueprint, parts: NativeParts) -> None:
    @room.get("/jobs/<ref>/streams")
    @needs("job:read")
    def list_streams(ref: str) -> Response:
        query = Query("attempt")
        job = parts.jobs.find(ref, viewer())
        attempt = query.number("attempt", 1, MOST_ATTEMPTS) or max(job.attempt, 1)
        found = [{"stream": name, "size": size} for name, size in parts.logs.sizes(job, attempt)]
        return answer({"attempt": attempt, "main": main_stream(job.spec), "streams": found})

    @room.get("/jobs/<ref>/logs")
    @needs("job:read")
    def show_log(ref: str) -> Response:
        query = Query("stream", "attempt", "offset", "wait")
        job = parts.jobs.find(ref, viewer())
        attempt = query.number("attempt", 1, MOST_ATTEMPTS) or max(job.attempt, 1)
        asked = _Asked(job, attempt, query.text("stream") or main_stream(job.spec))
        size = parts.logs.size(job, attempt, asked.stream)
        offset = query.number("offset", 0, LARGEST)
        if wants_events():
            return _stream(parts, asked, offset or 0, size)
        if offset is not None or query.text("wait") is not None:
            return _poll(parts, asked, offset or 0, query.wait())
        shown = file_answer(
            lambda start, length: parts.logs.open(job, attempt, asked.stream, start, length), size, MEDIA_TYPE
        )
        return attached(shown, f"{job.uid}.{asked.stream}.log")


def _stream(parts: NativeParts, asked: _Asked, offset: int, size: int) -> Response:
    seen = last_event_id()
    if seen is not None:
        offset = seen
        if asked.job.is_final and offset >= size:
            return no_more()
    pieces = parts.follow.log(asked.job.uid, asked.attempt, asked.stream, offset)
    return following(parts, sse.log_events(pieces, offset), lambda: end_of(parts, asked.job))


def _poll(parts: NativeParts, asked: _Asked, offset: int, seconds: float) -> Response:
    """`X-Next-Offset` is where to go on; `X-Complete` is true when nothing will follow."""
    piece, is_whole = waiting(
        parts,
        seconds,
        lambda: parts.follow.wait_log(asked.job.uid, asked.attempt, asked.stream, offset, seconds),
    )
    response = Response(piece.data, content_type=MEDIA_TYPE)
    response.headers["X-Next-Offset"] = str(piece.end)
    response.headers["X-Complete"] = "true" if is_whole else "false"
    response.headers["Cache-Control"] = "no-store"
    return attached(response, f"{asked.job.uid}.{asked.stream}.log")
