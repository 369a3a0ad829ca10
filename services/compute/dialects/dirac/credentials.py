"""How the legacy paths' callers bring a token (contract 1.4), without reading more than is needed for it.

A body may be a hundred megabytes of files: it is taken apart before the caller is known only where no other
place of the request holds a token.
"""

from flask import Request, request

from libs.web.credentials import Credential, bearer, one_of, reversed_bearer, token_parameter
from libs.web.dirac_window import PARAMETER, read_legacy
from services.compute.dialects.dirac.requests import FORMS


def read(asked: Request) -> Credential | None:
    """Raises BadCredential."""
    header = asked.environ.get("HTTP_AUTHORIZATION")
    given = [value for value in asked.args.getlist(PARAMETER) if value]
    return one_of(token_parameter(given), bearer(header), reversed_bearer(header)) or read_legacy(asked)


def refuse_two() -> None:
    """The body's token, if it holds one too, must be the same. Raises BadCredential."""
    if request.mimetype in FORMS:
        read_legacy(request)
