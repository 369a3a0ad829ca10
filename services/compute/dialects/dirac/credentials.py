"""How the legacy paths' callers bring a token (contract 1.4), without reading more than is needed for it.

A body may be a hundred megabytes of files: before the caller is known it is taken apart only where no other
place of the request holds a token, and only a small one.
"""

from flask import Request, request

from libs.web.credentials import Credential, bearer, one_of, reversed_bearer, token_parameter
from libs.web.dirac_window import PARAMETER, read_legacy
from services.compute.dialects.dirac.limits import MAX_BODY
from services.compute.dialects.dirac.requests import FORMS


def read(asked: Request) -> Credential | None:
    """Raises BadCredential."""
    header = asked.environ.get("HTTP_AUTHORIZATION")
    given = [value for value in asked.args.getlist(PARAMETER) if value]
    found = one_of(token_parameter(given), bearer(header), reversed_bearer(header))
    if found is not None or (asked.content_length or 0) > MAX_BODY:
        return found
    asked.max_content_length = MAX_BODY  # of a body that does not say how long it is
    return read_legacy(asked)


def refuse_two() -> None:
    """The body's token, if it holds one too, must be the same. Raises BadCredential."""
    if request.mimetype in FORMS:
        read_legacy(request)
