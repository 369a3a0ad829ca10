"""Jobs and workflows of a gateway that runs none: lists are empty, nothing is found, nothing submitted.

A job that does not exist is described as an empty list, not as 404 (contract G5).
"""

from flask import Blueprint, Response

from libs.web.gate import needs
from services.compute.dialects.prominence.errors import answer, refusal

NOT_ENABLED = "Running jobs is not enabled on this gateway: there is nothing to submit, change or read."


def add(room: Blueprint) -> None:
    for kind in ("jobs", "workflows"):
        room.add_url_rule(f"/{kind}", f"list_{kind}", _list)
        room.add_url_rule(f"/{kind}/<int:number>", f"describe_{kind}", _describe)
    room.add_url_rule("/<path:rest>", "rest", _not_enabled, methods=["GET", "POST", "PUT", "DELETE"])


@needs("job:read")
def _list() -> Response:
    return answer([])


@needs("job:read")
def _describe(number: int) -> Response:
    return answer([])


@needs()
def _not_enabled(rest: str) -> Response:
    return refusal(NOT_ENABLED)
