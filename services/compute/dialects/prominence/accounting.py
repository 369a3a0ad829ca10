"""`/accounting` (the other generation calls it `/usage`): what jobs used, in hours of a processor."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from flask import Blueprint, Response

from libs.web.gate import needs
from libs.web.params import BadParams
from services.compute.dialects.prominence.errors import answer
from services.compute.dialects.prominence.queries import Query, caller, viewer
from services.compute.ports.usage import UsageBook, Used

HOUR: Final = 3600.0
Sums = dict[str, dict[str, float]]


def add(room: Blueprint, usage: UsageBook) -> None:
    @room.get("/accounting")
    @room.get("/usage")
    @needs("job:read")
    def show_usage() -> Response:
        """A caller's own; those of their groups as sums; of everybody for administrators alone."""
        query, principal = Query(), caller()
        first, last = _day(query, "start", "Start"), _day(query, "end", "End")
        if last < first:
            raise BadParams("end", "End date must not be before the start date")
        last = max(last, first + timedelta(days=1))
        everybody = query.flag("show_all_users") and principal.is_admin and principal.may("admin")
        own = viewer().owners or frozenset({principal.subject})
        users = _sums(
            (principal.name if used.owner in own else used.owner, used)
            for used in usage.used(first, last, None if everybody else own)
        )
        groups: Sums = {}
        if query.flag("by_group") and principal.groups:
            of_groups = usage.used(first, last, None, principal.groups)
            groups = _sums((used.group, used) for used in of_groups)
        return answer({"usage": {"users": users, "groups": groups}})


def _sums(used: Iterable[tuple[str, Used]]) -> Sums:
    found: Sums = {}
    for name, part in used:
        total = found.setdefault(name, {"numberOfJobs": 0, "cpuTime": 0.0, "wallTime": 0.0})
        total["numberOfJobs"] += part.jobs
        total["cpuTime"] += part.cpu_seconds / HOUR
        total["wallTime"] += part.core_seconds / HOUR
    return found


def _day(query: Query, name: str, word: str) -> date:
    text = query.text(name)
    if not text:
        raise BadParams(name, f"{word} date must be provided")
    try:
        found = date.fromisoformat(text) if len(text) == len("2021-01-01") else None
    except ValueError:
        found = None
    if found is None or not date(1970, 1, 1) <= found <= date(9000, 1, 1):
        raise BadParams(name, f"{word} date must be like 2021-01-31")
    return found
