"""Plain checks of what our own services send: JSON objects with texts and integers."""

from flask import request

from libs.web.params import BadParams, Params
from services.provider.dialects.internal.errors import BadRequest


def read() -> Params:
    """Query over JSON. Raises BadRequest."""
    try:
        return Params.of(request)
    except BadParams as error:
        raise BadRequest(error.field) from error


def need_text(params: Params, field: str) -> str:
    value = params.value(field)
    if not isinstance(value, str) or not value:
        raise BadRequest(field)
    return str(value)


def take_chain_id(params: Params, field: str) -> int | None:
    value = params.value(field)
    if value is None:
        return None
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise BadRequest(field)
    return int(value)
