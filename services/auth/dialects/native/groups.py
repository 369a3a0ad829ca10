"""`/groups`: DIRAC's groups, with their virtual organisation and properties."""

from flask import Blueprint, Response, g

from libs.web.gate import needs
from services.auth.dialects.native.errors import answer, nothing
from services.auth.dialects.native.params import Body
from services.auth.dialects.native.views import group_view
from services.auth.domain.scopes import ADMIN
from services.auth.usecases.links import Links


def add(room: Blueprint, links: Links) -> None:
    @room.get("/groups")
    @needs(ADMIN)
    def list_groups() -> Response:
        return answer({"groups": [group_view(group) for group in links.groups(g.principal)]})

    @room.put("/groups/<name>")
    @needs(ADMIN)
    def put_group(name: str) -> Response:
        body = Body("vo", "properties")
        properties = body.texts("properties") if body.has("properties") else []
        return answer(group_view(links.put_group(g.principal, name, body.need("vo"), properties)))

    @room.delete("/groups/<name>")
    @needs(ADMIN)
    def remove_group(name: str) -> Response:
        links.remove_group(g.principal, name)
        return nothing()
