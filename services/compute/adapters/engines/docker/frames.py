"""The Docker Engine's log stream as it comes over the wire, undone in large pieces: HTTP's chunks, Docker's
frames, and the lines' times, which tell what the engine's log driver leaves out.

The engine sends each line as a chunk of its own. HTTP libraries hand those over one by one, and that alone
would hold a busy log down to ten thousand lines a second.
"""

import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from urllib3.response import BaseHTTPResponse

PIECE_BYTES: Final = 256 << 10
MOST_FRAME_BYTES: Final = 64 << 20  # a thousand times the largest that any driver makes
MOST_CHUNK_HEAD_BYTES: Final = 256
REMEMBERED_FRAMES: Final = 8
_HEADER: Final = struct.Struct(">BxxxL")
_LINE_END: Final = b"\r\n"
Read = Callable[[int], bytes]
"""Some bytes, at most so many, as soon as there are any; none at the end."""


class Frame(NamedTuple):
    """One line, or a part of a long one. `source` is 1 or 2; all parts of a line have one `stamp`."""

    source: int
    stamp: bytes
    text: bytes


def body_of(answer: BaseHTTPResponse) -> Iterator[bytes]:
    """Not one byte of it has been read yet; reading raises OSError and whatever the HTTP library does."""
    if answer.headers.get("Transfer-Encoding") != "chunked":
        return iter(partial(answer.read1, PIECE_BYTES), b"")
    below: Any = answer
    return dechunked(below._fp.fp.read1)  # where the Docker SDK itself takes its raw streams from


def dechunked(read: Read) -> Iterator[bytes]:
    """The body of an answer in chunks. Raises OSError when it ends before its last chunk, or is none."""
    held, left = _LINE_END, 0  # each chunk ends with the line end that its successor is taken to begin with
    while data := read(PIECE_BYTES):
        data, at, parts = held + data, 0, []
        while at < len(data):
            if left:
                parts.append(data[at : at + left])
                at += len(parts[-1])
                left -= len(parts[-1])
                continue
            end = data.find(_LINE_END, at + len(_LINE_END))
            if end < 0:
                break
            left = _size(data[at:end])
            at = end + len(_LINE_END)
            if not left:
                yield b"".join(parts)
                return
        held = data[at:]
        if len(held) > MOST_CHUNK_HEAD_BYTES:
            raise OSError("the engine's log stream is not in chunks")
        if parts:
            yield b"".join(parts)
    raise OSError("the engine's log stream broke off")


def frames(body: Iterable[bytes]) -> Iterator[Sequence[Frame]]:
    """Of an answer with times, as many as came at once. Raises OSError when it ends inside of one."""
    held = b""
    for data in body:
        data, at, found = held + data, 0, []
        while len(data) - at >= _HEADER.size:
            source, size = _HEADER.unpack_from(data, at)
            if size > MOST_FRAME_BYTES:
                raise OSError("the engine's log stream has a frame that no log driver makes")
            begin = at + _HEADER.size
            if len(data) - begin < size:
                break
            at = begin + size
            stamp, _, text = data[begin:at].partition(b" ")
            found.append(Frame(source, stamp, text))
        held = data[at:]
        if found:
            yield found
    if held:
        raise OSError("the engine's log stream ended inside a frame")


class Text:
    """What the run wrote, from its log's first frame on.

    Docker's `local` driver stores lines from 16 KiB on in parts, and (before Docker 25) gives them back
    without the line's end. It stood there when a frame of another time follows, or an empty part. That of a
    log's very last line cannot be known, if that is so long: it stays away.
    """

    def __init__(self) -> None:
        self._last: deque[Frame] = deque(maxlen=REMEMBERED_FRAMES)
        self._open: dict[int, bytes] = {}  # source -> the time of its last frame, if that ended no line

    def of(self, found: Sequence[Frame]) -> bytes:
        """What these add."""
        parts = []
        self._last.extend(found[-REMEMBERED_FRAMES:])
        for source, stamp, text in found:
            begun = self._open.get(source)
            if begun is not None and (begun != stamp or not text):
                parts.append(b"\n")
                begun = None
            parts.append(text)
            if text.endswith(b"\n") or (not text and begun is None):
                self._open.pop(source, None)
            else:
                self._open[source] = stamp
        return b"".join(parts)

    def missing(self, tail: Sequence[Frame]) -> Sequence[Frame] | None:
        """What of the log's last frames did not come yet; None when these do not tell for certain."""
        known = list(self._last)
        if len({frame.stamp for frame in known}) < 2:  # parts of one line may look the same
            return None
        ends = range(len(known), len(tail) + 1)
        places = [end for end in ends if tail[end - 1] == known[-1] and tail[end - len(known) : end] == known]
        return tail[places[0] :] if len(places) == 1 else None


def _size(head: bytes) -> int:
    """Of a chunk. Raises OSError."""
    digits, _, _ = head[len(_LINE_END) :].partition(b";")
    try:
        if head.startswith(_LINE_END) and digits.isalnum():
            return int(digits, 16)
    except ValueError:
        pass
    raise OSError("the engine's log stream is not in chunks")
