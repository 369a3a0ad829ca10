"""One byte range of a request (RFC 9110 section 14).

Several ranges at once are answered with the whole, as the RFC allows.
"""

import re

_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))", re.IGNORECASE)


class NotSatisfiable(Exception):
    """No byte of the range is there; `size` goes into Content-Range (RFC 9110 14.4)."""

    def __init__(self, size: int) -> None:
        super().__init__("no byte of the range is there")
        self.size = size


def wanted(header: str | None, size: int) -> tuple[int, int] | None:
    """(start, length) of what is wanted of `size` bytes; None for all of it, also when the header is none we
    read. Raises NotSatisfiable.
    """
    match = _RANGE.fullmatch((header or "").strip())
    if match is None:
        return None
    first, last, suffix = match.groups()
    if first is None:
        length = min(int(suffix), size)
        if length == 0:
            raise NotSatisfiable(size)
        return size - length, length
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None  # not valid, and ignored as RFC 9110 14.2 says
    if start >= size:
        raise NotSatisfiable(size)
    return start, end - start + 1


def content_range(start: int, length: int, size: int) -> str:
    return f"bytes {start}-{start + length - 1}/{size}"


def unsatisfied(size: int) -> str:
    return f"bytes */{size}"
