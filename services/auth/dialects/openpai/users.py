"""Tokens and users of both generations, over one use case."""

from typing import Final

from flask import Blueprint, Response, g, request

from libs.web import peers
from libs.web.any_body import read_any_body
from libs.web.gate import needs, public
from services.auth.dialects.openpai import fields
from services.auth.dialects.openpai.errors import Invalid, answer
from services.auth.domain.openpai import RemoveRefused, UserUpdate, is_too_short
from services.auth.domain.people import WrongPassword
from services.auth.usecases.openpai import OpenPaiUsers

MAX_BODY_BYTES: Final = 64 * 1024
LOGIN: Final = ("username", "password", "expiration")
FLAGS: Final = ("admin", "modify")
PAGE: Final = 1000
UPDATED = {"message": "update successfully"}
REMOVED = {"message": "remove successfully"}


def add(room: Blueprint, users: OpenPaiUsers) -> None:
    _add_first(room, users)
    _add_second(room, users)


def _add_first(room: Blueprint, users: OpenPaiUsers) -> None:
    """The seed's `/api/auth`."""

    @room.post("/api/auth", strict_slashes=False)
    @public
    def login() -> Response:
        body = read_any_body(request, MAX_BODY_BYTES)
        fields.only(body, (*LOGIN, *FLAGS))  # one schema with the others, upstream
        name, password = fields.username(body), fields.text(body, "password")
        if password is None:
            raise Invalid("password", "is required")
        for flag in FLAGS:
            fields.boolean(body, flag)
        seconds = fields.seconds(body)
        if is_too_short(password):
            raise WrongPassword  # nobody's: as any other wrong one
        person, issued = users.login(name, password, seconds, peers.current())
        return answer({"token": issued.text, "user": person.username})

    @room.put("/api/auth", strict_slashes=False)
    @needs()
    def update() -> Response:
        body = read_any_body(request, MAX_BODY_BYTES)
        fields.only(body, (*LOGIN, *FLAGS))
        users.update(g.principal, _update(body))
        return answer(UPDATED)

    @room.delete("/api/auth", strict_slashes=False)
    @needs()
    def remove() -> Response:
        body = read_any_body(request, MAX_BODY_BYTES)
        name = fields.text(body, "username")
        if not name:
            raise RemoveRefused("username is required")
        users.remove(g.principal, name)
        return answer(REMOVED)


def _add_second(room: Blueprint, users: OpenPaiUsers) -> None:
    """`/api/v1/token` and `/api/v1/user`."""

    @room.post("/api/v1/token", strict_slashes=False)
    @public
    def token() -> Response:
        body = read_any_body(request, MAX_BODY_BYTES)
        fields.only(body, LOGIN)
        name, password = fields.username(body), fields.need(body, "password")
        person, issued = users.login(name, password, fields.seconds(body), peers.current())
        return answer(
            {
                "user": person.username,
                "token": issued.text,
                "admin": person.is_admin,
                "hasGitHubPAT": False,
            }
        )

    @room.get("/api/v1/user", strict_slashes=False)
    @needs()
    def people() -> Response:
        found = users.page(g.principal, "", PAGE)
        while len(page := users.page(g.principal, found[-1].username, PAGE) if found else []) > 0:
            found += page
        # Texts, not booleans: the portal compares them with 'true'.
        return answer(
            [
                {
                    "username": person.username,
                    "admin": "true" if person.is_admin else "false",
                    "virtualCluster": "default",
                    "hasGithubPAT": False,
                }
                for person in found
            ]
        )

    @room.put("/api/v1/user", strict_slashes=False)
    @needs()
    def put_user() -> Response:
        body = read_any_body(request, MAX_BODY_BYTES)
        fields.only(body, ("username", "password", *FLAGS))
        wanted = _update(body)
        if wanted.modify is None:
            raise Invalid("modify", "is required")
        users.update(g.principal, wanted)
        return answer(UPDATED, 201)

    @room.delete("/api/v1/user", strict_slashes=False)
    @needs()
    def remove_user() -> Response:
        users.remove(g.principal, fields.need(read_any_body(request, MAX_BODY_BYTES), "username"))
        return answer(REMOVED)

    @room.delete("/api/v1/user/<name>", strict_slashes=False)
    @needs()
    def remove_named(name: str) -> Response:
        """For callers behind proxies that drop the body of a DELETE."""
        users.remove(g.principal, name)
        return answer(REMOVED)


def _update(body: fields.Members) -> UserUpdate:
    name, modify = fields.username(body), fields.boolean(body, "modify")
    password = fields.text(body, "password") or None
    if modify is False:
        fields.new_username(name)
        if password is None:
            raise Invalid("password", "is required")
    return UserUpdate(username=name, password=password, is_admin=fields.boolean(body, "admin"), modify=modify)
