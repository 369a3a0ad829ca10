"""`/outputs/...` and `/snapshots/...`: what jobs left, for whoever holds the link."""

from collections.abc import Iterator
from typing import Final

from flask import Blueprint, Response

from libs.web.gate import signed
from services.compute.dialects.prominence.answers import download
from services.compute.dialects.prominence.errors import refusal
from services.compute.dialects.prominence.parts import ProminenceParts
from services.compute.dialects.prominence.signed_links import LinkRefused, SignedLinks
from services.compute.domain.errors import JobNotFound, OutputNotFound
from services.compute.domain.ids import is_uid
from services.compute.domain.job import Job, Stored
from services.compute.usecases.viewers import Viewer

TGZ: Final = "application/gzip"
_ANYBODY: Final = Viewer(None)  # the link is the permission


def output(job: Job, path: str) -> str:
    """What a link to a kept output names."""
    return f"outputs/{job.uid}/{path}"


def snapshot(job: Job, errand: str) -> str:
    return f"snapshots/{job.uid}/{errand}"


def add(room: Blueprint, parts: ProminenceParts, links: SignedLinks) -> None:
    @room.get("/outputs/<uid>/<path:path>")
    @signed
    def show_output(uid: str, path: str) -> Response:
        try:
            links.check(f"outputs/{uid}/{path}")
        except LinkRefused:
            return _refused()
        job = _job(parts, uid)
        file = parts.results.find(job, Stored.OUTPUT, path)

        def pieces(start: int, length: int | None) -> Iterator[bytes]:
            return parts.results.open(job, Stored.OUTPUT, path, start, length)

        return download(pieces, file.size, file.media_type, path.rpartition("/")[2])

    @room.get("/snapshots/<uid>/<errand>")
    @signed
    def show_snapshot(uid: str, errand: str) -> Response:
        try:
            links.check(f"snapshots/{uid}/{errand}")
        except LinkRefused:
            return _refused()
        errands, job = parts.errands, _job(parts, uid)
        if errands is None:
            raise OutputNotFound(errand)
        made = errands.find(errand)
        if made.job != job.uid or made.size is None:
            raise OutputNotFound(errand)

        def pieces(start: int, length: int | None) -> Iterator[bytes]:
            return errands.open(made, start, length)

        return download(pieces, made.size, TGZ, "snapshot.tgz")


def _job(parts: ProminenceParts, uid: str) -> Job:
    """Raises OutputNotFound: it is gone from this window, and its links with it."""
    try:
        job = parts.jobs.find(uid, _ANYBODY) if is_uid(uid) else None
    except JobNotFound:
        job = None
    if job is None or job.deleted_at is not None:
        raise OutputNotFound(uid[:64])
    return job


def _refused() -> Response:
    return refusal("This link does not count, or not any more: describe the job again for a fresh one", 403)
