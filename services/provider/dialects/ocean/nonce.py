"""`GET|POST /api/services/nonce`: the last used nonce of an address, as a JSON number (contract 2.1, 4)."""

import re
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response

from libs.web.gate import public
from libs.web.ocean_form import Form, read
from services.provider.dialects.ocean.plain import JSON, Answer, Way, outcome, whole
from services.provider.usecases.nonces import Nonces

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PATH: Final = "/api/services/nonce"
_QUERY = re.compile(r"userAddress=(0x[0-9a-fA-F]{40})")


def add(room: Blueprint, nonces: Nonces) -> None:
    @room.route(PATH, methods=["GET", "POST"])
    @public
    def nonce() -> Response:
        return _answer(outcome(lambda: nonces.shown(_address()))).response()


def way(nonces: Nonces) -> Way[str, str]:
    """A dApp asks before each signed request."""
    return Way("GET", _plain_address, nonces.shown, _answer)


def _address() -> str:
    form = Form(read())
    address = form.need("userAddress")
    form.done()
    return address


def _plain_address(environ: "WSGIEnvironment") -> str | None:
    query = _QUERY.fullmatch(environ.get("QUERY_STRING", ""))
    if (
        query is None
        or environ.get("CONTENT_LENGTH", "0") not in ("", "0")
        or "HTTP_TRANSFER_ENCODING" in environ
    ):
        return None
    return query[1]


def _answer(shown: str) -> Answer:
    """The number's own text goes out: no float is ever made of it."""
    return whole(f'{{"nonce":{shown}}}'.encode(), JSON)
