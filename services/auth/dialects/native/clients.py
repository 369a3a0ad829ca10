"""`/clients`: OAuth2 clients, whoever registered them."""

from flask import Blueprint, Response, g

from libs.web.gate import needs
from libs.web.params import BadParams
from services.auth.dialects.native.errors import answer
from services.auth.dialects.native.params import Body, Query
from services.auth.dialects.native.views import client_view
from services.auth.domain.scopes import ADMIN
from services.auth.usecases.client_admin import ClientAdmin


def add(room: Blueprint, clients: ClientAdmin) -> None:
    @room.get("/clients")
    @needs(ADMIN)
    def list_clients() -> Response:
        query = Query("after", "limit")
        most = query.limit()
        found = clients.page(g.principal, query.text("after") or "", most + 1)
        more = len(found) > most
        shown = [client_view(client) for client in found[:most]]
        return answer({"clients": shown, "next": shown[-1]["client_id"] if more else None})

    @room.patch("/clients/<client_id>")
    @needs(ADMIN)
    def change_client(client_id: str) -> Response:
        is_disabled = Body("is_disabled").flag("is_disabled")
        if is_disabled is None:
            raise BadParams("is_disabled", "The is_disabled field is required.")
        return answer(client_view(clients.set_disabled(g.principal, client_id, is_disabled)))
