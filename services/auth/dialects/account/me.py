"""`GET /tidegate/v1/me`: whose credential this is and what is linked; `POST`: an account for a wallet."""

from typing import Any

from flask import Blueprint, Response, g

from libs.web.gate import needs
from services.auth.dialects.account.errors import answer
from services.auth.dialects.account.params import body, need, take
from services.auth.domain.people import Person
from services.auth.domain.scopes import KEYS
from services.auth.usecases.own_account import Account, OwnAccount


def add(room: Blueprint, account: OwnAccount) -> None:
    @room.get("/me")
    @needs()
    def show() -> Response:
        found = account.of(g.principal)
        return answer(
            {"principal": g.principal.as_json(), "account": None if found is None else account_view(found)}
        )

    @room.post("/me")
    @needs(KEYS)
    def register() -> Response:
        params = body()
        username, password = need(params, "username"), take(params, "password")
        return answer(person_view(account.register(g.principal, username, password)), 201)


def account_view(account: Account) -> dict[str, Any]:
    return {
        **person_view(account.person),
        "certificates": [{"subject": subject, "issuer": issuer} for subject, issuer in account.certificates],
        "has_password": account.has_password,
    }


def person_view(person: Person) -> dict[str, Any]:
    return {
        "subject": person.subject,
        "username": person.username,
        "display_name": person.display_name,
        "email": person.email,
        "groups": list(person.groups),
        "is_admin": person.is_admin,
        "wallets": list(person.wallets),
        "created_at": int(person.created_at),
    }
