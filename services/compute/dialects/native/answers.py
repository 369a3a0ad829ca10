"""Answers that are no refusals."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import Response, request

from libs.web.idempotency import REPLAYED
from libs.web.plain import Answer, json_answer
from libs.web.ranges import content_range, wanted

Opener = Callable[[int, int | None], Iterator[bytes]]


def answer(body: Any, status: int = 200) -> Response:
    response = Response(json.dumps(body, separators=(",", ":")), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def receipt(view: Mapping[str, Any], *, replayed: bool) -> Response:
    """Of what was taken; `replayed`: by an earlier request with the same key."""
    response = answer(view, 201)
    response.headers["Location"] = view["url"]
    if replayed:
        response.headers[REPLAYED] = "true"
    return response


def unchanged_or(etag: str, known: str, body: Callable[[], bytes]) -> Answer:
    """JSON that a caller may keep and ask about again: 304 without a body while it is as they know it.

    `known` is their If-None-Match, as known_tags gives it.
    """
    headers = _guards(etag)
    return Answer(304, headers) if etag in _tags(known) else json_answer(body(), *headers)


def known_tags() -> str:
    return request.headers.get("If-None-Match", "")


def nothing() -> Response:
    response = Response(status=204)
    response.headers["Cache-Control"] = "no-store"
    return response


def as_bytes(open_from: Opener, size: int, media_type: str, etag: str | None = None) -> Response:
    """A file of `size` bytes, or the range of it that is asked for. Raises NotSatisfiable.

    `open_from(start, length)` gives the bytes. `etag` is for files that do not change.
    """
    if etag is not None and etag in _tags(known_tags()):
        return _guarded(Response(status=304), etag)
    part = wanted(request.headers.get("Range"), size) if _range_counts(etag) else None
    start, length = part or (0, size)
    body = iter(()) if request.method == "HEAD" else open_from(start, length)
    response = Response(body, 206 if part else 200, content_type=media_type)
    response.headers["Content-Length"] = str(length)
    response.headers["Accept-Ranges"] = "bytes"
    if part:
        response.headers["Content-Range"] = content_range(start, length, size)
    return _guarded(response, etag)


def attached(response: Response, name: str) -> Response:
    """What users made is never shown by a browser as if it were of this site."""
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _guarded(response: Response, etag: str | None) -> Response:
    response.headers.update(dict(_guards(etag)))
    return response


def _guards(etag: str | None) -> tuple[tuple[str, str], ...]:
    nosniff = ("X-Content-Type-Options", "nosniff")
    if not etag:
        return nosniff, ("Cache-Control", "no-store")
    return nosniff, ("Cache-Control", "private, no-cache"), ("ETag", f'"{etag}"')


def _range_counts(etag: str | None) -> bool:
    """If-Range (RFC 9110 13.1.5): of another version only the whole is of use."""
    condition = request.headers.get("If-Range")
    return condition is None or (etag is not None and condition.strip() == f'"{etag}"')


def _tags(sent: str) -> set[str]:
    return {tag.strip().removeprefix("W/").strip('"') for tag in sent.split(",")}
