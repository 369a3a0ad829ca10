"""The native room: administration, below /tidegate/v1/admin. All of it needs the scope `admin`.

people    GET, POST; /<username> GET, PATCH, DELETE, and password, lock, groups, certificates, wallets below
groups    GET; /<name> PUT, DELETE
clients   GET; /<client_id> PATCH
keys      GET; /rotate and /<kid>/withdraw POST
audit     GET
"""

from flask import Blueprint, Flask

from libs.signing.errors import MalformedAddress
from libs.web.gate import Window, add_window, read_bearer
from libs.web.params import BadParams
from services.auth.dialects.native import audit, clients, errors, groups, keys, links, people
from services.auth.domain.errors import AuthError
from services.auth.usecases.administration import Administration

PREFIX = "/tidegate/v1/admin"


def mount(app: Flask, parts: Administration) -> None:
    room = Blueprint("admin", __name__, url_prefix=PREFIX)
    for root in (AuthError, MalformedAddress, BadParams):
        room.register_error_handler(root, errors.render)
    people.add(room, parts.accounts, parts.links)
    links.add(room, parts.links)
    groups.add(room, parts.links)
    clients.add(room, parts.clients)
    keys.add(room, parts.rotation)
    audit.add(room, parts.audit_log)
    add_window(app, room, Window("admin", read_bearer, errors.refusal))
    app.register_blueprint(room)


def owns(path: str) -> bool:
    return path == PREFIX or path.startswith(PREFIX + "/")
