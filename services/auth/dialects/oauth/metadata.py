"""What the authorization server can do (RFC 8414, OIDC discovery): read off what is registered, so that it is
never more or less than that.
"""

import json
from typing import Any

from flask import Blueprint, Response

from libs.signing.tokens import ALGORITHM
from libs.web.gate import public
from services.auth.dialects.oauth.assertions import ALGORITHMS
from services.auth.dialects.oauth.server import AUTH_METHODS, SECRET_METHODS, OAuthServer
from services.auth.domain.clients import TLS
from services.auth.domain.scopes import ADMIN, MEANINGS

CACHE = "public, max-age=300"
CLAIMS = (
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "amr",
    "at_hash",
    "preferred_username",
    "name",
    "email",
    "groups",
    "wallets",
)


def add(room: Blueprint, server: OAuthServer) -> None:
    content = json.dumps(document(server), separators=(",", ":"))

    @room.get("/.well-known/oauth-authorization-server")
    @public
    def oauth_metadata() -> Response:
        return _answer(content)

    @room.get("/.well-known/openid-configuration")
    @public
    def openid_metadata() -> Response:
        return _answer(content)


def document(server: OAuthServer) -> dict[str, Any]:
    """One for both addresses. Rooms with paths of their own change what differs."""
    issuer = server.parts.issuer
    confidential = [*SECRET_METHODS, *AUTH_METHODS]
    found = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth2/auth",
        "token_endpoint": f"{issuer}/oauth2/token",
        "userinfo_endpoint": f"{issuer}/oauth2/userinfo",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "registration_endpoint": f"{issuer}/oauth2/register",
        "revocation_endpoint": f"{issuer}/oauth2/revoke",
        "introspection_endpoint": f"{issuer}/oauth2/introspect",
        "device_authorization_endpoint": f"{issuer}/oauth2/device",
        "scopes_supported": [scope for scope in MEANINGS if scope != ADMIN],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": server.grant_types(),
        "token_endpoint_auth_methods_supported": [*confidential, "none"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": [*confidential, "none"],
        "revocation_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "tls_client_certificate_bound_access_tokens": TLS in AUTH_METHODS,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "claims_supported": list(CLAIMS),
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
    return found


def _answer(content: str) -> Response:
    response = Response(content, mimetype="application/json")
    response.headers["Cache-Control"] = CACHE
    return response
