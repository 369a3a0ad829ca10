"""The pages that people see: signing in, agreeing to what an application asks, and one's own account.

Plain HTML that works without scripts. Nobody may frame these pages, nobody else's page can send their forms,
and nothing that a client or a link says is shown as markup or followed as a target.
"""

from dataclasses import dataclass

from flask import Blueprint, Flask, Response

from services.auth.dialects.pages import (
    account,
    authorize,
    device,
    filters,
    login,
    static_files,
    wallet_login,
)
from services.auth.dialects.pages.account import Belongings
from services.auth.dialects.pages.authorize import Questions
from services.auth.dialects.pages.choices import Choices
from services.auth.dialects.pages.desk import Desk
from services.auth.dialects.pages.errors import ErrorPages
from services.auth.dialects.pages.seals import Seals
from services.auth.dialects.pages.site import Address
from services.auth.domain.errors import AuthError
from services.auth.usecases.device import DeviceLogin
from services.auth.usecases.dirac import Dirac
from services.auth.usecases.passwords import Passwords
from services.auth.usecases.sessions import LoginSessions
from services.auth.usecases.siwe import SignIn

PATHS = frozenset({"/login", "/login/wallet", "/logout", "/device", "/account", "/oauth2/auth"})
FILES = "/pages/"


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesParts:
    """What the pages work with."""

    address: Address
    seals: Seals
    sessions: LoginSessions
    passwords: Passwords
    questions: Questions
    devices: DeviceLogin
    wallets: SignIn
    groups: Dirac
    belongings: Belongings


def mount(app: Flask, parts: PagesParts) -> ErrorPages:
    """Returns the pages for errors that no view of ours met: of the paths in PATHS."""
    room = Blueprint("pages", __name__, template_folder="templates")
    room.add_app_template_filter(filters.brief)
    room.add_app_template_filter(filters.day)
    desk = Desk(parts.address, parts.seals, parts.sessions)
    errors = ErrorPages(desk.responses)

    @room.errorhandler(AuthError)
    def refuse(error: AuthError) -> Response:
        return errors.render(error)

    static_files.add(room)
    login.add(room, desk, parts.passwords)
    choices = Choices(parts.groups)
    device.add(room, desk, parts.devices, parts.belongings.registry, choices)
    wallet_login.add(room, desk, parts.wallets)
    account.add(room, desk, parts.belongings)
    authorize.add(room, desk, parts.questions, choices, errors)
    app.register_blueprint(room)
    return errors


def is_page(path: str) -> bool:
    """Whether whoever asks for it is a browser that shows pages."""
    return path in PATHS or path.startswith(FILES)
