"""`/dead-letters`: jobs that broke by our own fault, for administrators."""

from flask import Blueprint, Response

from libs.web.gate import ADMIN, needs
from services.compute.dialects.native.answers import answer
from services.compute.dialects.native.parts import NativeParts
from services.compute.dialects.native.requests import Query, caller
from services.compute.dialects.native.views import summary_view

MOST = 1000
USUAL = 100


def add(room: Blueprint, parts: NativeParts) -> None:
    @room.get("/dead-letters")
    @needs(ADMIN)
    def list_dead_letters() -> Response:
        limit = Query("limit").number("limit", 1, MOST) or USUAL
        found = parts.dead_letters.list(limit)
        return answer({"dead_letters": [{"job": summary_view(job), "error": text} for job, text in found]})

    @room.post("/dead-letters/<ref>/replay")
    @needs(ADMIN)
    def replay(ref: str) -> Response:
        return answer(summary_view(parts.dead_letters.replay(ref, caller().subject)))
