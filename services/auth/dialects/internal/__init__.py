"""What the other services ask of auth. Closed at the gateway.

POST /internal/token                   HTTP Basic + grant_type=client_credentials -> a service token
POST /internal/auth-tokens/introspect  {"token"} -> does this AuthToken count at this moment?
POST /internal/principals              any credential -> whose it is
GET  /internal/mail-addresses/<subject> -> where its owner is written to (compute alone)
GET  /internal/people/<username>       -> who has this name (compute alone)
POST /internal/removed-people          {"subjects"} -> which of them are gone (compute alone)
GET  /internal/stamps/<buckets>        -> whether what was said of a principal still holds
"""

from flask import Blueprint, Flask

from services.auth.deps import Deps
from services.auth.dialects.internal import auth_tokens, errors, mail_addresses, people, principals, token
from services.auth.domain.errors import AuthError


def mount(app: Flask, deps: Deps) -> None:
    deps.verifier.install(app)
    room = Blueprint("internal", __name__, url_prefix="/internal")
    room.register_error_handler(AuthError, errors.render)
    token.add(room, deps.service_tokens)
    auth_tokens.add(room, deps.wallet_tokens)
    principals.add(room, deps.principals)
    mail_addresses.add(room, deps.mail_addresses)
    people.add(room, deps.known_people)
    app.register_blueprint(room)
    app.wsgi_app = principals.StampsFirst(  # type: ignore[method-assign]
        app.wsgi_app, deps.principals, deps.verifier
    )
