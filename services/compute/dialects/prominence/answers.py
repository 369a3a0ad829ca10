"""Answers that are no documents: texts, long lists, files."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from flask import Response, request

from libs.web.ranges import content_range, wanted

TEXT: Final = "text/plain; charset=utf-8"
GUARDS: Final = (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"))
PIECE: Final = 1 << 20  # bytes of a list that go out at a time
Opener = Callable[[int, int | None], Iterator[bytes]]


def text(pieces: Iterable[bytes]) -> Response:
    body = () if request.method == "HEAD" else pieces
    return _guarded(Response(body, content_type=TEXT))


def array(rows: Iterator[bytes]) -> Response:
    """A JSON array of documents that are JSON already; a short one goes out in one piece."""
    pieces = _array(rows)
    first = next(pieces)
    second = next(pieces, None)
    if second is None:
        response = Response(first, mimetype="application/json")
    else:
        response = Response(_all(first, second, pieces), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def download(open_from: Opener, size: int, media_type: str, name: str) -> Response:
    """A file of `size` bytes, or the range of it that is asked for; it never changes. Raises NotSatisfiable.

    What users made is never shown by a browser as if it were of this site.
    """
    part = wanted(request.headers.get("Range"), size) if "If-Range" not in request.headers else None
    start, length = part or (0, size)
    body = iter(()) if request.method == "HEAD" else open_from(start, length)
    response = Response(body, 206 if part else 200, content_type=media_type)
    response.headers["Content-Length"] = str(length)
    response.headers["Accept-Ranges"] = "bytes"
    if part:
        response.headers["Content-Range"] = content_range(start, length, size)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return _guarded(response)


def _array(rows: Iterator[bytes]) -> Iterator[bytes]:
    held, size, comma = [b"["], 1, b""
    for row in rows:
        held += (comma, row)
        size += len(row) + 1
        comma = b","
        if size >= PIECE:
            yield b"".join(held)
            held, size = [], 0
    held.append(b"]")
    yield b"".join(held)


def _all(first: bytes, second: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield second
    yield from rest


def _guarded(response: Response) -> Response:
    response.headers.update(dict(GUARDS))
    return response
