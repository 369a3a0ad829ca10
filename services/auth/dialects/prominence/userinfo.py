"""`GET userinfo`: whose token this is; clients ask it too whether their token still counts (contract 5.3)."""

from flask import Blueprint, Flask, Request, Response, g

from libs.web.credentials import Credential, bearer
from libs.web.gate import Window, add_window, needs
from services.auth.deps import OAuthParts
from services.auth.dialects.oauth.errors import answer
from services.auth.dialects.oauth.userinfo import userinfo_of
from services.auth.dialects.prominence.errors import render

SCHEMES = ("bearer", "token")  # the older command line says `token` (contract G2)


def add(app: Flask, room: Blueprint, parts: OAuthParts) -> None:
    add_window(app, room, Window(name="prominence", read=_read, render=render))

    @room.get("/userinfo")
    @needs()
    def userinfo() -> Response:
        return answer(userinfo_of(parts, g.principal))


def _read(asked: Request) -> Credential | None:
    return bearer(asked.environ.get("HTTP_AUTHORIZATION"), schemes=SCHEMES)
