"""The OAuth room: what any OAuth2, OIDC or JWT library looks for.

GET       /.well-known/jwks.json                  the public keys (RFC 7517)
GET       /.well-known/oauth-authorization-server what the server can do (RFC 8414)
GET       /.well-known/openid-configuration       the same (OIDC discovery)
POST      /oauth2/token                           tokens for grants (RFC 6749)
POST      /oauth2/device                          signing in on a device (RFC 8628)
POST      /oauth2/register                        applications (RFC 7591), /oauth2/register/<id> (RFC 7592)
POST      /oauth2/revoke, /oauth2/introspect      RFC 7009, RFC 7662
GET, POST /oauth2/userinfo                        OIDC core 5.3
GET       /oauth2/tokens                          whom one let in; DELETE /oauth2/tokens/<id>
"""

from flask import Blueprint, Flask, Response

from libs.web.gate import public
from services.auth.deps import Deps
from services.auth.dialects.oauth import device, errors, metadata, registration, token, token_states, userinfo
from services.auth.dialects.oauth.exchange import add as add_exchange
from services.auth.dialects.oauth.server import OAuthServer
from services.auth.domain.errors import AuthError

# Long enough to spare us, far shorter than the time a key is published before it signs.
CACHE = "public, max-age=60"


def mount(app: Flask, deps: Deps) -> OAuthServer:
    """The server is for rooms that serve the same endpoints under other paths."""
    room = Blueprint("oauth", __name__)
    room.register_error_handler(AuthError, errors.render)
    server = OAuthServer(deps.oauth)

    @room.get("/.well-known/jwks.json")
    @public
    def jwks() -> Response:
        response = Response(deps.keyring.current().document, mimetype="application/json")
        response.headers["Cache-Control"] = CACHE
        return response

    token.add(room, server)
    device.add(room, server)
    add_exchange(server, deps.wallets.exchange)
    metadata.add(room, server)
    registration.add(room, deps.oauth)
    token_states.add(room, server, deps.token_states)
    userinfo.add(app, room, deps.oauth)
    app.register_blueprint(room)
    return server
