"""What initialize and download read alike. Source: contract 0.2, 2.4, 2.6, 11.4."""

import re
from urllib.parse import unquote_to_bytes

from flask import request

from libs.web.ocean_form import read
from libs.web.params import Params
from services.provider.domain.order_errors import MalformedTxId
from services.provider.domain.orders import parse_tx_id

_RAW_TX_ID = re.compile(rb"(?:^|&)(transferTxId=([^&]{32,96}))(?:&|$)")


def read_access_params() -> Params:
    """The request's parameters; a transferTxId of 32 raw bytes (ocean.py percent-encodes the hash itself)
    is turned into its hex text first, because no text can hold it. Raises FieldErrors, RequestTooLarge."""
    raw = request.query_string
    found = _RAW_TX_ID.search(raw)
    if found is not None:
        value = unquote_to_bytes(found[2].replace(b"+", b" "))
        if len(value) == 32:
            request.query_string = raw.replace(found[1], b"transferTxId=" + parse_tx_id(value).encode(), 1)
    return read()


def is_tx_id(field: str, value: str) -> str | None:
    try:
        parse_tx_id(value)
    except MalformedTxId:
        return f"The {field} format is invalid."
    return None
