"""`/jobs/<id>/stdout` and `stderr`, and those of workflows' jobs: as they stand, from a character on.

`node` counts what of a job runs side by side. A job that has not begun has an empty stream.
"""

from flask import Blueprint, Response

from libs.web.gate import needs
from libs.web.params import BadParams
from services.compute.dialects.prominence.answers import text
from services.compute.dialects.prominence.errors import refusal
from services.compute.dialects.prominence.jobs import found
from services.compute.dialects.prominence.parts import ProminenceParts
from services.compute.dialects.prominence.queries import Query, is_number, viewer
from services.compute.dialects.prominence.workflow_jobs import job_at
from services.compute.domain.errors import OutputNotFound
from services.compute.domain.job import Job
from services.compute.domain.layout import STDERR, STDOUT

READ = "job:read"


def add(room: Blueprint, parts: ProminenceParts) -> None:
    for kind in (STDOUT, STDERR):
        _add(room, parts, kind)


def _add(room: Blueprint, parts: ProminenceParts, kind: str) -> None:
    @needs(READ)
    def job_stream(number: int) -> Response:
        job, query = found(parts, number), Query()
        return _stream(parts, job, kind, query.number("node", 0), _offset(query))

    @needs(READ)
    def workflow_stream(number: int, place: str) -> Response:
        query = Query()
        offset, node = _offset(query), query.text("node") or "0"
        workflow = parts.workflows.find(number, viewer())
        for name, lane in _places(place, node):
            at = job_at(parts, workflow, name)
            if at.is_there:
                return text(()) if at.job is None else _stream(parts, at.job, kind, lane, offset)
        return _nothing(kind)

    room.add_url_rule(f"/jobs/<int:number>/{kind}", f"job_{kind}", job_stream)
    room.add_url_rule(f"/workflows/<int:number>/<path:place>/{kind}", f"workflow_{kind}", workflow_stream)


def _places(place: str, node: str) -> list[tuple[str, int]]:
    """What may be meant by `place` (a job's name, or that and an instance) and `node`, the likeliest first.

    The newer command line swaps the two when it asks for stderr: the path has the node, or the node and the
    instance, and `node` the name (contract 1.2).
    """
    asked = [(place, int(node))] if is_number(node) else []
    first, slash, rest = place.partition("/")
    if is_number(first):
        # With an instance, the path is `0/<instance>`.
        asked.append((f"{node}/{rest}" if slash else node, int(first)))
    return asked


def _offset(query: Query) -> int:
    offset = query.number("offset", 0)
    if offset < 0:
        raise BadParams("offset", "offset must not be negative")
    return offset


def _stream(parts: ProminenceParts, job: Job, kind: str, lane: int, offset: int) -> Response:
    try:
        return text(parts.text.open(job, kind, lane, offset))
    except OutputNotFound:
        return _nothing(kind)


def _nothing(kind: str) -> Response:
    return refusal(f"{kind} does not exist")
