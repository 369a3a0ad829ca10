"""`/api/auth`: tokens and users of the seed's generation."""

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
UPDATED = {"message": "update successfully"}
REMOVED = {"message": "remove successfully"}


def add(room: Blueprint, users: OpenPaiUsers) -> None:
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
        users.update(g.principal, update_of(body))
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


def update_of(body: fields.Members) -> UserUpdate:
    name, modify = fields.username(body), fields.boolean(body, "modify")
    password = fields.text(body, "password") or None
    if modify is False:
        fields.new_username(name)
        if password is None:
            raise Invalid("password", "is required")
    return UserUpdate(username=name, password=password, is_admin=fields.boolean(body, "admin"), modify=modify)
