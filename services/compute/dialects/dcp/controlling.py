"""One job: its status, more slices for it, its end (contract 5.1, 5.2, 5.4, 5.6)."""

from typing import Final

from flask import Blueprint, Response

from libs.web.dcp_window import answer
from libs.web.gate import needs
from libs.web.params import BadParams
from libs.web.strict_json import Json
from services.compute.dialects.dcp import views
from services.compute.dialects.dcp.documents import slices_of
from services.compute.dialects.dcp.errors import JobIsClosed
from services.compute.dialects.dcp.members import Notes
from services.compute.dialects.dcp.parts import DcpParts
from services.compute.dialects.dcp.requests import READ, WRITE, Query, caller, found, sent_json, viewer
from services.compute.dialects.dcp.statuses import Status, is_open, status_of, status_view
from services.compute.domain.errors import TooManySlices
from services.compute.domain.job import Job
from services.compute.usecases.jobs import STOPPED

MOST_REASON: Final = 500
NO_SLICES: Final = "Give the slices as sliceData, as slices, or as a list"


def add(room: Blueprint, parts: DcpParts) -> None:
    @room.get("/job/<ref>", strict_slashes=False)
    @room.get("/job/<ref>/status", strict_slashes=False)
    @needs(READ)
    def show_status(ref: str) -> Response:
        return _shown(parts, found(parts, ref))

    @room.post("/job/<ref>/slices", strict_slashes=False)
    @needs(WRITE)
    def add_slices(ref: str) -> Response:
        job = found(parts, ref)
        return _add(parts, job, sent_json(parts))

    @room.post("/job/<ref>/close", strict_slashes=False)
    @needs(WRITE)
    def close(ref: str) -> Response:
        job = found(parts, ref)
        if views.is_sliced(job):
            parts.slices.close(job.uid, caller().subject, parts.clock.now())
        return _shown(parts, found(parts, ref))

    @room.delete("/job/<ref>", strict_slashes=False)
    @needs(WRITE)
    def cancel(ref: str) -> Response:
        job = found(parts, ref)
        reason = _reason(sent_json(parts))
        if status_of(job, views.counts_of(parts, job)) is not Status.FINISHED:
            sentence = f"The owner cancelled the job: {reason}" if reason else STOPPED
            parts.jobs.cancel(job.uid, viewer(), caller().subject, sentence)
        return Response(status=204)


def _shown(parts: DcpParts, job: Job) -> Response:
    return answer(status_view(job, views.counts_of(parts, job)))


def _add(parts: DcpParts, job: Job, given: Json) -> Response:
    """Raises BadDocument, JobIsClosed, TooManySlices and what the store says."""
    notes = Notes()
    path, slices = _slices(given, notes)
    blocks = slices_of(slices, parts.settings, notes, path)
    notes.check()
    counts = views.counts_of(parts, job)
    if not views.is_sliced(job) or not is_open(job, counts):
        raise JobIsClosed
    if counts.total + sum(block.count for block in blocks) > parts.settings.slices:
        raise TooManySlices(parts.settings.slices)
    added = parts.slices.add(job.uid, blocks, caller().subject, parts.clock.now())
    how_many = max(0, added.last - added.first + 1)
    body = {
        "lastSliceNumber": added.last,
        "firstSliceNumber": added.first if how_many else None,
        "added": how_many,
        "totalSlices": added.total,
    }
    return answer(body, 201)


def _slices(given: Json, notes: Notes) -> tuple[str, Json]:
    """A list; an object with `sliceData` or `slices`; or one of the forms that are objects themselves."""
    if isinstance(given, list):
        return "body", given
    if isinstance(given, dict):
        for name in ("sliceData", "slices"):
            if given.get(name) is not None:
                return name, given[name]
    notes.problem("slices", "are missing", "InvalidSlices", NO_SLICES)
    return "slices", None


def _reason(given: Json) -> str:
    """Of the body or the query, cut short. Raises BadParams."""
    reason = given.get("reason") if isinstance(given, dict) else None
    if reason is not None and type(reason) is not str:
        raise BadParams("reason", "must be a text")
    text = reason or Query().text("reason") or ""
    return "".join(character for character in text if character.isprintable())[:MOST_REASON]
