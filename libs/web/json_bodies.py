"""JSON bodies of clients that label them anyhow, or compress them."""

import zlib

from flask import Request

from libs.web.params import BadParams, TooLarge, read_body
from libs.web.strict_json import MAX_DEPTH, Json, parse_json

GZIP_WINDOW = 16 + zlib.MAX_WBITS  # a gzip header must be there


class UnknownCoding(BadParams):
    """A Content-Encoding that we do not read."""


def read_json_object(request: Request, most_bytes: int) -> dict[str, Json]:
    """The body as a JSON object, whatever its content type says; an empty one has no members.

    `Content-Encoding: gzip` is undone; the limit counts before and after. Raises BadParams, TooLarge,
    UnknownCoding.
    """
    value = read_json(request, most_bytes, empty={})
    if not isinstance(value, dict):
        raise BadParams("body", "The body must be a JSON object.")
    return value


def read_json(
    request: Request,
    most_bytes: int,
    most_unzipped: int | None = None,
    max_depth: int = MAX_DEPTH,
    empty: Json = None,
) -> Json:
    """As `read_json_object`, of any value. `most_unzipped`: another limit for what a compressed body becomes;
    `empty`: what an empty body stands for.
    """
    body = read_body(request, most_bytes)
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding in ("gzip", "x-gzip"):
        body = _unzipped(body, most_unzipped or most_bytes)
    elif coding not in ("", "identity"):
        raise UnknownCoding("body", "The body's Content-Encoding must be gzip or none.")
    return parse_json(body, max_depth=max_depth) if body.strip() else empty


def _unzipped(body: bytes, most_bytes: int) -> bytes:
    opener = zlib.decompressobj(GZIP_WINDOW)
    try:
        found = opener.decompress(body, most_bytes + 1)
    except zlib.error:
        raise BadParams("body", "The body is not gzip.") from None
    if len(found) > most_bytes:
        raise TooLarge("body", f"The body is larger than {most_bytes} bytes.")
    if not opener.eof or opener.unused_data:
        raise BadParams("body", "The body is not gzip.")
    return found
