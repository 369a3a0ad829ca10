"""Parameters of this room: texts, from the query or from a JSON object."""

import re
from typing import Final

from flask import request

from libs.web.params import BadParams, Limits, NumberText, Params, TooLarge
from services.auth.dialects.account.errors import BadRequest, RequestTooLarge

LIMITS: Final = Limits(body=64 * 1024)
_CHAIN_ID = re.compile(r"[1-9][0-9]{0,17}")


def query() -> Params:
    """Raises BadRequest, RequestTooLarge."""
    try:
        return Params.of_query(request, LIMITS)
    except TooLarge as error:
        raise RequestTooLarge(error.message) from error
    except BadParams as error:
        raise BadRequest(error.message) from error


def body() -> Params:
    """The JSON object that was sent. Raises BadRequest, RequestTooLarge."""
    try:
        return Params.of_json(request, LIMITS)
    except TooLarge as error:
        raise RequestTooLarge(error.message) from error
    except BadParams as error:
        raise BadRequest(error.message) from error


def need(params: Params, name: str) -> str:
    value = take(params, name)
    if value is None:
        raise BadRequest(f"The {name} is missing.")
    return value


def take(params: Params, name: str) -> str | None:
    """An optional text, None when absent or null; an empty one is a text."""
    value = params.value(name)
    if value is None:
        return None
    if not isinstance(value, str) or isinstance(value, NumberText):
        raise BadRequest(f"The {name} must be a text.")
    return value


def take_chain_id(params: Params) -> int | None:
    value = take(params, "chainId")
    if value is None:
        return None
    if _CHAIN_ID.fullmatch(value) is None:
        raise BadRequest("The chainId must be a whole number.")
    return int(value)
