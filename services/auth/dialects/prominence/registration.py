"""`POST register`: `prominence register`, without a token (contract 5.2; RFC 7591)."""

from typing import Any

from flask import Blueprint, Response

from libs.web import peers
from libs.web.gate import public
from services.auth.deps import OAuthParts
from services.auth.dialects.oauth.errors import answer, problem
from services.auth.dialects.oauth.registration import BadBody, read_json, registered
from services.auth.dialects.prominence.signing_in import NEEDED
from services.auth.domain.client_metadata import BadClientMetadata, Rules
from services.auth.domain.clients import DEVICE
from services.auth.usecases.registrations import Registrant

# Its client names no redirect URI that could be one when PROMINENCE_URL is not set: "None/redirect_url".
RULES = Rules(default_grant_types=(DEVICE,), drops_unused_redirects=True)


def add(room: Blueprint, parts: OAuthParts) -> None:
    room.register_error_handler(BadClientMetadata, lambda error: problem(400, error.code, error.description))
    room.register_error_handler(BadBody, lambda error: problem(400, "invalid_client_metadata", str(error)))

    @room.post("/register")
    @public
    def register() -> Response:
        document = completed(read_json())
        made = parts.registrations.register(document, Registrant(peer=peers.current()), RULES)
        return answer(registered(parts.issuer, made), 201)


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """With the scopes that running jobs takes: the command line registers for `openid profile email`."""
    scope = document.get("scope")
    if not isinstance(scope, str) or not scope.strip():
        return document
    named = scope.split()
    return {**document, "scope": " ".join([*named, *(extra for extra in NEEDED if extra not in named)])}
