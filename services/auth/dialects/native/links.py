"""`/people/<username>/...`: groups, certificates and wallets of a person."""

from flask import Blueprint, Response, g

from libs.web.gate import needs
from libs.web.params import BadParams
from services.auth.dialects.native.errors import NotThere, answer, nothing
from services.auth.dialects.native.params import Body, Query
from services.auth.dialects.native.views import certificates_view, person_view
from services.auth.domain.scopes import ADMIN
from services.auth.usecases.links import Links


def add(room: Blueprint, links: Links) -> None:
    @room.put("/people/<username>/groups")
    @needs(ADMIN)
    def set_groups(username: str) -> Response:
        person = links.set_groups(g.principal, username, Body("groups").texts("groups"))
        return answer(person_view(person))

    @room.get("/people/<username>/certificates")
    @needs(ADMIN)
    def list_certificates(username: str) -> Response:
        found = links.certificates(g.principal, username)
        return answer({"certificates": certificates_view(found)})

    @room.post("/people/<username>/certificates")
    @needs(ADMIN)
    def link_certificate(username: str) -> Response:
        body = Body("subject", "issuer")
        issuer = body.text("issuer")
        subject = links.link_certificate(g.principal, username, body.need("subject"), issuer)
        found = certificates_view(links.certificates(g.principal, username))
        return answer(next(entry for entry in found if entry["subject"] == subject), 201)

    @room.delete("/people/<username>/certificates")
    @needs(ADMIN)
    def unlink_certificate(username: str) -> Response:
        subject = Query("subject").text("subject")
        if not subject:
            raise BadParams("subject", "The subject field is required.")
        if not links.unlink_certificate(g.principal, username, subject):
            raise NotThere("The certificate is not registered for this person.")
        return nothing()

    @room.post("/people/<username>/wallets")
    @needs(ADMIN)
    def link_wallet(username: str) -> Response:
        return answer(
            {"address": links.link_wallet(g.principal, username, Body("address").need("address"))}, 201
        )

    @room.delete("/people/<username>/wallets/<address>")
    @needs(ADMIN)
    def unlink_wallet(username: str, address: str) -> Response:
        if not links.unlink_wallet(g.principal, username, address):
            raise NotThere("The wallet is not linked to this person.")
        return nothing()
