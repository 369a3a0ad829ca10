"""How PROMINENCE's clients bring their token: `Bearer`, or `token` as the older ones do (contract G2)."""

from flask import Request

from libs.web.credentials import Credential, bearer

SCHEMES = ("bearer", "token")


def read(asked: Request) -> Credential | None:
    """Raises BadCredential."""
    return bearer(asked.environ.get("HTTP_AUTHORIZATION"), schemes=SCHEMES)
