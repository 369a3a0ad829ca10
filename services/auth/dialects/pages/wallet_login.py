"""`/login/wallet`: signing in with a text that a wallet signed (EIP-4361).

The script of the login page fills the form in; without it the text is shown here to be signed elsewhere.
"""

from typing import Any

from flask import Blueprint, Response

from libs.web.gate import public
from libs.web.principal import WALLET
from services.auth.dialects.pages.cookies import VISIT
from services.auth.dialects.pages.desk import NEXT, Desk, Problem
from services.auth.dialects.pages.forms import ForeignForm, read_form, read_query
from services.auth.dialects.pages.login import WALLET_LOGIN, admit
from services.auth.domain import sign_in
from services.auth.domain.sessions import BY_WALLET
from services.auth.usecases.siwe import SignIn

NO_WALLET = Problem("That is no address", "An address is 0x and 40 digits or letters from a to f.")
HEADING = "You are not signed in"
PROBLEMS: dict[type[sign_in.SignInRefused], str] = {
    sign_in.MalformedSignIn: "The text is not the one that we gave. Start again.",
    sign_in.ForeignSignIn: "The text was made for another site or another purpose. Start again.",
    sign_in.SignInOutlived: "That took longer than five minutes. Start again.",
    sign_in.SignInEarly: "The text counts later only. Check this computer's clock and start again.",
    sign_in.NonceRefused: "This text was used before, or is not ours. Start again.",
    sign_in.SignatureWrong: "The signature is not this wallet's.",
    sign_in.MalformedChallenge: NO_WALLET.text,
}


def add(room: Blueprint, desk: Desk, wallets: SignIn) -> None:
    @room.get("/login/wallet")
    @public
    def wallet_login() -> Response:
        query = read_query()
        visit = desk.cookies.visit()
        sealed, address = query.get("next", ""), query.get("address", "").strip()
        values: dict[str, Any] = {"address": address[:64]}
        status = 200
        if address:
            try:
                values["message"] = wallets.challenge(address).text
            except sign_in.MalformedChallenge:
                values["problem"], status = NO_WALLET, 400
        return desk.cookies.keep_visit(_page(desk, visit, sealed, status, **values), visit)

    @room.post("/login/wallet")
    @public
    def wallet_sign_in() -> Response:
        form = read_form(desk.address)
        visit = desk.cookies.read(VISIT)
        if not desk.seals.is_token(visit, WALLET_LOGIN, form.get("csrf", "")):
            raise ForeignForm
        sealed = form.get("next", "")
        # Browsers send line ends of forms as CR LF; the text that was signed has LF.
        message = form.get("message", "").replace("\r\n", "\n")
        try:
            proven = wallets.wallet(message, form.get("signature", "").strip())
        except sign_in.SignInRefused as error:
            problem = Problem(HEADING, PROBLEMS[type(error)])
            return _page(desk, visit, sealed, 403, problem=problem)
        return admit(desk, visit, sealed, WALLET + proven.address, BY_WALLET)


def _page(desk: Desk, visit: str, sealed: str, status: int, **values: Any) -> Response:
    token = desk.seals.token(visit, WALLET_LOGIN)
    return desk.page("wallet.html", status, **{"token": token, NEXT: sealed, "address": "", **values})
