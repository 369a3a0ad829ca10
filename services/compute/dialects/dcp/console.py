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
from services.compute.domain.slices import SliceLine

USUAL: Final = 1000
MOST: Final = 10_000
AT_ONCE: Final = 250  # asked for
MOST_CHARS: Final = 4 << 20  # of an answer; the lines that reach it are its last


def add(room: Blueprint, parts: DcpParts) -> None:
    @room.get("/job/<ref>/console", strict_slashes=False)
    @needs(READ)
    def show_lines(ref: str) -> Response:
        query, job = Query(), found(parts, ref)
        after, limit = query.number("after") or 0, query.number("limit", least=1, most=MOST) or USUAL
        lines = _lines(parts, job.id, after, limit) if views.is_sliced(job) else []
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


def _lines(parts: DcpParts, job: int, after: int, limit: int) -> list[tuple[int, SliceLine]]:
    found: list[tuple[int, SliceLine]] = []
    chars = 0
    while len(found) < limit and chars < MOST_CHARS:
        asked = min(AT_ONCE, limit - len(found))
        some = parts.slices.lines(job, after, asked)
        found += some
        chars += sum(len(line.text) for _, line in some)
        if len(some) < asked:
            break
        after = some[-1][0]
    return found
