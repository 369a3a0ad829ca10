"""Server-sent events (WHATWG HTML 9.2) as bytes, and log bytes as events that lose none of them."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from services.compute.usecases.follow import Piece

MEDIA_TYPE: Final = "text/event-stream"
FIRST: Final = b"retry: 1000\n\n"
BEAT: Final = b": still here\n\n"
_LONGEST_TAIL: Final = 3  # bytes of a character whose last one is still to come


def event(kind: str, data: Mapping[str, Any], number: int | None = None) -> bytes:
    """One event; `number` is where a reader that saw it goes on."""
    place = "" if number is None else f"id: {number}\n"
    return f"{place}event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def log_events(pieces: Iterable[Piece], start: int) -> Iterator[bytes]:
    """`log` events whose id is the offset after their bytes: `text` where they are UTF-8, else `base64`.

    A character that is cut by a piece waits for its rest.
    """
    held = b""
    for piece in pieces:
        if not piece.data:
            yield BEAT
            continue
        data = held + piece.data
        held = _cut_character(data)
        whole = data[: len(data) - len(held)]
        start += len(whole)
        if whole:
            yield event("log", _content(whole), start)
    if held:
        yield event("log", _content(held), start + len(held))


def _content(data: bytes) -> Mapping[str, str]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _cut_character(data: bytes) -> bytes:
    """The beginning of a character at the end of `data`, empty when there is none."""
    tail = data[-_LONGEST_TAIL:]
    for length in range(1, len(tail) + 1):
        first = tail[-length]
        if first & 0xC0 == 0x80:
            continue  # goes on
        needed = (
            2 if 0xC2 <= first <= 0xDF else 3 if first & 0xF0 == 0xE0 else 4 if 0xF0 <= first <= 0xF4 else 1
        )
        return tail[-length:] if needed > length else b""
    return b""
