"""Answers that are no documents: texts, long lists, files."""

from collections.abc import Iterable, Iterator
from typing import Final

from flask import Response, request

from libs.web.byte_answers import Opener, attached, file_answer

TEXT: Final = "text/plain; charset=utf-8"
GUARDS: Final = (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"))
PIECE: Final = 1 << 20  # bytes of a list that go out at a time


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
    """A file of `size` bytes, or the range that is asked for; it never changes. Raises NotSatisfiable."""
    return attached(file_answer(open_from, size, media_type), name)


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
