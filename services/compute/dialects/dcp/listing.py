"""`/jobs`, `/jobs/count` and `/accounts`: what the caller has (contract 5.7, 6)."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from flask import Blueprint, Response

from libs.web.dcp_window import answer
from libs.web.gate import needs
from libs.web.params import BadParams
from services.compute.dialects.dcp import views
from services.compute.dialects.dcp.envelopes import streamed
from services.compute.dialects.dcp.errors import credits_text
from services.compute.dialects.dcp.parts import DcpParts
from services.compute.dialects.dcp.requests import ACCOUNTS, READ, Query, caller, viewer
from services.compute.dialects.dcp.statuses import Status, status_of, status_view
from services.compute.ports.store import Filter, Head

BATCH: Final = 200
MOST: Final = 1_000_000


def add(room: Blueprint, parts: DcpParts) -> None:
    @room.get("/jobs", strict_slashes=False)
    @needs(READ)
    def list_jobs() -> Response:
        query = Query()
        statuses, wanted = _statuses(query.texts("status")), _filter(query)
        limit, offset = query.number("limit", most=MOST), query.number("offset") or 0
        heads = parts.jobs.heads(viewer(), wanted)
        if not statuses:
            heads = heads[offset:] if limit is None else heads[offset : offset + limit]
        rows = _rows(parts, heads, statuses)
        if statuses:
            rows = islice(rows, offset, None if limit is None else offset + limit)
        return streamed(_array(rows))

    @room.get("/jobs/count", strict_slashes=False)
    @needs(READ)
    def count_jobs() -> Response:
        return answer({"jobCount": parts.jobs.count(viewer(), Filter(owners=None))})

    @room.get("/accounts", strict_slashes=False)
    @needs(ACCOUNTS)
    def list_accounts() -> Response:
        return answer(
            [
                {
                    "name": account.name,
                    "address": account.address,
                    "balance": credits_text(account.balance),
                    "reserved": credits_text(account.reserved),
                }
                for account in parts.accounts.of(caller())
            ]
        )


def _rows(parts: DcpParts, heads: Sequence[Head], statuses: frozenset[Status]) -> Iterator[bytes]:
    for start in range(0, len(heads), BATCH):
        jobs = parts.jobs.listed(heads[start : start + BATCH])
        counts = views.all_counts(parts, jobs)
        for job in jobs:
            if not statuses or status_of(job, counts[job.id]) in statuses:
                yield json.dumps(status_view(job, counts[job.id]), separators=(",", ":")).encode()


def _array(rows: Iterator[bytes]) -> Iterator[bytes]:
    mark = b"["
    for row in rows:
        yield mark + row
        mark = b","
    yield b"[]" if mark == b"[" else b"]"


def _statuses(given: Sequence[str]) -> frozenset[Status]:
    """Raises BadParams."""
    words = [word.strip().lower() for text in given for word in text.split(",") if word.strip()]
    known = set(Status)
    if not known.issuperset(words):
        raise BadParams("status", f"must be one of {', '.join(Status)}")
    return frozenset(Status(word) for word in words)


def _filter(query: Query) -> Filter:
    """Both ends are in it."""
    start, end = query.number("startTime"), query.number("endTime")
    return Filter(
        owners=None,
        submitted_after=None if start is None else start / 1000,
        submitted_before=None if end is None else (end + 1) / 1000,
    )
