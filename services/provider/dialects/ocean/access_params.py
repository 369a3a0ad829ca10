"""What initialize and download read alike. Source: contract 0.2, 2.4, 2.6, 11.4."""

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from flask import request

from libs.web.ocean_form import read
from libs.web.params import Params
from services.provider.dialects.ocean.plain import query_params
from services.provider.domain.order_errors import MalformedTxId
from services.provider.domain.orders import parse_tx_id

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_RAW_TX_ID = re.compile(rb"(?:^|&)(transferTxId=([^&]{32,96}))(?:&|$)")


def read_access_params() -> Params:
    """The request's parameters, see `with_hex_tx_id`. Raises FieldErrors, RequestTooLarge."""
    request.query_string = with_hex_tx_id(request.query_string)
    return read()


def plain_access_params(environ: "WSGIEnvironment") -> Params | None:
    """The same of a request without a body, before Flask. Raises BadParams, UnicodeEncodeError."""
    return query_params(environ, with_hex_tx_id)


def with_hex_tx_id(query: bytes) -> bytes:
    """A transferTxId of 32 raw bytes (ocean.py percent-encodes the hash itself) is turned into its hex text,
    because no text can hold it."""
    found = _RAW_TX_ID.search(query)
    value = b"" if found is None else unquote_to_bytes(found[2].replace(b"+", b" "))
    if found is None or len(value) != 32:
        return query
    return query.replace(found[1], b"transferTxId=" + parse_tx_id(value).encode(), 1)


def is_tx_id(field: str, value: str) -> str | None:
    try:
        parse_tx_id(value)
    except MalformedTxId:
        return f"The {field} format is invalid."
    return None
