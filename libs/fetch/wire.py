"""HTTP/1.x on the wire: the text of a request, the head of a response, how long its body is. No sockets here.

Written out rather than taken from http.client because three things are needed that it cannot do: one deadline
over the whole head (slow-loris), a byte cap over it, and knowing exactly which bytes were read, so
that the kernel can move the rest of the body. Source: RFC 9112.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from libs.fetch.errors import BadResponse, RequestRefused

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\x00\r\n]*)?")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BAD_VALUE = re.compile(r"[\x00\r\n]")
_LENGTH = re.compile(r"[0-9]{1,18}")
# Ours to say, or meaningless for a single exchange.
_OWN_HEADERS = frozenset(
    (
        "host", "connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "expect", "content-length", "accept-encoding",
    )
)  # fmt: skip
_BODILESS = frozenset((204, 304))


class Framing(Enum):
    """How the end of a body is known."""

    NONE = "none"
    LENGTH = "length"
    CHUNKED = "chunked"
    CLOSE = "close"  # ends with the connection


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and headers; names lower case, repeated fields joined with a comma."""

    status: int
    headers: Mapping[str, str]
    framing: Framing
    length: int  # bytes of the body; 0 unless framing is LENGTH
    reusable: bool  # the connection may serve another request after this body


def request_head(method: str, path_qs: str, headers: Mapping[str, str]) -> bytes:
    """Status line and headers of a request, in the order given. Raises RequestRefused."""
    if not _TOKEN.fullmatch(method):
        raise RequestRefused("the method is not a method")
    lines = [f"{method} {path_qs} HTTP/1.1"]
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or _BAD_VALUE.search(value):
            raise RequestRefused("a header holds characters that no header may hold")
        lines.append(f"{name}: {value}")
    try:
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")
    except UnicodeEncodeError:
        raise RequestRefused("a header holds characters that no header may hold") from None


def sendable(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers a caller may set: everything but those that belong to the connection."""
    return {name: value for name, value in headers.items() if name.lower() not in _OWN_HEADERS}


def end_of_head(data: bytes | bytearray) -> int:
    """Number of bytes of the head, empty line included; -1 while it is incomplete. Bare LF is accepted."""
    strict = data.find(b"\r\n\r\n")
    loose = data.find(b"\n\n")
    if strict >= 0 and (loose < 0 or strict < loose):
        return strict + 4
    return loose + 2 if loose >= 0 else -1


def parse_head(block: bytes, method: str) -> Head:
    """`block` is all of the head, empty line included. Raises BadResponse."""
    lines = block.rstrip(b"\r\n").replace(b"\r\n", b"\n").split(b"\n")
    status_line = _STATUS_LINE.fullmatch(lines[0])
    if status_line is None:
        raise BadResponse("the origin does not speak HTTP/1")
    status = int(status_line[2])
    headers = _headers(lines[1:])
    framing, length = _framing(status, headers, method)
    return Head(status, headers, framing, length, _reusable(status_line[1], headers, framing))


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    last = ""
    for line in lines:
        text = line.decode("latin-1")
        if text[:1] in " \t" and last:  # obsolete folding: one value over several lines
            headers[last] += " " + text.strip()
            continue
        name, colon, value = text.partition(":")
        value = value.strip(" \t")
        if not colon or not _TOKEN.fullmatch(name) or _BAD_VALUE.search(value):
            raise BadResponse("the origin sent a malformed header")
        last = name.lower()
        headers[last] = f"{headers[last]}, {value}" if last in headers else value
    return headers


def _framing(status: int, headers: Mapping[str, str], method: str) -> tuple[Framing, int]:
    if method == "HEAD" or status in _BODILESS:
        return Framing.NONE, 0
    coding = headers.get("transfer-encoding")
    if coding is not None:
        if coding.lower() != "chunked":
            raise BadResponse("the origin used a transfer encoding that nobody asked for")
        return Framing.CHUNKED, 0
    stated = headers.get("content-length")
    if stated is None:
        return Framing.CLOSE, 0
    length = stated_length(stated)
    if length is None:
        raise BadResponse("the origin sent a malformed Content-Length")
    return Framing.LENGTH, length


def stated_length(text: str) -> int | None:
    """The value of a Content-Length field, or None when it is no number; equal repetitions count as one."""
    values = {value.strip() for value in text.split(",")}
    value = values.pop()
    return int(value) if not values and _LENGTH.fullmatch(value) else None


def _reusable(minor: bytes, headers: Mapping[str, str], framing: Framing) -> bool:
    options = {option.strip() for option in headers.get("connection", "").lower().split(",")}
    smuggling_risk = "transfer-encoding" in headers and "content-length" in headers
    return minor == b"1" and "close" not in options and framing is not Framing.CLOSE and not smuggling_risk
