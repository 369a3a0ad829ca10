"""`GET /api/services/computeResult`: one result of a job, by its position (contract 2.12)."""

import re
from collections.abc import Iterator
from typing import Final

from flask import Blueprint, Response, request

from libs.web.gate import signed
from libs.web.ocean_form import Form
from libs.web.ranges import content_range
from libs.web.ranges import wanted as wanted_range
from services.compute.dialects.ocean.parts import OceanParts
from services.compute.dialects.ocean.requests import compute_params, is_index, is_job, wallet_request
from services.compute.domain.job import Job
from services.compute.usecases.ocean_jobs import Result, Wanted

MAX_NAME_CHARS: Final = 200
# Separators of paths, of header parameters, of drives; controls; what no Latin-1 header can carry.
_UNSAFE = re.compile(r'[/\\";:\x00-\x1f\x7f-\x9f]|[^\x00-\xff]')


def add(room: Blueprint, parts: OceanParts) -> None:
    @room.get("/api/services/computeResult")
    @signed
    def compute_result() -> Response:
        form = Form(compute_params(), bail=True)
        job_id = form.need("jobId", is_job)
        index = form.need("index", is_index)
        asking = wallet_request(form)
        proven = parts.requests.result(asking, job_id, index)
        job, result = parts.jobs.result(Wanted(consumer=proven.address, job_id=job_id), int(index))
        return _file(parts, job, result)


def _file(parts: OceanParts, job: Job, result: Result) -> Response:
    """Whole, or the range that is asked for; a finished job's results never change."""
    size, etag = result.file.size, f'"{result.file.sha256}"'
    fresh = request.headers.get("If-Range") in (None, etag)
    part = wanted_range(request.headers.get("Range"), size) if fresh else None
    start, length = part or (0, size)
    body: Iterator[bytes] = iter(())
    if request.method != "HEAD" and length:
        body = parts.jobs.open(job, result, start, length)
    response = Response(body, 206 if part else 200, content_type=result.file.media_type)
    response.headers["Content-Disposition"] = attachment(result.name)
    response.headers["Content-Length"] = str(length)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = etag
    if part:
        response.headers["Content-Range"] = content_range(start, length, size)
    # What a program made is never shown by a browser as if it were of this site.
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def attachment(name: str) -> str:
    """Exactly `attachment;filename=NAME`: ocean.js and ocean.py take everything after `=` for the name.

    NAME is one path segment that no client can be steered with; of a nested result all parts stay in it.
    """
    clean = _UNSAFE.sub("_", name).strip(" .")[-MAX_NAME_CHARS:]
    return f"attachment;filename={clean or 'result'}"
