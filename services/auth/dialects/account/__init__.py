"""The account room: signing in with a wallet, and one's own account, below /tidegate/v1.

GET    /siwe/challenge          a text to sign in with (EIP-4361)
GET    /me                      whose credential this is, and what is linked to it
POST   /me                      an account for a wallet that has none
GET    /me/wallets              the linked wallets
GET    /me/wallets/challenge    a text that links a wallet
POST   /me/wallets              the same, signed
DELETE /me/wallets/<address>    the wallet stands for itself again
"""

from flask import Blueprint, Flask

from libs.web.gate import add_window, rfc6750_window
from services.auth.dialects.account import errors, me, siwe, wallets
from services.auth.dialects.account.errors import render_edge as render_edge
from services.auth.domain.errors import AuthError
from services.auth.usecases.own_account import OwnAccount
from services.auth.usecases.siwe import SignIn


def mount(app: Flask, sign_in: SignIn, account: OwnAccount) -> None:
    room = Blueprint("account", __name__, url_prefix="/tidegate/v1")
    room.register_error_handler(AuthError, errors.render)
    siwe.add(room, sign_in)
    me.add(room, account)
    wallets.add(room, account)
    add_window(app, room, rfc6750_window("account"))
    app.register_blueprint(room)
