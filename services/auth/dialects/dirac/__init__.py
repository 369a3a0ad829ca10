"""DIRAC's room: what RESTDIRAC's clients ask of auth, and what diracx-cli does below `/dirac`.

GET       /oauth2/token    as POST, for clients that know nothing else; switched off by DIRAC_LEGACY_GET_TOKEN
GET, POST /oauth2/groups   the groups of a client certificate's owner
GET, POST /oauth2/setups
"""

from flask import Blueprint, Flask

from services.auth.deps import Deps
from services.auth.dialects.dirac import groups, token
from services.auth.dialects.dirac.server import LegacyServer
from services.auth.dialects.oauth import errors
from services.auth.domain.errors import AuthError


def mount(app: Flask, deps: Deps) -> None:
    room = Blueprint("dirac", __name__)
    room.register_error_handler(AuthError, errors.render)
    token.add(room, LegacyServer(deps.oauth))
    groups.add(room, deps.oauth)
    app.register_blueprint(room)
