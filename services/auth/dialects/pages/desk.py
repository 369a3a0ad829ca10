"""What every view needs: who sits before the browser, and a page that says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response

from services.auth.dialects.pages.cookies import SESSION, Cookies
from services.auth.dialects.pages.forms import ForeignForm, read_form
from services.auth.dialects.pages.responses import PLAIN, Permissions, Responses
from services.auth.dialects.pages.seals import Seals
from services.auth.dialects.pages.site import Address
from services.auth.domain.sessions import SignedIn
from services.auth.usecases.sessions import LoginSessions

LOGOUT = "logout"
NEXT = "next"
HOME = "/account"
# Where a login may lead: pages of ours, and nothing else.
TARGETS = frozenset({"/oauth2/auth", "/device", HOME})


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, at the top of the page."""

    heading: str
    text: str


class Desk:
    def __init__(self, address: Address, seals: Seals, sessions: LoginSessions) -> None:
        self.address = address
        self.seals = seals
        self.sessions = sessions
        self.cookies = Cookies(address)
        self.responses = Responses(address)

    def signed_in(self) -> SignedIn | None:
        """Raises StoreUnavailable."""
        session_id = self.cookies.read(SESSION)
        return self.sessions.find(session_id) if session_id else None

    def form(self, kind: str) -> Mapping[str, str]:
        """A form of somebody who is signed in. Raises ForeignForm, BadForm."""
        form = read_form(self.address)
        self.check(form, kind)
        return form

    def check(self, form: Mapping[str, str], kind: str) -> None:
        """Raises ForeignForm unless the form was made for this session."""
        if not self.seals.is_token(self.cookies.read(SESSION), kind, form.get("csrf", "")):
            raise ForeignForm

    def seal(self, purpose: str, text: str) -> str:
        """For a form of this session."""
        return self.seals.seal(self.cookies.read(SESSION), purpose, text)

    def unseal(self, purpose: str, sealed: str) -> str | None:
        return self.seals.open(self.cookies.read(SESSION), purpose, sealed)

    def token(self, kind: str) -> str:
        """The anti-forgery token for a form of the session."""
        return self.seals.token(self.cookies.read(SESSION), kind)

    def page(
        self,
        template: str,
        status: int = 200,
        *,
        signed_in: SignedIn | None = None,
        permissions: Permissions = PLAIN,
        **values: Any,
    ) -> Response:
        if signed_in is not None:
            values["logout_token"] = self.token(LOGOUT)
        return self.responses.page(template, status, permissions, signed_in=signed_in, **values)

    def redirect(self, target: str) -> Response:
        return self.responses.redirect(target)

    def to_login(self, target: str) -> Response:
        """To the login page, and from there to `target`, which is one of TARGETS with its query."""
        visit = self.cookies.visit()
        sealed = self.seals.seal(visit, NEXT, target)
        return self.cookies.keep_visit(self.redirect(f"/login?next={sealed}"), visit)

    def target(self, visit: str, sealed: str) -> str:
        """Where a login leads: what we sealed for this browser, else the account's page."""
        target = self.seals.open(visit, NEXT, sealed)
        return target if target is not None and is_target(target) else HOME


def is_target(target: str) -> bool:
    """Whether it is a path of ours where a login may lead. The seal said so before; this stands alone."""
    path, _, query = target.partition("?")
    return path in TARGETS and query.isascii() and (query == "" or query.isprintable())
