"""From an origin's response to ours: which requests pass, which headers come back, what a file is called.

One GET per download reaches the origin. Its headers come back through an allow-list only. Used by the egress
process, and by the provider itself for callers that come without our gateway. Source: contract section 2.6.
"""

import errno
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from tempfile import SpooledTemporaryFile

from libs.fetch.wire import stated_length
from libs.web.cors import SIMPLE as CORS
from services.provider.adapters.origins import GuardedOrigins, OpenReply
from services.provider.domain.file_names import attachment, download_name, guess_type
from services.provider.domain.origins import OriginRequest, OriginUnavailable
from services.provider.ports import RelayReply

PIECE = 128 * 1024
SPOOL_MEMORY_BYTES = 1024 * 1024
MAX_SPOOL_BYTES = 256 * 1024 * 1024
UNSATISFIABLE = json.dumps({"error": "Requested range not satisfiable."}).encode()
_PASSED_ON = (
    ("content-encoding", "Content-Encoding"),  # what the origin chose in spite of us goes out as it came
    ("content-range", "Content-Range"),
    ("accept-ranges", "Accept-Ranges"),
    ("etag", "ETag"),
    ("last-modified", "Last-Modified"),
)
_PRIVATE = (("Cache-Control", "private, no-transform"), ("X-Content-Type-Options", "nosniff"))
_RANGE = re.compile(
    r"bytes=(?:[0-9]{1,18}-[0-9]{0,18}|-[0-9]{1,18})(?:, ?(?:[0-9]{1,18}-[0-9]{0,18}|-[0-9]{1,18})){0,9}"
)
_VALIDATOR = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,255}")
_CLEAN = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,1024}")


class TransferBroken(ConnectionResetError):
    """The body cannot be completed. A reset to the server, so that the client sees a cut, not a short
    file.
    """

    def __init__(self, cause: str, sent: int = 0) -> None:
        super().__init__(errno.ECONNRESET, cause)
        self.cause = cause
        self.sent = sent  # bytes of the body that had gone out


@dataclass(frozen=True, slots=True)
class Opened:
    """Status and headers for our client, and where the body comes from: an origin, or text of our own."""

    status: int
    headers: list[tuple[str, str]]
    source: OpenReply | None
    text: bytes = b""


class OriginRelay:
    def __init__(self, origins: GuardedOrigins) -> None:
        self._origins = origins

    def open(
        self, plan: OriginRequest, request_headers: Mapping[str, str], method: str = "GET"
    ) -> RelayReply:
        """Raises OriginRefused, OriginUnavailable. The body raises TransferBroken when the origin breaks
        off.
        """
        opened = self.connect(plan, request_headers, method)
        if opened.source is None:
            return RelayReply(opened.status, opened.headers, iter((opened.text,)), _nothing)
        if any(name == "Content-Length" for name, _ in opened.headers):
            return RelayReply(opened.status, opened.headers, pieces(opened.source), opened.source.close)
        # The service's server ends a body of unknown length in good order even when we raise, and a file cut
        # short would pass for a whole one. So its length is found out first.
        spool = Spool(opened.source)
        headers = [*opened.headers, ("Content-Length", str(spool.length))]
        return RelayReply(opened.status, headers, spool.pieces(), spool.close)

    def connect(self, plan: OriginRequest, request_headers: Mapping[str, str], method: str = "GET") -> Opened:
        """The same without a body iterator, for whoever can move the bytes better."""
        asked = _asked_range(plan, request_headers)
        reply = self._reply(plan, asked, method)
        if reply.status == 416 and asked:
            return _unsatisfiable(reply)
        if reply.status not in (200, 203, 206):
            reply.discard()
            raise OriginUnavailable("the origin answered with an error")
        headers = _headers(plan, reply)
        if method == "HEAD":
            reply.close()
            return Opened(reply.status, headers, None)
        return Opened(reply.status, headers, reply)

    def _reply(self, plan: OriginRequest, asked: Mapping[str, str], method: str) -> OpenReply:
        if method == "HEAD" and plan.method == "GET":
            reply = self._origins.open(replace(plan, method="HEAD"), asked)
            if reply.status in (200, 203, 206, 416):
                return reply
            reply.discard()  # many origins know no HEAD, or sign their URLs for GET only
        return self._origins.open(plan, asked)


class Spool:
    """A body of unknown length, taken in whole: in memory while small, else in an unnamed file."""

    def __init__(self, source: OpenReply) -> None:
        """Raises OriginUnavailable when the body breaks off, or is longer than MAX_SPOOL_BYTES."""
        self.length = 0
        self._file = SpooledTemporaryFile(max_size=SPOOL_MEMORY_BYTES)  # noqa: SIM115  (closed by close)
        try:
            for piece in source.chunks(PIECE):
                self.length += len(piece)
                if self.length > MAX_SPOOL_BYTES:
                    raise OriginUnavailable("the origin states no length and sends too much")
                self._file.write(piece)
            self._file.seek(0)
        except BaseException:
            self._file.close()
            raise
        finally:
            source.close()

    def pieces(self) -> Iterator[bytes]:
        while piece := self._file.read(PIECE):
            yield piece

    def close(self) -> None:
        self._file.close()


def pieces(source: OpenReply) -> Iterator[bytes]:
    try:
        yield from source.chunks(PIECE)
    except OriginUnavailable as error:
        raise TransferBroken(str(error)) from error
    finally:
        source.close()


def _asked_range(plan: OriginRequest, request_headers: Mapping[str, str]) -> dict[str, str]:
    """Range and If-Range to send along. The file object's own Range stays put (contract 2.6)."""
    if any(name.lower() == "range" for name in plan.headers):
        return {}
    given = {name.lower(): value for name, value in request_headers.items() if name.lower() in _FORWARDED}
    wanted = given.get("range", "").strip()
    if not _RANGE.fullmatch(wanted):
        return {}  # RFC 9110 14.2: what is no valid range is ignored
    validator = given.get("if-range", "").strip()
    return {"Range": wanted, "If-Range": validator} if _VALIDATOR.fullmatch(validator) else {"Range": wanted}


_FORWARDED = frozenset(("range", "if-range"))


def _headers(plan: OriginRequest, reply: OpenReply) -> list[tuple[str, str]]:
    content_type = _clean(reply, "content-type")
    disposition = reply.headers.get("content-disposition")
    name = download_name(disposition, plan.url, plan.fallback_name, content_type)
    headers = [
        ("Content-Type", content_type or guess_type(name)),
        ("Content-Disposition", attachment(name)),
        *_length(reply),
    ]
    headers += [(name, value) for key, name in _PASSED_ON if (value := _clean(reply, key))]
    return [*headers, *_PRIVATE, *CORS]


def _length(reply: OpenReply) -> list[tuple[str, str]]:
    """Only where the origin's own framing vouches for it."""
    if "transfer-encoding" in reply.headers:
        return []
    length = stated_length(reply.headers.get("content-length", ""))
    return [] if length is None else [("Content-Length", str(length))]


def _clean(reply: OpenReply, name: str) -> str:
    value = reply.headers.get(name, "")
    return value if _CLEAN.fullmatch(value) else ""


def _unsatisfiable(reply: OpenReply) -> Opened:
    """Passed through, but with JSON of ours: clients read every error body as JSON."""
    reply.discard()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(UNSATISFIABLE)))]
    headers += [(n, v) for key, n in _PASSED_ON[1:3] if (v := _clean(reply, key))]
    return Opened(416, [*headers, *CORS], None, UNSATISFIABLE)


def _nothing() -> None:
    """Text of our own holds nothing open."""
