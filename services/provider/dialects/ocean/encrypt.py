"""`POST /api/services/encrypt`: the body comes back as `0x` and the hex of its ECIES blob (contract 2.2).

ocean.js publishes whatever text it gets, so success is told by 201 and refusals are JSON.
"""

import re
from binascii import hexlify

from flask import Blueprint, Response, request

from services.provider.dialects.ocean.errors import FieldErrors, edge_error, refusal
from services.provider.domain.errors import UnsupportedChain
from services.provider.usecases.encrypt import Encrypt

OCTETS = "application/octet-stream"
# Digits first, whatever follows: ocean.js 5.1.1 sends `?chainId=8996?nonce=...`.
_LEADING_DIGITS = re.compile(r"\A[0-9]{1,18}(?![0-9])")


def add(room: Blueprint, encrypt: Encrypt, max_bytes: int) -> None:
    @room.route("/api/services/encrypt", methods=["GET", "POST"])
    def encrypt_document() -> Response:
        if request.mimetype != OCTETS:
            return refusal(f"Invalid request content type: should be {OCTETS}")
        chain_id = _chain_id()
        document = _body(max_bytes)
        if document is None:
            return edge_error(f"The document is larger than {max_bytes} bytes.", 413)
        try:
            blob = encrypt.blob(document, chain_id)
        except UnsupportedChain:
            return refusal("Failed to encrypt.")
        return Response(b"0x" + hexlify(blob), 201, mimetype="text/plain")


def _chain_id() -> int | None:
    values = [value for value in request.args.getlist("chainId") if value]
    if not values:
        return None
    found = _LEADING_DIGITS.match(values[0])
    if len(values) > 1 or found is None:
        raise FieldErrors({"chainId": ["The chainId must be an integer."]})
    return int(found.group())


def _body(max_bytes: int) -> bytes | None:
    """The whole body, or None when it is larger than allowed; never reads more than one byte too much."""
    if (request.content_length or 0) > max_bytes:
        return None
    body = request.stream.read(max_bytes + 1)
    return None if len(body) > max_bytes else body
