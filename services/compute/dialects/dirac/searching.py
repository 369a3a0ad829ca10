"""POST /dirac/api/jobs/search and /summary, as DiracX's own clients send them (contract 4, 5.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Response, request

from libs.web.gate import needs
from libs.web.strict_json import Json
from services.compute.dialects.dirac.attributes.conditions import OPERATORS, REGEX, Conditions, Order
from services.compute.dialects.dirac.attributes.groups import grouped
from services.compute.dialects.dirac.attributes.table import DIRACX, Attribute
from services.compute.dialects.dirac.attributes.views import logging_info, row_view
from services.compute.dialects.dirac.documents import (
    member_flag,
    member_list,
    member_texts,
    read_object,
    scalar,
)
from services.compute.dialects.dirac.errors import InvalidRequest, answer
from services.compute.dialects.dirac.parts import DiracParts
from services.compute.dialects.dirac.requests import caller
from services.compute.domain.job import Job
from services.compute.domain.sheets import Column, Search
from services.compute.usecases.job_access import unfiled

READ: Final = "job:read"
PAGE: Final = 100
MOST_ROWS: Final = 10_000
MOST_LOGS: Final = 1000  # rows whose history is shown with them
MOST_ITEMS: Final = 100
LOGGING: Final = "LoggingInfo"
_KNOWN: Final[Mapping[str, Attribute]] = {attribute.name: attribute for attribute in DIRACX}
_LISTS: Final = frozenset({"in", "not in"})


def add(room: Blueprint, parts: DiracParts) -> None:
    @room.post("/jobs/search")
    @needs(READ)
    def search_jobs() -> Response:
        document = read_object()
        names = member_texts(document, "parameters", MOST_ITEMS)
        start, most = _page(MOST_LOGS if LOGGING in names else MOST_ROWS)
        only = [_attribute(name) for name in names if name != LOGGING] if names else list(DIRACX)
        wanted = replace(_search(parts, document), order=_order(document))
        if member_flag(document, "distinct"):
            total, rows = _distinct(parts, wanted, only, start, most)
        else:
            total, rows = _rows(parts, wanted, only, (start, most), with_log=LOGGING in names)
        return _paged(rows, start, total)

    @room.post("/jobs/summary")
    @needs(READ)
    def summarize_jobs() -> Response:
        document = read_object()
        by = [_attribute(name) for name in member_texts(document, "grouping", MOST_ITEMS)]
        counts = grouped(parts.sheets, _search(parts, document), by)
        return answer([{**_named(by, values), "count": count} for values, count in counts.items()])


def _search(parts: DiracParts, document: Mapping[str, Json]) -> Search:
    """Within what the caller may see. Raises InvalidRequest."""
    conditions = Conditions()
    for item in member_list(document, "search", MOST_ITEMS):
        if not isinstance(item, dict):
            raise InvalidRequest("search is a list of objects with parameter, operator and value.")
        _add(conditions, item)
    return conditions.search(parts.sheets, parts.access.visible(caller()), unfiled(caller()))


def _add(conditions: Conditions, item: Mapping[str, Json]) -> None:
    attribute = _attribute(item.get("parameter"))
    operator = item.get("operator")
    if not isinstance(operator, str) or (operator not in OPERATORS and operator != REGEX):
        known = ", ".join([*OPERATORS, REGEX])
        raise InvalidRequest(f"{attribute.name}: operator is one of {known}.")
    if operator in _LISTS:
        values = item.get("values", item.get("value"))
        listed = values if isinstance(values, list) else [values]
    else:
        listed = [item.get("value")]
    conditions.add(attribute, operator, [scalar(f"{attribute.name}: value", value) for value in listed])


def _attribute(name: Json) -> Attribute:
    """Raises InvalidRequest."""
    found = _KNOWN.get(name) if isinstance(name, str) else None
    if found is None:
        shown = name[:64] if isinstance(name, str) and name.isprintable() else ""
        raise InvalidRequest(f"`{shown}` is no parameter of jobs: they are {', '.join(_KNOWN)}.")
    return found


def _order(document: Mapping[str, Json]) -> Order:
    order: list[tuple[Column, bool]] = []
    for item in member_list(document, "sort", 8):
        attribute = _attribute(item.get("parameter") if isinstance(item, dict) else None)
        direction = item.get("direction", "asc") if isinstance(item, dict) else None
        if direction not in ("asc", "desc"):
            raise InvalidRequest("sort: direction is asc or desc.")
        if attribute.column is None:
            raise InvalidRequest(f"sort: jobs cannot be sorted by {attribute.name}.")
        order.append((attribute.column, direction == "asc"))
    return tuple(order) or ((Column.ID, False),)


def _page(most_rows: int) -> tuple[int, int]:
    """From which row on, and how many. Raises InvalidRequest."""
    page, rows = _number("page", 1, 10**12), _number("per_page", min(PAGE, most_rows), most_rows)
    return (page - 1) * rows, rows


def _number(name: str, otherwise: int, most: int) -> int:
    text = request.args.get(name)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= 18 and 1 <= int(text) <= most):
        raise InvalidRequest(f"{name} is a whole number from 1 to {most}.")
    return int(text)


def _rows(
    parts: DiracParts, wanted: Search, only: Sequence[Attribute], page: tuple[int, int], *, with_log: bool
) -> tuple[int, list[dict[str, Any]]]:
    start, most = page
    total, ids = parts.sheets.search(wanted, most, start)
    sheets = parts.sheets.sheets(ids)

    def row(job: Job) -> dict[str, Any]:
        shown = row_view(job, sheets.get(job.id, wanted.unfiled), only)
        return {**shown, LOGGING: logging_info(job, parts.jobs.events_of(job))} if with_log else shown

    return total, [row(job) for job in parts.jobs.of_ids(ids)]


def _distinct(
    parts: DiracParts, wanted: Search, only: Sequence[Attribute], start: int, most: int
) -> tuple[int, list[dict[str, Any]]]:
    found = list(grouped(parts.sheets, wanted, only))
    return len(found), [_named(only, values) for values in found[start : start + most]]


def _named(by: Sequence[Attribute], values: Sequence[Any]) -> dict[str, Any]:
    return {attribute.name: value for attribute, value in zip(by, values, strict=True)}


def _paged(rows: Sequence[Mapping[str, Any]], start: int, total: int) -> Response:
    """All of them with 200, a part with 206; none, past the end, with 200: 416 is more than its own command
    line can take.
    """
    response = answer(rows, 206 if 0 < len(rows) < total else 200)
    span = f"{start}-{start + len(rows) - 1}" if rows else "*"
    response.headers["Content-Range"] = f"jobs {span}/{total}"
    return response
