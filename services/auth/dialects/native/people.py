"""`/people`: accounts."""

from flask import Blueprint, Response, g

from libs.web.gate import needs
from services.auth.dialects.native.errors import answer, nothing
from services.auth.dialects.native.params import Body, Query
from services.auth.dialects.native.views import certificates_view, person_view
from services.auth.domain.scopes import ADMIN
from services.auth.usecases.links import Links
from services.auth.usecases.people import Accounts, Changes, NewPerson


def add(room: Blueprint, accounts: Accounts, links: Links) -> None:
    @room.get("/people")
    @needs(ADMIN)
    def list_people() -> Response:
        query = Query("after", "limit")
        most = query.limit()
        found = accounts.page(g.principal, query.text("after") or "", most + 1)
        more = len(found) > most
        shown = [person_view(person) for person in found[:most]]
        return answer({"people": shown, "next": shown[-1]["username"] if more else None})

    @room.post("/people")
    @needs(ADMIN)
    def create_person() -> Response:
        body = Body("username", "display_name", "email", "password", "is_admin")
        new = NewPerson(
            username=body.need("username"),
            display_name=body.text("display_name") or "",
            email=body.text("email") or "",
            password=body.text("password"),
            is_admin=body.flag("is_admin") or False,
        )
        return answer(person_view(accounts.create(g.principal, new)), 201)

    @room.get("/people/<username>")
    @needs(ADMIN)
    def show_person(username: str) -> Response:
        person = accounts.get(g.principal, username)
        listed = certificates_view(links.certificates(g.principal, username))
        return answer({**person_view(person), "certificates": listed})

    @room.patch("/people/<username>")
    @needs(ADMIN)
    def change_person(username: str) -> Response:
        body = Body("display_name", "email", "is_admin", "is_disabled")
        email = body.text("email")
        changes = Changes(
            display_name=body.text("display_name"),
            email="" if email is None and body.has("email") else email,
            is_admin=body.flag("is_admin"),
            is_disabled=body.flag("is_disabled"),
        )
        return answer(person_view(accounts.change(g.principal, username, changes)))

    @room.delete("/people/<username>")
    @needs(ADMIN)
    def remove_person(username: str) -> Response:
        accounts.remove(g.principal, username)
        return nothing()

    @room.put("/people/<username>/password")
    @needs(ADMIN)
    def set_password(username: str) -> Response:
        body = Body("password")
        password = None if body.has("password") and body.text("password") is None else body.need("password")
        accounts.set_password(g.principal, username, password)
        return nothing()

    @room.delete("/people/<username>/lock")
    @needs(ADMIN)
    def unlock(username: str) -> Response:
        accounts.unlock(g.principal, username)
        return nothing()
