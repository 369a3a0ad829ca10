"""Ocean parameters of the token endpoints: query over JSON over form, literal texts kept (contract 0.2).

Both endpoints bail: the first wrong field ends the check and is the only one reported.
"""

import re
from collections.abc import Callable

from flask import request

from libs.signing.errors import MalformedAddress
from libs.signing.keys import checksum
from libs.web.params import BadParams, Limits, Params, TooLarge
from services.auth.dialects.ocean.errors import FieldErrors, RequestTooLarge
from services.auth.domain.wallets import MalformedNonce, check_nonce

LIMITS = Limits(body=64 * 1024)
MAX_TEXT_CHARS = 16_400  # the signature of a contract wallet may have 8 KiB
INVALID_SIGNATURE = "Invalid signature provided. Please check the nonce or documentId."
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_LEADING_DIGITS = re.compile(r"[0-9]{1,18}(?![0-9])")

Check = Callable[[str, str], str | None]  # (field, text) -> message, or None when the text is fine


def read() -> Params:
    """Of the current request. Raises FieldErrors, RequestTooLarge."""
    try:
        return Params.of(request, LIMITS)
    except TooLarge as error:
        raise RequestTooLarge(error.message) from error
    except BadParams as error:
        raise FieldErrors({error.field: [error.message]}) from error


def need(params: Params, field: str, check: Check | None = None) -> str:
    """The literal text of a required field. Raises FieldErrors."""
    value = take(params, field)
    if value is None:
        raise FieldErrors({field: [f"The {field} field is required."]})
    message = check(field, value) if check is not None else None
    if message is not None:
        raise FieldErrors({field: [message]})
    return value


def need_signature(params: Params) -> str:
    """Upstream reports both of its rules when there is no signature; an AuthToken does not stand in here."""
    value = take(params, "signature")
    if value is None:
        raise FieldErrors({"signature": ["The signature field is required.", INVALID_SIGNATURE]})
    return value


def take(params: Params, field: str) -> str | None:
    """An optional field; empty counts as absent. Raises FieldErrors for lists, objects and huge texts."""
    try:
        value = params.text(field)
    except BadParams as error:
        raise FieldErrors({error.field: [error.message]}) from error
    if value is not None and len(value) > MAX_TEXT_CHARS:
        raise FieldErrors({field: [f"The {field} is too long."]})
    return value or None


def take_chain_id(params: Params) -> int | None:
    """Leading digits count: ocean.js 5.1.1 glues a second question mark to them (contract 2.2)."""
    value = take(params, "chainId")
    if value is None:
        return None
    match = _LEADING_DIGITS.match(value)
    if match is None:
        raise FieldErrors({"chainId": ["The chainId must be an integer."]})
    return int(match.group())


def is_integer(field: str, value: str) -> str | None:
    return None if _INTEGER.fullmatch(value) else f"The {field} must be an integer."


def is_nonce(field: str, value: str) -> str | None:
    try:
        check_nonce(value)
    except MalformedNonce:
        return f"The {field} must be a number."
    return None


def is_address(field: str, value: str) -> str | None:
    try:
        checksum(value)
    except MalformedAddress:
        return f"The {field} must be a valid address."
    return None
