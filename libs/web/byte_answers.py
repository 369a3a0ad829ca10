"""Files as answers: whole or a range of them, whole or 304, never shown by a browser as if they were of this
site (RFC 9110 13.1, 14).
"""

from collections.abc import Callable, Iterator

from flask import Response, request

from libs.web.ranges import content_range, wanted

Opener = Callable[[int, int | None], Iterator[bytes]]
"""The bytes from a start on, of a length or to the end."""


def file_answer(open_from: Opener, size: int, media_type: str, etag: str | None = None) -> Response:
    """A file of `size` bytes, or the range of it that is asked for. Raises NotSatisfiable, and what
    `open_from` raises.

    `etag` is for files that do not change (without quotes).
    """
    if etag is not None and etag in tags(request.headers.get("If-None-Match", "")):
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
    """To be saved under `name`: what users made is never shown by a browser as if it were of this site."""
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def guards(etag: str | None) -> tuple[tuple[str, str], ...]:
    """Headers that say for how long an answer of this version may be kept."""
    nosniff = ("X-Content-Type-Options", "nosniff")
    if not etag:
        return nosniff, ("Cache-Control", "no-store")
    return nosniff, ("Cache-Control", "private, no-cache"), ("ETag", f'"{etag}"')


def tags(sent: str) -> set[str]:
    """The versions that an If-None-Match names."""
    return {tag.strip().removeprefix("W/").strip('"') for tag in sent.split(",")}


def _guarded(response: Response, etag: str | None) -> Response:
    response.headers.update(dict(guards(etag)))
    return response


def _range_counts(etag: str | None) -> bool:
    """If-Range (RFC 9110 13.1.5): of another version only the whole is of use."""
    condition = request.headers.get("If-Range")
    return condition is None or (etag is not None and condition.strip() == f'"{etag}"')
