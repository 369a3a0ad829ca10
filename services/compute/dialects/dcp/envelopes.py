"""Results as they go out (contract 5.3): streamed, in one pass over the store, and no value is ever parsed.

Errors come behind all results. As many as fit are held back on the way; what does not fit is read again.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from flask import Response, request

from services.compute.domain.slices import SliceResult, SliceState

PIECE: Final = 256 * 1024  # bytes that go out at a time
HELD: Final = 1 << 20  # bytes of errors that are held back
Reader = Callable[[int], Iterator[SliceResult]]
"""The results above a number, rising."""


def pieces(
    head: Mapping[str, Any], read: Reader, after: int = 0, limit: int | None = None
) -> Iterator[bytes]:
    """`head`: the members that come first. With a `limit` of slices there is a `next`, null at the end."""
    yield json.dumps(head, separators=(",", ":"))[:-1].encode() + b',"results":['
    errors, last, count, comma, is_cut = _Errors(after), after, 0, b"", False
    for result in read(after):
        if count == limit:
            is_cut = True
            break
        last, count = result.number, count + 1
        if result.state is SliceState.DONE:
            yield comma + value_row(result)
            comma = b","
        else:
            errors.add(result)
    yield b'],"errors":['
    yield from errors.rows(read, last)
    yield b"]" if limit is None else b'],"next":' + (str(last).encode() if is_cut else b"null")
    yield b"}"


def streamed(parts: Iterator[bytes], tag: str | None = None) -> Response:
    """JSON; a short one goes out in one piece."""
    whole = _gathered(parts)
    first = next(whole)
    second = next(whole, None)
    body: Any = first if second is None else _chained(first, second, whole)
    if request.method == "HEAD":
        body = b""
    response = Response(body, mimetype="application/json")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store" if tag is None else "private, no-cache"
    if tag is not None:
        response.headers["ETag"] = f'W/"{tag}"'
    return response


def value_row(result: SliceResult) -> bytes:
    note = f',"note":{json.dumps(result.note)}' if result.note else ""
    return f'{{"sliceNumber":{result.number},"value":{result.body}{note}}}'.encode()


def error_row(result: SliceResult) -> bytes:
    """Its body is an object, whose members go between ours."""
    members = result.body.strip()[1:-1].strip()
    told = f",{members}" if members else ""
    return f'{{"sliceNumber":{result.number}{told},"attempts":{result.tries}}}'.encode()


class _Errors:
    def __init__(self, after: int) -> None:
        self._rows: list[bytes] = []
        self._bytes = 0
        self._last = after  # the last that is held
        self._more = False

    def add(self, result: SliceResult) -> None:
        row = error_row(result)
        self._bytes += len(row)
        self._more = self._more or self._bytes > HELD
        if not self._more:
            self._rows.append(row)
            self._last = result.number

    def rows(self, read: Reader, last: int) -> Iterator[bytes]:
        comma = b""
        for row in self._rows:
            yield comma + row
            comma = b","
        for result in read(self._last) if self._more else ():
            if result.number > last:
                return
            if result.state is SliceState.FAILED:
                yield comma + error_row(result)
                comma = b","


def _gathered(parts: Iterator[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part)
        if size >= PIECE:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _chained(first: bytes, second: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield second
    yield from rest
