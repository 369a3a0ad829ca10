"""Server-sent events (WHATWG HTML 9.2.6) out of pieces of an answer, however they are cut."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Event(NamedTuple):
    kind: str
    data: str
    id: str | None  # the last one that was told, where a reader goes on


def events(pieces: Iterable[bytes]) -> Iterator[Event]:
    """Comments and what is unfinished at the end are left out."""
    kind, data, last = "message", list[str](), None
    for line in _lines(pieces):
        if not line:
            if data:
                yield Event(kind, "\n".join(data), last)
            kind, data = "message", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            kind = value
        elif name == "id" and "\0" not in value:
            last = value


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Whole lines; an unfinished last one is dropped."""
    held = b""
    for piece in pieces:
        *whole, held = (held + piece).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r").decode("utf-8", "replace")
