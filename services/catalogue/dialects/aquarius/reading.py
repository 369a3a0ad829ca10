"""Reads requests of this room: bodies within their limits, query values within theirs."""

from typing import Any

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from libs.web.params import BadParams, Params, TooLarge
from services.catalogue.domain.documents import parse_object

SMALL_BODY = 1024 * 1024
_WHOLE_LIMIT = 2**63


def body_of(request: Request, limit: int) -> bytes:
    """The whole body. Raises TooLarge, BadParams."""
    too_large = TooLarge("body", f"The body is larger than {limit} bytes.")
    if request.content_length is not None and request.content_length > limit:
        raise too_large
    request.max_content_length = limit
    try:
        return request.get_data(cache=False, parse_form_data=False)
    except RequestEntityTooLarge:
        raise too_large from None
    except ClientDisconnected:
        raise BadParams("body", "The body ended early.") from None


def payload_of(request: Request) -> dict[str, Any]:
    """Query parameters if there are any, else the JSON body, as upstream takes them.

    Values out of the query are texts. Raises BadParams, UnreadableDocument.
    """
    if request.query_string:
        return dict(Params.of_query(request))
    return parse_object(body_of(request, SMALL_BODY))


def whole(value: Any, field: str) -> int | None:
    """A whole number, or its decimal text; None when absent or empty. Raises BadParams."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _WHOLE_LIMIT:
        raise BadParams(field, f"The {field} must be a whole number.")
    return value
