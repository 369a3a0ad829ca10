"""What diracx-cli asks of auth, below `/dirac` (contract 5.4): discovery, device flow, userinfo, revocation.

Once it has credentials it sends them to public endpoints as well: a stale token there is not looked at. It
reads `detail` of whatever goes wrong, and its refresh tokens must be JWTs with `exp` (domain/clients.py).
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from flask import Blueprint, Flask, Request, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from libs.web.credentials import Credential, bearer
from libs.web.gate import Window, add_window, needs, public, signed
from libs.web.params import BadParams, parse_pairs
from services.auth.deps import Deps
from services.auth.dialects.oauth.device import PAGE, DeviceEndpoint
from services.auth.dialects.oauth.errors import answer, problem, refusal
from services.auth.dialects.oauth.forms import LIMITS, TokenForm, plain, read_values
from services.auth.dialects.oauth.metadata import document
from services.auth.dialects.oauth.server import OAuthServer
from services.auth.dialects.oauth.token_states import Revocation
from services.auth.domain import scopes
from services.auth.domain.clients import REFRESH, Client
from services.auth.domain.device import UnknownUserCode, shown, typed

BASE: Final = "/dirac"
ACCESS_SECONDS: Final = 1200  # contract 1.5; below 315 its client would refresh before every call
LOG_IN_AGAIN: Final = "The login does not count any more. Run `dirac logout`, then `dirac login`."


class DiracDevice(DeviceEndpoint):
    """diracx-cli asks for a VO and a group, and then submits jobs with the token."""

    ENDPOINT_NAME = "dirac_device_authorization"

    def scopes(self, asked: str | None, client: Client) -> tuple[str, ...]:
        named = super().scopes(asked, client)
        return (*named, *(extra for extra in sorted(scopes.BATCH) if extra not in named))

    def details(self) -> dict[str, Any]:
        return {"access_seconds": ACCESS_SECONDS}


def add(app: Flask, room: Blueprint, deps: Deps, server: OAuthServer) -> None:
    server.register_endpoint(DiracDevice)
    add_window(app, room, Window(name="dirac", read=_read, render=_refuse, challenge='Bearer realm="dirac"'))
    _discovery(room, deps, server)
    _device(room, server)
    _tokens(room, server)


def _discovery(room: Blueprint, deps: Deps, server: OAuthServer) -> None:
    configuration = json.dumps(configuration_of(server), separators=(",", ":"))

    @room.get("/.well-known/openid-configuration")
    @public
    def diracx_configuration() -> Response:
        return Response(configuration, mimetype="application/json")

    @room.get("/.well-known/dirac-metadata")
    @public
    def diracx_metadata() -> Response:
        """Asked at each login, so that a new group is there at once."""
        return answer({"virtual_organizations": deps.oauth.dirac.organisations()})


def configuration_of(server: OAuthServer) -> dict[str, Any]:
    """OIDC discovery with the paths that live here."""
    base = f"{server.parts.issuer}{BASE}/api/auth"
    return {
        **document(server),
        "token_endpoint": f"{base}/token",
        "userinfo_endpoint": f"{base}/userinfo",
        "revocation_endpoint": f"{base}/revoke",
        "device_authorization_endpoint": f"{base}/device",
    }


def _device(room: Blueprint, server: OAuthServer) -> None:
    @room.post("/api/auth/device")
    @signed
    def diracx_device() -> Response:
        """Parameters in the query and an empty body, or a form."""
        try:
            form = TokenForm(None, {**_query_values(request), **read_values(request)})
        except OAuth2Error as error:
            return refusal(error, used_basic=False)
        return server.create_endpoint_response(DiracDevice.ENDPOINT_NAME, form)  # type: ignore[no-any-return]

    @room.get("/api/auth/device")
    @public
    def diracx_device_page() -> AnyResponse:
        """Where DiracX has the page for a code."""
        try:
            code = shown(typed(request.args.get("user_code", "")))
        except UnknownUserCode:
            return redirect(server.parts.issuer + PAGE, 303)
        return redirect(f"{server.parts.issuer}{PAGE}?user_code={code}", 303)


def _tokens(room: Blueprint, server: OAuthServer) -> None:
    @room.post("/api/auth/token")
    @signed
    def diracx_token() -> Response:
        try:
            form = TokenForm(None, read_values(request))
        except OAuth2Error as error:
            return refusal(error, used_basic=False)
        response = server.token(form)
        body = response.get_json()
        if form.payload.grant_type == REFRESH and body.get("error") == "invalid_grant":
            return problem(400, "invalid_grant", LOG_IN_AGAIN)
        return response

    @room.post("/api/auth/revoke")
    @signed
    def diracx_revoke() -> Response:
        """A text in place of RFC 7009's empty answer."""
        try:
            form = TokenForm(None, read_values(request))
        except OAuth2Error as error:
            return refusal(error, used_basic=False)
        response = server.create_endpoint_response(Revocation.ENDPOINT_NAME, form)
        if response is not None and response.status_code != 200:
            return response  # type: ignore[no-any-return]
        return answer("The token does not count any more.")

    @room.get("/api/auth/userinfo")
    @needs()
    def diracx_userinfo() -> Response:
        who = g.principal
        return answer(
            {
                "sub": who.subject,
                "vo": who.vo or "",
                "dirac_group": who.group or "",
                "policies": {},
                "properties": list(who.properties),
                "preferred_username": who.name,
            }
        )


def _query_values(asked: Request) -> dict[str, str]:
    try:
        return parse_pairs(asked.query_string, "query", LIMITS)
    except BadParams as error:
        raise InvalidRequestError(plain(str(error))) from error


def _read(asked: Request) -> Credential | None:
    """The header alone: a token in a URL belongs to the legacy paths (contract 1.4)."""
    return bearer(asked.environ.get("HTTP_AUTHORIZATION"))


def _refuse(status: int, code: str, text: str, headers: Mapping[str, str]) -> Response:
    response = problem(status, code, text)
    response.headers.extend(dict(headers))
    return response


def render_edge(status: int, text: str, error: Exception | None) -> Response:
    """What no handler saw, below `/dirac`."""
    codes = {404: "not_found", 413: "too_large"}
    return problem(status, codes.get(status, "server_error" if status >= 500 else "invalid_request"), text)
