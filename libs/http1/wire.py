"""HTTP/1.1 on the wire: the bytes of a request, the head of an answer. No sockets here. Source: RFC 9112."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from libs.http1.errors import BadHead, BadTarget

_TARGET = re.compile(r"[!-~]+")
# One look over all headers; a line that does not match is missed by the count.
_FIELD = re.compile(r"\r\n([!-9;-~]+):[ \t]*([^\x00\r\n]*)(?=\r\n|\Z)")
_BODILESS = frozenset((204, 304))
_FRAMING = frozenset(("content-length", "transfer-encoding"))

ENDLESS, CHUNKED = -1, -2  # in place of a length: ends with the connection, comes in chunks


class Head(NamedTuple):
    """Names lower case, values as they came; of a header sent twice the last value."""

    status: int
    headers: dict[str, str]
    length: int  # of the body; or ENDLESS, CHUNKED
    is_last: bool  # the connection serves no further request


def request(method: str, target: str, headers: Mapping[str, str], body: bytes | None = None) -> bytes:
    """All of a request. Raises BadTarget; ValueError for a header that would end its line."""
    return request_head(method, target, headers, None if body is None else len(body)) + (body or b"")


def request_head(method: str, target: str, headers: Mapping[str, str], length: int | None) -> bytes:
    """Without `length` a POST still states that it has no body."""
    if not _TARGET.fullmatch(target):
        raise BadTarget("the target holds characters that no URL may hold")
    lines = [f"{method} {target} HTTP/1.1", *[f"{name}: {value}" for name, value in headers.items()]]
    if length is not None or method not in ("GET", "HEAD"):
        lines.append(f"Content-Length: {length or 0}")
    text = "\r\n".join(lines)
    if text.count("\n") >= len(lines) or text.count("\r") >= len(lines) or "\0" in text:
        raise ValueError("a header holds characters that no header may hold")
    return text.encode("latin-1") + b"\r\n\r\n"


def parse_head(block: bytes, method: str) -> Head:
    """`block` ends before the empty line. Raises BadHead."""
    text = block.decode("latin-1")
    status = text[9:12]
    if not text.startswith("HTTP/1.") or len(status) != 3 or not (status.isascii() and status.isdigit()):
        raise BadHead("not an HTTP answer")
    fields = _FIELD.findall(text)
    if len(fields) != text.count("\n"):
        raise BadHead("malformed headers")
    headers = {name.lower(): value.rstrip() for name, value in fields}
    if len(headers) != len(fields):
        _check_framing(fields, headers)
    code = int(status)
    length = 0 if method == "HEAD" or code in _BODILESS else _length(headers)
    return Head(code, headers, length, length == ENDLESS or _is_last(text[7], headers))


def _check_framing(fields: list[tuple[str, str]], headers: Mapping[str, str]) -> None:
    """A length that is stated twice is stated alike."""
    for name, value in fields:
        if name.lower() in _FRAMING and value.rstrip() != headers[name.lower()]:
            raise BadHead("malformed length")


def _length(headers: Mapping[str, str]) -> int:
    coding = headers.get("transfer-encoding")
    if coding is not None:
        if coding.lower() != "chunked":
            raise BadHead("a transfer encoding that nobody asked for")
        return CHUNKED
    stated = headers.get("content-length")
    return ENDLESS if stated is None else number(stated, 10)


def _is_last(minor: str, headers: Mapping[str, str]) -> bool:
    options = headers.get("connection")
    if options is not None and "close" in options.lower():
        return True
    if minor == "0" and "keep-alive" not in (options or "").lower():
        return True
    return "transfer-encoding" in headers and "content-length" in headers  # somebody counts otherwise


def number(text: str, base: int) -> int:
    """A length as a peer states it. Raises BadHead."""
    if not text.isascii() or not text.isalnum() or len(text) > 16:
        raise BadHead("malformed length")
    try:
        return int(text, base)
    except ValueError:
        raise BadHead("malformed length") from None
