"""`/keys`: the keys that sign tokens."""

from flask import Blueprint, Response, g

from libs.web.gate import needs
from services.auth.dialects.native.errors import answer
from services.auth.dialects.native.params import Body
from services.auth.dialects.native.views import key_view
from services.auth.domain.scopes import ADMIN
from services.auth.usecases.key_rotation import KeyRotation


def add(room: Blueprint, rotation: KeyRotation) -> None:
    @room.get("/keys")
    @needs(ADMIN)
    def list_keys() -> Response:
        return answer({"keys": [key_view(key) for key in rotation.keys(g.principal)]})

    @room.post("/keys/rotate")
    @needs(ADMIN)
    def rotate() -> Response:
        at_once = Body("at_once").flag("at_once") or False
        step = rotation.rotate(g.principal, at_once=at_once)
        return answer(
            {
                "did": step.did,
                "kid": step.kid,
                "settles_in": step.settles_in,
                "withdrawn": list(step.withdrawn),
            }
        )

    @room.post("/keys/<kid>/withdraw")
    @needs(ADMIN)
    def withdraw(kid: str) -> Response:
        Body()
        return answer({"withdrawn": kid, "signing": rotation.withdraw(g.principal, kid)})
