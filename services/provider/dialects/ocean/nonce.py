"""`GET|POST /api/services/nonce`: the last used nonce of an address, as a JSON number (contract 2.1, 4)."""

from typing import Final

from flask import Blueprint, Response

from libs.web.gate import public
from libs.web.ocean_form import Form, read
from services.provider.usecases.nonces import Nonces

PATH: Final = "/api/services/nonce"


def add(room: Blueprint, nonces: Nonces) -> None:
    @room.route(PATH, methods=["GET", "POST"])
    @public
    def nonce() -> Response:
        form = Form(read())
        address = form.need("userAddress")
        form.done()
        return Response(document(nonces.shown(address)), mimetype="application/json")


def document(shown: str) -> str:
    """The number's own text goes out: no float is ever made of it."""
    return f'{{"nonce":{shown}}}'
