"""`POST /api/services/encrypt`: the body comes back as `0x` and the hex of its ECIES blob (contract 2.2).

ocean.js publishes whatever text it gets, so success is told by 201 and refusals are JSON.
"""

import re
from binascii import hexlify
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, request

from libs.web.gate import public
from libs.web.ocean_shapes import FieldErrors, edge_error, refusal
from libs.web.params import BadParams, Params
from services.provider.dialects.ocean.plain import TEXT, Answer, Way, body_of, outcome, whole
from services.provider.domain.errors import UnsupportedChain
from services.provider.usecases.encrypt import Encrypt

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PATH: Final = "/api/services/encrypt"
OCTETS: Final = "application/octet-stream"
# Pieces whose hex stays below malloc's threshold for fresh pages: a whole 2 MiB answer in one buffer, and
# again with `0x` before it, costs twice the time of the encryption in page faults (measured).
_PIECE = 32 * 1024
# Digits first, whatever follows: ocean.js 5.1.1 sends `?chainId=8996?nonce=...`.
_PLAIN_QUERY = re.compile(r"(?:chainId=([0-9]{1,18}))?")
_LEADING_DIGITS = re.compile(r"\A[0-9]{1,18}(?![0-9])")


def add(room: Blueprint, encrypt: Encrypt, max_bytes: int) -> None:
    @room.route(PATH, methods=["GET", "POST"])
    @public
    def encrypt_document() -> Response:
        if request.mimetype != OCTETS:
            return refusal(f"Invalid request content type: should be {OCTETS}")
        chain_id = _chain_id()
        document = _body(max_bytes)
        if document is None:
            return edge_error(f"The document is larger than {max_bytes} bytes.", 413)
        try:
            blob = outcome(lambda: encrypt.blob(document, chain_id))
        except UnsupportedChain:
            return refusal("Failed to encrypt.")
        return _hex(blob).response()


def way(encrypt: Encrypt, max_bytes: int) -> Way[tuple[bytes, int | None], bytes]:
    def read(environ: "WSGIEnvironment") -> tuple[bytes, int | None] | None:
        query = _PLAIN_QUERY.fullmatch(environ.get("QUERY_STRING", ""))
        if query is None or environ.get("CONTENT_TYPE") != OCTETS:
            return None
        document = body_of(environ, max_bytes)
        return None if document is None else (document, int(query[1]) if query[1] else None)

    return Way("POST", read, lambda asked: encrypt.blob(*asked), _hex)


def _hex(blob: bytes) -> Answer:
    if len(blob) <= _PIECE:
        return whole(b"0x" + hexlify(blob), TEXT, 201)
    return Answer(201, (("Content-Type", TEXT),), _pieces(memoryview(blob)), 2 + 2 * len(blob))


def _pieces(blob: memoryview) -> Iterator[bytes]:
    yield b"0x" + hexlify(blob[:_PIECE])
    for start in range(_PIECE, len(blob), _PIECE):
        yield hexlify(blob[start : start + _PIECE])


def _chain_id() -> int | None:
    try:
        value = Params.of_query(request).text("chainId")
    except BadParams as error:
        raise FieldErrors({error.field: [error.message]}) from error
    if not value:
        return None
    found = _LEADING_DIGITS.match(value)
    if found is None:
        raise FieldErrors({"chainId": ["The chainId must be an integer."]})
    return int(found.group())


def _body(max_bytes: int) -> bytes | None:
    """The whole body, or None when it is larger than allowed; never reads more than one byte too much.

    Read from the server in one go: the framework would gather it in small pieces and copy it twice.
    """
    length = request.content_length
    if length is not None and length > max_bytes:
        return None
    if length is None and not request.environ.get("HTTP_TRANSFER_ENCODING"):
        return b""
    body: bytes = request.environ["wsgi.input"].read(max_bytes + 1 if length is None else length)
    if length is not None and len(body) < length:
        raise FieldErrors({"body": ["The body ended early."]})
    return None if len(body) > max_bytes else body
