"""`/key`, `/keys` and `/identity`. Times go out in milliseconds, as everywhere in this API."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, g, request

from libs.web import peers
from libs.web.credentials import BASIC, BEARER
from libs.web.dcp_window import WINDOW, scheme_and_rest
from libs.web.gate import gate_of, needs, signed
from libs.web.json_bodies import read_json_object
from libs.web.principal import WALLET, Principal
from libs.web.strict_json import Json, to_json
from services.auth.deps import KeyParts
from services.auth.dialects.dcp import errors
from services.auth.dialects.keys.requests import is_text, key_request
from services.auth.domain import scopes
from services.auth.domain.api_keys import ApiKey, BadKeyRequest, KeyRequest, split_key

MAX_BODY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and which of their wallets by: several may be linked to a person."""

    principal: Principal
    subject: str
    label: str
    auth: str  # basic or bearer


def add(room: Blueprint, parts: KeyParts) -> None:
    desk = KeyDesk(parts)

    @room.post("/key", strict_slashes=False)
    @signed
    def create() -> Response:
        return desk.create()

    @room.get("/keys", strict_slashes=False)
    @needs(scopes.KEYS)
    def keys() -> Response:
        return errors.answer([shown(key, g.principal) for key in parts.keys.of(g.principal)])

    @room.delete("/keys/<key_id>", strict_slashes=False)
    @needs(scopes.KEYS)
    def revoke(key_id: str) -> Response:
        parts.keys.revoke(g.principal, key_id)
        return Response(status=204)

    @room.get("/identity", strict_slashes=False)
    @needs()
    def identity() -> Response:
        caller = desk.caller(g.principal)
        address = address_of(caller.subject, caller.principal)
        return errors.answer({"address": address, "label": caller.label, "auth": caller.auth})


class KeyDesk:
    def __init__(self, parts: KeyParts) -> None:
        self._keys = parts.keys
        self._keystores = parts.keystores

    def create(self) -> Response:
        """With a header as every other route; without one, from the keystore in the body (upstream's page).

        Raises BadParams, BadKeyRequest and what makes a login or a key fail.
        """
        if scheme_and_rest(request)[0] not in (BASIC, BEARER):
            members = read_json_object(request, MAX_BODY_BYTES)
            if members.get("keystore") is None:
                return errors.refusal(401, "AuthenticationRequired", errors.NO_CREDENTIAL)
            return self._made(self._by_form(members), members)
        refused = gate_of(current_app).admit(WINDOW, (scopes.KEYS,))
        if refused is not None:
            return refused
        members = read_json_object(request, MAX_BODY_BYTES)
        return self._made(self.caller(g.principal), members)

    def caller(self, principal: Principal) -> Caller:
        """Of a request that the gate let in."""
        scheme, rest = scheme_and_rest(request)
        if scheme == BASIC:
            found = self._keystores.identity(rest, peers.current())
            return Caller(principal, WALLET + found.address, found.label, BASIC)
        text = rest.strip(" ")
        if split_key(text) is not None:
            key = self._keys.check(text)
            return Caller(principal, key.subject, key.label, BEARER)
        return Caller(principal, principal.subject, principal.display_name, BEARER)

    def _by_form(self, members: dict[str, Json]) -> Caller:
        """Upstream's second form: `keystore` an object or its text, `token` its password."""
        keystore, password = members.get("keystore"), members.get("token")
        if not is_text(password):
            raise BadKeyRequest("token", "must be the keystore's password, a text")
        text = str(keystore) if is_text(keystore) else to_json(keystore)
        identity, principal = self._keystores.form(text, str(password), peers.current())
        return Caller(principal, WALLET + identity.address, identity.label, BASIC)

    def _made(self, caller: Caller, members: dict[str, Json]) -> Response:
        made = self._keys.create(caller.principal, asked(members), caller.subject)
        known = shown(made.key, caller.principal)
        members_shown = {name: known[name] for name in ("keyId", "address", "label", "scopes", "expiresAt")}
        return errors.answer({"key": made.text, **members_shown}, 201)


def asked(members: dict[str, Json]) -> KeyRequest:
    """Raises BadKeyRequest. Upstream's page names a key by its owner's e-mail address."""
    label = members.get("label")
    return key_request(
        members.get("email") if label is None else label, members.get("expiresIn"), members.get("scopes")
    )


def shown(key: ApiKey, owner: Principal) -> dict[str, Any]:
    return {
        "keyId": key.key_id,
        "address": address_of(key.subject, owner),
        "label": key.label,
        "scopes": list(key.scopes),
        "createdAt": milliseconds(key.created_at),
        "expiresAt": milliseconds(key.expires_at),
        "lastUsedAt": milliseconds(key.last_used_at),
    }


def address_of(subject: str, owner: Principal) -> str | None:
    """The wallet itself, else the person's first wallet; None for a person without one."""
    if subject.startswith(WALLET):
        return subject.removeprefix(WALLET)
    return owner.wallets[0] if owner.wallets else None


def milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1000)
