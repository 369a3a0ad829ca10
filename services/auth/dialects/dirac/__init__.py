"""DIRAC's room: what RESTDIRAC's clients ask of auth, and what diracx-cli does below `/dirac`.

GET       /oauth2/token    as POST, for clients that know nothing else; switched off by DIRAC_LEGACY_GET_TOKEN
GET, POST /oauth2/groups   the groups of a client certificate's owner
GET, POST /oauth2/setups
/dirac/.well-known/{openid-configuration,dirac-metadata}, /dirac/api/auth/{device,token,userinfo,revoke}
"""

from flask import Blueprint, Flask

from services.auth.deps import Deps
from services.auth.dialects.dirac import diracx, groups, token
from services.auth.dialects.dirac.server import LegacyServer
from services.auth.dialects.oauth import errors
from services.auth.dialects.oauth.server import OAuthServer
from services.auth.domain.errors import AuthError


def mount(app: Flask, deps: Deps, server: OAuthServer) -> None:
    room = Blueprint("dirac", __name__)
    room.register_error_handler(AuthError, errors.render)
    token.add(room, LegacyServer(deps.oauth))
    groups.add(room, deps.oauth)
    app.register_blueprint(room)
    below = Blueprint("diracx", __name__, url_prefix=diracx.BASE)
    below.register_error_handler(AuthError, errors.render)
    diracx.add(app, below, deps, server)
    app.register_blueprint(below)


def owns(path: str) -> bool:
    """Whether refusals at `path` have the room's shape."""
    return path.startswith(diracx.BASE + "/")
