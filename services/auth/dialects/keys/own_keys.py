"""Keys and tokens that people and wallets make for their programs. Times in UTC seconds."""

from typing import Any, Final

from flask import Blueprint, Response, g, request

from libs.web.gate import needs
from libs.web.json_bodies import read_json_object
from libs.web.strict_json import Json
from services.auth.deps import KeyParts
from services.auth.dialects.keys import errors
from services.auth.dialects.keys.requests import key_request
from services.auth.domain import scopes
from services.auth.domain.api_keys import ApiKey, BadKeyRequest
from services.auth.domain.grants import Grant

MAX_BODY_BYTES: Final = 16 * 1024
GRANT_ID_CHARS: Final = 32
KEY, JWT = "key", "jwt"


def add(room: Blueprint, parts: KeyParts) -> None:
    @room.get("")
    @needs(scopes.KEYS)
    def own() -> Response:
        keys = [shown_key(key) for key in parts.keys.of(g.principal)]
        tokens = [shown_token(grant) for grant in parts.tokens.of(g.principal)]
        found = sorted(keys + tokens, key=lambda key: -float(key["created_at"]))
        return errors.answer({"keys": found})

    @room.post("")
    @needs(scopes.KEYS)
    def create() -> Response:
        members = read_json_object(request, MAX_BODY_BYTES)
        wanted = key_request(members.get("label"), members.get("expires_in"), members.get("scopes"))
        if wanted_format(members) == JWT:
            issued = parts.tokens.create(g.principal, wanted, parts.clock.now())
            return errors.answer({"key": issued.access.text, **shown_token(issued.grant)}, 201)
        made = parts.keys.create(g.principal, wanted)
        return errors.answer({"key": made.text, **shown_key(made.key)}, 201)

    @room.delete("/<key_id>")
    @needs(scopes.KEYS)
    def revoke(key_id: str) -> Response:
        if len(key_id) == GRANT_ID_CHARS:
            parts.tokens.revoke(g.principal, key_id)
        else:
            parts.keys.revoke(g.principal, key_id)
        return Response(status=204)


def wanted_format(members: dict[str, Json]) -> str:
    wanted = members.get("format")
    if wanted is not None and wanted not in (KEY, JWT):
        raise BadKeyRequest("format", f"must be {KEY} or {JWT}")
    return JWT if wanted == JWT else KEY


def shown_key(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "format": KEY,
        "subject": key.subject,
        "label": key.label,
        "scopes": list(key.scopes),
        "created_at": int(key.created_at),
        "expires_at": None if key.expires_at is None else int(key.expires_at),
        "last_used_at": None if key.last_used_at is None else int(key.last_used_at),
    }


def shown_token(grant: Grant) -> dict[str, Any]:
    return {
        "id": grant.id,
        "format": JWT,
        "subject": grant.subject,
        "label": grant.details.get("label", ""),
        "scopes": list(grant.scopes),
        "created_at": int(grant.created_at),
        "expires_at": int(grant.expires_at),
        "last_used_at": None if grant.last_used_at is None else int(grant.last_used_at),
    }
