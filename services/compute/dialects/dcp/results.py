"""`/job/{id}/result`, one slice of it, and waiting for it (contract 5.3)."""

import re
from hashlib import sha256
from typing import Final

from flask import Blueprint, Response, request

from libs.web.byte_answers import tags
from libs.web.gate import needs
from libs.web.params import BadParams
from services.compute.dialects.dcp import views
from services.compute.dialects.dcp.envelopes import pieces, streamed
from services.compute.dialects.dcp.errors import NoSuchSlice
from services.compute.dialects.dcp.parts import DcpParts
from services.compute.dialects.dcp.requests import READ, Query, caller, found, viewer
from services.compute.dialects.dcp.statuses import counters
from services.compute.domain.job import Job
from services.compute.domain.slices import SliceCounts, Span

MOST: Final = 1_000_000  # slices of a page
USUAL_SECONDS: Final = 30.0
MOST_SECONDS: Final = 120.0
_NUMBER: Final = re.compile(r"[0-9]{1,15}")


def add(room: Blueprint, parts: DcpParts) -> None:
    @room.get("/job/<ref>/result", strict_slashes=False)
    @needs(READ)
    def show_results(ref: str) -> Response:
        query, job = Query(), found(parts, ref)
        spans, after = query.spans(), query.number("after") or 0
        limit = query.number("limit", least=1, most=MOST)
        counts = views.counts_of(parts, job)
        tag = _tag(parts, job, counts)
        if tag in tags(request.headers.get("If-None-Match", "")):
            return Response(status=304, headers={"ETag": f'W/"{tag}"', "Cache-Control": "private, no-cache"})
        most = views.PAGE if limit is None else min(limit + 1, views.PAGE)
        read = lambda last: views.results(parts, job, spans, last, most)  # noqa: E731
        return streamed(pieces(counters(job, counts), read, after, limit), tag)

    @room.get("/job/<ref>/result/<number>", strict_slashes=False)
    @needs(READ)
    def show_result(ref: str, number: str) -> Response:
        job = found(parts, ref)
        if _NUMBER.fullmatch(number) is None or int(number) < 1:
            raise BadParams("sliceNumber", "must be a whole number from 1 on")
        counts = views.counts_of(parts, job)
        if int(number) > counts.total:
            raise NoSuchSlice
        span = (Span(int(number), int(number)),)
        return streamed(pieces(counters(job, counts), lambda last: views.results(parts, job, span, last, 1)))

    @room.get("/job/<ref>/result/wait", strict_slashes=False)
    @needs(READ)
    def wait_for_results(ref: str) -> Response:
        query, job = Query(), found(parts, ref)
        spans, seconds = query.spans(), query.seconds("timeout", USUAL_SECONDS, MOST_SECONDS)
        job = _waited(parts, job, spans, seconds)
        is_complete = views.unfinished(parts, job, spans) == 0
        head = counters(job, views.counts_of(parts, job)) | {"complete": is_complete}
        return streamed(pieces(head, lambda last: views.results(parts, job, spans, last)))


def _waited(parts: DcpParts, job: Job, spans: tuple[Span, ...], seconds: float) -> Job:
    """The job as it is then. Whoever waits holds one of the places for that. Raises TooManyStreams."""
    seen = [job]

    def is_over() -> bool:
        seen[0] = parts.jobs.find(job.uid, viewer())
        return seen[0].is_final or views.unfinished(parts, seen[0], spans) == 0

    if is_over() or seconds <= 0:
        return seen[0]
    give_back = parts.streams.take(caller().subject)
    try:
        parts.waiting.until(is_over, seconds)
    finally:
        give_back()
    return seen[0]


def _tag(parts: DcpParts, job: Job, counts: SliceCounts) -> str:
    """Another whenever the job or one of its slices is somewhere else."""
    revision = parts.jobs.revision(job.uid, viewer()).number
    seen = f"{job.uid} {revision} {counts} {request.query_string!r}"
    return sha256(seen.encode()).hexdigest()[:32]
