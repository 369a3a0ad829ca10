"""`/jobs`: taken, checked, listed, shown, stopped, tried again, copied, deleted."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from flask import Blueprint, Response

from libs.web.gate import needs
from libs.web.params import BadParams
from libs.web.plain import Answer, Asked, Way, add_way
from services.compute.dialects.native.answers import answer, known_tags, nothing, receipt
from services.compute.dialects.native.parts import NativeParts
from services.compute.dialects.native.places import Places
from services.compute.dialects.native.requests import (
    BAD_CURSOR,
    FILTERS,
    MOST_LISTED,
    USUALLY_LISTED,
    Query,
    caller,
    filter_of,
    idempotency_key,
    sent_document,
    viewer,
    wide_viewer,
)
from services.compute.dialects.native.sandboxes import missing_sandboxes
from services.compute.dialects.native.shown import ShownJobs
from services.compute.dialects.native.translate import DIALECT, moved, new_job
from services.compute.dialects.native.views import receipt_view, spec_view, summary_view
from services.compute.domain.errors import AlreadyFinished, BadSpec, EnvironmentRefuses
from services.compute.domain.job import NewJob
from services.compute.domain.states import State
from services.compute.ports.store import Filter, Submitted
from services.compute.usecases.viewers import Viewer, viewer_of

Outcome = TypeVar("Outcome")
READ, WRITE = "job:read", "job:write"
PLAIN_PATH = "/jobs/([0-9a-f]{32}|[0-9]{1,18})"


def add(room: Blueprint, parts: NativeParts) -> None:
    _add_taking(room, parts)
    _add_reading(room, parts)
    _add_changing(room, parts)


def _add_taking(room: Blueprint, parts: NativeParts) -> None:
    @room.post("/jobs")
    @needs(WRITE)
    def submit() -> Response:
        key = idempotency_key(DIALECT)
        if (earlier := parts.submit.replayed(key)) is not None:
            return _receipt(earlier)
        new, places = _asked(parts)
        return _receipt(_placed(places, lambda: parts.submit(new, key)))

    @room.post("/jobs/validate")
    @needs(WRITE)
    def validate() -> Response:
        new, places = _asked(parts)
        fitted = _placed(places, lambda: parts.submit.check(new))
        return answer({"name": fitted.name, "labels": dict(fitted.labels), "spec": spec_view(fitted.spec)})


def _add_reading(room: Blueprint, parts: NativeParts) -> None:
    shown = ShownJobs(parts.jobs)

    @room.get("/jobs")
    @needs(READ)
    def list_jobs() -> Response:
        query = Query(*FILTERS, "workflow", "limit", "cursor", "all")
        seen_by, wanted = wide_viewer(query), filter_of(query)
        if (ref := query.text("workflow")) is not None:
            wanted = replace(wanted, workflow=parts.workflows.find(ref, seen_by).id)
        return job_page(parts, query, wanted, seen_by)

    @room.get("/jobs/<ref>")
    @needs(READ)
    def show_job(ref: str) -> Response:
        return shown.answer(ref, viewer(), known_tags()).response()

    def plain_job(asked: Asked) -> Answer:
        (ref,), known = asked.arguments, asked.environ.get("HTTP_IF_NONE_MATCH", "")
        return shown.answer(ref, viewer_of(asked.principal), known)

    # Who waits for a job asks for nothing else.
    add_way(room, Way("show_job", "GET", PLAIN_PATH, plain_job))


def _add_changing(room: Blueprint, parts: NativeParts) -> None:
    @room.post("/jobs/<ref>/cancel")
    @needs(WRITE)
    def cancel(ref: str) -> Response:
        job = parts.jobs.cancel(ref, viewer(), caller().subject)
        if job.is_final and job.state is not State.CANCELLED:
            raise AlreadyFinished
        return answer(summary_view(job))

    @room.post("/jobs/<ref>/retry")
    @needs(WRITE)
    def retry(ref: str) -> Response:
        key = idempotency_key(DIALECT)
        return _receipt(parts.repeat.retry(ref, viewer(), caller().groups, caller().subject, key))

    @room.post("/jobs/<ref>/clone")
    @needs(WRITE)
    def clone(ref: str) -> Response:
        key = idempotency_key(DIALECT)
        return _receipt(parts.repeat.clone(ref, viewer(), caller().groups, key))

    @room.delete("/jobs/<ref>")
    @needs(WRITE)
    def delete(ref: str) -> Response:
        parts.jobs.delete(ref, viewer(), caller().subject)
        return nothing()


def job_page(parts: NativeParts, query: Query, wanted: Filter, seen_by: Viewer) -> Response:
    limit = query.number("limit", 1, MOST_LISTED) or USUALLY_LISTED
    try:
        page = parts.jobs.page(seen_by, wanted, limit, query.text("cursor"))
    except ValueError:
        raise BadParams("cursor", BAD_CURSOR) from None
    return answer({"jobs": [summary_view(job) for job in page.jobs], "next": page.next})


def _asked(parts: NativeParts) -> tuple[NewJob, Places]:
    new, places = new_job(sent_document(), caller(), parts.environments)
    missing = missing_sandboxes(parts.sandboxes, new.owner, [new.spec])
    if missing:
        raise BadSpec([(place, text) for _, place, text in missing])
    return new, places


def _placed(places: Places, act: Callable[[], Outcome]) -> Outcome:
    """What is wrong with the spec, said of the document."""
    try:
        return act()
    except BadSpec as error:
        raise BadSpec(moved(error.problems, places)) from None
    except EnvironmentRefuses as error:
        raise EnvironmentRefuses(moved(error.problems, places)) from None


def _receipt(submitted: Submitted) -> Response:
    return receipt(receipt_view(submitted.job), replayed=submitted.replayed)
