"""`/jobs`: submitted, listed, described, deleted, put away, copied."""

import json
from collections.abc import Iterator
from functools import partial

from flask import Blueprint, Response

from libs.web.gate import needs
from services.compute.dialects.prominence import downloads
from services.compute.dialects.prominence.answers import array
from services.compute.dialects.prominence.description import describe_job as read_job
from services.compute.dialects.prominence.ending import Ending, Words
from services.compute.dialects.prominence.errors import NO_JOBS, answer
from services.compute.dialects.prominence.listing import Listing, read_listing
from services.compute.dialects.prominence.parts import ProminenceParts
from services.compute.dialects.prominence.queries import (
    DIALECT,
    Query,
    caller,
    idempotency_key,
    sent_document,
    viewer,
)
from services.compute.dialects.prominence.rows import BATCH, Rows
from services.compute.dialects.prominence.signed_links import SignedLinks
from services.compute.dialects.prominence.statuses import BY_USER
from services.compute.dialects.prominence.terms import terms_of
from services.compute.dialects.prominence.views import Details, detailed_view
from services.compute.domain.errors import (
    BadSpec,
    EnvironmentRefuses,
    JobNotFound,
)
from services.compute.domain.job import Job
from services.compute.domain.states import State
from services.compute.ports.store import Head

READ, WRITE = "job:read", "job:write"
WORDS = Words(
    none=NO_JOBS,
    no_ids="a job id or list of job ids must be provided",
    gone="Job is no longer in the queue",
    unfinished="Job has not ended: delete it instead",
)


def add(room: Blueprint, parts: ProminenceParts, links: SignedLinks, rows: Rows) -> None:
    _add_reading(room, parts, links, rows)
    _add_making(room, parts, links)
    _add_ending(room, parts)


def found(parts: ProminenceParts, number: int) -> Job:
    """Of the caller, and not deleted. Raises JobNotFound."""
    job = parts.jobs.find(number, viewer())
    if job.deleted_at is not None:
        raise JobNotFound(str(number))
    return job


def _add_reading(room: Blueprint, parts: ProminenceParts, links: SignedLinks, rows: Rows) -> None:
    @room.get("/jobs")
    @needs(READ)
    def list_jobs() -> Response:
        wanted = read_listing(Query())
        heads = _heads(parts, wanted)
        return array(_detailed(parts, links, heads) if wanted.is_detailed else rows.of(heads))

    @room.get("/jobs/<int:number>")
    @needs(READ)
    def describe_job(number: int) -> Response:
        try:
            job = found(parts, number)
        except JobNotFound:
            return answer([])
        return answer([_view(parts, links, job)])


def _add_making(room: Blueprint, parts: ProminenceParts, links: SignedLinks) -> None:
    @room.post("/jobs")
    @needs(WRITE)
    def submit_job() -> Response:
        key = idempotency_key()
        if (earlier := parts.submit.replayed(key)) is not None:
            return answer({"id": earlier.job.id}, 201)
        asked = read_job(sent_document(), terms_of(parts, links))
        try:
            submitted = parts.submit(asked.new, key)
        except (BadSpec, EnvironmentRefuses) as error:
            raise asked.told(error) from None
        return answer({"id": submitted.job.id}, 201)

    @room.put("/jobs/<int:number>/clone")
    @needs(WRITE)
    def clone_job(number: int) -> Response:
        copied = parts.copies(found(parts, number), DIALECT, caller().groups, idempotency_key())
        return answer({"id": copied.job.id}, 201)


def _add_ending(room: Blueprint, parts: ProminenceParts) -> None:
    ending = Ending(partial(_end, parts), WORDS)

    @room.delete("/jobs/<int:number>")
    @needs(WRITE)
    def delete_job(number: int) -> Response:
        return ending.one(number)

    @room.delete("/jobs")
    @needs(WRITE)
    def delete_jobs() -> Response:
        return ending.several()

    @room.put("/jobs/<int:number>/remove")
    @needs(WRITE)
    def remove_job(number: int) -> Response:
        return ending.put_away(lambda: parts.jobs.put_away(found(parts, number).uid, viewer()))


def _end(parts: ProminenceParts, number: int) -> bool:
    """Whether there was something to end."""
    try:
        job = found(parts, number)
        return not job.is_final and not _ended_well(parts, job)
    except JobNotFound:
        return False


def _ended_well(parts: ProminenceParts, job: Job) -> bool:
    """Before it could be ended."""
    ended = parts.jobs.cancel(job.uid, viewer(), caller().subject, BY_USER)
    return ended.is_final and ended.state is not State.CANCELLED


def _heads(parts: ProminenceParts, wanted: Listing) -> list[Head]:
    heads = [head for which in wanted.filters for head in parts.jobs.heads(viewer(), which, wanted.limit)]
    return heads if wanted.limit is None else heads[: wanted.limit]


def _detailed(parts: ProminenceParts, links: SignedLinks, heads: list[Head]) -> Iterator[bytes]:
    for start in range(0, len(heads), BATCH):
        for job in parts.jobs.listed(heads[start : start + BATCH]):
            yield json.dumps(_view(parts, links, job), separators=(",", ":")).encode()


def _view(parts: ProminenceParts, links: SignedLinks, job: Job) -> dict[str, object]:
    details = Details(
        runs=parts.jobs.runs_of(job),
        events=parts.jobs.events_of(job),
        files=parts.results.list(job),
        commands=() if parts.errands is None else parts.errands.commands(job),
        link=lambda path: links.to(downloads.output(job, path)),
    )
    return detailed_view(job, details)
