"""The Ocean room: the two token endpoints of the Provider's API (contract 9)."""

from flask import Blueprint, Flask

from libs.signing.errors import MalformedAddress
from libs.web.ocean_shapes import FieldErrors, RequestTooLarge
from services.auth.dialects.ocean import errors, tokens
from services.auth.domain.errors import AuthError
from services.auth.usecases.wallet_tokens import WalletTokens


def mount(app: Flask, wallet_tokens: WalletTokens) -> None:
    room = Blueprint("ocean", __name__, url_prefix="/api/services")
    for root in (AuthError, MalformedAddress, FieldErrors, RequestTooLarge):
        room.register_error_handler(root, errors.render)
    tokens.add(room, wallet_tokens)
    app.register_blueprint(room)
