"""`/account`: what is linked to whoever is signed in, and what acts for them; each can be taken back here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response

from libs.web.gate import public
from services.auth.dialects.pages.desk import HOME, Desk
from services.auth.dialects.pages.filters import asked
from services.auth.dialects.pages.forms import BadForm, read_query
from services.auth.domain.accounts import NoSuchWallet
from services.auth.domain.api_keys import NoSuchKey
from services.auth.domain.grants import Grant
from services.auth.domain.sessions import SignedIn
from services.auth.usecases.api_keys import PersonalKeys
from services.auth.usecases.clients import ClientRegistry
from services.auth.usecases.grants import GrantFlows
from services.auth.usecases.own_account import OwnAccount

ACCOUNT, NOTE = "account", "account-note"
NOTES = {
    "grant": "The application cannot act for you any more.",
    "key": "The key counts no more.",
    "wallet": "The wallet is not linked any more.",
    "gone": "That was gone already.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """What the page lists."""

    flows: GrantFlows
    registry: ClientRegistry
    keys: PersonalKeys
    account: OwnAccount


def add(room: Blueprint, desk: Desk, belongings: Belongings) -> None:
    page = AccountPage(desk, belongings)

    @room.get("/account")
    @public
    def account() -> Response:
        who = desk.signed_in()
        return desk.to_login(HOME) if who is None else page.show(who, read_query().get("note", ""))

    @room.post("/account")
    @public
    def take_back() -> Response:
        who = desk.signed_in()
        return desk.to_login(HOME) if who is None else page.take_back(who)


class AccountPage:
    def __init__(self, desk: Desk, belongings: Belongings) -> None:
        self._desk = desk
        self._flows = belongings.flows
        self._registry = belongings.registry
        self._keys = belongings.keys
        self._account = belongings.account
        self._taking: Mapping[str, Callable[[SignedIn, str], bool]] = {
            "grant": self._revoke_grant,
            "key": self._revoke_key,
            "wallet": self._unlink_wallet,
        }

    def show(self, who: SignedIn, sealed_note: str) -> Response:
        note = self._desk.unseal(NOTE, sealed_note) if sealed_note else None
        return self._desk.page(
            "account.html",
            signed_in=who,
            person=who.person,
            token=self._desk.token(ACCOUNT),
            note=NOTES.get(note or ""),
            grants=[self._grant(grant) for grant in self._flows.owned_by(who.principal())],
            keys=self._keys.of(who.principal()),
        )

    def take_back(self, who: SignedIn) -> Response:
        """Raises ForeignForm, BadForm."""
        form = self._desk.form(ACCOUNT)
        what, found = form.get("what", ""), form.get("id", "")
        if what == "sessions":
            self._desk.sessions.end_all(who)
            return self._desk.cookies.end_session(self._desk.redirect("/login"))
        if what not in self._taking:
            raise BadForm
        note = what if self._taking[what](who, found) else "gone"
        return self._desk.redirect(f"{HOME}?note={self._desk.seal(NOTE, note)}")

    def _grant(self, grant: Grant) -> dict[str, Any]:
        client = self._registry.find(grant.client_id)
        return {
            "id": grant.id,
            "client_name": grant.client_id if client is None else client.name,
            "asked": asked(grant.scopes),
            "group": grant.details.get("group"),
            "created_at": grant.created_at,
            "expires_at": grant.expires_at,
        }

    def _revoke_grant(self, who: SignedIn, grant_id: str) -> bool:
        grant = self._flows.get_owned(grant_id, who.principal())
        if grant is None:
            return False
        self._flows.revoke(grant, who.subject)
        return True

    def _revoke_key(self, who: SignedIn, key_id: str) -> bool:
        try:
            self._keys.revoke(who.principal(), key_id)
        except NoSuchKey:
            return False
        return True

    def _unlink_wallet(self, who: SignedIn, address: str) -> bool:
        if who.person is None:
            return False
        try:
            self._account.unlink(who.person, address)
        except NoSuchWallet:
            return False
        return True
