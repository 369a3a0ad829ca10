"""GET /jobs, /jobs/summary and /jobs/history (contract 2.2, 2.8, 2.9)."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from libs.web.gate import needs
from services.compute.dialects.dirac.asked import (
    JOBS,
    MOST_JOBS,
    TOKEN,
    Words,
    attribute_of,
    read_asked,
    read_list,
    read_order,
    read_words,
)
from services.compute.dialects.dirac.attributes.groups import grouped
from services.compute.dialects.dirac.attributes.statuses import STATUS
from services.compute.dialects.dirac.attributes.table import ATTRIBUTES, Attribute
from services.compute.dialects.dirac.errors import answer, guarded
from services.compute.dialects.dirac.parts import DiracParts
from services.compute.dialects.dirac.requests import caller
from services.compute.dialects.dirac.rows import Rows
from services.compute.domain.sheets import Scope
from services.compute.usecases.job_access import unfiled

READ: Final = "job:read"
DAY: Final = 86_400
STEPS: Final = (60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, DAY)
BUCKETS: Final = 100  # about; never more than contract 2.9's 500


def add(room: Blueprint, parts: DiracParts) -> None:
    rows = Rows(parts.jobs, parts.sheets)

    @room.get("/jobs")
    @needs(READ)
    def list_jobs() -> Response:
        words = read_words()
        asked, order, only = read_list(words), read_order(words), _fields(words)
        start, most = words.number("startJob", 0, 0, 10**15), words.number("maxJobs", JOBS, 1, MOST_JOBS)
        blank = unfiled(caller())
        wanted = asked.conditions.search(parts.sheets, _scope(parts, asked.is_everybody), blank, order)
        total, ids = parts.sheets.search(wanted, most, start)
        response = _listed(total, rows.of(ids, blank, only), asked.warnings)
        if start + len(ids) < total and ids:
            response.headers["Link"] = f'<{_next(parts.public_url, start + len(ids))}>; rel="next"'
        return response

    @room.get("/jobs/summary")
    @needs(READ)
    def count_jobs() -> Response:
        words = read_words()
        asked = read_asked(words, ("group",))
        by = [attribute_of("group", name) for name in words.names("group") or ["Status"]]
        scope = _scope(parts, asked.is_everybody)
        wanted = asked.conditions.search(parts.sheets, scope, unfiled(caller()))
        counts = grouped(parts.sheets, wanted, by)
        return answer({"|".join(map(_word, values)): count for values, count in counts.items()})

    @room.get("/jobs/history")
    @needs(READ)
    def show_history() -> Response:
        words = read_words()
        span = words.number("timeSpan", DAY, 1, 31 * DAY)
        scope = _scope(parts, words.flag("allOwners"))
        step = next((step for step in STEPS if span <= step * BUCKETS), DAY)
        now = int(parts.clock.now())
        counts: dict[str, Counter[str]] = {}
        for state, by in parts.sheets.history(scope, (now - span) // step * step, now + 1, step).items():
            counts.setdefault(STATUS[state][0], Counter()).update({str(at): many for at, many in by.items()})
        data = {status: {at: float(many) for at, many in by.items()} for status, by in counts.items()}
        return answer({"data": data, "granularity": step})


def _listed(total: int, rows: Iterable[bytes], warnings: Sequence[str]) -> Response:
    """`rows`: JSON of each job."""
    more = b',"warnings":' + json.dumps(warnings, separators=(",", ":")).encode() if warnings else b""
    body = b'{"entries":%d,"jobs":[%b]%b}' % (total, b",".join(rows), more)
    return guarded(Response(body, mimetype="application/json"))


def _scope(parts: DiracParts, is_everybody: bool) -> Scope:
    return parts.access.visible(caller()) if is_everybody else parts.access.own(caller())


def _fields(words: Words) -> Sequence[Attribute]:
    """Raises InvalidRequest."""
    names = words.names("fields")
    return [attribute_of("fields", name) for name in names] if names else ATTRIBUTES


def _next(base: str, start: int) -> str:
    """Without the token: links are written down."""
    pairs = [
        (name, value)
        for name, value in request.values.items(multi=True)
        if name.lower() not in (TOKEN, "startjob")
    ]
    return f"{base}/jobs?{urlencode([*pairs, ('startJob', str(start))])}"


def _word(value: object) -> str:
    return "" if value is None else str(value)
