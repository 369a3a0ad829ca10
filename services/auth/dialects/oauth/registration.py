"""Applications register and look after their registration (RFC 7591, 7592).

POST             /oauth2/register              anybody (few per address); with an access token that has scope
                                               `keys`, a client of one's own; an administrator's, with `admin`
GET, PUT, DELETE /oauth2/register/<client_id>  with the registration_access_token of the answer
"""

from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, request

from libs.web import peers
from libs.web.credentials import BadCredential
from libs.web.gate import gate_of, public, read_bearer, signed, window_of
from libs.web.params import BadParams, Limits, Params
from libs.web.principal import Principal
from services.auth.deps import OAuthParts
from services.auth.dialects.oauth.errors import answer, problem
from services.auth.dialects.oauth.forms import plain
from services.auth.domain.client_metadata import BadClientMetadata, as_registered
from services.auth.domain.clients import Client, ClientOrigin, NoSuchClient
from services.auth.domain.errors import AuthError
from services.auth.domain.scopes import ADMIN, KEYS
from services.auth.usecases.registrations import Registered, Registrant

LIMITS = Limits(body=64 * 1024, depth=8)


class BadBody(AuthError):
    """Not JSON; the message says why."""


def add(room: Blueprint, parts: OAuthParts) -> None:
    room.register_error_handler(BadClientMetadata, _bad_metadata)
    room.register_error_handler(BadBody, lambda error: problem(400, "invalid_client_metadata", str(error)))
    room.register_error_handler(NoSuchClient, _refused)

    @room.post("/oauth2/register")
    @public
    def register() -> Response:
        registrant = Registrant(peer=peers.current())
        if "Authorization" in request.headers:
            refused = _admit()
            if refused is not None:
                return refused
            registrant = registrant_of(g.principal)
        made = parts.registrations.register(read_json(), registrant)
        return answer(registered(parts.issuer, made), 201)

    @room.get("/oauth2/register/<client_id>")
    @signed
    def read(client_id: str) -> Response:
        return answer(_view(parts.issuer, _managed(parts, client_id)))

    @room.put("/oauth2/register/<client_id>")
    @signed
    def change(client_id: str) -> Response:
        client = _managed(parts, client_id)
        return answer(registered(parts.issuer, parts.registrations.replace(client, read_json())))

    @room.delete("/oauth2/register/<client_id>")
    @signed
    def remove(client_id: str) -> Response:
        client = _managed(parts, client_id)
        parts.registrations.remove(client, f"client:{client_id}")
        response = Response(status=204)
        response.headers["Cache-Control"] = "no-store"
        return response


def read_json() -> Any:
    """The body. Raises BadBody."""
    try:
        return dict(Params.of_json(request, LIMITS))
    except BadParams as error:
        raise BadBody(plain(str(error))) from error


def registrant_of(principal: Principal) -> Registrant:
    is_admin = principal.is_admin and principal.may(ADMIN)
    origin = ClientOrigin.ADMIN if is_admin else ClientOrigin.SELF
    return Registrant(origin=origin, owner=principal.subject)


def registered(issuer: str, made: Registered) -> dict[str, Any]:
    """RFC 7591 3.2.1; the secret and the management token are shown this once."""
    shown = _view(issuer, made.client)
    if made.secret is not None:
        shown |= {"client_secret": made.secret, "client_secret_expires_at": 0}
    if made.management_token is not None:
        shown["registration_access_token"] = made.management_token
    return shown


def _view(issuer: str, client: Client) -> dict[str, Any]:
    return as_registered(client) | {"registration_client_uri": f"{issuer}/oauth2/register/{client.client_id}"}


def _admit() -> Response | None:
    """Sets `g.principal`: whoever sends a credential means it, and is told when it does not count."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    window = window_of(app, str(request.endpoint))
    assert window is not None, "the room has a window"
    return gate_of(app).admit(window, (KEYS,))


def _managed(parts: OAuthParts, client_id: str) -> Client:
    try:
        credential = read_bearer(request)
    except BadCredential as error:
        raise NoSuchClient from error
    if credential is None:
        raise NoSuchClient
    return parts.registrations.managed(client_id, credential.value)


def _bad_metadata(error: BadClientMetadata) -> Response:
    return problem(400, error.code, error.description)


def _refused(_: NoSuchClient) -> Response:
    """RFC 7592 2.1: one answer for a wrong token and for a client that is gone."""
    response = problem(401, "invalid_token", "The registration access token does not count.")
    response.headers["WWW-Authenticate"] = 'Bearer realm="tidegate", error="invalid_token"'
    return response
