"""Ocean parameters of the token endpoints (contract 9), by the form that all Ocean rooms read.

Both endpoints bail: the first wrong field ends the check and is the only one reported.
"""

import re
from typing import Final

from libs.web.ocean_form import Form, read
from libs.web.ocean_shapes import FieldErrors
from libs.web.params import Limits, Params, parse_pairs

LIMITS: Final = Limits(body=64 * 1024)
MAX_TEXT_CHARS: Final = 16_400  # the signature of a contract wallet may have 8 KiB
INVALID_SIGNATURE: Final = "Invalid signature provided. Please check the nonce or documentId."
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_LEADING_DIGITS = re.compile(r"[0-9]{1,18}(?![0-9])")


def token_form() -> Form:
    """Of the current request. Raises FieldErrors, RequestTooLarge."""
    return _form(read(LIMITS))


def query_form(query: str) -> Form:
    """Of a request that has no body. Raises BadParams."""
    return _form(Params(parse_pairs(query.encode("latin-1"), "query", LIMITS)))


def _form(params: Params) -> Form:
    return Form(params, bail=True, most_chars=MAX_TEXT_CHARS)


def need_signature(form: Form) -> str:
    """Upstream reports both of its rules when there is no signature; an AuthToken does not stand in here."""
    value = form.take("signature")
    if value is None:
        raise FieldErrors({"signature": ["The signature field is required.", INVALID_SIGNATURE]})
    return value


def take_chain_id(form: Form) -> int | None:
    """Leading digits count: ocean.js 5.1.1 glues a second question mark to them (contract 2.2)."""
    value = form.take("chainId")
    if value is None:
        return None
    match = _LEADING_DIGITS.match(value)
    if match is None:
        raise FieldErrors({"chainId": ["The chainId must be an integer."]})
    return int(match.group())


def is_integer(field: str, value: str) -> str | None:
    """With a sign: a time long ago is a wrong time, not a wrong number."""
    return None if _INTEGER.fullmatch(value) else f"The {field} must be an integer."
