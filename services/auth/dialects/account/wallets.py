"""Wallets of one's own account, below /tidegate/v1/me/wallets. The caller must be a person."""

from flask import Blueprint, Response, g

from libs.web.gate import needs
from services.auth.dialects.account.errors import answer
from services.auth.dialects.account.params import body, need, query, take_chain_id
from services.auth.dialects.account.siwe import view
from services.auth.domain.scopes import KEYS
from services.auth.usecases.own_account import OwnAccount


def add(room: Blueprint, account: OwnAccount) -> None:
    @room.get("/me/wallets")
    @needs()
    def listed() -> Response:
        return answer({"wallets": list(account.person(g.principal).wallets)})

    @room.get("/me/wallets/challenge")
    @needs(KEYS)
    def link_challenge() -> Response:
        params = query()
        address, chain_id = need(params, "address"), take_chain_id(params)
        return answer(view(account.challenge(account.person(g.principal), address, chain_id)))

    @room.post("/me/wallets")
    @needs(KEYS)
    def link() -> Response:
        params = body()
        message, signature = need(params, "message"), need(params, "signature")
        return answer({"address": account.link(account.person(g.principal), message, signature)}, 201)

    @room.delete("/me/wallets/<address>")
    @needs(KEYS)
    def unlink(address: str) -> Response:
        account.unlink(account.person(g.principal), address)
        return answer({"wallets": list(account.person(g.principal).wallets)})
