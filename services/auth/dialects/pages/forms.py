"""Forms that were filled in on our own pages: read within limits, refused when they come from elsewhere."""

from collections.abc import Mapping

from flask import request

from libs.web.params import FORM, BadParams, Limits, parse_pairs, read_body
from services.auth.dialects.pages.site import Address
from services.auth.domain.errors import AuthError

LIMITS = Limits(query=16 * 1024, body=64 * 1024, pairs=64)


class BadForm(AuthError):
    """Not a form, too large, or with text that is none."""


class ForeignForm(AuthError):
    """Sent from a page that is not ours, or not made for this browser and this moment."""


def read_form(address: Address) -> Mapping[str, str]:
    """The fields of a form that one of our pages sent. Raises ForeignForm, BadForm."""
    check_origin(address)
    try:
        body = read_body(request, LIMITS.body)
        if body and request.mimetype != FORM:
            raise BadForm
        return parse_pairs(body, "body", LIMITS)
    except BadParams as error:
        raise BadForm from error


def read_query() -> Mapping[str, str]:
    """Raises BadForm."""
    try:
        return parse_pairs(request.query_string, "query", LIMITS)
    except BadParams as error:
        raise BadForm from error


def check_origin(address: Address) -> None:
    """Browsers say where a form comes from; programs say nothing. Raises ForeignForm.

    A page of ours never sends `Origin: null`, because our Referrer-Policy lets its own origin through.
    """
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() not in address.origins:
        raise ForeignForm
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise ForeignForm
