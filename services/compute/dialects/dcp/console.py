"""`/job/{id}/console`: what work functions said, by slice."""

from typing import Final

from flask import Blueprint, Response

from libs.web.dcp_window import answer
from libs.web.gate import needs
from services.compute.dialects.dcp import views
from services.compute.dialects.dcp.job_ids import job_id
from services.compute.dialects.dcp.parts import DcpParts
from services.compute.dialects.dcp.requests import READ, Query, found
from services.compute.dialects.dcp.statuses import milliseconds

USUAL: Final = 1000
MOST: Final = 10_000


def add(room: Blueprint, parts: DcpParts) -> None:
    @room.get("/job/<ref>/console", strict_slashes=False)
    @needs(READ)
    def show_lines(ref: str) -> Response:
        query, job = Query(), found(parts, ref)
        after, limit = query.number("after") or 0, query.number("limit", least=1, most=MOST) or USUAL
        lines = parts.slices.lines(job.id, after, limit) if views.is_sliced(job) else ()
        shown = [
            {
                "sliceNumber": line.number,
                "level": line.level,
                "message": line.text,
                "time": milliseconds(line.at),
            }
            for _, line in lines
        ]
        return answer({"jobId": job_id(job.uid), "lines": shown, "next": lines[-1][0] if lines else after})
