"""`/jobs/<job>/events`: what happened to a job, as a list, by long poll, or as it happens."""

from collections.abc import Iterator

from flask import Blueprint, Response

from libs.web.gate import needs
from services.compute.dialects.native import sse
from services.compute.dialects.native.answers import answer
from services.compute.dialects.native.following import end_of, following, no_more, waiting
from services.compute.dialects.native.parts import NativeParts
from services.compute.dialects.native.requests import Query, last_event_id, viewer, wants_events
from services.compute.dialects.native.views import event_view
from services.compute.domain.job import Job


def add(room: Blueprint, parts: NativeParts) -> None:
    @room.get("/jobs/<ref>/events")
    @needs("job:read")
    def show_events(ref: str) -> Response:
        query = Query("after", "wait")
        after, seconds = query.number("after") or 0, query.wait()
        job = parts.jobs.find(ref, viewer())
        if wants_events():
            return _stream(parts, job, after)
        found = waiting(parts, seconds, lambda: parts.follow.wait_events(job.uid, after, seconds))
        last = found[-1].seq if found else after
        ended = parts.jobs.find(job.uid, viewer()).is_final and not parts.follow.has_events(job.uid, last)
        return answer({"events": [event_view(event) for event in found], "next": last, "ended": ended})


def _stream(parts: NativeParts, job: Job, after: int) -> Response:
    seen = last_event_id()
    if seen is not None:
        after = seen
        if job.is_final and not parts.follow.has_events(job.uid, after):
            return no_more()
    return following(parts, _items(parts, job, after), lambda: end_of(parts, job))


def _items(parts: NativeParts, job: Job, after: int) -> Iterator[bytes]:
    for batch in parts.follow.events(job.uid, after):
        if not batch:
            yield sse.BEAT
        for event in batch:
            yield sse.event("state", event_view(event), event.seq)
