"""`/login` by user name and password, `/logout`.

A login makes a new session id whatever cookie came, and ends the session that the cookie named.
"""

from typing import Any

from flask import Blueprint, Response

from libs.web import peers
from libs.web.gate import public
from services.auth.dialects.pages.cookies import SESSION, VISIT
from services.auth.dialects.pages.desk import LOGOUT, NEXT, Desk, Problem
from services.auth.dialects.pages.errors import wait_text
from services.auth.dialects.pages.forms import ForeignForm, read_form, read_query
from services.auth.dialects.pages.responses import Permissions
from services.auth.domain.people import TooManyGuesses, WrongPassword
from services.auth.domain.sessions import BY_WORD
from services.auth.usecases.passwords import Passwords

LOGIN, WALLET_LOGIN = "login", "login-wallet"
WITH_SCRIPT = Permissions(has_script=True)
WRONG = Problem("You are not signed in", "The user name or the password is not right.")


def add(room: Blueprint, desk: Desk, passwords: Passwords) -> None:
    @room.get("/login")
    @public
    def login() -> Response:
        visit = desk.cookies.visit()
        sealed = read_query().get("next", "")
        known = desk.signed_in()
        if known is not None and not sealed:
            return desk.redirect("/account")
        why = None if known is None else f"You are signed in as {known.name}. Sign in again to go on."
        return desk.cookies.keep_visit(login_page(desk, visit, sealed, why=why), visit)

    @room.post("/login")
    @public
    def sign_in() -> Response:
        form = read_form(desk.address)
        visit = desk.cookies.read(VISIT)
        if not desk.seals.is_token(visit, LOGIN, form.get("csrf", "")):
            raise ForeignForm
        username, sealed = form.get("username", ""), form.get("next", "")
        try:
            person = passwords.check(username, form.get("password", ""), peers.current())
        except WrongPassword:
            return login_page(desk, visit, sealed, 403, problem=WRONG, username=username)
        except TooManyGuesses as error:
            problem = Problem("Too many attempts", wait_text(error.retry_after))
            response = login_page(desk, visit, sealed, 429, problem=problem, username=username)
            response.headers["Retry-After"] = str(error.retry_after)
            return response
        return admit(desk, visit, sealed, person.subject, BY_WORD)

    @room.post("/logout")
    @public
    def logout() -> Response:
        desk.form(LOGOUT)
        desk.sessions.end(desk.cookies.read(SESSION))
        return desk.cookies.end_session(desk.redirect("/login"))


def admit(desk: Desk, visit: str, sealed: str, subject: str, amr: str) -> Response:
    """Signed in: a new session, and on to where the login was wanted for."""
    former = desk.cookies.read(SESSION)
    if former:
        desk.sessions.end(former)
    session_id = desk.sessions.begin(subject, amr)
    return desk.cookies.begin_session(desk.redirect(desk.target(visit, sealed)), session_id)


def login_page(desk: Desk, visit: str, sealed: str, status: int = 200, **values: Any) -> Response:
    tokens = {
        "token": desk.seals.token(visit, LOGIN),
        "wallet_token": desk.seals.token(visit, WALLET_LOGIN),
        NEXT: sealed,
    }
    return desk.page("login.html", status, permissions=WITH_SCRIPT, **{**tokens, **values})
