"""`/device`: the page where a code that a device shows is entered and answered (RFC 8628 3.3).

Enter the code, see who asks for what, allow or deny. `verification_uri_complete` fills the code in, and a
click is still needed: whoever follows a link has not agreed to anything yet (RFC 8628 5.4).
"""

from collections.abc import Mapping

from flask import Blueprint, Response

from libs.web import peers
from libs.web.gate import public
from services.auth.dialects.pages.choices import Choices, NotYours
from services.auth.dialects.pages.desk import Desk, Problem
from services.auth.dialects.pages.errors import wait_text
from services.auth.dialects.pages.filters import asked
from services.auth.dialects.pages.forms import ForeignForm, read_form, read_query
from services.auth.domain.device import UnknownUserCode
from services.auth.domain.people import TooManyGuesses
from services.auth.domain.sessions import SignedIn
from services.auth.usecases.clients import ClientRegistry
from services.auth.usecases.device import Approval, DeviceLogin

ENTER, ANSWER = "device", "device-answer"
CODE, DONE = "device-code", "device-done"
MOST_CODE_CHARS = 32
ALLOWED, DENIED = "allowed", "denied"
ENDINGS = {
    ALLOWED: ("You are connected", "Go back to your device or command line: it goes on by itself."),
    DENIED: ("Nothing was allowed", "The device or command line was told so. You can close this page."),
}
UNKNOWN = Problem("That code is not waiting", "It may be mistyped, too old, or answered already.")


def add(room: Blueprint, desk: Desk, login: DeviceLogin, registry: ClientRegistry, choices: Choices) -> None:
    page = DevicePage(desk, login, registry, choices)

    @public
    def show() -> Response:
        query = read_query()
        code = query.get("user_code", "")[:MOST_CODE_CHARS]
        who = desk.signed_in()
        if who is None:
            is_plain = code.isascii() and code.replace("-", "").isalnum()
            return desk.to_login(f"/device?user_code={code}" if is_plain else "/device")
        if "done" in query:
            return page.done(who, query["done"])
        return page.ask(who, code)

    room.add_url_rule("/device", "device", show, methods=["GET"])
    room.add_url_rule("/oauth2/device", "oauth2_device", show, methods=["GET"])  # DIRAC's spelling

    @room.post("/device")
    @public
    def answer() -> Response:
        who = desk.signed_in()
        if who is None:
            return desk.to_login("/device")
        return page.answer(who)


class DevicePage:
    def __init__(self, desk: Desk, login: DeviceLogin, registry: ClientRegistry, choices: Choices) -> None:
        self._desk = desk
        self._login = login
        self._registry = registry
        self._choices = choices

    def ask(
        self, who: SignedIn, code: str = "", problem: Problem | None = None, status: int = 200
    ) -> Response:
        token = self._desk.token(ENTER)
        return self._desk.page(
            "device.html", status, signed_in=who, token=token, user_code=code, problem=problem
        )

    def answer(self, who: SignedIn) -> Response:
        """The code was entered, or the question behind it answered."""
        form = read_form(self._desk.address)
        try:
            if "decision" in form:
                self._desk.check(form, ANSWER)
                return self._decide(who, form)
            self._desk.check(form, ENTER)
            return self._confirm(who, form.get("user_code", "")[:MOST_CODE_CHARS])
        except UnknownUserCode:
            return self.ask(who, "", UNKNOWN, 404)
        except TooManyGuesses as error:
            problem = Problem("Too many wrong codes", wait_text(error.retry_after))
            response = self.ask(who, "", problem, 429)
            response.headers["Retry-After"] = str(error.retry_after)
            return response

    def done(self, who: SignedIn, sealed: str) -> Response:
        ending = self._desk.unseal(DONE, sealed)
        if ending not in ENDINGS:
            return self.ask(who)
        heading, text = ENDINGS[ending]
        return self._desk.page("done.html", signed_in=who, heading=heading, text=text)

    def _confirm(self, who: SignedIn, code: str, problem: Problem | None = None) -> Response:
        found = self._login.find(code, peers.current())
        client = self._registry.get(found.client_id)
        scopes = self._choices.allowed(who, found.scopes)
        return self._desk.page(
            "consent.html",
            200 if problem is None else 400,
            signed_in=who,
            problem=problem,
            action="/device",
            token=self._desk.token(ANSWER),
            sealed=self._desk.seal(CODE, code),
            client_name=client.name,
            asked=asked(scopes),
            code=code.upper(),
            **self._choices.groups(who, client, found.scopes),
        )

    def _decide(self, who: SignedIn, form: Mapping[str, str]) -> Response:
        peer = peers.current()
        code = self._desk.unseal(CODE, form.get("request", ""))
        if code is None or form.get("decision") not in ("allow", "deny"):
            raise ForeignForm
        if form["decision"] == "deny":
            self._login.deny(code, peer, who.subject)
            return self._ending(DENIED)
        found = self._login.find(code, peer)
        client = self._registry.get(found.client_id)
        try:
            details = self._choices.details(who, client, found.scopes, form.get("group"))
        except NotYours as error:
            return self._confirm(who, code, Problem("Not that group", str(error)))
        scopes = self._choices.allowed(who, found.scopes)
        self._login.approve(code, peer, Approval(subject=who.subject, scopes=scopes, details=details))
        return self._ending(ALLOWED)

    def _ending(self, ending: str) -> Response:
        return self._desk.redirect(f"/device?done={self._desk.seal(DONE, ending)}")
